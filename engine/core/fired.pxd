"""The work queue of stops that fired."""

from libc.stdint cimport uint32_t

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef void work_fired(Core *core, const Command *command, uint32_t market_id) noexcept nogil
