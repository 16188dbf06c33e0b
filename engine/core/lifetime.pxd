"""Making and freeing the venue's state."""

from engine.core.state cimport Core

cdef Core *new_core() noexcept nogil
cdef void free_core(Core *core) noexcept nogil
