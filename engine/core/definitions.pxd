"""Definitions of assets, markets, accounts and the id window."""

from libc.stdint cimport uint32_t

from engine.core.layout cimport Command
from engine.core.state cimport Core

cdef int define(Core *core, const Command *command) noexcept nogil
cdef int answer(
    Core *core, const Command *command, bint existed, uint32_t market_id
) noexcept nogil
