"""Market buys by amount."""

from libc.stdint cimport int64_t

from engine.core.layout cimport Command
from engine.core.state cimport Core, Taker

cdef int64_t lots_that_fit(
    const Taker *taker, int64_t price_ticks, int64_t offered_lots
) noexcept nogil
cdef int match_by_amount(Core *core, Taker *taker, const Command *command) noexcept nogil
