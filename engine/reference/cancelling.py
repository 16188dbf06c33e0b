"""Cancels of many orders in one command: always by rising order id."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.core.rejects import CancelReason
from engine.reference.event import Events
from engine.reference.matching import cancel
from engine.reference.state import Order

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue


def cancel_of_account(
    venue: ReferenceVenue,
    events: Events,
    reason: CancelReason,
    account_id: int,
    *,
    market_id: int = 0,
    side: int = 0,
    tag: int = 0,
) -> int:
    """Cancel an account's orders, by rising order id; 0 stands for any. Give how many."""
    return _cancel_sorted(
        venue,
        events,
        reason,
        lambda order: (
            order.account_id == account_id
            and market_id in {0, order.market_id}
            and side in {0, order.side}
            and tag in {0, order.tag}
        ),
    )


def cancel_of_market(
    venue: ReferenceVenue,
    events: Events,
    reason: CancelReason,
    market_id: int,
    time_in_force: int = 0,
) -> int:
    """Cancel a market's orders, by rising order id; 0 stands for any. Give how many."""
    return _cancel_sorted(
        venue,
        events,
        reason,
        lambda order: (
            market_id in {0, order.market_id} and time_in_force in {0, order.time_in_force}
        ),
    )


def _cancel_sorted(
    venue: ReferenceVenue, events: Events, reason: CancelReason, chosen: Callable[[Order], bool]
) -> int:
    doomed = [order for _, order in sorted(venue.orders_by_id.items()) if chosen(order)]
    for order in doomed:
        cancel(venue, order, reason, events)
    return len(doomed)
