"""The way of commands through the rules."""

from libc.stdint cimport int64_t

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef int64_t run_all(Core *core, const Command *commands, int64_t count) noexcept nogil
