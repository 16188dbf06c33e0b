"""The work queue of stops that fired."""

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef void work_fired(Core *core, const Command *command) noexcept nogil
