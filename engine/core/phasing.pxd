"""Trading phases: who may do what, how a phase changes, and what time ends."""

from libc.stdint cimport int64_t

from engine.core.constants cimport AT_CLOSE, AT_OPEN, PHASE_AUCTION, PHASE_PRE_OPEN
from engine.core.layout cimport Command
from engine.core.state cimport Core, Market

cdef bint may_place(const Market *market, const Command *command) noexcept nogil
cdef bint may_replace(const Market *market, int flags, bint crosses) noexcept nogil
cdef int64_t auction_price_ticks(const Market *market, int side) noexcept nogil
cdef int set_phase(Core *core, const Command *command) noexcept nogil
cdef int uncross_now(Core *core, const Command *command) noexcept nogil
cdef void enter_phase(
    Core *core, Market *market, int phase, int kind, int64_t end_ns
) noexcept nogil
cdef void start_volatility_auction(
    Core *core, Market *market, const Command *command
) noexcept nogil
cdef void let_time_pass(Core *core, const Command *command) noexcept nogil


cdef inline bint for_auction_only(int time_in_force) noexcept nogil:
    return time_in_force == AT_OPEN or time_in_force == AT_CLOSE


cdef inline bint is_call(int phase) noexcept nogil:
    return phase == PHASE_PRE_OPEN or phase == PHASE_AUCTION
