"""The work of an arriving order, of the stops that it triggers, and of the pegs that it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.commands import OrderType, TimeInForce
from engine.core.events import RESTING, WAITING, EventKind
from engine.core.phases import Phase
from engine.core.rejects import CancelReason
from engine.reference.band import aim
from engine.reference.by_amount import match_by_amount
from engine.reference.by_quantity import match
from engine.reference.event import Event, Events
from engine.reference.iceberg import show_tranche
from engine.reference.matching import cancel
from engine.reference.money import AUCTION_ONLY
from engine.reference.pegs import peg_price_ticks, pegs_of, stand
from engine.reference.phases import start_volatility_auction
from engine.reference.state import PEGS, Market, Order
from engine.reference.triggers import fire_by_quotes, observe

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue

_RESTING_TYPES = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.QUOTE}) | PEGS
_RESTING_TIMES = frozenset({TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD})


def may_rest(order: Order) -> bool:
    """Tell whether what an order does not trade on arrival may rest."""
    rests = order.order_type in _RESTING_TYPES and order.time_in_force in _RESTING_TIMES
    return rests or order.time_in_force in AUCTION_ONLY


def work(venue: ReferenceVenue, order: Order, answer: Event, events: Events) -> None:
    """Match, then rest or cancel the leaves; complete the answer with how it ended.

    Args:
        answer: The event that told of the arrival: ACCEPTED, REPLACED, REPRICED or TRIGGERED.
    """
    before = len(events)
    market = venue.markets_by_id[order.market_id]
    left, stopped = True, CancelReason.NONE
    if order.order_type == OrderType.MARKET_BY_AMOUNT:
        stopped = match_by_amount(venue, order, events)
        left = order.locked_atoms > 0
    elif market.phase == Phase.OPEN:
        stopped = match(venue, order, events)
        left = order.leaves_lots > 0
    leaves_band = left and not stopped and _leaves_band(venue, market, order)
    prices = events.trade_prices(before)
    answer.filled_lots, answer.leaves_lots = order.filled_lots, 0
    if left and (stopped or not may_rest(order)):
        cancel(venue, order, stopped or CancelReason.NO_LIQUIDITY, events)
    elif left:
        show_tranche(order)
        venue.books[order.market_id].rest(order, venue.take_priority())
        venue.enter(order)
        answer.leaves_lots = order.leaves_lots
        answer.maker_fee_atoms = order.seen_lots
        answer.flags |= RESTING
    if leaves_band:
        start_volatility_auction(venue, market, events.time_ns, events)
    if prices:
        observe(venue, market, prices[0], prices[-1])


def _leaves_band(venue: ReferenceVenue, market: Market, order: Order) -> bool:
    """Tell whether an order would go on trading, but at prices beyond the dynamic band.

    Nothing is left within the band: `match` has just ended.
    """
    if market.phase != Phase.OPEN or order.limit_ticks == order.own_limit_ticks:
        return False
    book = venue.books[order.market_id]
    within = next(book.reachable(order.side, order.limit_ticks), None)
    beyond = next(book.reachable(order.side, order.own_limit_ticks), None)
    return within is None and beyond is not None


def work_fired(venue: ReferenceVenue, events: Events) -> None:
    """Work everything that the command has triggered, in order, until nothing more fires.

    Whenever the queue is empty, pegs follow the best prices, market by market; then these are
    compared with the stops that watch them. The first market where anything happens goes on.
    """
    while venue.fired or venue.waiting or venue.pegs:
        while venue.fired:
            _work_one(venue, venue.fired.popleft(), events)
        markets = [market for _, market in sorted(venue.markets_by_id.items())]
        pegged = {peg.market_id for peg in venue.pegs.values()}
        if any(reprice(venue, market, events) for market in markets if market.market_id in pegged):
            continue
        for market in markets:
            fire_by_quotes(venue, market)
            if venue.fired:
                break
        if not venue.fired:
            return


def reprice(venue: ReferenceVenue, market: Market, events: Events) -> bool:
    """Move the pegs of a market that do not stand where they belong; tell whether any did.

    All that move leave the book first, then they arrive by age: none meets a price of the past.
    """
    moved = []
    for peg in pegs_of(venue, market):
        stands = 0 if peg.is_waiting else peg.price_ticks
        if stands != peg_price_ticks(venue, peg):
            moved.append((peg, stands, peg.seen_lots))
    for peg, stands, _ in moved:
        if stands:
            venue.books[market.market_id].remove(peg)
        venue.leave(peg)
        peg.is_waiting = False
    for peg, stands, seen_lots in moved:
        stand(venue, peg)
        answer = events.of_order(
            EventKind.REPRICED,
            peg,
            quantity_lots=peg.filled_lots + peg.leaves_lots,
            maker_order_id=stands,
            maker_leaves_lots=peg.leaves_lots,
            trade_id=seen_lots,
        )
        if peg.is_waiting:
            answer.flags |= WAITING
            venue.enter(peg)
        else:
            aim(market, peg)
            work(venue, peg, answer, events)
    return bool(moved)


def _work_one(venue: ReferenceVenue, order: Order, events: Events) -> None:
    market = venue.markets_by_id[order.market_id]
    if market.phase != Phase.OPEN:  # a stop before it in the queue has ended continuous trading
        order.is_waiting = True
        venue.enter(order)
        return
    aim(market, order)
    answer = events.of_order(
        EventKind.TRIGGERED,
        order,
        quantity_lots=order.leaves_lots,
        maker_order_id=order.trigger_price_ticks,
    )
    work(venue, order, answer, events)
