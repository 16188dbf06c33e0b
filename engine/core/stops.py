# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Stops: orders that wait for a price.

The stops of one market, source and side are a book of their own: a level is a trigger price, its
queue goes by age, and its best price is the one that fires first.
"""

import cython
from cython.cimports.engine.core.book import has_room_for_key, link, opposite, unlink
from cython.cimports.engine.core.constants import (
    BUY,
    FEE_PPM_ONE,
    PHASE_OPEN,
    SELL,
    TRAILING_STOP,
    TRIGGER_BEST_QUOTE,
    TRIGGER_REFERENCE,
)
from cython.cimports.engine.core.pools import has_room_for_level
from cython.cimports.engine.core.resting import locked_atoms, unlock
from cython.cimports.engine.core.state import (
    BookSide,
    Core,
    Extra,
    Market,
    Order,
    check,
    is_peg,
)
from cython.cimports.engine.core.stops import peg_book, trigger_book
from cython.cimports.engine.core.sums import touch_order
from cython.cimports.libc.stdint import INT64_MAX, int64_t, uint32_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def trailing_trigger_ticks(extra: cython.pointer(Extra)) -> int64_t:
    """Give a trailing stop's trigger: rounded so that it never fires early; a sell's is not < 0."""
    if extra.side == SELL:
        if extra.trail_ppm != 0:
            return extra.extreme_ticks * (FEE_PPM_ONE - extra.trail_ppm) // FEE_PPM_ONE
        return max(extra.extreme_ticks - extra.trail_ticks, 0)
    if extra.trail_ppm != 0:
        return (
            extra.extreme_ticks * (FEE_PPM_ONE + extra.trail_ppm) + FEE_PPM_ONE - 1
        ) // FEE_PPM_ONE
    return extra.extreme_ticks + extra.trail_ticks


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def start_trailing(market: cython.pointer(Market), extra: cython.pointer(Extra)) -> cython.void:
    """Set a new trailing stop's trigger from the last price; without one it is refused later."""
    if market.last_price_ticks != 0:
        extra.extreme_ticks = market.last_price_ticks
        extra.trigger_price_ticks = trailing_trigger_ticks(extra)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def wait(core: cython.pointer(Core), slot: uint32_t) -> cython.void:
    """Let a stop or a parked peg wait; there is room for a level, its key, and in the queue."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    extra: cython.pointer(Extra) = cython.address(core.extras[slot])
    market: cython.pointer(Market) = core.markets[extra.market_id]
    extra.is_waiting = True
    core.waiting_count += 1
    if order.flags & TRIGGER_BEST_QUOTE:
        core.quote_waiting_count += 1
    if is_peg(order.order_type):
        link(core, market, peg_book(extra.side), 0, slot)
        return
    link(core, market, trigger_book(order.flags, extra.side), extra.trigger_price_ticks, slot)
    if order.order_type != TRAILING_STOP:
        return
    if extra.side == SELL:
        market.trailing_highest = min(market.trailing_highest, extra.extreme_ticks)
    else:
        market.trailing_lowest = max(market.trailing_lowest, extra.extreme_ticks)
    extra.trailing_previous = 0
    extra.trailing_next = market.trailing_head
    if market.trailing_head != 0:
        core.extras[market.trailing_head].trailing_previous = slot
    market.trailing_head = slot


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def stop_waiting(core: cython.pointer(Core), slot: uint32_t) -> cython.void:
    """Take a stop or a peg out of waiting; its record is out of the sum."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    extra: cython.pointer(Extra) = cython.address(core.extras[slot])
    market: cython.pointer(Market) = core.markets[extra.market_id]
    unlink(core, slot)
    order.level = 0
    extra.is_waiting = False
    core.waiting_count -= 1
    if order.flags & TRIGGER_BEST_QUOTE:
        core.quote_waiting_count -= 1
    if order.order_type != TRAILING_STOP:
        return
    if extra.trailing_next != 0:
        core.extras[extra.trailing_next].trailing_previous = extra.trailing_previous
    if extra.trailing_previous != 0:
        core.extras[extra.trailing_previous].trailing_next = extra.trailing_next
    else:
        market.trailing_head = extra.trailing_next


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fire(core: cython.pointer(Core), slot: uint32_t) -> cython.void:
    """Take a stop out of waiting and put it at the end of the work queue; there is room."""
    touch_order(core, slot)
    stop_waiting(core, slot)
    core.fired.slots[core.fired.count] = slot
    core.fired.count += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def holds(side: cython.int, trigger_ticks: int64_t, price_ticks: int64_t) -> cython.bint:
    """Tell whether a stop fires at a price; 0 is no price."""
    if price_ticks == 0:
        return False
    return price_ticks >= trigger_ticks if side == BUY else price_ticks <= trigger_ticks


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fire_if_due(core: cython.pointer(Core), slot: uint32_t) -> cython.void:
    """Fire a new or replaced stop whose condition holds; quotes are looked at later, as always."""
    flags: cython.int = core.orders[slot].flags
    extra: cython.pointer(Extra) = cython.address(core.extras[slot])
    market: cython.pointer(Market) = core.markets[extra.market_id]
    price_ticks: int64_t = market.last_price_ticks
    if flags & TRIGGER_REFERENCE:
        price_ticks = market.reference_price_ticks
    if market.phase != PHASE_OPEN:
        return
    if not flags & TRIGGER_BEST_QUOTE and holds(extra.side, extra.trigger_price_ticks, price_ticks):
        fire(core, slot)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fire_book(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    book: cython.int,
    price_ticks: int64_t,
) -> cython.void:
    """Fire the stops of one book whose condition holds at a price, in order.

    Outside continuous trading they wait on, and are looked at when it opens.
    """
    side: cython.pointer(BookSide) = cython.address(market.sides[book])
    if market.phase != PHASE_OPEN:
        return
    while side.count != 0 and core.broken == cython.NULL:
        if not holds(2 - (book & 1), side.keys[side.count - 1] * side.sign, price_ticks):
            return
        fire(core, core.levels[side.levels[side.count - 1]].head)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fire_by_reference(core: cython.pointer(Core), market: cython.pointer(Market)) -> cython.void:
    """Fire the stops that a new reference price triggers."""
    fire_book(core, market, trigger_book(TRIGGER_REFERENCE, BUY), market.reference_price_ticks)
    fire_book(core, market, trigger_book(TRIGGER_REFERENCE, SELL), market.reference_price_ticks)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def best_ticks(market: cython.pointer(Market), side_number: cython.int) -> int64_t:
    """Give the best price of a side, 0 when it is empty."""
    side: cython.pointer(BookSide) = cython.address(market.sides[side_number])
    return side.keys[side.count - 1] * side.sign if side.count != 0 else 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fire_by_quotes(core: cython.pointer(Core)) -> cython.bint:
    """Fire the stops that the best prices trigger, of the first market that has such; tell."""
    i: uint32_t
    side: cython.int
    market: cython.pointer(Market)
    if core.quote_waiting_count == 0:
        return False
    for i in range(1, core.market_id_max + 1):
        market = core.markets[i]
        if market == cython.NULL:
            continue
        for side in range(BUY, SELL + 1):
            fire_book(
                core,
                market,
                trigger_book(TRIGGER_BEST_QUOTE, side),
                best_ticks(market, opposite(side)),
            )
        if core.fired.count != 0:
            return True
    return False


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def observe(
    core: cython.pointer(Core), market: cython.pointer(Market), price_ticks: int64_t
) -> cython.void:
    """Follow a trade's price: move the trailing stops, then fire what it triggers."""
    if market.trailing_head != 0 and (
        price_ticks > market.trailing_highest or price_ticks < market.trailing_lowest
    ):
        move_trailing(core, market, price_ticks)
    fire_book(core, market, trigger_book(0, BUY), price_ticks)
    fire_book(core, market, trigger_book(0, SELL), price_ticks)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def move_trailing(
    core: cython.pointer(Core), market: cython.pointer(Market), price_ticks: int64_t
) -> cython.void:
    """Move the triggers of trailing stops after a price that is better for them than any before."""
    slot: uint32_t = market.trailing_head
    extra: cython.pointer(Extra)
    market.trailing_highest = INT64_MAX
    market.trailing_lowest = 0
    while slot != 0:
        extra = cython.address(core.extras[slot])
        if extra.side == SELL:
            if price_ticks > extra.extreme_ticks:
                trail(core, market, slot, price_ticks)
            market.trailing_highest = min(market.trailing_highest, extra.extreme_ticks)
        else:
            if price_ticks < extra.extreme_ticks:
                trail(core, market, slot, price_ticks)
            market.trailing_lowest = max(market.trailing_lowest, extra.extreme_ticks)
        slot = extra.trailing_next


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def trail(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    slot: uint32_t,
    price_ticks: int64_t,
) -> cython.void:
    """Move one stop's trigger, and free what its better worst price need not lock."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    extra: cython.pointer(Extra) = cython.address(core.extras[slot])
    book: cython.int = trigger_book(order.flags, extra.side)
    locked: int64_t = locked_atoms(core, slot)
    touch_order(core, slot)
    extra.extreme_ticks = price_ticks
    if trailing_trigger_ticks(extra) != extra.trigger_price_ticks:
        unlink(core, slot)
        extra.trigger_price_ticks = trailing_trigger_ticks(extra)
        if not check(
            core,
            has_room_for_level(core) and has_room_for_key(cython.address(market.sides[book])),
            b"there is memory for a trigger price",
        ):
            return
        link(core, market, book, extra.trigger_price_ticks, slot)
    if locked != locked_atoms(core, slot):
        unlock(core, order.lock_balance, locked - locked_atoms(core, slot))
