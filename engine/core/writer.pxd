"""Events as commands write them."""

from libc.stdint cimport int64_t, uint32_t

from engine.core.pools cimport open_event
from engine.core.layout cimport Command, Event
from engine.core.state cimport Core, Level, Order, Taker, level_side


cdef inline Event *order_event(
    Core *core, const Command *command, int kind, uint32_t slot
) noexcept nogil:
    # An event about an order as it rests.
    cdef Event *event = open_event(core, command, kind)
    cdef Order *order = &core.orders[slot]
    cdef Level *level = &core.levels[order.level]
    event.side = level_side(level)
    event.order_type = order.order_type
    event.time_in_force = order.time_in_force
    event.code = 0
    event.flags = 0
    event.account_id = core.balances[order.lock_balance].account_id
    event.market_id = level.market_id
    event.order_id = order.order_id
    event.client_id_low = order.client_id_low
    event.client_id_high = order.client_id_high
    event.price_ticks = level.price_ticks
    event.quantity_lots = 0
    event.filled_lots = order.filled_lots
    event.leaves_lots = order.leaves_lots
    return event


cdef inline Event *taker_event(
    Core *core, const Command *command, int kind, const Taker *taker
) noexcept nogil:
    # An event about an arriving order as it is now.
    cdef Event *event = open_event(core, command, kind)
    event.side = taker.side
    event.order_type = taker.order_type
    event.time_in_force = taker.time_in_force
    event.code = 0
    event.flags = 0
    event.account_id = taker.account_id
    event.market_id = taker.market.market_id
    event.order_id = taker.order_id
    event.client_id_low = taker.client_id_low
    event.client_id_high = taker.client_id_high
    event.price_ticks = taker.price_ticks
    event.quantity_lots = 0
    event.filled_lots = taker.filled_lots
    event.leaves_lots = taker.leaves_lots
    return event


cdef inline void write_maker(
    Core *core, Event *event, uint32_t slot, int64_t fee_atoms
) noexcept nogil:
    # The resting side of a fill as it is after it; the trade takes the next id.
    cdef Order *maker = &core.orders[slot]
    event.maker_order_id = maker.order_id
    event.maker_leaves_lots = maker.leaves_lots
    event.maker_fee_atoms = fee_atoms
    event.trade_id = core.next_trade_id
    event.maker_account_id = core.balances[maker.lock_balance].account_id
    event.maker_client_id_low = maker.client_id_low
    event.maker_client_id_high = maker.client_id_high
    event.maker_filled_lots = maker.filled_lots
    core.next_trade_id += 1
