"""Orders that are good till a time: what is due ends before the command that brings the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.rejects import CancelReason
from engine.reference.event import Events
from engine.reference.matching import cancel

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue


def expire(venue: ReferenceVenue, time_ns: int, events: Events) -> bool:
    """Cancel every order whose time has come, by time and then order id; tell whether any was."""
    due = sorted(
        (order.expire_time_ns, order.order_id)
        for order in venue.timed.values()
        if order.expire_time_ns <= time_ns
    )
    for _, order_id in due:
        cancel(venue, venue.orders_by_id[order_id], CancelReason.EXPIRED, events)
    return bool(due)
