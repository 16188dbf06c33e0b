"""Stops: orders that wait for a price."""

from libc.stdint cimport int64_t, uint32_t

from engine.core.constants cimport FEE_PPM_ONE, SELL, TRIGGER_BEST_QUOTE, TRIGGER_REFERENCE
from engine.core.state cimport Core, Extra, Market

cdef void start_trailing(Market *market, Extra *extra) noexcept nogil
cdef void wait(Core *core, uint32_t slot) noexcept nogil
cdef void stop_waiting(Core *core, uint32_t slot) noexcept nogil
cdef void fire_if_due(Core *core, uint32_t slot) noexcept nogil
cdef void fire_by_reference(Core *core, Market *market) noexcept nogil
cdef bint fire_by_quotes(Core *core) noexcept nogil
cdef void observe(Core *core, Market *market, int64_t price_ticks) noexcept nogil


cdef inline int trigger_book(int flags, int side) noexcept nogil:
    # Which of a market's books has the stops of this source and side.
    if flags & TRIGGER_BEST_QUOTE:
        return side + 4
    return side + 6 if flags & TRIGGER_REFERENCE else side + 2


cdef inline int64_t moved_ticks(int64_t last, int64_t ppm, int side) noexcept nogil:
    # A price moved by a band against an order, rounded towards the price; 0 without one of them.
    if ppm == 0 or last == 0:
        return 0
    if side == SELL:
        return (last * (FEE_PPM_ONE - ppm) + FEE_PPM_ONE - 1) // FEE_PPM_ONE
    return last * (FEE_PPM_ONE + ppm) // FEE_PPM_ONE


cdef inline int64_t band_limit_ticks(const Market *market, int side) noexcept nogil:
    # The last price at which a market order trades; 0 for any price.
    return moved_ticks(market.last_price_ticks, market.band_ppm, side)
