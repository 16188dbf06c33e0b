"""Price-time matching, times in force, prices and priorities."""

from __future__ import annotations

from engine.core.commands import Side, TimeInForce
from engine.core.events import EventKind
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import Desk, U, V, W

IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


def test_an_answer_carries_what_was_filled_on_arrival(desk: Desk) -> None:
    """Acceptance of a partly filled IOC comes first, with its fills counted, then the cancel."""
    desk.sell(U, 5, 100)
    taken = desk.buy(V, 10, 100, time_in_force=IOC)
    kinds = [EventKind(int(event["kind"])) for event in taken.events]
    assert kinds == [EventKind.ACCEPTED, EventKind.FILL, EventKind.CANCELLED]
    assert taken.answer["filled_lots"] == 5
    assert taken.answer["leaves_lots"] == 0
    assert not taken.rests


def test_the_trade_price_is_the_makers_in_both_directions(desk: Desk) -> None:
    """A trade is at the resting order's price, whichever side rests."""
    desk.sell(U, 10, 100)
    assert [fill[:2] for fill in desk.buy(V, 10, 105).fills] == [(10, 100)]
    maker = desk.buy(U, 10, 105).order_id
    taken = desk.sell(V, 4, 100)
    assert [(4, 105, maker)] == taken.fills
    (fill,) = taken.of(EventKind.FILL)
    assert (fill["side"], fill["account_id"], fill["maker_account_id"]) == (Side.SELL, V, U)


def test_a_market_order_into_an_empty_book_is_accepted_and_cancelled(desk: Desk) -> None:
    """An empty book is no refusal: the order is accepted, and all of it cancelled."""
    taken = desk.buy(V, 15)
    assert taken.kind == EventKind.ACCEPTED
    assert [(taken.order_id, 15, CancelReason.NO_LIQUIDITY)] == taken.cancels


def test_a_market_fill_or_kill_trades_whole_or_not_at_all(desk: Desk) -> None:
    """A market order may be fill or kill."""
    desk.sell(U, 10, 100)
    killed = desk.buy(V, 11, time_in_force=FOK)
    assert killed.reject == Reject.FILL_OR_KILL_NOT_FILLABLE
    assert desk.buy(V, 10, time_in_force=FOK).answer["filled_lots"] == 10


def test_post_only_is_refused_when_it_would_trade(desk: Desk) -> None:
    """A post-only order never takes: it is refused at a crossing price and rests at others."""
    desk.sell(U, 5, 100)
    assert desk.buy(V, 5, 100, post_only=True).reject == Reject.POST_ONLY_WOULD_CROSS
    assert desk.buy(V, 5, 99, post_only=True).rests


def test_price_priority_comes_before_time_priority(desk: Desk) -> None:
    """A better price trades first even when it arrived later."""
    desk.sell(U, 5, 101)
    better = desk.sell(W, 5, 100).order_id
    assert better == desk.buy(V, 5, 101).fills[0][2]


def test_trade_ids_are_dense(desk: Desk) -> None:
    """Trades are numbered without a gap over the whole venue."""
    for price in (100, 101, 102):
        desk.sell(U, 1, price)
    taken = desk.buy(V, 3, 102)
    assert [int(event["trade_id"]) for event in taken.of(EventKind.FILL)] == [1, 2, 3]
    desk.sell(U, 1, 102)
    assert [int(e["trade_id"]) for e in desk.buy(V, 1, 102).of(EventKind.FILL)] == [4]
