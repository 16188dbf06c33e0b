"""Price-time matching, times in force, prices and priorities."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.core.commands import Side, TimeInForce
from engine.core.events import EventKind
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import BASE, QUOTE, Desk, U, V, W

IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


def test_an_ioc_remainder_is_cancelled_and_never_rests(desk: Desk) -> None:
    """What an IOC order cannot take is cancelled for lack of liquidity."""
    ask = desk.sell(U, 5, 100).order_id
    taken = desk.buy(V, 10, 100, time_in_force=IOC)
    assert [(5, 100, ask)] == taken.fills
    assert [(taken.order_id, 5, CancelReason.NO_LIQUIDITY)] == taken.cancels
    assert desk.bids == []
    later = desk.sell(U, 5, 100)
    assert later.fills == []
    assert desk.asks == [(5, 100, 1)]


def test_an_answer_carries_what_was_filled_on_arrival(desk: Desk) -> None:
    """Acceptance of a partly filled IOC comes first, with its fills counted, then the cancel."""
    desk.sell(U, 5, 100)
    taken = desk.buy(V, 10, 100, time_in_force=IOC)
    kinds = [EventKind(int(event["kind"])) for event in taken.events]
    assert kinds == [EventKind.ACCEPTED, EventKind.FILL, EventKind.CANCELLED]
    assert taken.answer["filled_lots"] == 5
    assert taken.answer["leaves_lots"] == 0
    assert not taken.rests


def test_fill_or_kill_spans_makers_and_levels(desk: Desk) -> None:
    """A fill-or-kill order takes several levels when it can trade whole."""
    for price in (100, 101, 102):
        desk.sell(U, 5, price)
    taken = desk.buy(V, 15, 102, time_in_force=FOK)
    assert [fill[:2] for fill in taken.fills] == [(5, 100), (5, 101), (5, 102)]


@pytest.mark.parametrize(("lots", "price"), [(16, 102), (11, 101)])
def test_fill_or_kill_changes_nothing_when_it_cannot_trade_whole(
    desk: Desk, lots: int, price: int
) -> None:
    """A fill-or-kill order that cannot trade whole is refused and leaves the book alone."""
    for ask in (100, 101, 102):
        desk.sell(U, 5, ask)
    before = desk.asks
    killed = desk.buy(V, lots, price, time_in_force=FOK)
    assert killed.reject == Reject.FILL_OR_KILL_NOT_FILLABLE
    assert before == desk.asks


def test_fill_or_kill_needs_funds_for_its_worst_price(make_desk: Callable[..., Desk]) -> None:
    """A fill-or-kill buy locks its limit price times its quantity before anything trades."""
    desk = make_desk(funds_atoms=0)
    desk.deposit(U, BASE, 1_000)
    desk.deposit(V, QUOTE, 35 * 7_650)
    desk.sell(U, 1_000, 7_650)
    refused = desk.buy(V, 1_000, 8_000, time_in_force=FOK)
    assert refused.reject == Reject.INSUFFICIENT_FUNDS
    assert desk.venue.balance(V, QUOTE) == (35 * 7_650, 0, 0)
    desk.deposit(V, QUOTE, 1_000 * 8_000 - 35 * 7_650)
    assert [fill[:2] for fill in desk.buy(V, 1_000, 8_000, time_in_force=FOK).fills] == [
        (1_000, 7_650)
    ]


def test_interior_cancels_keep_the_order_of_arrival(desk: Desk) -> None:
    """Cancelling from the middle or the head of a queue keeps the others in order."""
    first, second, third = (desk.buy(account, 10, 100).order_id for account in (U, V, U))
    desk.cancel(V, second)
    assert [first, third] == [fill[2] for fill in desk.sell(W, 20, 100).fills]
    first, second, third = (desk.buy(account, 10, 100).order_id for account in (U, V, U))
    desk.cancel(U, first)
    assert [second, third] == [fill[2] for fill in desk.sell(W, 20, 100).fills]


def test_a_sweep_respects_its_own_limit(desk: Desk) -> None:
    """A sweep stops at its limit; a touch at exactly the limit trades."""
    desk.buy(U, 10, 3_296)
    desk.buy(U, 10, 3_274)
    swept = desk.sell(V, 20, 3_286, time_in_force=IOC)
    assert [fill[:2] for fill in swept.fills] == [(10, 3_296)]
    assert desk.bids == [(10, 3_274, 1)]
    assert [fill[:2] for fill in desk.sell(V, 10, 3_274).fills] == [(10, 3_274)]


def test_the_trade_price_is_the_makers_in_both_directions(desk: Desk) -> None:
    """A trade is at the resting order's price, whichever side rests."""
    desk.sell(U, 10, 100)
    assert [fill[:2] for fill in desk.buy(V, 10, 105).fills] == [(10, 100)]
    maker = desk.buy(U, 10, 105).order_id
    taken = desk.sell(V, 4, 100)
    assert [(4, 105, maker)] == taken.fills
    (fill,) = taken.of(EventKind.FILL)
    assert (fill["side"], fill["account_id"], fill["maker_account_id"]) == (Side.SELL, V, U)


def test_level_volume_is_conserved(desk: Desk) -> None:
    """Depth of a level is the sum of its orders, and what is left of a large taker rests."""
    desk.buy(U, 100, 12)
    desk.buy(W, 100, 12)
    sold = desk.sell(V, 309, 12)
    assert sum(fill[0] for fill in sold.fills) == 200
    assert desk.bids == []
    assert desk.asks == [(109, 12, 1)]


def test_quantities_that_cancel_out_leave_no_level(desk: Desk) -> None:
    """A level whose quantity returns to zero vanishes, exactly."""
    desk.buy(U, 1, 100)
    desk.buy(W, 2, 100)
    desk.sell(V, 3, 100)
    assert desk.bids == []
    assert desk.asks == []


def test_an_emptied_level_vanishes_after_a_partial_fill(desk: Desk) -> None:
    """A cancel of a partly filled last order removes its level."""
    bid = desk.buy(U, 5, 100).order_id
    desk.sell(V, 2, 100)
    desk.cancel(U, bid)
    assert desk.bids == []


def test_the_best_price_is_fresh_after_a_cancel(desk: Desk) -> None:
    """A cancelled best bid is gone for the next order, which rests when nothing is left."""
    desk.buy(U, 1, 100)
    second = desk.buy(W, 2, 100).order_id
    desk.sell(V, 1, 100, time_in_force=IOC)
    desk.cancel(W, second)
    rested = desk.sell(V, 1, 100)
    assert rested.rests
    assert desk.bids == []


def test_a_market_remainder_is_dropped_and_later_liquidity_is_safe(desk: Desk) -> None:
    """What the book cannot fill of a market order is cancelled, never rested."""
    desk.sell(U, 10, 1_337)
    taken = desk.buy(V, 15)
    assert [fill[:2] for fill in taken.fills] == [(10, 1_337)]
    assert [(taken.order_id, 5, CancelReason.NO_LIQUIDITY)] == taken.cancels
    assert desk.sell(U, 10, 1_338).fills == []
    assert desk.asks == [(10, 1_338, 1)]


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


def test_books_work_one_sided_and_empty(desk: Desk) -> None:
    """A trade that empties a side leaves a book that takes the next order."""
    desk.sell(U, 5, 100)
    desk.buy(V, 5, 100)
    assert (desk.bids, desk.asks) == ([], [])
    assert desk.buy(V, 5, 99).rests
    assert desk.asks == []


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
