"""Definitions of assets, markets, accounts and the id window."""

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef int define(Core *core, const Command *command) noexcept nogil
