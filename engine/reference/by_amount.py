"""Market buys by amount: they spend at most an amount, the fee included, in whole lots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.rejects import CancelReason
from engine.reference.event import Events
from engine.reference.matching import prevent, prevented, trade
from engine.reference.money import charge, notional_atoms
from engine.reference.state import Market, Order

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue


def match_by_amount(venue: ReferenceVenue, taker: Order, events: Events) -> CancelReason:
    """Buy of each maker the most lots that fit; stop at the first of which not one fits.

    What the taker has locked is what it has not spent.

    Returns:
        Why it bought no more.
    """
    market, book = venue.markets_by_id[taker.market_id], venue.books[taker.market_id]
    while (maker := next(book.reachable(taker.side, taker.limit_ticks), None)) is not None:
        if prevented(venue, taker, maker):
            if not prevent(venue, taker, maker, events):
                return CancelReason.SELF_TRADE
            continue
        taker.leaves_lots = lots_that_fit(market, taker, maker)
        if taker.leaves_lots == 0:
            return CancelReason.NO_LIQUIDITY
        trade(venue, taker, maker, events)
    return CancelReason.NO_LIQUIDITY


def lots_that_fit(market: Market, taker: Order, maker: Order) -> int:
    """Give the most lots of a maker that the taker's money buys, by bisection."""
    low, high = 0, maker.open_lots
    while low < high:
        lots = (low + high + 1) // 2
        notional = notional_atoms(market, maker.price_ticks, lots)
        fee, _ = charge(notional, market.taker_fee_ppm, taker.fee_credit_ppm)
        if notional + fee <= taker.locked_atoms:
            low = lots
        else:
            high = lots - 1
    return low
