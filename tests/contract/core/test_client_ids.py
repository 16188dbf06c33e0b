"""Client ids: the same id and body runs once; the window forgets without running twice."""

from __future__ import annotations

from engine.core.commands import CommandKind
from engine.core.events import EventKind
from engine.core.rejects import Reject
from tests.contract.core.desk import QUOTE, Desk, U, V

SECOND = 1_000_000_000


def window(desk: Desk, *, seconds: int = 10, ids_max: int = 1_000) -> None:
    """Set a short id window."""
    desk.run(CommandKind.SET_ID_WINDOW, id_window_ns=seconds * SECOND, ids_max=ids_max)


def test_the_same_id_and_body_gives_the_first_answer_again(desk: Desk) -> None:
    """A resend is answered with the first order id and sequence, and nothing is placed twice."""
    first = desk.buy(U, 10, 100, client_id=5)
    again = desk.buy(U, 10, 100, client_id=5)
    assert again.kind == EventKind.DUPLICATE
    assert first.order_id == again.order_id
    assert int(first.answer["sequence"]) == int(again.answer["first_sequence"])
    assert desk.bids == [(10, 100, 1)]


def test_another_body_under_a_used_id_is_refused(desk: Desk) -> None:
    """An id is bound to the body of its first use, also of another kind."""
    desk.buy(U, 10, 100, client_id=5)
    assert desk.buy(U, 11, 100, client_id=5).reject == Reject.DUPLICATE_WITH_DIFFERENT_BODY
    cancel_all = desk.with_id(CommandKind.CANCEL_ALL, 5, account_id=U)
    assert cancel_all.reject == Reject.DUPLICATE_WITH_DIFFERENT_BODY


def test_ids_are_per_account(desk: Desk) -> None:
    """Two accounts may use the same id."""
    desk.buy(U, 10, 100, client_id=5)
    assert desk.buy(V, 11, 100, client_id=5).kind == EventKind.ACCEPTED


def test_both_halves_of_an_id_count(desk: Desk) -> None:
    """Ids that differ only in their upper half are different."""
    desk.buy(U, 10, 100, client_id=5)
    assert desk.buy(U, 10, 100, client_id=1 << 64 | 5).kind == EventKind.ACCEPTED


def test_a_resend_of_every_kind_runs_once(desk: Desk) -> None:
    """Deposits, holds, replaces and cancels with an id are done once."""
    desk.with_id(CommandKind.DEPOSIT, 5, account_id=U, asset_id=QUOTE, amount_atoms=7)
    total = sum(desk.venue.balance(U, QUOTE))
    again = desk.with_id(CommandKind.DEPOSIT, 5, account_id=U, asset_id=QUOTE, amount_atoms=7)
    assert again.kind == EventKind.DUPLICATE
    assert total == sum(desk.venue.balance(U, QUOTE))
    bid = desk.buy(U, 10, 100).order_id
    replace = {"account_id": U, "order_id": bid, "price_ticks": 101, "quantity_lots": 10}
    desk.with_id(CommandKind.REPLACE, 6, **replace)
    desk.replace(U, bid, 10, 102)
    resent = desk.with_id(CommandKind.REPLACE, 6, **replace)
    assert (EventKind.DUPLICATE, bid) == (resent.kind, resent.order_id)
    assert desk.bids == [(10, 102, 1)]
    desk.with_id(CommandKind.CANCEL, 7, account_id=U, order_id=bid)
    done = desk.with_id(CommandKind.CANCEL, 7, account_id=U, order_id=bid)
    assert done.kind == EventKind.DUPLICATE


def test_a_sent_time_older_than_the_window_is_refused(desk: Desk) -> None:
    """Beyond the window the venue cannot tell, and says so rather than run a second order."""
    window(desk, seconds=10)
    desk.buy(U, 10, 100, client_id=5)
    sent = desk.time_ns - 1_000
    desk.run(CommandKind.CANCEL_ALL, account_id=U, step_ns=12 * SECOND)
    assert desk.buy(U, 10, 100, client_id=5, sent_time_ns=sent).reject == Reject.ID_TOO_OLD
    edge = desk.time_ns + 1_000 - 10 * SECOND
    assert desk.buy(U, 1, 100, client_id=6, sent_time_ns=edge - 1).reject == Reject.ID_TOO_OLD
    edge = desk.time_ns + 1_000 - 10 * SECOND
    assert desk.buy(U, 1, 100, client_id=6, sent_time_ns=edge).kind == EventKind.ACCEPTED


def test_a_sent_time_ahead_of_the_venue_is_refused(desk: Desk) -> None:
    """A client's clock may lead by a second, not more."""
    ahead = desk.time_ns + 1_000 + SECOND
    assert desk.buy(U, 1, 100, sent_time_ns=ahead).kind == EventKind.ACCEPTED
    ahead = desk.time_ns + 1_000 + SECOND + 1
    assert desk.buy(U, 1, 100, sent_time_ns=ahead).reject == Reject.SENT_TIME_IN_FUTURE


def test_a_missing_id_or_sent_time_is_refused(desk: Desk) -> None:
    """Orders need a client id; a sent time without an id has no meaning."""
    assert desk.buy(U, 1, 100, client_id=0).reject == Reject.INVALID_CLIENT_ID
    assert desk.buy(U, 1, 100, sent_time_ns=0).reject == Reject.ID_TOO_OLD
    stray = desk.run(CommandKind.CANCEL, account_id=U, order_id=1, sent_time_ns=desk.time_ns)
    assert stray.reject == Reject.INVALID_CLIENT_ID


def test_expired_ids_are_forgotten(desk: Desk) -> None:
    """Ids older than the window leave the table as new ones come."""
    window(desk, seconds=1)
    before = desk.venue.counts()["ids_remembered"]
    for _ in range(20):
        desk.buy(U, 1, step_ns=SECOND)
    assert before + 20 > desk.venue.counts()["ids_remembered"]
    assert desk.venue.counts()["ids_remembered"] <= 4


def test_a_full_table_forgets_early_and_refuses_what_it_forgot(desk: Desk) -> None:
    """When the table is full the window shortens: a forgotten id is too old, never run twice."""
    window(desk, seconds=1_000, ids_max=12)
    sent = desk.time_ns
    assert desk.buy(U, 1, client_id=5, sent_time_ns=sent).kind == EventKind.ACCEPTED
    for _ in range(20):
        desk.buy(U, 1)
    assert desk.venue.counts()["ids_remembered"] == 12
    assert sent < desk.venue.counts()["id_floor_time_ns"]
    assert desk.buy(U, 1, client_id=5, sent_time_ns=sent).reject == Reject.ID_TOO_OLD


def test_the_id_of_a_working_order_is_never_forgotten(desk: Desk) -> None:
    """A resting order can be cancelled by its client id however old it is."""
    window(desk, seconds=1, ids_max=12)
    bid = desk.buy(U, 1, 100, client_id=5).order_id
    for _ in range(40):
        desk.buy(V, 1, step_ns=SECOND)
    again = desk.buy(U, 1, 100, client_id=5)
    assert (EventKind.DUPLICATE, bid) == (again.kind, again.order_id)
    cancelled = desk.run(CommandKind.CANCEL, account_id=U, target_client_id_low=5)
    assert (EventKind.CANCELLED, bid) == (cancelled.kind, cancelled.order_id)
