"""The dead man's switch: orders whose owner has fallen silent are cancelled."""

from __future__ import annotations

import pytest

from engine.core.commands import ON_DISCONNECT, CommandKind, Side
from engine.core.events import ANSWER, EXISTED, EventKind
from engine.core.limits import (
    DEADLINE_MS_MAX,
    DEADLINE_MS_MIN,
    DEADLINES_PER_ACCOUNT_MAX,
    NEVER_NS,
)
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import Desk, Outcome, U, V

MS = 1_000_000


def set_deadline(desk: Desk, account_id: int, timeout_ms: int, tag: int = 0) -> Outcome:
    """Set, renew or end a deadline."""
    return desk.run(CommandKind.SET_DEADLINE, account_id=account_id, timeout_ms=timeout_ms, tag=tag)


def test_without_a_renewal_the_orders_are_cancelled_when_it_ends(desk: Desk) -> None:
    """At three quarters it is told; at the end the account's orders go, and no one else's."""
    mine = [desk.sell(U, 1, 101).order_id, desk.buy(U, 1, 90).order_id]
    other = desk.sell(V, 1, 102)
    assert EventKind.DEFINED == set_deadline(desk, U, 400).kind
    start = desk.time_ns
    assert start + 300 * MS == desk.venue.next_due_ns()
    near = desk.tick(start + 300 * MS).of(EventKind.DEADLINE_NEAR)
    assert [(U, 0, start + 400 * MS)] == [
        (e["account_id"], e["code"], e["quantity_lots"]) for e in near
    ]
    assert start + 400 * MS == desk.venue.next_due_ns()
    assert [] == desk.tick(start + 400 * MS - 1).cancels
    gone = desk.tick(start + 400 * MS).cancels
    assert [(order_id, 1, CancelReason.DEADLINE) for order_id in mine] == gone
    assert [other.order_id] == desk.venue.orders()["order_id"].tolist()
    assert NEVER_NS == desk.venue.next_due_ns()


def test_a_renewal_starts_the_time_again(desk: Desk) -> None:
    """Also one that comes after it was told that the end is near; nothing is told twice."""
    order = desk.sell(U, 1, 101)
    set_deadline(desk, U, 400)
    desk.tick(desk.time_ns + 350 * MS)
    renewed = set_deadline(desk, U, 1_000)
    assert ANSWER | EXISTED == int(renewed.answer["flags"])
    start = desk.time_ns
    assert [] == desk.tick(start + 749 * MS).events["code"][:-1].tolist()
    assert 1 == len(desk.tick(start + 751 * MS).of(EventKind.DEADLINE_NEAR))
    assert [order.order_id] == [each[0] for each in desk.tick(start + 1_000 * MS).cancels]


def test_a_late_command_brings_the_warning_and_the_end_at_once(desk: Desk) -> None:
    """What time did comes first, also when the command itself is then refused."""
    order = desk.sell(U, 1, 101)
    set_deadline(desk, U, 100)
    late = desk.cancel(U, order.order_id, step_ns=500 * MS)
    kinds = [EventKind.DEADLINE_NEAR, EventKind.CANCELLED, EventKind.REJECTED]
    assert kinds == [int(e["kind"]) for e in late.events]


def test_a_deadline_of_a_tag_takes_only_the_orders_with_it(desk: Desk) -> None:
    """Waiting stops too; each tag has its own deadline beside the one of all orders."""
    tagged, plain = desk.sell(U, 1, 101, tag=7), desk.sell(U, 1, 102)
    stop = desk.stop(U, Side.SELL, 1, 90, tag=7)
    set_deadline(desk, U, 100, tag=7)
    set_deadline(desk, U, 200)
    start = desk.time_ns
    first = [order_id for order_id, _, _ in desk.tick(start + 150 * MS).cancels]
    assert [tagged.order_id, stop.order_id] == first
    assert [plain.order_id] == [each[0] for each in desk.tick(start + 250 * MS).cancels]


def test_a_timeout_of_zero_ends_it(desk: Desk) -> None:
    """Nothing is told or cancelled after that; to end what is not there is no error."""
    order = desk.sell(U, 1, 101)
    set_deadline(desk, U, 100)
    assert EXISTED & int(set_deadline(desk, U, 0).answer["flags"])
    assert not EXISTED & int(set_deadline(desk, U, 0).answer["flags"])
    assert 1 == len(desk.tick(desk.time_ns + 500 * MS).events)
    assert [order.order_id] == desk.venue.orders(U)["order_id"].tolist()


def test_deadlines_of_one_time_go_by_account_and_tag(desk: Desk) -> None:
    """Whatever the order in which they were set."""
    start = desk.time_ns
    for account_id, tag in ((V, 1), (U, 2), (U, 1)):
        desk.sell(account_id, 1, 101, tag=tag)
    for step, (account_id, tag) in enumerate(((V, 1), (U, 2), (U, 1))):
        desk.time_ns = start + 10 * MS + step * MS - 1_000
        set_deadline(desk, account_id, 104 - step, tag)
    desk.tick(start + 110 * MS)
    last = desk.tick(start + 114 * MS)
    assert [U, U, V] == [int(e["account_id"]) for e in last.of(EventKind.CANCELLED)]


@pytest.mark.parametrize("timeout_ms", [-1, 1, DEADLINE_MS_MIN - 1, DEADLINE_MS_MAX + 1, 1 << 62])
def test_a_timeout_out_of_range_is_refused(desk: Desk, timeout_ms: int) -> None:
    """A renewal that is refused leaves the deadline as it was."""
    set_deadline(desk, U, 500)
    due = desk.venue.next_due_ns()
    assert Reject.INVALID_PARAMETER == set_deadline(desk, U, timeout_ms).reject
    assert due == desk.venue.next_due_ns()


def test_an_unknown_account_has_no_deadline(desk: Desk) -> None:
    """The account is looked at first."""
    assert Reject.UNKNOWN_ACCOUNT == set_deadline(desk, 77, -1).reject


def test_an_account_has_only_so_many_deadlines(desk: Desk) -> None:
    """Renewals and ends are always taken; one that ended makes room."""
    for tag in range(DEADLINES_PER_ACCOUNT_MAX):
        assert EventKind.DEFINED == set_deadline(desk, U, 500, tag).kind
    assert Reject.TOO_MANY_DEADLINES == set_deadline(desk, U, 500, 99).reject
    assert EventKind.DEFINED == set_deadline(desk, V, 500, 99).kind
    assert EventKind.DEFINED == set_deadline(desk, U, 600, 3).kind
    assert EventKind.DEFINED == set_deadline(desk, U, 0, 3).kind
    assert EventKind.DEFINED == set_deadline(desk, U, 500, 99).kind


def test_a_cancel_all_for_a_session_that_is_gone_says_so(desk: Desk) -> None:
    """Its cancels have their own reason; it has no other flag."""
    order = desk.sell(U, 1, 101)
    fields = {"account_id": U, "flags": ON_DISCONNECT}
    gone = desk.run(CommandKind.CANCEL_ALL, **fields)
    assert [(order.order_id, 1, CancelReason.DISCONNECTED)] == gone.cancels
    wrong = desk.run(CommandKind.CANCEL_ALL, account_id=U, flags=1)
    assert Reject.INVALID_FLAGS == wrong.reject
