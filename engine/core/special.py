# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Orders that are more than a plain limit or market order: the rules that only these have."""

import cython
from cython.cimports.engine.core.arrivals import arrive, enter, reserve, settle, work
from cython.cimports.engine.core.book import has_room_for_key, reaches
from cython.cimports.engine.core.constants import (
    ANSWER,
    BUY,
    EVENT_ACCEPTED,
    EVENT_REPLACED,
    EXPIRY_IN_PAST,
    FILL_OR_KILL_NOT_FILLABLE,
    FOK,
    GTD,
    HIDDEN,
    INSUFFICIENT_FUNDS,
    INVALID_PRICE,
    KEPT_PRIORITY,
    MARKET,
    MARKET_BY_AMOUNT,
    MARKET_PHASE,
    MINIMUM,
    MINIMUM_NOT_MET,
    NO_BAND,
    NO_LAST_PRICE,
    NOTIONAL_TOO_LARGE,
    PEGS_PER_SIDE_MAX,
    POST_ONLY,
    POST_ONLY_WOULD_CROSS,
    PRICE_TICKS_MAX,
    REJECT_NONE,
    SLIDE,
    STOP,
    STOP_LIMIT,
    TOO_MANY_PEGS,
    TOO_OLD,
    TRAILING_STOP,
    WAITING,
)
from cython.cimports.engine.core.controls import replace_control_reject
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.matching import Reach, reach
from cython.cimports.engine.core.money import is_too_large, lock_required
from cython.cimports.engine.core.order_index import take_order_id
from cython.cimports.engine.core.pegs import own_limit_ticks, peg
from cython.cimports.engine.core.phasing import (
    auction_price_ticks,
    for_auction_only,
    may_place,
    may_replace,
)
from cython.cimports.engine.core.pools import has_room_for_level, reserve_queue
from cython.cimports.engine.core.resting import dearest_ticks, locked_atoms
from cython.cimports.engine.core.special import is_too_old
from cython.cimports.engine.core.state import (
    Balance,
    Core,
    Extra,
    Market,
    Order,
    Taker,
    check,
    is_peg,
)
from cython.cimports.engine.core.stops import (
    fire_if_due,
    peg_book,
    start_trailing,
    stop_waiting,
    trigger_book,
    wait,
)
from cython.cimports.engine.core.sums import touch_balance, touch_order
from cython.cimports.engine.core.writer import order_event, taker_event
from cython.cimports.libc.stdint import int64_t, uint32_t
from cython.cimports.libc.string import memset


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def place_special(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Do what `place` does, for an order of any kind."""
    taker = cython.declare(Taker)
    extra: cython.pointer(Extra) = cython.address(taker.extra)
    market: cython.pointer(Market) = core.markets[command.market_id]
    is_stop: cython.bint = command.order_type in (STOP, STOP_LIMIT, TRAILING_STOP)
    pegged: cython.bint = is_peg(command.order_type)
    reject: cython.int
    event: cython.pointer(Event)
    answer_index: int64_t = core.events_count
    if not may_place(market, command):
        return MARKET_PHASE
    arrive(core, cython.address(taker), market, command)
    describe(cython.address(taker), command, is_stop or pegged)
    if pegged:
        peg(core, cython.address(taker))
    if taker.order_type == TRAILING_STOP:
        start_trailing(market, extra)
    if taker.order_type == MARKET and for_auction_only(taker.time_in_force):
        taker.price_ticks = auction_price_ticks(market, taker.side)
    if taker.flags & SLIDE:
        slide(cython.address(taker))
    if not reserve(core, cython.address(taker)):
        return REJECT_NONE
    reject = funds_reject(core, cython.address(taker), command)
    if reject == REJECT_NONE:
        reject = late_reject(core, cython.address(taker), command)
    if reject != REJECT_NONE:
        return reject
    if is_stop and not reserve_stop(core, market, trigger_book(taker.flags, taker.side)):
        return REJECT_NONE
    if pegged and not reserve_stop(core, market, peg_book(taker.side)):
        return REJECT_NONE
    taker.order_id = take_order_id(core)
    core.answer_order_id = taker.order_id
    event = taker_event(core, command, EVENT_ACCEPTED, cython.address(taker))
    event.quantity_lots = taker.leaves_lots
    event.flags = ANSWER
    event.maker_order_id = extra.trigger_price_ticks
    if is_stop or extra.is_waiting:
        event.flags |= WAITING
        start_waiting(core, cython.address(taker))
    else:
        work(core, cython.address(taker), answer_index, command)
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def describe(
    taker: cython.pointer(Taker),
    command: cython.pointer(cython.const[Command]),
    may_wait: cython.bint,
) -> cython.void:
    """Set what only a special order has."""
    extra: cython.pointer(Extra) = cython.address(taker.extra)
    memset(extra, 0, cython.sizeof(Extra))
    extra.tag = command.tag
    extra.expire_time_ns = command.expire_time_ns
    extra.display_lots = 0 if command.flags & MINIMUM else command.display_lots
    if may_wait:
        extra.trigger_price_ticks = command.target_client_id_low
        extra.trail_ticks = command.target_client_id_high
        extra.trail_ppm = command.quote_asset_id
        extra.limit_price_ticks = command.price_ticks
        extra.market_id = command.market_id
        extra.side = command.side
        if command.order_type == TRAILING_STOP:
            extra.trigger_price_ticks = 0
    taker.is_special = (
        may_wait
        or extra.tag != 0
        or extra.expire_time_ns != 0
        or extra.display_lots != 0
        or command.flags & HIDDEN != 0
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def slide(taker: cython.pointer(Taker)) -> cython.void:
    """Move the price one tick short of the best that it would trade with.

    Where there is no such price it stays, and the order is refused as crossing.
    """
    best: int64_t
    price_ticks: int64_t
    if not reaches(taker.opposite, taker.limit_key):
        return
    best = taker.opposite.keys[taker.opposite.count - 1] * taker.opposite.sign
    price_ticks = best - 1 if taker.side == BUY else best + 1
    if 1 <= price_ticks <= PRICE_TICKS_MAX:
        taker.price_ticks = price_ticks
        taker.own_limit_key = price_ticks * taker.opposite.sign
        taker.limit_key = taker.own_limit_key


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def funds_reject(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    command: cython.pointer(cython.const[Command]),
) -> cython.int:
    """Set an arriving order's lock; give the first broken rule among rejects 18 to 27."""
    found = cython.declare(Reach)
    dearest: int64_t = dearest_ticks(
        taker.market, taker.order_type, own_limit_ticks(taker), taker.extra.trigger_price_ticks
    )
    takes_at_market: cython.bint = (
        taker.order_type == MARKET
        and taker.side == BUY
        and not for_auction_only(taker.time_in_force)
    )
    if is_too_large(taker.market, dearest, taker.leaves_lots):
        return NOTIONAL_TOO_LARGE
    if taker.order_type == MARKET_BY_AMOUNT:
        taker.lock_atoms = command.amount_atoms
    elif not takes_at_market:
        taker.lock_atoms = lock_required(taker.market, taker.side, dearest, taker.leaves_lots, 0)
    if takes_at_market or taker.time_in_force == FOK:
        found = reach(core, taker)
        if takes_at_market:
            taker.lock_atoms = found.cost_atoms
    if core.balances[taker.lock_balance].free_atoms < taker.lock_atoms:
        return INSUFFICIENT_FUNDS
    if taker.flags & POST_ONLY and reaches(taker.opposite, taker.limit_key):
        return POST_ONLY_WOULD_CROSS
    if taker.time_in_force == FOK and found.lots < taker.leaves_lots:
        return FILL_OR_KILL_NOT_FILLABLE
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def late_reject(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    command: cython.pointer(cython.const[Command]),
) -> cython.int:
    """Give the first broken rule among those from TOO_OLD on."""
    collected: cython.bint = taker.order_type == MARKET and for_auction_only(taker.time_in_force)
    at_market: cython.bint = collected or taker.order_type in (STOP, TRAILING_STOP)
    if is_too_old(command):
        return TOO_OLD
    if taker.time_in_force == GTD and command.expire_time_ns <= command.time_ns:
        return EXPIRY_IN_PAST
    if taker.flags & MINIMUM and reach(core, taker).lots < command.display_lots:
        return MINIMUM_NOT_MET
    if taker.order_type == TRAILING_STOP and taker.market.last_price_ticks == 0:
        return NO_LAST_PRICE
    if collected and taker.price_ticks == 0 and taker.market.band_ppm != 0:
        return NO_LAST_PRICE
    if at_market and taker.side == BUY and taker.market.band_ppm == 0:
        return NO_BAND
    if is_peg(taker.order_type) and (taker.market.peg_count[taker.side] >= PEGS_PER_SIDE_MAX):
        return TOO_MANY_PEGS
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def reserve_stop(
    core: cython.pointer(Core), market: cython.pointer(Market), book: cython.int
) -> cython.bint:
    """Make room for a stop to wait, and for all that wait to fire in one command."""
    enough: cython.bint = (
        has_room_for_level(core)
        and has_room_for_key(cython.address(market.sides[book]))
        and reserve_queue(cython.address(core.fired), core.waiting_count + 1)
    )
    return check(core, enough, b"there is memory for a stop")


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def start_waiting(core: cython.pointer(Core), taker: cython.pointer(Taker)) -> cython.void:
    """Lock the funds of a new stop, or of a peg that has no price yet, and let it wait."""
    taker.spent_atoms = 0
    taker.received_atoms = 0
    settle(core, taker, taker.lock_atoms)
    slot: uint32_t = enter(core, taker)
    core.orders[slot].leaves_lots = taker.leaves_lots
    core.orders[slot].filled_lots = 0
    core.details[slot].fee_credit_ppm = 0
    core.details[slot].priority_sequence = 0
    wait(core, slot)
    if not is_peg(taker.order_type):
        fire_if_due(core, slot)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def replace_waiting(
    core: cython.pointer(Core),
    slot: uint32_t,
    command: cython.pointer(cython.const[Command]),
) -> cython.int:
    """Change a waiting stop where it waits; its age stays, and what it trails."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    extra: cython.pointer(Extra) = cython.address(core.extras[slot])
    market: cython.pointer(Market) = core.markets[extra.market_id]
    trigger: int64_t = command.display_lots if command.display_lots else extra.trigger_price_ticks
    dearest: int64_t = dearest_ticks(market, order.order_type, command.price_ticks, trigger)
    if (command.price_ticks != 0) != (order.order_type == STOP_LIMIT):
        return INVALID_PRICE
    if order.order_type == TRAILING_STOP and command.display_lots != 0:
        return INVALID_PRICE
    reject: cython.int
    if core.control_count != 0:
        reject = replace_control_reject(core, slot, command, trigger)
        if reject != REJECT_NONE:
            return reject
    if not may_replace(market, order.flags, False):
        return MARKET_PHASE
    if is_too_large(market, dearest, command.quantity_lots):
        return NOTIONAL_TOO_LARGE
    more_atoms: int64_t = lock_required(
        market, extra.side, dearest, command.quantity_lots, 0
    ) - locked_atoms(core, slot)
    if core.balances[order.lock_balance].free_atoms < more_atoms:
        return INSUFFICIENT_FUNDS
    if is_too_old(command):
        return TOO_OLD
    if not reserve_stop(core, market, trigger_book(order.flags, extra.side)):
        return REJECT_NONE
    core.answer_order_id = order.order_id
    wait_anew(core, slot, command, trigger)
    move_lock(core, order.lock_balance, more_atoms)
    fire_if_due(core, slot)
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def wait_anew(
    core: cython.pointer(Core),
    slot: uint32_t,
    command: cython.pointer(cython.const[Command]),
    trigger_price_ticks: int64_t,
) -> cython.void:
    """Give a waiting stop its new quantity and prices, and tell."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    extra: cython.pointer(Extra) = cython.address(core.extras[slot])
    previous_price: int64_t = extra.limit_price_ticks
    previous_leaves: int64_t = order.leaves_lots
    event: cython.pointer(Event)
    touch_order(core, slot)
    stop_waiting(core, slot)
    order.leaves_lots = command.quantity_lots
    extra.limit_price_ticks = command.price_ticks
    extra.trigger_price_ticks = trigger_price_ticks
    wait(core, slot)
    event = order_event(core, command, EVENT_REPLACED, slot)
    event.price_ticks = extra.limit_price_ticks
    event.quantity_lots = command.quantity_lots
    event.maker_order_id = previous_price
    event.maker_leaves_lots = previous_leaves
    event.flags = ANSWER | WAITING | KEPT_PRIORITY


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def move_lock(core: cython.pointer(Core), index: uint32_t, more_atoms: int64_t) -> cython.void:
    """Lock more of a balance, or (below 0) free some."""
    balance: cython.pointer(Balance) = cython.address(core.balances[index])
    touch_balance(core, index)
    balance.free_atoms -= more_atoms
    balance.locked_atoms += more_atoms
    check(core, balance.free_atoms >= 0, b"a lock is covered by the free balance")
    check(core, balance.locked_atoms >= 0, b"no more is unlocked than is locked")
