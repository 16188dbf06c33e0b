"""Rules that a command can break by itself."""

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef int shape_reject(Core *core, const Command *command) noexcept nogil
cdef int number_reject(const Command *command) noexcept nogil
