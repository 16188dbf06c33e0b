"""What time ends: orders with an expiry, calls with an end, deadlines of accounts.

It is done in the order of the times, before the command that brings the time: a call that ended
first has traded what expired later. At one time, orders end before calls, and calls before
deadlines, which go by account and tag.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.rejects import CancelReason
from engine.reference.deadlines import pass_deadline
from engine.reference.event import Events
from engine.reference.matching import cancel
from engine.reference.phases import end_call
from engine.reference.work import work_fired

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue

_ORDER, _CALL, _DEADLINE = 0, 1, 2  # what goes first at one time


def let_time_pass(venue: ReferenceVenue, time_ns: int, events: Events) -> None:
    """Do all that has become due, by time, then kind, then id."""
    while due := _due(venue, time_ns):
        _, kind, number, tag = min(due)
        if kind == _DEADLINE:
            pass_deadline(venue, (number, tag), events)
        elif kind == _CALL:
            end_call(venue, venue.markets_by_id[number], events)
        else:
            cancel(venue, venue.orders_by_id[number], CancelReason.EXPIRED, events)
        work_fired(venue, events)


def _due(venue: ReferenceVenue, time_ns: int) -> list[tuple[int, int, int, int]]:
    orders = [(order.expire_time_ns, _ORDER, order.order_id, 0) for order in venue.timed.values()]
    calls = [
        (market.auction_end_ns, _CALL, market.market_id, 0)
        for market in venue.markets_by_id.values()
        if market.auction_end_ns
    ]
    deadlines = [(item.due_ns, _DEADLINE, *key) for key, item in venue.deadlines.items()]
    return [due for due in orders + calls + deadlines if due[0] <= time_ns]
