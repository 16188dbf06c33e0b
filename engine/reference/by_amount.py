"""Market buys by amount: they spend at most an amount, the fee included, in whole lots."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from engine.core.commands import Allocation
from engine.core.rejects import CancelReason
from engine.reference.allocation import share_level
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
    shared_ticks = 0
    while (maker := next(book.reachable(taker.side, taker.limit_ticks), None)) is not None:
        price = maker.price_ticks
        if market.allocation == Allocation.PRO_RATA and price != shared_ticks:
            shared_ticks = price
            wanted = partial(lots_that_fit, market, taker, price)
            if not share_level(venue, taker, price, wanted, events):
                return CancelReason.SELF_TRADE
            continue
        if prevented(venue, taker, maker):
            if not prevent(venue, taker, maker, events):
                return CancelReason.SELF_TRADE
            continue
        lots = lots_that_fit(market, taker, price, maker.open_lots)
        if lots == 0:
            return CancelReason.NO_LIQUIDITY
        taker.leaves_lots = lots
        trade(venue, taker, maker, lots, events)
    return CancelReason.NO_LIQUIDITY


def lots_that_fit(market: Market, taker: Order, price_ticks: int, offered_lots: int) -> int:
    """Give the most lots at a price, of those offered, that the taker's money buys.

    It is found by bisection: what a quantity costs, its fee included, never falls as it grows.
    """
    low, high = 0, offered_lots
    while low < high:
        lots = (low + high + 1) // 2
        notional = notional_atoms(market, price_ticks, lots)
        fee, _ = charge(notional, market.taker_fee_ppm, taker.fee_credit_ppm)
        if notional + fee <= taker.locked_atoms:
            low = lots
        else:
            high = lots - 1
    return low
