"""What time ends: orders with an expiry, and calls with an end.

It is done in the order of the times, before the command that brings the time: a call that ended
first has traded what expired later. At one time, orders end before calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.rejects import CancelReason
from engine.reference.event import Events
from engine.reference.matching import cancel
from engine.reference.phases import end_call
from engine.reference.work import work_fired

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue


def let_time_pass(venue: ReferenceVenue, time_ns: int, events: Events) -> None:
    """Cancel every order whose time has come, and end every call, by time and then id."""
    while due := _due(venue, time_ns):
        _, is_call, number = min(due)
        if is_call:
            end_call(venue, venue.markets_by_id[number], events)
        else:
            cancel(venue, venue.orders_by_id[number], CancelReason.EXPIRED, events)
        work_fired(venue, events)


def _due(venue: ReferenceVenue, time_ns: int) -> list[tuple[int, bool, int]]:
    orders = [(order.expire_time_ns, False, order.order_id) for order in venue.timed.values()]
    calls = [
        (market.auction_end_ns, True, market.market_id)
        for market in venue.markets_by_id.values()
        if market.auction_end_ns
    ]
    return [due for due in orders + calls if due[0] <= time_ns]
