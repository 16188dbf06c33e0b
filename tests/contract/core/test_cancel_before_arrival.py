"""Cancels that overtake their orders: the order is refused when it comes."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import BEFORE_ARRIVAL, CommandKind
from engine.core.events import ANSWER, EXISTED, EventKind
from engine.core.limits import SENT_TIME_AHEAD_NS_MAX
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import Desk, Outcome, U, V

SECOND = 1_000_000_000


def cancel_ahead(desk: Desk, target: int, account_id: int = U, **fields: Any) -> Outcome:
    """Cancel by client id, whether the order has come or not."""
    return desk.run(
        CommandKind.CANCEL,
        account_id=account_id,
        target_client_id_low=target,
        **{"flags": BEFORE_ARRIVAL, **fields},
    )


def test_an_order_that_comes_after_its_cancel_is_refused(desk: Desk) -> None:
    """However often it is sent, and whatever its body is."""
    first = cancel_ahead(desk, 70)
    assert (EventKind.DEFINED, CommandKind.CANCEL) == (first.kind, first.answer["code"])
    assert ANSWER == int(first.answer["flags"])
    for lots in (5, 5, 6):
        late = desk.sell(U, lots, 100, client_id=70)
        assert Reject.CANCELLED_BEFORE_ARRIVAL == late.reject
    assert [] == desk.asks


def test_an_order_that_is_there_is_cancelled_as_by_any_cancel(desk: Desk) -> None:
    """And when it is gone, there is nothing that could still arrive."""
    order = desk.sell(U, 5, 100, client_id=70)
    gone = cancel_ahead(desk, 70)
    assert [(order.order_id, 5, CancelReason.REQUESTED)] == gone.cancels
    assert Reject.UNKNOWN_ORDER == cancel_ahead(desk, 70).reject


def test_the_same_cancel_again_changes_nothing(desk: Desk) -> None:
    """It says that it was so before."""
    cancel_ahead(desk, 70)
    digest = desk.venue.digest()
    assert ANSWER | EXISTED == int(cancel_ahead(desk, 70).answer["flags"])
    assert digest == desk.venue.digest()


def test_another_account_may_use_the_same_id(desk: Desk) -> None:
    """Ids are unique per account."""
    cancel_ahead(desk, 70)
    assert desk.sell(V, 5, 100, client_id=70).rests


def test_the_cancel_itself_may_have_a_client_id(desk: Desk) -> None:
    """Both ids are remembered; a resend of the cancel is a duplicate."""
    own = {"client_id_low": 71, "sent_time_ns": desk.time_ns}
    before = desk.venue.counts()["ids_remembered"]
    first = cancel_ahead(desk, 70, **own)
    again = cancel_ahead(desk, 70, **own)
    assert (EventKind.DEFINED, EventKind.DUPLICATE) == (first.kind, again.kind)
    assert before + 2 == desk.venue.counts()["ids_remembered"]
    assert Reject.CANCELLED_BEFORE_ARRIVAL == desk.sell(U, 5, 100, client_id=70).reject


def test_many_ids_can_be_cancelled_ahead(desk: Desk) -> None:
    """The table grows under both ids of one command."""
    for number in range(100):
        own = {"client_id_low": 10_000 + number, "sent_time_ns": desk.time_ns}
        assert EventKind.DEFINED == cancel_ahead(desk, 20_000 + number, **own).kind
    for number in (0, 50, 99):
        late = desk.sell(U, 1, 100, client_id=20_000 + number)
        assert Reject.CANCELLED_BEFORE_ARRIVAL == late.reject


def test_a_cancelled_id_is_remembered_as_long_as_any_other(desk: Desk) -> None:
    """When it is forgotten, the order is too old to be taken."""
    window = 10 * SECOND
    desk.run(CommandKind.SET_ID_WINDOW, id_window_ns=window, ids_max=100)
    sent = desk.time_ns
    cancel_ahead(desk, 70)
    desk.sell(U, 1, 100, step_ns=window + SENT_TIME_AHEAD_NS_MAX + SECOND)
    late = desk.sell(U, 1, 100, client_id=70, sent_time_ns=sent)
    assert Reject.ID_TOO_OLD == late.reject


@pytest.mark.parametrize(
    ("fields", "reject"),
    [
        ({"flags": 1}, Reject.INVALID_FLAGS),
        ({"flags": BEFORE_ARRIVAL | 1}, Reject.INVALID_FLAGS),
        ({"target_client_id_low": 0}, Reject.INVALID_FLAGS),
        ({"target_client_id_low": 0, "order_id": 1}, Reject.INVALID_FLAGS),
        ({"client_id_low": 70, "sent_time_ns": 1}, Reject.INVALID_CLIENT_ID),
        ({"sent_time_ns": 1}, Reject.INVALID_CLIENT_ID),
    ],
)
def test_it_names_another_client_id(desk: Desk, fields: dict[str, int], reject: Reject) -> None:
    """The venue has given no order id yet, and its own id is another one."""
    arguments = {"flags": BEFORE_ARRIVAL, "target_client_id_low": 70, **fields}
    assert reject == desk.run(CommandKind.CANCEL, account_id=U, **arguments).reject
