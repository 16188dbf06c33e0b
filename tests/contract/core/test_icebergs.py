"""Orders that are not wholly seen: icebergs (S46) and hidden orders."""

from __future__ import annotations

import pytest

from engine.core.commands import HIDDEN, SelfTradePrevention, Side, TimeInForce
from engine.core.events import MAKER_HIDDEN, TRANCHE_DONE, EventKind
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import BASE, Desk, U, V, W


def test_a_fill_tells_that_it_took_the_whole_tranche(desk: Desk) -> None:
    """A reader of the book then takes the order off it until REFRESHED shows it again."""
    desk.sell(U, 20, 100, display_lots=10)
    part = desk.buy(V, 4, 100).of(EventKind.FILL)[0]
    rest = desk.buy(V, 6, 100).of(EventKind.FILL)[0]
    last = desk.buy(V, 10, 100).of(EventKind.FILL)[0]
    done = [int(event["flags"]) & TRANCHE_DONE for event in (part, rest, last)]
    assert [0, TRANCHE_DONE, 0] == done


def test_an_iceberg_that_arrives_trades_as_one_and_shows_only_then(desk: Desk) -> None:
    """Its whole quantity matches on arrival; a tranche of the rest is shown."""
    desk.buy(V, 30, 100)
    order = desk.sell(U, 100, 100, display_lots=20)
    assert [30] == [lots for lots, _, _ in order.fills]
    assert (70, 20) == (order.answer["leaves_lots"], order.answer["visible_lots"])
    assert [(20, 100, 1)] == desk.asks


def test_an_iceberg_locks_and_frees_its_whole_quantity(desk: Desk) -> None:
    """What is not seen can be sold as well, so it is locked as well."""
    order = desk.sell(U, 100, 100, display_lots=10)
    assert 100 == desk.venue.balance(U, BASE)[1]
    gone = desk.cancel(U, order.order_id).answer
    assert (100, 10) == (gone["quantity_lots"], gone["visible_lots"])
    assert 0 == desk.venue.balance(U, BASE)[1]


@pytest.mark.parametrize("display", [-1, -(1 << 63), 10, 11, 1 << 40])
def test_an_iceberg_that_would_show_nothing_or_everything_is_refused(
    desk: Desk, display: int
) -> None:
    """S46: nothing shown would loop for ever; a display of 0 is no iceberg, and is seen whole."""
    assert Reject.INVALID_QUANTITY == desk.sell(U, 10, 100, display_lots=display).reject
    assert desk.sell(U, 10, 100, display_lots=0).rests
    assert [(10, 100, 1)] == desk.asks


def test_fill_or_kill_counts_reserves_and_a_refusal_takes_no_tranche(desk: Desk) -> None:
    """26 lots are there, 10 of them seen: FOK 26 trades, FOK 27 changes nothing."""
    a = desk.sell(U, 26, 100, display_lots=10)
    refused = desk.buy(V, 27, 100, time_in_force=TimeInForce.FOK)
    assert Reject.FILL_OR_KILL_NOT_FILLABLE == refused.reject
    assert [(10, 100, 1)] == desk.asks
    assert 10 == desk.venue.order(a.order_id)[0]["visible_lots"]
    assert 26 == sum(f[0] for f in desk.buy(V, 26, 100, time_in_force=TimeInForce.FOK).fills)


def test_own_orders_stop_a_fill_or_kill_before_the_reserves(desk: Desk) -> None:
    """The order of meeting counts: seen first, so an own order stands before another's reserve."""
    desk.sell(U, 30, 100, display_lots=10)
    desk.sell(V, 5, 100)
    buy = desk.buy(V, 20, 100, time_in_force=TimeInForce.FOK)
    assert Reject.FILL_OR_KILL_NOT_FILLABLE == buy.reject
    taking = desk.buy(
        V, 20, 100, time_in_force=TimeInForce.FOK, stp=SelfTradePrevention.CANCEL_MAKER
    )
    assert [10, 10] == [lots for lots, _, _ in taking.fills]


def test_a_lower_quantity_comes_off_the_reserve_and_keeps_the_place(desk: Desk) -> None:
    """S15 for icebergs: the shown tranche stands until less than it is left."""
    a = desk.sell(U, 100, 100, display_lots=10)
    desk.sell(V, 10, 100)
    lower = desk.replace(U, a.order_id, 15, 100).answer
    assert (10, 10) == (lower["previous_visible_lots"], lower["visible_lots"])
    assert a.order_id == desk.buy(W, 1, 100).fills[0][2]
    assert 8 == desk.replace(U, a.order_id, 9, 100).answer["visible_lots"]
    assert [(18, 100, 2)] == desk.asks


def test_decrement_takes_the_smaller_leaves_reserve_first(desk: Desk) -> None:
    """Leaves, not tranches, are compared; what is seen shrinks only when too little is left."""
    a = desk.sell(U, 50, 100, display_lots=10)
    both = desk.buy(U, 45, 100, stp=SelfTradePrevention.DECREMENT)
    reduced = both.of(EventKind.REDUCED)
    assert [(45, 5), (45, 0)] == [
        (int(e["quantity_lots"]), int(e["visible_lots"])) for e in reduced
    ]
    assert [(5, 100, 1)] == desk.asks
    assert 5 == desk.venue.order(a.order_id)[0]["leaves_lots"]


def test_a_hidden_order_is_behind_everything_seen_at_its_price(desk: Desk) -> None:
    """It came first and trades last; better prices go before it all the same."""
    hidden = desk.sell(U, 10, 100, flags=HIDDEN)
    seen = desk.sell(V, 10, 100)
    iceberg = desk.sell(V, 20, 100, display_lots=5)
    worse = desk.sell(V, 10, 101)
    taken: dict[int, int] = {}
    for lots, _, maker in desk.buy(W, 45, 101).fills:
        taken[maker] = taken.get(maker, 0) + lots
    expected = [(seen, 10), (iceberg, 20), (hidden, 10), (worse, 5)]
    assert [(order.order_id, lots) for order, lots in expected] == list(taken.items())


def test_hidden_orders_trade_by_age_among_themselves(desk: Desk) -> None:
    """The queue of the hidden is as the seen one."""
    first = desk.sell(U, 10, 100, flags=HIDDEN)
    second = desk.sell(V, 10, 100, flags=HIDDEN)
    assert [first.order_id, second.order_id] == [f[2] for f in desk.buy(W, 15, 100).fills]


def test_what_is_hidden_is_not_in_the_levels_but_stops_and_trades(desk: Desk) -> None:
    """A level that has only hidden orders is no level to see; a post-only order meets it."""
    order = desk.sell(U, 10, 100, flags=HIDDEN)
    assert order.rests
    assert 0 == order.answer["visible_lots"]
    assert [] == desk.asks
    assert Reject.POST_ONLY_WOULD_CROSS == desk.buy(V, 1, 100, post_only=True).reject
    fill = desk.buy(V, 4, 100).of(EventKind.FILL)[0]
    assert MAKER_HIDDEN == int(fill["flags"])
    assert [(order.order_id, 6, CancelReason.REQUESTED)] == desk.cancel(U, order.order_id).cancels


def test_a_hidden_order_stays_hidden_when_it_is_replaced(desk: Desk) -> None:
    """Its place and its price change, not what is seen of it."""
    order = desk.sell(U, 10, 100, flags=HIDDEN)
    moved = desk.replace(U, order.order_id, 20, 101).answer
    assert (0, 0) == (moved["previous_visible_lots"], moved["visible_lots"])
    assert [] == desk.book(Side.SELL)
    assert 0 == desk.venue.order(order.order_id)[0]["visible_lots"]
