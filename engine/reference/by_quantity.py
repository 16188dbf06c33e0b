"""Orders by quantity: they take the best price first, at a price by the market's allocation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.commands import Allocation
from engine.core.rejects import CancelReason
from engine.reference.allocation import share_level
from engine.reference.event import Events
from engine.reference.matching import prevent, prevented, trade
from engine.reference.state import Order

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue


def match(venue: ReferenceVenue, taker: Order, events: Events) -> CancelReason:
    """Trade an arriving order against the book.

    Returns:
        SELF_TRADE when prevention ended the taker, else NONE (it may have leaves).
    """
    market, book = venue.markets_by_id[taker.market_id], venue.books[taker.market_id]
    shared_ticks = 0
    while taker.leaves_lots > 0:
        maker = next(book.reachable(taker.side, taker.limit_ticks), None)
        if maker is None:
            return CancelReason.NONE
        if market.allocation == Allocation.PRO_RATA and maker.price_ticks != shared_ticks:
            shared_ticks = maker.price_ticks
            if not share_level(
                venue, taker, shared_ticks, lambda total: min(total, taker.leaves_lots), events
            ):
                return CancelReason.SELF_TRADE
        elif not prevented(venue, taker, maker):
            trade(venue, taker, maker, min(taker.leaves_lots, maker.open_lots), events)
        elif not prevent(venue, taker, maker, events):
            return CancelReason.SELF_TRADE
    return CancelReason.NONE
