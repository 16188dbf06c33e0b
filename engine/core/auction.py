# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The call auction: at which price a crossed book trades, and the trades.

The rules are those of `engine.reference.auction`. The prices between two steps of demand or supply
are looked at together: at each of them the same would trade.
"""

import cython
from cython.cimports.engine.core.auction import Choice, Indication
from cython.cimports.engine.core.book import find_key, unlink
from cython.cimports.engine.core.constants import (
    AUCTION,
    BUY,
    EVENT_FILL,
    EVENT_REDUCED,
    RESTING,
    SELL,
)
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.matching import fill_resting_buy, fill_resting_sell
from cython.cimports.engine.core.mixed import take_off
from cython.cimports.engine.core.money import notional_atoms
from cython.cimports.engine.core.resting import forget, seen_lots
from cython.cimports.engine.core.state import (
    MIXED,
    SPECIAL,
    BookSide,
    Core,
    Level,
    Market,
    Order,
    check,
    level_side,
)
from cython.cimports.engine.core.sums import touch_level, touch_order
from cython.cimports.engine.core.writer import order_event, write_maker
from cython.cimports.libc.stdint import int64_t, uint32_t
from cython.cimports.libc.string import memset


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def whole_lots(core: cython.pointer(Core), index: uint32_t) -> int64_t:
    """Give all of a level's quantity, seen or not."""
    level: cython.pointer(Level) = cython.address(core.levels[index])
    if not level.flags & MIXED:
        return level.quantity_lots
    return (
        level.quantity_lots
        + core.level_details[index].hidden_lots
        + core.level_details[index].reserve_lots
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def indication(core: cython.pointer(Core), market: cython.pointer(Market)) -> Indication:
    """Give price, volume and surplus of an uncross now."""
    found = cython.declare(Indication)
    choice = cython.declare(Choice)
    bids: cython.pointer(BookSide) = cython.address(market.sides[BUY])
    asks: cython.pointer(BookSide) = cython.address(market.sides[SELL])
    i: uint32_t
    demand: int64_t = 0
    supply: int64_t = 0
    memset(cython.address(found), 0, cython.sizeof(Indication))
    memset(cython.address(choice), 0, cython.sizeof(Choice))
    if bids.count == 0 or asks.count == 0:
        return found
    price: int64_t = -asks.keys[asks.count - 1]
    end: int64_t
    high: int64_t = bids.keys[bids.count - 1]
    bid: uint32_t = find_key(bids, price)  # the lowest that still takes part
    ask: uint32_t = asks.count  # the dearest that takes part; those below it are dearer
    choice.reference_ticks = market.reference_price_ticks
    if choice.reference_ticks == 0:
        choice.reference_ticks = market.last_price_ticks
    for i in range(bid, bids.count):
        demand += whole_lots(core, bids.levels[i])
    while price <= high:
        while ask > 0 and -asks.keys[ask - 1] <= price:
            ask -= 1
            supply += whole_lots(core, asks.levels[ask])
        end = min(high, bids.keys[bid])
        if ask > 0:
            end = min(end, -asks.keys[ask - 1] - 1)
        consider(cython.address(choice), price, end, demand, supply)
        price = end + 1
        while bid < bids.count and bids.keys[bid] < price:
            demand -= whole_lots(core, bids.levels[bid])
            bid += 1
    if choice.volume_lots != 0:
        choose(cython.address(choice), cython.address(found))
    return found


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def consider(
    choice: cython.pointer(Choice),
    low: int64_t,
    high: int64_t,
    demand: int64_t,
    supply: int64_t,
) -> cython.void:
    """Take prices in when they are as good as the best so far, or instead of them when better."""
    volume: int64_t = min(demand, supply)
    surplus: int64_t = demand - supply
    size: int64_t = surplus if surplus >= 0 else -surplus
    nearest: int64_t = min(max(choice.reference_ticks, low), high)
    is_better: cython.bint = volume > choice.volume_lots or (
        volume == choice.volume_lots and size < choice.surplus_lots
    )
    if is_better:
        choice.volume_lots = volume
        choice.surplus_lots = size
        choice.lowest_ticks = low
        choice.all_buy = True
        choice.all_sell = True
    elif volume != choice.volume_lots or size != choice.surplus_lots:
        return
    choice.highest_ticks = high
    choice.highest_surplus_lots = surplus
    choice.all_buy = choice.all_buy and surplus > 0
    choice.all_sell = choice.all_sell and surplus < 0
    # Prices rise, so of two as near the later is the higher.
    if is_better or distance(nearest, choice.reference_ticks) <= distance(
        choice.nearest_ticks, choice.reference_ticks
    ):
        choice.nearest_ticks = nearest
        choice.nearest_surplus_lots = surplus


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def distance(left: int64_t, right: int64_t) -> int64_t:
    """Give how far two prices are from each other."""
    return left - right if left > right else right - left


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def choose(choice: cython.pointer(Choice), found: cython.pointer(Indication)) -> cython.void:
    """Choose among prices of the same volume and size of surplus."""
    surplus: int64_t = choice.highest_surplus_lots
    found.price_ticks = choice.highest_ticks
    if choice.all_sell:
        found.price_ticks = choice.lowest_ticks
    elif not choice.all_buy and choice.reference_ticks != 0:
        found.price_ticks = choice.nearest_ticks
        surplus = choice.nearest_surplus_lots
    found.volume_lots = choice.volume_lots
    found.surplus_lots = choice.surplus_lots
    if surplus != 0:
        found.surplus_side = BUY if surplus > 0 else SELL


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def uncross(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    found: cython.pointer(cython.const[Indication]),
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Trade the volume at the price, in priority on both sides."""
    bids: cython.pointer(BookSide) = cython.address(market.sides[BUY])
    asks: cython.pointer(BookSide) = cython.address(market.sides[SELL])
    remaining: int64_t = found.volume_lots
    lots: int64_t
    buy: uint32_t
    sell: uint32_t
    while remaining != 0 and core.broken == cython.NULL:
        if not check(
            core,
            bids.count != 0
            and asks.count != 0
            and bids.keys[bids.count - 1] >= found.price_ticks
            and -asks.keys[asks.count - 1] <= found.price_ticks,
            b"both sides of an auction trade agree to its price",
        ):
            return
        buy = core.levels[bids.levels[bids.count - 1]].head
        sell = core.levels[asks.levels[asks.count - 1]].head
        lots = min(core.orders[buy].leaves_lots, core.orders[sell].leaves_lots)
        lots = min(lots, remaining)
        remaining -= lots
        if core.details[buy].priority_sequence < core.details[sell].priority_sequence:
            trade_at(core, market, sell, buy, found.price_ticks, lots, command)
        else:
            trade_at(core, market, buy, sell, found.price_ticks, lots, command)
    if found.volume_lots == 0:
        return
    market.missed_high_ticks = max(market.missed_high_ticks, found.price_ticks)
    if market.missed_low_ticks == 0 or found.price_ticks < market.missed_low_ticks:
        market.missed_low_ticks = found.price_ticks


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def trade_at(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    taker: uint32_t,
    maker: uint32_t,
    price_ticks: int64_t,
    lots: int64_t,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Trade between two resting orders; each then tells what it takes off the book."""
    event: cython.pointer(Event)
    notional: int64_t = notional_atoms(market, price_ticks, lots)
    maker_seen: int64_t = seen_lots(core, maker)
    taker_seen: int64_t = seen_lots(core, taker)
    maker_fee: int64_t = fill_at(core, market, maker, notional, lots, market.maker_fee_ppm)
    taker_fee: int64_t = fill_at(core, market, taker, notional, lots, market.taker_fee_ppm)
    market.last_price_ticks = price_ticks
    market.is_changed = True
    core.assets[market.quote_asset_id].fee_atoms += maker_fee + taker_fee
    core.assets[market.quote_asset_id].is_changed = True
    event = order_event(core, command, EVENT_FILL, taker)
    event.price_ticks = price_ticks
    event.quantity_lots = lots
    event.flags = AUCTION
    event.fee_atoms = taker_fee
    write_maker(core, event, maker, maker_fee)
    leave_book(core, maker, lots, maker_seen, command)
    leave_book(core, taker, lots, taker_seen, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fill_at(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    slot: uint32_t,
    notional: int64_t,
    lots: int64_t,
    fee_ppm: uint32_t,
) -> int64_t:
    """Move one order's money for a trade; give the fee that it paid."""
    index: uint32_t = core.orders[slot].level
    touch_order(core, slot)
    touch_level(core, index)
    if level_side(cython.address(core.levels[index])) == BUY:
        return fill_resting_buy(core, market, slot, notional, lots, fee_ppm)
    return fill_resting_sell(core, market, slot, notional, lots, fee_ppm)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def leave_book(
    core: cython.pointer(Core),
    slot: uint32_t,
    lots: int64_t,
    seen_before: int64_t,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Take what an order traded off its level, and tell how much of it was seen."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    event: cython.pointer(Event)
    seen: int64_t = lots
    if order.flags & SPECIAL:
        seen = take_off(core, slot, lots, seen_before)
    else:
        core.levels[order.level].quantity_lots -= lots
    event = order_event(core, command, EVENT_REDUCED, slot)
    event.quantity_lots = lots
    event.flags = RESTING | AUCTION
    event.maker_fee_atoms = seen
    if order.leaves_lots == 0:
        unlink(core, slot)
        forget(core, slot)
