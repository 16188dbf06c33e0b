"""Expiry (S30), largest age, tags, and time that passes without a command."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import CommandKind, Side, TimeInForce
from engine.core.events import ANSWER, RESTING, WAITING, EventKind
from engine.core.limits import NEVER_NS
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import Desk, U, V, W

SECOND = 1_000_000_000


def gtd(desk: Desk, after_ns: int = SECOND) -> dict[str, Any]:
    """Make an order good till so long after the last command."""
    return {"time_in_force": TimeInForce.GTD, "expire_time_ns": desk.time_ns + after_ns}


def test_an_order_works_until_its_expiry_and_not_at_it(desk: Desk) -> None:
    """A nanosecond before it trades; at the time itself it is gone."""
    due = desk.time_ns + SECOND
    for _ in range(2):
        desk.sell(U, 1, 100, time_in_force=TimeInForce.GTD, expire_time_ns=due)
    assert due == desk.venue.next_due_ns()
    assert [(1, 100)] == [f[:2] for f in desk.buy(V, 1, 100, step_ns=due - desk.time_ns - 1).fills]
    assert 1 == len(desk.tick(due).cancels)
    assert NEVER_NS == desk.venue.next_due_ns()


@pytest.mark.parametrize("ahead_ns", [0, -1, -SECOND])
def test_an_expiry_that_is_not_in_the_future_is_refused(desk: Desk, ahead_ns: int) -> None:
    """The order's own time is the one of its sequencing."""
    expiry = desk.time_ns + 1_000 + ahead_ns
    order = desk.sell(U, 1, 100, time_in_force=TimeInForce.GTD, expire_time_ns=expiry)
    assert Reject.EXPIRY_IN_PAST == order.reject


def test_what_expires_together_goes_by_expiry_then_order_id(desk: Desk) -> None:
    """A late command brings several expiries; the earliest is told first."""
    start = desk.time_ns
    times = (3, 1, 2, 1)
    orders = [
        desk.sell(U, 1, 100 + n, time_in_force=TimeInForce.GTD, expire_time_ns=start + t * SECOND)
        for n, t in enumerate(times)
    ]
    gone = [order_id for order_id, _, _ in desk.tick(start + 9 * SECOND).cancels]
    assert [orders[n].order_id for n in (1, 3, 2, 0)] == gone


def test_a_refused_command_still_brings_time(desk: Desk) -> None:
    """The refusal is the answer, after what time did; the expiry stands."""
    order = desk.sell(U, 5, 100, **gtd(desk))
    refused = desk.cancel(V, order.order_id, step_ns=2 * SECOND)
    assert Reject.UNKNOWN_ORDER == refused.reject
    assert [EventKind.CANCELLED, EventKind.REJECTED] == [int(e["kind"]) for e in refused.events]
    assert [0, ANSWER] == [int(e["flags"]) & ANSWER for e in refused.events]
    assert [] == desk.asks


def test_an_order_that_left_before_its_expiry_is_not_touched_by_it(desk: Desk) -> None:
    """S30: no stale entry hits an order that reuses the id or the slot."""
    for leave in ("cancel", "fill", "cancel all"):
        order = desk.sell(U, 5, 100, **gtd(desk))
        if leave == "cancel":
            desk.cancel(U, order.order_id)
        elif leave == "fill":
            desk.buy(V, 5, 100)
        else:
            desk.run(CommandKind.CANCEL_ALL, account_id=U)
        stays = desk.sell(U, 7, 100)
        assert [] == desk.tick(desk.time_ns + 2 * SECOND).cancels
        assert stays.order_id == desk.venue.orders(U)[0]["order_id"]
        desk.cancel(U, stays.order_id)


def test_a_replace_keeps_the_expiry(desk: Desk) -> None:
    """Another price or quantity does not make an order live longer."""
    order = desk.sell(U, 5, 100, **gtd(desk))
    due = desk.venue.next_due_ns()
    assert desk.replace(U, order.order_id, 9, 101).rests
    assert due == desk.venue.next_due_ns() == desk.venue.order(order.order_id)[0]["expire_time_ns"]
    assert [(order.order_id, 9, CancelReason.EXPIRED)] == desk.tick(due).cancels


def test_a_waiting_stop_expires_where_it_waits(desk: Desk) -> None:
    """It was not on the book, so it does not come off it."""
    stop = desk.stop(U, Side.SELL, 5, 90, **gtd(desk))
    assert stop.waits
    gone = desk.tick(desk.time_ns + SECOND).of(EventKind.CANCELLED)[0]
    assert (stop.order_id, CancelReason.EXPIRED) == (gone["order_id"], gone["code"])
    assert WAITING == int(gone["flags"]) & (WAITING | RESTING)


def test_an_order_that_is_too_old_when_it_is_sequenced_is_refused(desk: Desk) -> None:
    """5 ms after its sent time is in time for max_age_ms 5; a nanosecond more is not."""
    late = {"max_age_ms": 5, "sent_time_ns": desk.time_ns + 1_000 - 5_000_001}
    assert Reject.TOO_OLD == desk.sell(U, 1, 100, **late).reject
    in_time = {"max_age_ms": 5, "sent_time_ns": desk.time_ns + 1_000 - 5_000_000}
    assert desk.sell(U, 1, 100, **in_time).rests


def test_a_resend_of_an_accepted_order_is_a_duplicate_however_old(desk: Desk) -> None:
    """The first answer counts: the order did run in time."""
    sent = desk.time_ns
    order = desk.sell(U, 1, 100, client_id=7, max_age_ms=5, sent_time_ns=sent)
    again = desk.sell(U, 1, 100, client_id=7, max_age_ms=5, sent_time_ns=sent, step_ns=SECOND)
    assert (EventKind.DUPLICATE, order.order_id) == (again.kind, again.order_id)


def test_a_replace_that_is_too_old_changes_nothing(desk: Desk) -> None:
    """A replace without a sent time has no age that could be shown to be small."""
    order = desk.sell(U, 5, 100)
    assert Reject.TOO_OLD == desk.replace(U, order.order_id, 5, 99, max_age_ms=1).reject
    assert [(5, 100, 1)] == desk.asks


def test_cancel_all_takes_only_the_orders_of_its_tag(desk: Desk) -> None:
    """Tag 0 names all; another one only the orders that carry it, waiting ones too."""
    tagged = desk.sell(U, 1, 101, tag=7)
    plain = desk.sell(U, 1, 102)
    other = desk.sell(U, 1, 103, tag=8)
    stop = desk.stop(U, Side.SELL, 1, 90, tag=7)
    gone = desk.run(CommandKind.CANCEL_ALL, account_id=U, tag=7)
    assert [tagged.order_id, stop.order_id] == [order_id for order_id, _, _ in gone.cancels]
    assert 2 == gone.answer["quantity_lots"]
    assert [plain.order_id, other.order_id] == desk.venue.orders(U)["order_id"].tolist()
    assert 2 == len(desk.run(CommandKind.CANCEL_ALL, account_id=U).cancels)


def test_a_tick_does_nothing_but_bring_time(desk: Desk) -> None:
    """It is answered, and with nothing due it changes nothing."""
    desk.sell(W, 3, 100)
    before = desk.venue.digest()
    tick = desk.tick()
    assert (EventKind.DEFINED, CommandKind.TICK) == (tick.kind, tick.answer["code"])
    assert before == desk.venue.digest()
