"""Pegs: orders whose price follows the best prices."""

from libc.stdint cimport int64_t, uint32_t

from engine.core.constants cimport CANCEL, MASS_QUOTE, PLACE, REPLACE
from engine.core.layout cimport Command
from engine.core.state cimport Core, Taker, is_peg

cdef void peg(Core *core, Taker *taker) noexcept nogil
cdef void enter_pegs(Core *core, uint32_t slot) noexcept nogil
cdef void leave_pegs(Core *core, uint32_t slot) noexcept nogil
cdef bint reprice_pegs(Core *core, uint32_t market_id, const Command *command) noexcept nogil
cdef void audit_pegs(Core *core) noexcept nogil


cdef inline int64_t own_limit_ticks(const Taker *taker) noexcept nogil:
    # The worst price that an order allows: of a peg not the one at which it stands.
    if is_peg(taker.order_type):
        return taker.extra.limit_price_ticks
    return taker.price_ticks


cdef inline uint32_t touched_market_id(Core *core, const Command *command) noexcept nogil:
    # The only market in which a command that was done can have moved best prices; 0: any.
    if command.kind == PLACE or command.kind == MASS_QUOTE:
        return command.market_id
    if command.kind == REPLACE:
        return core.replaced_market_id
    if command.kind == CANCEL and core.events_count > core.events_first:
        return core.events[core.events_count - 1].market_id
    return 0
