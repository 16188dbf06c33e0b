"""The call auction: at which price a crossed book trades, and the trades."""

from libc.stdint cimport int64_t, uint32_t

from engine.core.layout cimport Command
from engine.core.state cimport Core, Market

# What an uncross would do now; all zero when nothing would trade.
cdef struct Indication:
    int64_t price_ticks
    int64_t volume_lots
    int64_t surplus_lots
    uint32_t surplus_side

# The best prices so far, while a book is walked upwards: all of one volume and size of surplus.
cdef struct Choice:
    int64_t reference_ticks
    int64_t volume_lots
    int64_t surplus_lots  # its size
    int64_t lowest_ticks
    int64_t highest_ticks
    int64_t nearest_ticks
    int64_t highest_surplus_lots
    int64_t nearest_surplus_lots
    bint all_buy
    bint all_sell

cdef Indication indication(Core *core, Market *market) noexcept nogil
cdef void uncross(
    Core *core, Market *market, const Indication *found, const Command *command
) noexcept nogil
