# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Replace commands: another price or total quantity for a working order."""

import cython
from cython.cimports.engine.core.arrivals import aim, reserve, work
from cython.cimports.engine.core.book import reaches, unlink
from cython.cimports.engine.core.constants import (
    ANSWER,
    EVENT_REPLACED,
    INSUFFICIENT_FUNDS,
    INVALID_PRICE,
    KEPT_PRIORITY,
    MARKET,
    MARKET_PHASE,
    NOTIONAL_TOO_LARGE,
    PEG_NOT_REPLACEABLE,
    PHASE_OPEN,
    PHASE_POST_ONLY,
    POST_ONLY,
    POST_ONLY_WOULD_CROSS,
    REJECT_NONE,
    RESTING,
    SELF_TRADE,
    SLIDE,
    STP_NONE,
    TOO_OLD,
    UNKNOWN_ORDER,
)
from cython.cimports.engine.core.controls import replace_control_reject
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.matching import reach
from cython.cimports.engine.core.mixed import shrink
from cython.cimports.engine.core.money import is_too_large, lock_required
from cython.cimports.engine.core.phasing import may_replace
from cython.cimports.engine.core.resting import locked_atoms, seen_lots, target, unlock
from cython.cimports.engine.core.special import is_too_old, replace_waiting, slide
from cython.cimports.engine.core.state import (
    ORDER_FLAGS,
    SPECIAL,
    Core,
    Level,
    Market,
    Order,
    Taker,
    is_peg,
    level_side,
)
from cython.cimports.engine.core.sums import touch_level, touch_order
from cython.cimports.engine.core.writer import order_event, taker_event
from cython.cimports.libc.stdint import int64_t, uint32_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def replace(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Change price or total quantity; a refusal leaves the order as it was, place included."""
    taker = cython.declare(Taker)
    slot: uint32_t = target(core, command)
    if slot == 0:
        return UNKNOWN_ORDER
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    level: cython.pointer(Level) = cython.address(core.levels[order.level])
    market: cython.pointer(Market) = core.markets[level.market_id]
    core.replaced_market_id = level.market_id
    if is_peg(order.order_type):
        return PEG_NOT_REPLACEABLE
    if order.flags & SPECIAL and core.extras[slot].is_waiting:
        return replace_waiting(core, slot, command)
    if (command.price_ticks == 0) != (order.order_type == MARKET) or command.display_lots != 0:
        return INVALID_PRICE
    reject: cython.int
    if core.control_count != 0:
        reject = replace_control_reject(core, slot, command, 0)
        if reject != REJECT_NONE:
            return reject
    come_again(core, cython.address(taker), slot, command)
    crosses: cython.bint = taker.leaves_lots != 0 and reaches(taker.opposite, taker.own_limit_key)
    if not may_replace(market, taker.flags, crosses):
        return MARKET_PHASE
    if is_too_large(market, taker.price_ticks, command.quantity_lots):
        return NOTIONAL_TOO_LARGE
    taker.lock_atoms = lock_required(
        market, taker.side, taker.price_ticks, taker.leaves_lots, taker.fee_credit_ppm
    )
    if core.balances[order.lock_balance].free_atoms < taker.lock_atoms - taker.locked_before_atoms:
        return INSUFFICIENT_FUNDS
    if crosses and market.phase in (PHASE_OPEN, PHASE_POST_ONLY):
        if taker.flags & POST_ONLY:
            return POST_ONLY_WOULD_CROSS
        stops: cython.bint = taker.self_trade_prevention != STP_NONE
        if stops and reach(core, cython.address(taker)).meets_own_group:
            return SELF_TRADE
    if command.asset_id != 0 and is_too_old(command):
        return TOO_OLD
    core.answer_order_id = order.order_id
    is_smaller: cython.bint = 0 < taker.leaves_lots <= order.leaves_lots
    if is_smaller and taker.price_ticks == level.price_ticks:
        keep_place(core, cython.address(taker), command)
    else:
        lose_place(core, cython.address(taker), command)
    return REJECT_NONE


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def come_again(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    slot: uint32_t,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Make a taker of a working order as a replace command wants it, still without a lock."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    level: cython.pointer(Level) = cython.address(core.levels[order.level])
    taker.order_id = order.order_id
    taker.client_id_low = order.client_id_low
    taker.client_id_high = order.client_id_high
    taker.leaves_lots = max(command.quantity_lots - order.filled_lots, 0)
    taker.filled_lots = order.filled_lots
    taker.fee_credit_ppm = core.details[slot].fee_credit_ppm
    taker.locked_before_atoms = locked_atoms(core, slot)
    taker.slot = slot
    taker.account_id = command.account_id
    taker.side = level_side(level)
    taker.may_rest = True
    taker.is_special = order.flags & SPECIAL != 0
    if taker.is_special:
        taker.extra = core.extras[slot]
    taker.order_type = order.order_type
    taker.time_in_force = order.time_in_force
    taker.self_trade_prevention = order.self_trade_prevention
    taker.flags = order.flags & ORDER_FLAGS
    # A market order in a call stands at what it was given.
    price_ticks: int64_t = level.price_ticks if order.order_type == MARKET else command.price_ticks
    aim(core, taker, core.markets[level.market_id], price_ticks)
    if taker.flags & SLIDE:
        slide(taker)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def keep_place(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Lower an order's quantity where it is."""
    order: cython.pointer(Order) = cython.address(core.orders[taker.slot])
    level: cython.pointer(Level) = cython.address(core.levels[order.level])
    previous_leaves: int64_t = order.leaves_lots
    event: cython.pointer(Event)
    touch_order(core, taker.slot)
    touch_level(core, order.level)
    seen_before: int64_t = seen_lots(core, taker.slot)
    if order.flags & SPECIAL:
        shrink(core, taker.slot, previous_leaves - taker.leaves_lots)
    else:
        level.quantity_lots -= previous_leaves - taker.leaves_lots
        order.leaves_lots = taker.leaves_lots
    unlock(core, order.lock_balance, taker.locked_before_atoms - taker.lock_atoms)
    event = order_event(core, command, EVENT_REPLACED, taker.slot)
    event.quantity_lots = command.quantity_lots
    event.maker_order_id = level.price_ticks
    event.maker_leaves_lots = previous_leaves
    event.maker_fee_atoms = seen_lots(core, taker.slot)
    event.trade_id = seen_before
    event.flags = ANSWER | KEPT_PRIORITY | RESTING


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def lose_place(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Take an order off its level and let it arrive anew."""
    if not reserve(core, taker):  # it may move the orders: no pointer to one is older
        return
    order: cython.pointer(Order) = cython.address(core.orders[taker.slot])
    answer_index: int64_t = core.events_count
    event: cython.pointer(Event) = taker_event(core, command, EVENT_REPLACED, taker)
    event.quantity_lots = command.quantity_lots
    event.maker_order_id = core.levels[order.level].price_ticks
    event.maker_leaves_lots = order.leaves_lots
    event.trade_id = seen_lots(core, taker.slot)
    event.flags = ANSWER
    touch_order(core, taker.slot)
    unlink(core, taker.slot)
    work(core, taker, answer_index, command)
