"""Bands, market orders by amount (S29), minimum quantities, and post-only orders that slide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.core.commands import (
    HIDDEN,
    MINIMUM,
    POST_ONLY,
    SLIDE,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from engine.core.events import EventKind
from engine.core.limits import BAND_PPM_MAX, PRICE_TICKS_MAX
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import QUOTE, Desk, Outcome, U, V, W

MakeDesk = Callable[..., Desk]


def by_amount(desk: Desk, amount: int, account_id: int = W, **fields: Any) -> Outcome:
    """Buy for an amount."""
    return desk.buy(
        account_id, 0, order_type=OrderType.MARKET_BY_AMOUNT, amount_atoms=amount, **fields
    )


def test_a_market_order_stops_at_the_band(make_desk: MakeDesk) -> None:
    """Last 100, band 5 %: a buy takes up to 105, a sell down to 95; the rest is cancelled."""
    for side, prices in ((Side.BUY, (104, 105, 106)), (Side.SELL, (96, 95, 94))):
        desk = make_desk(band_ppm=50_000)
        desk.trade_at(100)
        other = Side.SELL if side == Side.BUY else Side.BUY
        for price in prices:
            desk.place(V, other, 1, price)
        order = desk.place(U, side, 3)
        assert list(prices[:2]) == [price for _, price, _ in order.fills]
        assert [(order.order_id, 1, CancelReason.NO_LIQUIDITY)] == order.cancels


def test_the_band_is_rounded_towards_the_last_price(make_desk: MakeDesk) -> None:
    """Last 33, band 10 %: 36.3 and 29.7 become 36 and 30."""
    desk = make_desk(band_ppm=100_000)
    desk.trade_at(33)
    for price in (36, 37):
        desk.sell(V, 1, price)
    for price in (30, 29):
        desk.buy(V, 1, price)
    assert [36] == [price for _, price, _ in desk.buy(U, 5).fills]
    desk.trade_at(33)
    assert [30] == [price for _, price, _ in desk.sell(U, 5).fills]


def test_the_band_is_that_of_the_last_price_on_arrival(make_desk: MakeDesk) -> None:
    """An order's own trades do not move its band on."""
    desk = make_desk(band_ppm=50_000)
    desk.trade_at(100)
    for price in (105, 110):
        desk.sell(V, 1, price)
    assert [105] == [price for _, price, _ in desk.buy(U, 2).fills]


def test_before_the_first_trade_there_is_no_band(make_desk: MakeDesk) -> None:
    """Without a last price a market order takes what there is."""
    desk = make_desk(band_ppm=1)
    desk.sell(V, 1, 1_000)
    assert [1_000] == [price for _, price, _ in desk.buy(U, 1).fills]


def test_a_market_buy_locks_only_what_lies_within_the_band(make_desk: MakeDesk) -> None:
    """The dear ask beyond the band is not paid for, so it needs no funds."""
    desk = make_desk(band_ppm=50_000, funds_atoms=1_000)
    desk.trade_at(100)
    desk.sell(V, 1, 101)
    desk.sell(V, 1, 100_000)
    assert [101] == [price for _, price, _ in desk.buy(U, 2).fills]


def test_a_band_beyond_its_limit_is_refused(desk: Desk) -> None:
    """At most the whole price."""
    fine = {"band_ppm": BAND_PPM_MAX}
    assert Reject.NONE == desk.define_market(2, "OTHER-USDC", **fine).reject
    assert Reject.ALREADY_DEFINED == desk.define_market(2, "OTHER-USDC").reject
    wide = {"band_ppm": BAND_PPM_MAX + 1}
    assert Reject.INVALID_PARAMETER == desk.define_market(3, "THIRD-USDC", **wide).reject


def test_the_fee_is_paid_out_of_the_amount(make_desk: MakeDesk) -> None:
    """At 1 %, 10 lots of 100 cost 1,010: for 1,009 there are 9."""
    for amount, lots in ((1_010, 10), (1_009, 9), (101, 1), (100, 0)):
        desk = make_desk(taker_fee_ppm=10_000)
        desk.sell(U, 20, 100)
        buy = by_amount(desk, amount)
        assert lots == buy.answer["filled_lots"]
        assert lots == sum(fill[0] for fill in buy.fills)


def test_an_amount_that_is_spent_to_the_atom_needs_no_end(desk: Desk) -> None:
    """Nothing is left to cancel."""
    desk.sell(U, 3, 300)
    buy = by_amount(desk, 900)
    assert [] == buy.cancels
    assert 3 == buy.answer["filled_lots"]


def test_an_order_by_amount_takes_tranches_and_stops_at_the_band(make_desk: MakeDesk) -> None:
    """It is a market order in all but how much it buys."""
    desk = make_desk(band_ppm=50_000)
    desk.trade_at(100)
    desk.sell(U, 7, 100, display_lots=3)
    desk.sell(U, 9, 106)
    buy = by_amount(desk, 100_000)
    assert [(3, 100), (3, 100), (1, 100)] == [fill[:2] for fill in buy.fills]


