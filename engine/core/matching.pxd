"""Matching: what an arriving order would take, and taking it."""

from libc.stdint cimport int64_t, uint32_t

from engine.core.layout cimport Command
from engine.core.state cimport Core, Market, Taker

# What an order would take if it arrived now.
cdef struct Reach:
    int64_t lots
    int64_t cost_atoms  # notional and taker fee, for a buyer
    bint meets_own_group

cdef Reach reach(Core *core, const Taker *taker) noexcept nogil
cdef bint is_prevented(Core *core, const Taker *taker, uint32_t slot) noexcept nogil
cdef bint prevent(Core *core, Taker *taker, uint32_t slot, const Command *command) noexcept nogil
cdef int64_t fill_resting_sell(
    Core *core, Market *market, uint32_t slot, int64_t notional, int64_t lots, uint32_t fee_ppm
) noexcept nogil
cdef int64_t fill_resting_buy(
    Core *core, Market *market, uint32_t slot, int64_t notional, int64_t lots, uint32_t fee_ppm
) noexcept nogil
cdef void trade(
    Core *core, Taker *taker, uint32_t slot, int64_t lots, const Command *command
) noexcept nogil
cdef int match(Core *core, Taker *taker, const Command *command) noexcept nogil
