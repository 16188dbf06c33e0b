# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Pegs: orders whose price follows the best prices.

The rules are those of `engine.reference.pegs`. The pegs of a market are a list by age. They are
looked at only when the prices that they follow are others than the last time.
"""

import cython
from cython.cimports.engine.core.arrivals import aim, reserve, work
from cython.cimports.engine.core.book import unlink
from cython.cimports.engine.core.constants import (
    BUY,
    EVENT_REPRICED,
    HIDDEN,
    MARKET_ID_MAX,
    MIDPOINT_PEG,
    PHASE_OPEN,
    PRICE_TICKS_MAX,
    SELL,
    WAITING,
)
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.resting import peg_locked_atoms
from cython.cimports.engine.core.special import reserve_stop
from cython.cimports.engine.core.state import (
    ORDER_FLAGS,
    BookSide,
    Core,
    Extra,
    Level,
    Market,
    Order,
    Taker,
    check,
    is_peg,
)
from cython.cimports.engine.core.stops import peg_book, stop_waiting, wait
from cython.cimports.engine.core.sums import touch_order
from cython.cimports.engine.core.writer import taker_event
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def followed_ticks(
    core: cython.pointer(Core), market: cython.pointer(Market), side_number: cython.int
) -> int64_t:
    """Give the best price of a side at which an order that is no peg is seen; 0: there is none."""
    side: cython.pointer(BookSide) = cython.address(market.sides[side_number])
    level: cython.pointer(Level)
    at: uint32_t = side.count
    slot: uint32_t
    if market.phase != PHASE_OPEN:
        return 0
    while at > 0:
        at -= 1
        level = cython.address(core.levels[side.levels[at]])
        slot = level.head
        while slot != 0 and not core.orders[slot].flags & HIDDEN:
            if not is_peg(core.orders[slot].order_type):
                return level.price_ticks
            slot = core.orders[slot].next
    return 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def peg_ticks(
    order_type: cython.int,
    extra: cython.pointer(cython.const[Extra]),
    bid_ticks: int64_t,
    ask_ticks: int64_t,
) -> int64_t:
    """Give the price at which a peg belongs; 0: none."""
    price_ticks: int64_t
    if order_type == MIDPOINT_PEG:
        if bid_ticks == 0 or ask_ticks == 0:
            return 0
        price_ticks = (bid_ticks + ask_ticks + (extra.side == SELL)) // 2
    elif extra.side == BUY:
        price_ticks = bid_ticks - extra.trail_ticks
    else:
        price_ticks = ask_ticks + extra.trail_ticks if ask_ticks != 0 else 0
    if not 1 <= price_ticks <= PRICE_TICKS_MAX:
        return 0
    if extra.side == BUY:
        return min(price_ticks, extra.limit_price_ticks)
    return max(price_ticks, extra.limit_price_ticks)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def peg(core: cython.pointer(Core), taker: cython.pointer(Taker)) -> cython.void:
    """Make an arriving order a peg: what it gave as its price is its limit."""
    market: cython.pointer(Market) = taker.market
    price_ticks: int64_t
    if taker.order_type == MIDPOINT_PEG:
        taker.flags |= HIDDEN
    price_ticks = peg_ticks(
        taker.order_type,
        cython.address(taker.extra),
        followed_ticks(core, market, BUY),
        followed_ticks(core, market, SELL),
    )
    taker.extra.is_waiting = price_ticks == 0
    if price_ticks != 0:
        aim(core, taker, market, price_ticks)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def enter_pegs(core: cython.pointer(Core), slot: uint32_t) -> cython.void:
    """Put a new peg, the youngest, into its market's list."""
    extra: cython.pointer(Extra) = cython.address(core.extras[slot])
    market: cython.pointer(Market) = core.markets[extra.market_id]
    extra.trailing_next = 0
    extra.trailing_previous = market.peg_tail
    if market.peg_tail != 0:
        core.extras[market.peg_tail].trailing_next = slot
    else:
        market.peg_head = slot
    market.peg_tail = slot
    market.peg_count[extra.side] += 1
    core.peg_count += 1
    market.peg_bid_ticks = -1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def leave_pegs(core: cython.pointer(Core), slot: uint32_t) -> cython.void:
    """Take a peg that ends out of its market's list."""
    extra: cython.pointer(Extra) = cython.address(core.extras[slot])
    market: cython.pointer(Market) = core.markets[extra.market_id]
    if extra.trailing_previous != 0:
        core.extras[extra.trailing_previous].trailing_next = extra.trailing_next
    else:
        market.peg_head = extra.trailing_next
    if extra.trailing_next != 0:
        core.extras[extra.trailing_next].trailing_previous = extra.trailing_previous
    else:
        market.peg_tail = extra.trailing_previous
    market.peg_count[extra.side] -= 1
    core.peg_count -= 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def reprice_pegs(
    core: cython.pointer(Core),
    market_id: uint32_t,
    command: cython.pointer(cython.const[Command]),
) -> cython.bint:
    """Let the pegs of one market move, or (0) of the first where any does; tell whether one did."""
    i: uint32_t
    if market_id != 0:
        return reprice(core, core.markets[market_id], command)
    for i in range(1, core.market_id_max + 1):
        if core.markets[i] != cython.NULL and reprice(core, core.markets[i], command):
            return True
    return False


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def reprice(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    command: cython.pointer(cython.const[Command]),
) -> cython.bint:
    """Move the pegs of a market that do not stand where they belong; tell whether any did.

    All that move leave the book first, then they arrive by age: none meets a price of the past.
    """
    moved = cython.declare(uint32_t[256])  # PEGS_PER_SIDE_MAX of each side
    count: uint32_t
    i: uint32_t
    if market.peg_head == 0:
        return False
    bid_ticks: int64_t = followed_ticks(core, market, BUY)
    ask_ticks: int64_t = followed_ticks(core, market, SELL)
    if bid_ticks == market.peg_bid_ticks and ask_ticks == market.peg_ask_ticks:
        return False
    market.peg_bid_ticks = bid_ticks
    market.peg_ask_ticks = ask_ticks
    count = take_off(core, market, moved)
    for i in range(count):
        put_back(core, market, moved[i], command)
        if core.broken != cython.NULL:
            return False
    return count != 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def take_off(
    core: cython.pointer(Core), market: cython.pointer(Market), moved: cython.pointer(uint32_t)
) -> uint32_t:
    """Take the pegs that are to move off the book, or out of waiting; list them by age."""
    slot: uint32_t = market.peg_head
    count: uint32_t = 0
    stands: int64_t
    order: cython.pointer(Order)
    extra: cython.pointer(Extra)
    while slot != 0:
        order = cython.address(core.orders[slot])
        extra = cython.address(core.extras[slot])
        stands = 0 if extra.is_waiting else core.levels[order.level].price_ticks
        if stands != peg_ticks(order.order_type, extra, market.peg_bid_ticks, market.peg_ask_ticks):
            touch_order(core, slot)
            if extra.is_waiting:
                stop_waiting(core, slot)
            else:
                unlink(core, slot)
                order.level = 0
            extra.extreme_ticks = stands
            moved[count] = slot
            count += 1
        slot = extra.trailing_next
    return count


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def put_back(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    slot: uint32_t,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Let a peg that was taken off arrive at its new price, or park it without one."""
    taker = cython.declare(Taker)
    answer_index: int64_t = core.events_count
    event: cython.pointer(Event)
    stands: int64_t = core.extras[slot].extreme_ticks
    price_ticks: int64_t = 0
    core.extras[slot].extreme_ticks = 0
    if market.phase == PHASE_OPEN:  # one before it may have left the dynamic band
        price_ticks = peg_ticks(
            core.orders[slot].order_type,
            cython.address(core.extras[slot]),
            market.peg_bid_ticks,
            market.peg_ask_ticks,
        )
    come_back(core, cython.address(taker), slot)
    aim(
        core,
        cython.address(taker),
        market,
        price_ticks if price_ticks != 0 else taker.extra.limit_price_ticks,
    )
    if not reserve(core, cython.address(taker)):
        return
    if not reserve_stop(core, market, peg_book(taker.side)):
        return
    event = taker_event(core, command, EVENT_REPRICED, cython.address(taker))
    event.quantity_lots = taker.filled_lots + taker.leaves_lots
    event.maker_order_id = stands
    event.maker_leaves_lots = taker.leaves_lots
    event.trade_id = 0 if stands == 0 or taker.flags & HIDDEN else taker.leaves_lots
    if price_ticks == 0:
        event.flags = WAITING
        wait(core, slot)
    else:
        work(core, cython.address(taker), answer_index, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def come_back(
    core: cython.pointer(Core), taker: cython.pointer(Taker), slot: uint32_t
) -> cython.void:
    """Make a taker of a peg, with what it has locked."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    taker.order_id = order.order_id
    taker.client_id_low = order.client_id_low
    taker.client_id_high = order.client_id_high
    taker.leaves_lots = order.leaves_lots
    taker.filled_lots = order.filled_lots
    taker.fee_credit_ppm = core.details[slot].fee_credit_ppm
    taker.lock_atoms = peg_locked_atoms(core, slot)
    taker.locked_before_atoms = taker.lock_atoms
    taker.slot = slot
    taker.account_id = core.balances[order.lock_balance].account_id
    taker.side = core.extras[slot].side
    taker.order_type = order.order_type
    taker.time_in_force = order.time_in_force
    taker.self_trade_prevention = order.self_trade_prevention
    taker.flags = order.flags & ORDER_FLAGS
    taker.may_rest = True
    taker.is_special = True
    taker.extra = core.extras[slot]


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def audit_pegs(core: cython.pointer(Core)) -> cython.void:
    """Check every market's list of pegs, and that each stands where it belongs."""
    i: uint32_t
    total: uint32_t = 0
    for i in range(1, MARKET_ID_MAX + 1):
        if core.markets[i] != cython.NULL:
            total += audit_market_pegs(core, core.markets[i])
    check(core, total == core.peg_count, b"every peg is in its market's list")


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def audit_market_pegs(core: cython.pointer(Core), market: cython.pointer(Market)) -> uint32_t:
    """Check one market's list; give how many pegs it has."""
    slot: uint32_t = market.peg_head
    count: uint32_t = 0
    bid_ticks: int64_t = followed_ticks(core, market, BUY)
    ask_ticks: int64_t = followed_ticks(core, market, SELL)
    order_id: uint64_t = 0
    stands: int64_t
    order: cython.pointer(Order)
    extra: cython.pointer(Extra)
    while slot != 0 and count <= core.peg_count:
        order = cython.address(core.orders[slot])
        extra = cython.address(core.extras[slot])
        stands = 0 if extra.is_waiting else core.levels[order.level].price_ticks
        check(core, order.order_id > order_id, b"a market's pegs are in order of age")
        check(
            core,
            stands == peg_ticks(order.order_type, extra, bid_ticks, ask_ticks),
            b"a peg stands where it belongs",
        )
        order_id = order.order_id
        count += 1
        slot = extra.trailing_next
    check(
        core,
        count == market.peg_count[BUY] + market.peg_count[SELL],
        b"a market counts its pegs",
    )
    return count
