"""Pegs: orders whose price follows the best prices, in continuous trading.

A primary peg stands at the best price of its own side, its offset away from the market. A midpoint
peg is hidden and stands in the middle of the two best prices, where that is a whole tick; where it
is between two ticks, at the one farther from the market: a buy's is the lower one. Neither goes
beyond its limit, at which a buy locks. Pegs follow what is seen of other orders, never pegs: so
that moving them moves nothing that they follow, and what a command does ends.

A peg without a price is parked: it waits off the book while its side (or one of both) has nothing
to follow, and whenever its market is not open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.commands import HIDDEN, OrderType, Side
from engine.core.limits import PEGS_PER_SIDE_MAX, PRICE_TICKS_MAX
from engine.core.phases import Phase
from engine.reference.state import Market, Order

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue


def pegs_of(venue: ReferenceVenue, market: Market) -> list[Order]:
    """List a market's pegs by age."""
    return [peg for _, peg in sorted(venue.pegs.items()) if peg.market_id == market.market_id]


def has_pegs_enough(venue: ReferenceVenue, market: Market, side: Side) -> bool:
    """Tell whether a side of a market takes no further peg."""
    mine = [peg for peg in pegs_of(venue, market) if peg.side == side]
    return len(mine) >= PEGS_PER_SIDE_MAX


def peg(venue: ReferenceVenue, order: Order) -> None:
    """Make an arriving order a peg: what it gave as its price is its limit."""
    order.peg_limit_ticks = order.price_ticks
    if order.order_type == OrderType.MIDPOINT_PEG:
        order.flags |= HIDDEN
    stand(venue, order)


def stand(venue: ReferenceVenue, order: Order) -> None:
    """Set a peg's price; one without is parked, and shows its limit."""
    price_ticks = peg_price_ticks(venue, order)
    order.price_ticks = price_ticks or order.peg_limit_ticks
    order.is_waiting = price_ticks == 0


def peg_price_ticks(venue: ReferenceVenue, order: Order) -> int:
    """Give the price at which a peg belongs now; 0: none."""
    if venue.markets_by_id[order.market_id].phase != Phase.OPEN:
        return 0
    bid, ask = _followed_ticks(venue, order, Side.BUY), _followed_ticks(venue, order, Side.SELL)
    buys, limit = order.side == Side.BUY, order.peg_limit_ticks
    if order.order_type == OrderType.MIDPOINT_PEG:
        price = (bid + ask + (not buys)) // 2 if bid and ask else 0
    elif buys:
        price = bid - order.trail_ticks
    else:
        price = ask + order.trail_ticks if ask else 0
    if not 1 <= price <= PRICE_TICKS_MAX:
        return 0
    return min(price, limit) if buys else max(price, limit)


def _followed_ticks(venue: ReferenceVenue, order: Order, side: Side) -> int:
    """Give the best price of a side at which an order that is no peg is seen; 0: there is none."""
    for price, orders in venue.books[order.market_id].levels(side):
        if any(not each.is_hidden and not each.is_peg for each in orders):
            return price
    return 0
