"""Cancels that overtake the order that they are for."""

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef int cancel_before_arrival(Core *core, const Command *command) noexcept nogil
