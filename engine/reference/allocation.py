"""Pro rata: a level is shared out by the sizes of its seen orders, what is left by time.

An arriving order meets all seen orders of such a level at once. So self-trade prevention comes
first, for the orders of its own group there in their queue. Of the others each gets its size times
the incoming quantity over their total, rounded down; a share below the market's least is none.
What remains goes by time, as everywhere: icebergs' next tranches and hidden orders after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.core.commands import OrderType
from engine.reference.event import Events
from engine.reference.matching import prevent, prevented, trade
from engine.reference.state import Order

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue


def share_level(
    venue: ReferenceVenue,
    taker: Order,
    price_ticks: int,
    wanted: Callable[[int], int],
    events: Events,
) -> bool:
    """Apply prevention at the best level that the taker reaches, then trade its shares.

    Args:
        wanted: How many lots the taker takes of a total at this price.

    Returns:
        Whether the taker goes on.
    """
    market = venue.markets_by_id[taker.market_id]
    if not _meet_own_group(venue, taker, price_ticks, events):
        return False
    orders = _seen(venue, taker, price_ticks)
    total = sum(order.open_lots for order in orders)
    incoming = wanted(total)
    for maker in orders:
        share = maker.open_lots * incoming // total
        if share >= max(market.minimum_allocation_lots, 1):
            if taker.order_type == OrderType.MARKET_BY_AMOUNT:
                taker.leaves_lots = share  # it has no quantity of its own
            trade(venue, taker, maker, share, events)
    return True


def _seen(venue: ReferenceVenue, taker: Order, price_ticks: int) -> list[Order]:
    makers = venue.books[taker.market_id].reachable(taker.side, taker.limit_ticks)
    return [order for order in makers if order.price_ticks == price_ticks and not order.is_hidden]


def _meet_own_group(venue: ReferenceVenue, taker: Order, price_ticks: int, events: Events) -> bool:
    for maker in _seen(venue, taker, price_ticks):
        done = taker.leaves_lots == 0 and taker.order_type != OrderType.MARKET_BY_AMOUNT
        if done:
            return True
        if prevented(venue, taker, maker) and not prevent(venue, taker, maker, events):
            return False
    return True
