"""Replace: priority, total quantity, arrival, and refusals that change nothing."""

from __future__ import annotations

from collections.abc import Callable

from engine.core.commands import CommandKind, SelfTradePrevention
from engine.core.events import KEPT_PRIORITY, EventKind
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import QUOTE, Desk, U, V, W


def test_a_lower_quantity_keeps_its_place(desk: Desk) -> None:
    """Less quantity at the same price keeps time priority."""
    first, _ = desk.sell(U, 10, 100).order_id, desk.sell(V, 10, 100)
    replaced = desk.replace(U, first, 5, 100)
    assert int(replaced.answer["flags"]) & KEPT_PRIORITY
    assert [(5, 100, first)] == desk.buy(W, 5, 100).fills


def test_a_higher_quantity_goes_to_the_back(desk: Desk) -> None:
    """More quantity loses time priority."""
    first, second = desk.sell(U, 10, 100).order_id, desk.sell(V, 10, 100).order_id
    desk.replace(U, first, 15, 100)
    assert [(10, 100, second)] == desk.buy(W, 10, 100).fills


def test_a_price_moved_away_and_back_goes_to_the_back(desk: Desk) -> None:
    """Each change of price loses time priority."""
    first, second = desk.sell(U, 10, 100).order_id, desk.sell(V, 10, 100).order_id
    desk.replace(U, first, 10, 101)
    desk.replace(U, first, 10, 100)
    assert second == desk.buy(W, 10, 100).fills[0][2]


def test_a_replace_that_changes_nothing_keeps_its_place(desk: Desk) -> None:
    """The same price and quantity again is accepted and keeps time priority."""
    first, _ = desk.sell(U, 10, 100).order_id, desk.sell(V, 10, 100)
    assert int(desk.replace(U, first, 10, 100).answer["flags"]) & KEPT_PRIORITY
    assert first == desk.buy(W, 10, 100).fills[0][2]


def test_a_replace_into_the_spread_trades_on_arrival(desk: Desk) -> None:
    """A replace whose new price crosses trades at the maker's price; the book never crosses."""
    desk.sell(U, 1, 200)
    bid = desk.buy(V, 1, 100).order_id
    moved = desk.replace(V, bid, 1, 200)
    assert [fill[:2] for fill in moved.fills] == [(1, 200)]
    assert (desk.bids, desk.asks) == ([], [])


def test_a_replace_after_a_partial_fill_trades_only_the_leaves(desk: Desk) -> None:
    """The quantity of a replace is the total, what is filled included."""
    bid = desk.buy(U, 10, 100).order_id
    desk.sell(V, 4, 100)
    desk.sell(V, 20, 101)
    moved = desk.replace(U, bid, 10, 101)
    assert [fill[:2] for fill in moved.fills] == [(6, 101)]
    assert moved.answer["filled_lots"] == 10


def test_a_total_below_what_is_filled_cancels_the_rest(desk: Desk) -> None:
    """A total at or below what is filled ends the order; leaves are never negative."""
    bid = desk.buy(U, 100, 100).order_id
    desk.sell(V, 40, 100)
    ended = desk.replace(U, bid, 30, 100)
    assert ended.kind == EventKind.REPLACED
    assert (ended.answer["leaves_lots"], ended.answer["previous_leaves_lots"]) == (0, 60)
    assert desk.bids == []
    assert desk.venue.balance(U, QUOTE)[1] == 0
    assert desk.cancel(U, bid).reject == Reject.UNKNOWN_ORDER


def test_a_total_less_by_twenty_leaves_the_rest_open(desk: Desk) -> None:
    """An order of 100 filled 40, replaced to 80, has 40 open."""
    bid = desk.buy(U, 100, 100).order_id
    desk.sell(V, 40, 100)
    desk.replace(U, bid, 80, 100)
    assert desk.bids == [(40, 100, 1)]


def test_a_replace_that_would_meet_its_own_group_is_refused_whole(desk: Desk) -> None:
    """A refused replace keeps price, size and place."""
    bid = desk.buy(U, 5, 99).order_id
    behind = desk.buy(V, 5, 99).order_id
    desk.sell(U, 5, 101)
    assert desk.replace(U, bid, 5, 101).reject == Reject.SELF_TRADE
    assert desk.bids == [(10, 99, 2)]
    assert [bid, behind] == [fill[2] for fill in desk.sell(W, 10, 99).fills]


