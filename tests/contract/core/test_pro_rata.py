"""Pro rata: a level is shared out by size, what is left by time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.core.commands import (
    HIDDEN,
    Allocation,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from engine.core.events import EventKind
from engine.core.limits import QUANTITY_LOTS_MAX
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import Desk, U, V, W

MakeDesk = Callable[..., Desk]
NONE = SelfTradePrevention.NONE


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """A desk whose market shares levels out, without a least share."""
    return make_desk(allocation=Allocation.PRO_RATA)


def test_each_order_gets_its_share_rounded_down_and_the_rest_goes_by_time(desk: Desk) -> None:
    """100 lots over 50, 30 and 121: 24, 14 and 60 by size, then 2 more for the oldest."""
    a, b, c = (desk.sell(U, lots, 100).order_id for lots in (50, 30, 121))
    trade = desk.buy(V, 100, 100)
    assert [(24, 100, a), (14, 100, b), (60, 100, c), (2, 100, a)] == trade.fills
    assert [(101, 100, 3)] == desk.asks


def test_a_share_below_the_least_is_none_and_goes_by_time(make_desk: MakeDesk) -> None:
    """10 lots over 10, 10 and 80 with a least share of 2: only the large order has a share."""
    desk = make_desk(allocation=Allocation.PRO_RATA, minimum_allocation_lots=2)
    a, _, c = (desk.sell(U, lots, 100).order_id for lots in (10, 10, 80))
    assert [(8, 100, c), (2, 100, a)] == desk.buy(V, 10, 100).fills


def test_an_order_that_takes_the_whole_level_takes_each_order_whole(desk: Desk) -> None:
    """Shares are then the sizes themselves; the next level is shared out anew."""
    a, b = desk.sell(U, 5, 100).order_id, desk.sell(U, 7, 100).order_id
    c, d = desk.sell(U, 10, 101).order_id, desk.sell(U, 30, 101).order_id
    trade = desk.buy(V, 20, 101)
    assert [(5, 100, a), (7, 100, b), (2, 101, c), (6, 101, d)] == trade.fills


def test_time_gives_the_place_for_the_rest_and_a_share_does_not_change_it(desk: Desk) -> None:
    """Equal sizes: the odd lot goes to the older one, again and again."""
    a, b = desk.sell(U, 100, 100).order_id, desk.sell(U, 100, 100).order_id
    assert [(1, 100, a)] == desk.buy(V, 1, 100).fills
    assert [(1, 100, a)] == desk.buy(V, 1, 100).fills
    assert [(1, 100, a), (1, 100, b), (1, 100, a)] == desk.buy(V, 3, 100).fills


def test_hidden_orders_have_no_share_and_trade_after_what_is_seen(desk: Desk) -> None:
    """Who is not seen does not keep others from their size."""
    hidden = desk.sell(U, 1_000, 100, flags=HIDDEN).order_id
    seen = desk.sell(U, 10, 100).order_id
    assert [(5, 100, seen)] == desk.buy(V, 5, 100).fills
    assert [(5, 100, seen), (3, 100, hidden)] == desk.buy(V, 8, 100).fills


def test_an_iceberg_shares_by_what_it_shows(desk: Desk) -> None:
    """Its next tranche has no share of the order that met the one before; it goes by time."""
    iceberg = desk.sell(U, 40, 100, display_lots=10).order_id
    plain = desk.sell(U, 30, 100).order_id
    assert [(5, 100, iceberg), (15, 100, plain)] == desk.buy(V, 20, 100).fills
    trade = desk.buy(V, 22, 100)
    assert [(5, 100, iceberg), (15, 100, plain), (2, 100, iceberg)] == trade.fills
    assert 1 == len(trade.of(EventKind.REFRESHED))


def test_the_own_group_is_met_before_shares_are_given(desk: Desk) -> None:
    """An order meets all of a level at once, so prevention comes first: here it ends the taker."""
    desk.sell(U, 10, 100)
    desk.sell(V, 10, 100)
    stopped = desk.buy(V, 5, 100)
    assert [] == stopped.fills
    assert [CancelReason.SELF_TRADE] == [reason for _, _, reason in stopped.cancels]
    assert [(20, 100, 2)] == desk.asks


def test_orders_that_prevention_removes_have_no_share(desk: Desk) -> None:
    """With cancel maker the taker shares out what the others have."""
    own = desk.sell(V, 80, 100).order_id
    a, b = desk.sell(U, 10, 100).order_id, desk.sell(W, 10, 100).order_id
    trade = desk.buy(V, 10, 100, stp=SelfTradePrevention.CANCEL_MAKER)
    assert [(own, 80, CancelReason.SELF_TRADE)] == trade.cancels
    assert [(5, 100, a), (5, 100, b)] == trade.fills


def test_a_decrement_comes_off_before_shares_are_given(desk: Desk) -> None:
    """6 of 10 lots go to the own order, 4 are shared out."""
    desk.sell(V, 6, 100)
    a, b = desk.sell(U, 10, 100).order_id, desk.sell(W, 10, 100).order_id
    trade = desk.buy(V, 10, 100, stp=SelfTradePrevention.DECREMENT)
    assert [(2, 100, a), (2, 100, b)] == trade.fills
    assert 2 == len(trade.of(EventKind.REDUCED))


def test_the_own_group_alone_at_a_level_leaves_the_next_level_to_trade(desk: Desk) -> None:
    """The level vanishes with its orders, and the walk goes on."""
    desk.sell(V, 6, 100)
    desk.sell(V, 7, 100)
    offer = desk.sell(U, 5, 101).order_id
    trade = desk.buy(V, 5, 101, stp=SelfTradePrevention.CANCEL_MAKER)
    assert [(5, 101, offer)] == trade.fills


@pytest.mark.parametrize(
    ("mode", "lots", "fills"),
    [
        (SelfTradePrevention.CANCEL_TAKER, 1, False),
        (SelfTradePrevention.CANCEL_MAKER, 20, True),
        (SelfTradePrevention.CANCEL_MAKER, 21, False),
        (SelfTradePrevention.DECREMENT, 30, False),
        (NONE, 30, True),
        (NONE, 31, False),
    ],
)
def test_fill_or_kill_counts_what_prevention_leaves_to_share(
    desk: Desk, mode: SelfTradePrevention, lots: int, fills: bool
) -> None:
    """A level of 20 lots of others and 10 of the own group, the own ones last."""
    desk.sell(U, 20, 100)
    desk.sell(V, 10, 100)
    order = desk.buy(V, lots, 100, time_in_force=TimeInForce.FOK, stp=mode)
    assert fills == (order.reject == Reject.NONE)


def test_a_market_buy_by_amount_shares_out_the_lots_that_its_money_buys(desk: Desk) -> None:
    """1,050 atoms buy 10 lots at 100: 2 and 8 by size; 50 atoms stay."""
    a, b = desk.sell(U, 10, 100).order_id, desk.sell(U, 40, 100).order_id
    trade = desk.buy(V, 0, order_type=OrderType.MARKET_BY_AMOUNT, amount_atoms=1_050)
    assert [(2, 100, a), (8, 100, b)] == trade.fills


def test_shares_of_the_largest_quantities_are_exact(desk: Desk) -> None:
    """Size times quantity needs more than 64 bits."""
    sizes = (1 << 39, (1 << 39) - 1, 3)
    incoming = (1 << 39) + 12_345
    for lots in sizes:
        desk.sell(U, lots, 1)
    shares = [lots * incoming // sum(sizes) for lots in sizes]
    got = [lots for lots, _, _ in desk.buy(V, incoming, 1).fills]
    assert shares == got[:3]
    assert incoming == sum(got)


def test_how_a_level_is_shared_out_is_part_of_the_definition(desk: Desk) -> None:
    """Nothing said is by time; a least share is for shares only."""
    for wrong in (
        {"allocation": 3},
        {"minimum_allocation_lots": 1},
        {"allocation": Allocation.FIFO, "minimum_allocation_lots": 1},
        {"allocation": Allocation.PRO_RATA, "minimum_allocation_lots": -1},
        {"allocation": Allocation.PRO_RATA, "minimum_allocation_lots": QUANTITY_LOTS_MAX + 1},
    ):
        assert Reject.INVALID_PARAMETER == desk.define_market(2, "OTHER", **wrong).reject
    assert Reject.NONE == desk.define_market(2, "OTHER").reject
    assert Reject.NONE == desk.define_market(2, "OTHER", allocation=Allocation.FIFO).reject
    again = desk.define_market(2, "OTHER", allocation=Allocation.PRO_RATA)
    assert Reject.ALREADY_DEFINED == again.reject
    row = desk.venue.markets()[1]
    assert (Allocation.FIFO, 0, 1) == (
        row["allocation"],
        row["minimum_allocation_lots"],
        row["epoch"],
    )


def test_sides_are_alike(desk: Desk) -> None:
    """A sell shares out bids as a buy does asks."""
    a, b = desk.buy(U, 30, 100).order_id, desk.buy(U, 10, 100).order_id
    assert [(3, 100, a), (1, 100, b)] == desk.place(V, Side.SELL, 4, 100).fills
