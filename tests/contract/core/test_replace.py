"""Replace: priority, total quantity, arrival, and refusals that change nothing."""

from __future__ import annotations

from collections.abc import Callable

from engine.core.commands import CommandKind, SelfTradePrevention
from engine.core.events import KEPT_PRIORITY, EventKind
from engine.core.rejects import Reject
from tests.contract.core.desk import QUOTE, Desk, U, V, W


def test_a_replace_that_changes_nothing_keeps_its_place(desk: Desk) -> None:
    """The same price and quantity again is accepted and keeps time priority."""
    first, _ = desk.sell(U, 10, 100).order_id, desk.sell(V, 10, 100)
    assert int(desk.replace(U, first, 10, 100).answer["flags"]) & KEPT_PRIORITY
    assert first == desk.buy(W, 10, 100).fills[0][2]


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
