"""Replace commands."""

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef int replace(Core *core, const Command *command) noexcept nogil