def test_a_replace_that_ends_before_its_own_order_may_trade(desk: Desk) -> None:
    """Only an order that the replace would really meet refuses it."""
    desk.sell(V, 5, 100)
    desk.sell(U, 5, 100)
    bid = desk.buy(U, 5, 99).order_id
    assert [fill[:2] for fill in desk.replace(U, bid, 5, 100).fills] == [(5, 100)]


def test_a_replace_without_prevention_trades_with_its_own_account(desk: Desk) -> None:
    """Mode none lets an account trade with itself, also by replace."""
    desk.sell(U, 5, 101)
    bid = desk.buy(U, 5, 99, stp=SelfTradePrevention.NONE).order_id
    assert [fill[:2] for fill in desk.replace(U, bid, 5, 101).fills] == [(5, 101)]


def test_a_post_only_order_is_not_replaced_into_a_trade(desk: Desk) -> None:
    """A post-only order stays post-only."""
    desk.sell(U, 5, 101)
    bid = desk.buy(V, 5, 99, post_only=True).order_id
    assert desk.replace(V, bid, 5, 101).reject == Reject.POST_ONLY_WOULD_CROSS
    assert desk.bids == [(5, 99, 1)]


def test_a_replace_beyond_the_funds_changes_nothing(make_desk: Callable[..., Desk]) -> None:
    """A replace that the free balance does not cover is refused whole."""
    desk: Desk = make_desk(funds_atoms=1_000)
    bid = desk.buy(U, 10, 100).order_id
    assert desk.venue.balance(U, QUOTE) == (0, 1_000, 0)
    assert desk.replace(U, bid, 10, 101).reject == Reject.INSUFFICIENT_FUNDS
    assert desk.replace(U, bid, 11, 100).reject == Reject.INSUFFICIENT_FUNDS
    assert desk.bids == [(10, 100, 1)]
    assert desk.replace(U, bid, 9, 110).reject == Reject.NONE
    assert desk.venue.balance(U, QUOTE) == (10, 990, 0)


def test_replace_and_cancel_of_done_or_foreign_orders_are_refused(desk: Desk) -> None:
    """Unknown, done and another's order give the same refusal and leave nothing behind."""
    ask = desk.sell(U, 5, 100).order_id
    desk.buy(V, 5, 100)
    for outcome in (
        desk.cancel(U, ask),
        desk.replace(U, ask, 5, 100),
        desk.cancel(U, 999),
        desk.cancel(V, desk.sell(U, 5, 100).order_id),
    ):
        assert outcome.reject == Reject.UNKNOWN_ORDER


def test_a_second_cancel_is_refused(desk: Desk) -> None:
    """An order is cancelled once."""
    ask = desk.sell(U, 5, 100).order_id
    assert [(ask, 5, CancelReason.REQUESTED)] == desk.cancel(U, ask).cancels
    assert desk.cancel(U, ask).reject == Reject.UNKNOWN_ORDER


def test_orders_are_named_by_the_clients_id_too(desk: Desk) -> None:
    """Cancel and replace find an order by the client id that it was placed with."""
    desk.sell(U, 5, 100, client_id=7 << 64 | 9)
    target = {"target_client_id_low": 9, "target_client_id_high": 7}
    moved = desk.run(CommandKind.REPLACE, account_id=U, price_ticks=101, quantity_lots=4, **target)
    assert desk.asks == [(4, 101, 1)]
    assert moved.kind == EventKind.REPLACED
    assert desk.run(CommandKind.CANCEL, account_id=V, **target).reject == Reject.UNKNOWN_ORDER
    assert desk.run(CommandKind.CANCEL, account_id=U, **target).kind == EventKind.CANCELLED
    assert desk.run(CommandKind.CANCEL, account_id=U, **target).reject == Reject.UNKNOWN_ORDER


def test_cancel_all_cancels_by_rising_order_id_and_filters(desk: Desk) -> None:
    """Cancel all ends the account's own orders, all or those of one side, once."""
    bid, ask, far_bid = (
        desk.buy(U, 5, 90).order_id,
        desk.sell(U, 5, 110).order_id,
        desk.buy(U, 5, 80).order_id,
    )
    desk.buy(V, 1, 90)
    bids = desk.run(CommandKind.CANCEL_ALL, account_id=U, side=1)
    assert [bid, far_bid] == [cancel[0] for cancel in bids.cancels]
    assert bids.answer["quantity_lots"] == 2
    rest = desk.run(CommandKind.CANCEL_ALL, account_id=U)
    assert [ask] == [cancel[0] for cancel in rest.cancels]
    assert (desk.bids, desk.asks) == ([(1, 90, 1)], [])
    assert desk.run(CommandKind.CANCEL_ALL, account_id=U).answer["quantity_lots"] == 0
