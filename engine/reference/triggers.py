"""Stops: orders that wait for a price, and the queue of those that a command triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.commands import TRIGGER_BEST_QUOTE, TRIGGER_REFERENCE, OrderType, Side
from engine.core.limits import FEE_PPM_ONE
from engine.core.phases import Phase
from engine.reference.book import opposite
from engine.reference.matching import relock
from engine.reference.money import ceil_ratio
from engine.reference.state import Market, Order

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue

STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})
_SOURCES = TRIGGER_BEST_QUOTE | TRIGGER_REFERENCE  # neither flag: the last trade


def trailing_trigger_ticks(order: Order) -> int:
    """Give the trigger of a trailing stop: its distance from the best price since acceptance.

    A sell's is below the highest price and rounded down, a buy's above the lowest and rounded up,
    so rounding never fires a stop early. A sell whose distance is more than the price never fires
    there: its trigger is 0.
    """
    extreme = order.extreme_ticks
    if order.side == Side.SELL:
        if order.trail_ppm:
            return extreme * (FEE_PPM_ONE - order.trail_ppm) // FEE_PPM_ONE
        return max(extreme - order.trail_ticks, 0)
    if order.trail_ppm:
        return ceil_ratio(extreme * (FEE_PPM_ONE + order.trail_ppm), FEE_PPM_ONE)
    return extreme + order.trail_ticks


def start_trailing(market: Market, order: Order) -> None:
    """Set a new trailing stop's trigger from the last price; without one it is refused later."""
    if market.last_price_ticks:
        order.extreme_ticks = market.last_price_ticks
        order.trigger_price_ticks = trailing_trigger_ticks(order)


def source_price(venue: ReferenceVenue, order: Order) -> int | None:
    """Give the price that a stop watches, None when there is none yet."""
    market = venue.markets_by_id[order.market_id]
    if order.flags & TRIGGER_BEST_QUOTE:
        return venue.books[order.market_id].best_price(opposite(order.side))
    if order.flags & TRIGGER_REFERENCE:
        return market.reference_price_ticks or None
    return market.last_price_ticks or None


def holds(order: Order, price: int | None) -> bool:
    """Tell whether a stop fires at a price."""
    if price is None:
        return False
    if order.side == Side.BUY:
        return price >= order.trigger_price_ticks
    return price <= order.trigger_price_ticks


def fire(venue: ReferenceVenue, order: Order) -> None:
    """Take a stop out of waiting and put it at the end of the work queue."""
    venue.leave(order)
    order.is_waiting = False
    venue.fired.append(order)


def fire_if_due(venue: ReferenceVenue, order: Order) -> None:
    """Fire a new or replaced stop whose condition holds already, in a market that is open.

    One that watches the best quote is looked at when the command's work is done, as always.
    """
    is_open = venue.markets_by_id[order.market_id].phase == Phase.OPEN
    if (
        is_open
        and not order.flags & TRIGGER_BEST_QUOTE
        and holds(order, source_price(venue, order))
    ):
        fire(venue, order)


def _urgency(order: Order) -> tuple[int, int, int]:
    """Order buys by rising trigger, then sells by falling trigger, each by age at last."""
    trigger = order.trigger_price_ticks
    return order.side, trigger if order.side == Side.BUY else -trigger, order.order_id


def _fire_due(venue: ReferenceVenue, market: Market, source: int) -> None:
    """Fire what holds; outside continuous trading stops wait, and are looked at when it opens."""
    if market.phase != Phase.OPEN:
        return
    due = [
        order
        for order in venue.waiting.values()
        if order.market_id == market.market_id
        and order.flags & _SOURCES == source
        and holds(order, source_price(venue, order))
    ]
    for order in sorted(due, key=_urgency):
        fire(venue, order)


def fire_by_reference(venue: ReferenceVenue, market: Market) -> None:
    """Fire the stops that a new reference price triggers."""
    _fire_due(venue, market, TRIGGER_REFERENCE)


def fire_by_quotes(venue: ReferenceVenue, market: Market) -> None:
    """Fire the stops that the best prices as they are now trigger."""
    _fire_due(venue, market, TRIGGER_BEST_QUOTE)


def observe(venue: ReferenceVenue, market: Market, first_ticks: int, last_ticks: int) -> None:
    """Follow the prices of one order's trades, of which the first and the last are the extremes."""
    for price in (first_ticks, last_ticks):
        market.last_price_ticks = price
        _move_trailing(venue, market, price)
        _fire_due(venue, market, 0)


def _move_trailing(venue: ReferenceVenue, market: Market, price: int) -> None:
    """Move the triggers of trailing stops after a price that is better for them than any before."""
    for order in venue.waiting.values():
        if (
            order.order_type == OrderType.TRAILING_STOP
            and order.market_id == market.market_id
            and (price > order.extreme_ticks) == (order.side == Side.SELL)
            and price != order.extreme_ticks
        ):
            order.extreme_ticks = price
            order.trigger_price_ticks = trailing_trigger_ticks(order)
            relock(venue, order)
