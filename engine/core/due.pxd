"""Orders that are good till a time, by the time: a binary heap."""

from libc.stdint cimport uint32_t

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef void enter_due(Core *core, uint32_t slot) noexcept nogil
cdef void leave_due(Core *core, uint32_t slot) noexcept nogil
cdef void expire(Core *core, const Command *command) noexcept nogil
