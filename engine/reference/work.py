"""The work of an arriving order, and of the stops that it triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.commands import OrderType, TimeInForce
from engine.core.events import RESTING, EventKind
from engine.core.rejects import CancelReason
from engine.reference.band import limit_on_arrival
from engine.reference.by_amount import match_by_amount
from engine.reference.event import Event, Events
from engine.reference.iceberg import show_tranche
from engine.reference.matching import cancel, match
from engine.reference.state import Order
from engine.reference.triggers import fire_by_quotes, observe

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue

_RESTING_TYPES = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.QUOTE})
_RESTING_TIMES = frozenset({TimeInForce.GTC, TimeInForce.GTD})


def may_rest(order: Order) -> bool:
    """Tell whether what an order does not trade on arrival may rest."""
    return order.order_type in _RESTING_TYPES and order.time_in_force in _RESTING_TIMES


def work(venue: ReferenceVenue, order: Order, answer: Event, events: Events) -> None:
    """Match, then rest or cancel the leaves; complete the answer with how it ended.

    Args:
        answer: The event that told of the arrival: ACCEPTED, REPLACED or TRIGGERED.
    """
    before = len(events)
    if order.order_type == OrderType.MARKET_BY_AMOUNT:
        stopped = match_by_amount(venue, order, events)
        left = order.locked_atoms > 0
    else:
        stopped = match(venue, order, events)
        left = order.leaves_lots > 0
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
    if prices:
        observe(venue, venue.markets_by_id[order.market_id], prices[0], prices[-1])


def work_fired(venue: ReferenceVenue, events: Events) -> None:
    """Work everything that the command has triggered, in order, until nothing more fires.

    Whenever the queue is empty, the best prices are compared with the stops that watch them, market
    by market; the first market with one that holds goes on.
    """
    while venue.fired or venue.waiting:
        while venue.fired:
            _work_one(venue, venue.fired.popleft(), events)
        for _, market in sorted(venue.markets_by_id.items()):
            fire_by_quotes(venue, market)
            if venue.fired:
                break
        if not venue.fired:
            return


def _work_one(venue: ReferenceVenue, order: Order, events: Events) -> None:
    order.limit_ticks = limit_on_arrival(venue.markets_by_id[order.market_id], order)
    answer = events.of_order(
        EventKind.TRIGGERED,
        order,
        quantity_lots=order.leaves_lots,
        maker_order_id=order.trigger_price_ticks,
    )
    work(venue, order, answer, events)
