"""Commands that set limits and kill switches."""

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef int control(Core *core, const Command *command) noexcept nogil