def test_an_order_by_amount_needs_its_amount_and_respects_its_group(make_desk: MakeDesk) -> None:
    """The whole amount is locked on arrival; prevention ends it with its reason."""
    desk = make_desk(funds_atoms=1_000)
    assert Reject.INSUFFICIENT_FUNDS == by_amount(desk, 1_001).reject
    own = desk.sell(W, 1, 100)
    buy = by_amount(desk, 1_000)
    assert [(buy.order_id, 0, CancelReason.SELF_TRADE)] == buy.cancels
    assert [(1, 100, 1)] == desk.asks
    assert own.order_id in desk.venue.orders(W)["order_id"]


@pytest.mark.parametrize("until", [TimeInForce.IOC, TimeInForce.GTC])
def test_less_than_the_minimum_is_refused_and_more_is_not(desk: Desk, until: TimeInForce) -> None:
    """5 lots can trade: a minimum of 6 is refused, 5 is met and the rest goes on as it may."""
    desk.sell(V, 5, 100)
    minimum = {"flags": MINIMUM, "time_in_force": until}
    assert Reject.MINIMUM_NOT_MET == desk.buy(U, 9, 100, minimum_lots=6, **minimum).reject
    assert [(5, 100, 1)] == desk.asks
    order = desk.buy(U, 9, 100, minimum_lots=5, **minimum)
    assert [5] == [fill[0] for fill in order.fills]
    assert order.rests == (until == TimeInForce.GTC)


def test_a_minimum_counts_what_may_really_trade(desk: Desk) -> None:
    """An own order in the way is not counted; hidden and reserve quantity is."""
    desk.sell(V, 6, 100, display_lots=1)
    desk.sell(V, 2, 100, flags=HIDDEN)
    assert Reject.MINIMUM_NOT_MET == desk.buy(U, 9, 100, flags=MINIMUM, minimum_lots=9).reject
    order = desk.buy(U, 9, flags=MINIMUM, minimum_lots=8)
    assert 8 == sum(fill[0] for fill in order.fills)
    desk.sell(U, 5, 100)
    stopped = desk.buy(U, 5, 100, flags=MINIMUM, minimum_lots=1)
    assert Reject.MINIMUM_NOT_MET == stopped.reject


@pytest.mark.parametrize(("side", "best", "got"), [(Side.BUY, 100, 99), (Side.SELL, 100, 101)])
def test_a_sliding_order_takes_the_nearest_price_that_does_not_trade(
    desk: Desk, side: Side, best: int, got: int
) -> None:
    """One tick inside the opposite best; ACCEPTED carries the price that it got."""
    other = Side.SELL if side == Side.BUY else Side.BUY
    desk.place(V, other, 5, best)
    order = desk.place(U, side, 3, best, flags=POST_ONLY | SLIDE)
    assert order.rests
    assert got == order.answer["price_ticks"]
    assert [(3, got, 1)] == desk.book(side)


def test_a_sliding_order_that_does_not_cross_keeps_its_price(desk: Desk) -> None:
    """It slides only instead of a refusal."""
    desk.sell(V, 5, 100)
    assert 98 == desk.buy(U, 3, 98, flags=POST_ONLY | SLIDE).answer["price_ticks"]


def test_where_there_is_no_price_to_slide_to_it_is_refused(desk: Desk) -> None:
    """Below 1 and above the highest price there is none."""
    desk.sell(V, 5, 1)
    flags = POST_ONLY | SLIDE
    assert Reject.POST_ONLY_WOULD_CROSS == desk.buy(U, 3, 1, flags=flags).reject
    desk.run(CommandKind.CANCEL_ALL, account_id=V)
    desk.buy(V, 1, PRICE_TICKS_MAX)
    assert Reject.POST_ONLY_WOULD_CROSS == desk.sell(U, 3, 5, flags=flags).reject


def test_a_replace_slides_as_an_arrival_does(desk: Desk) -> None:
    """And locks for the price that it got."""
    desk.sell(V, 5, 100)
    order = desk.buy(U, 3, 90, flags=POST_ONLY | SLIDE)
    moved = desk.replace(U, order.order_id, 3, 120)
    assert (EventKind.REPLACED, 99) == (moved.kind, moved.answer["price_ticks"])
    assert 3 * 99 == desk.venue.balance(U, QUOTE)[1]


def test_an_amount_order_passes_its_own_orders_when_they_are_cancelled(desk: Desk) -> None:
    """Cancel maker lets it go on to the next."""
    desk.sell(W, 1, 100)
    desk.sell(U, 2, 101)
    buy = by_amount(desk, 300, stp=SelfTradePrevention.CANCEL_MAKER)
    assert [(2, 101)] == [fill[:2] for fill in buy.fills]
