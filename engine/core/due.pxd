"""Orders that are good till a time, by the time: a binary heap."""

from libc.stdint cimport uint32_t

from engine.core.state cimport Core

cdef void enter_due(Core *core, uint32_t slot) noexcept nogil
cdef void leave_due(Core *core, uint32_t slot) noexcept nogil
cdef void note_next(Core *core) noexcept nogil
