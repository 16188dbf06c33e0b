"""Compound commands: a header and the entries behind it."""

from libc.stdint cimport uint32_t

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef uint32_t entries_behind(Core *core, const Command *command) noexcept nogil
cdef int group_reject(Core *core, const Command *command) noexcept nogil
cdef int quote_reject(const Command *command) noexcept nogil
