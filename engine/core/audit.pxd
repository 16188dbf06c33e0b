"""The invariants of the whole state."""

from engine.core.state cimport Core

cdef void audit(Core *core) noexcept nogil
