"""Stops: when they fire (S11, S14), how long they live (S12), in what order they work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.core.commands import (
    TRIGGER_BEST_QUOTE,
    TRIGGER_REFERENCE,
    CommandKind,
    Side,
)
from engine.core.events import ANSWER, RESTING, WAITING, EventKind
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import BASE, QUOTE, Desk, U, V, W

MakeDesk = Callable[..., Desk]
BAND = 1_000_000  # so wide that it is in nobody's way


@pytest.fixture
def banded(make_desk: MakeDesk) -> Desk:
    """A desk whose market has a band, so that buy stops at market are offered."""
    return make_desk(band_ppm=BAND)


@pytest.mark.parametrize(
    ("side", "trigger", "quiet", "fires"),
    [(Side.BUY, 75, 74, 75), (Side.BUY, 75, 60, 76), (Side.SELL, 25, 26, 25)],
)
def test_a_stop_fires_when_the_last_price_reaches_its_trigger(
    banded: Desk, side: Side, trigger: int, quiet: int, fires: int
) -> None:
    """S11: last 50; above 75 fires at 75 and not at 74, below 25 at 25 and not at 26."""
    banded.trade_at(50)
    stop = banded.stop(U, side, 1, trigger)
    assert stop.waits
    assert [] == banded.trade_at(quiet).triggered
    assert [stop.order_id] == banded.trade_at(fires).triggered


@pytest.mark.parametrize(("side", "trigger"), [(Side.BUY, 25), (Side.SELL, 75), (Side.BUY, 50)])
def test_a_stop_whose_price_was_reached_fires_at_once(
    banded: Desk, side: Side, trigger: int
) -> None:
    """S11: last 50; above 25 and below 75 fire on arrival."""
    banded.trade_at(50)
    stop = banded.stop(U, side, 1, trigger)
    assert [stop.order_id] == stop.triggered
    assert [EventKind.ACCEPTED, EventKind.TRIGGERED, EventKind.CANCELLED] == [
        int(event["kind"]) for event in stop.events
    ]
    assert ANSWER | WAITING == int(stop.answer["flags"])


@pytest.mark.parametrize("flags", [0, TRIGGER_BEST_QUOTE, TRIGGER_REFERENCE])
def test_without_a_price_to_watch_a_stop_waits(banded: Desk, flags: int) -> None:
    """S11: no last price (no quote, no reference price): it rests where it waits."""
    assert banded.stop(U, Side.BUY, 1, 1, flags=flags).waits
    assert 1 == banded.venue.counts()["waiting_orders"]


def test_a_waiting_stop_is_an_open_order_off_the_book(banded: Desk) -> None:
    """It is listed with its trigger, and locks, and shows nothing."""
    stop = banded.stop(U, Side.SELL, 5, 90, price=88)
    row = banded.venue.orders(U)[0]
    assert (stop.order_id, 1, 0) == (row["order_id"], row["is_waiting"], row["visible_lots"])
    assert (88, 90) == (row["price_ticks"], row["trigger_price_ticks"])
    assert 5 == banded.venue.balance(U, BASE)[1]
    assert [] == banded.bids == banded.asks


def test_a_cancelled_stop_never_fires(banded: Desk) -> None:
    """S12: the cancel of a waiting stop is done like any other."""
    banded.trade_at(100)
    stop = banded.stop(U, Side.SELL, 5, 90)
    gone = banded.cancel(U, stop.order_id)
    assert [(stop.order_id, 5, CancelReason.REQUESTED)] == gone.cancels
    flags = int(gone.answer["flags"])
    assert (WAITING, 90) == (flags & (WAITING | RESTING), gone.answer["trigger_price_ticks"])
    assert [] == banded.trade_at(80).triggered
    assert Reject.UNKNOWN_ORDER == banded.cancel(U, stop.order_id).reject
    assert 0 == banded.venue.balance(U, BASE)[1]


def test_cancel_all_takes_waiting_stops_too(banded: Desk) -> None:
    """Of one side where it says so."""
    sell = banded.stop(U, Side.SELL, 5, 90)
    banded.stop(U, Side.BUY, 5, 120)
    gone = banded.run(CommandKind.CANCEL_ALL, account_id=U, side=Side.SELL)
    assert [(sell.order_id, 5, CancelReason.CANCEL_ALL)] == gone.cancels


def test_a_waiting_stop_is_replaced_where_it_waits(banded: Desk) -> None:
    """Quantity, limit price and trigger change; what it locks follows."""
    banded.trade_at(100)
    stop = banded.stop(U, Side.SELL, 5, 90, price=88)
    moved = banded.replace(U, stop.order_id, 7, 80, new_trigger_price_ticks=85)
    assert moved.waits
    assert (88, 5) == (moved.answer["previous_price_ticks"], moved.answer["previous_leaves_lots"])
    assert 7 == banded.venue.balance(U, BASE)[1]
    assert [] == banded.trade_at(90).triggered
    fired = banded.trade_at(85)
    assert [stop.order_id] == fired.triggered
    assert [(7, 80, 1)] == banded.asks


def test_a_replace_without_a_trigger_keeps_it(banded: Desk) -> None:
    """A stop at market is replaced with no price."""
    banded.trade_at(100)
    stop = banded.stop(U, Side.SELL, 5, 90)
    assert banded.replace(U, stop.order_id, 3, 0).waits
    assert [] == banded.trade_at(91).triggered
    assert [stop.order_id] == banded.trade_at(90).triggered


def test_a_replace_to_a_trigger_that_was_reached_fires(banded: Desk) -> None:
    """As an arrival would."""
    banded.trade_at(100)
    stop = banded.stop(U, Side.SELL, 5, 90)
    assert [stop.order_id] == banded.replace(
        U, stop.order_id, 5, 0, new_trigger_price_ticks=100
    ).triggered


def test_a_replace_gives_only_the_prices_that_its_order_has(banded: Desk) -> None:
    """A limit for a stop at market, none for a stop-limit, a trigger for a plain order."""
    plain = banded.sell(U, 5, 100)
    at_market = banded.stop(U, Side.SELL, 5, 90)
    limited = banded.stop(U, Side.SELL, 5, 90, price=80)
    banded.trade_at(99)
    trailing = banded.stop(U, Side.SELL, 5, trail_ticks=5)
    for order, price, trigger in (
        (plain, 0, 0),
        (plain, 100, 5),
        (at_market, 88, 0),
        (limited, 0, 85),
        (trailing, 90, 0),
        (trailing, 0, 90),
    ):
        replace = banded.replace(U, order.order_id, 5, price, new_trigger_price_ticks=trigger)
        assert Reject.INVALID_PRICE == replace.reject


def test_the_source_is_the_last_trade_unless_the_order_says_otherwise(banded: Desk) -> None:
    """S14: trigger 101; the best ask touching 101 fires nothing, a trade at 101 does."""
    banded.trade_at(100)
    stop = banded.stop(U, Side.BUY, 1, 101)
    assert [] == banded.sell(V, 5, 101).triggered
    banded.set_reference_price(101)
    assert [stop.order_id] == banded.buy(W, 1, 101).triggered


@pytest.mark.parametrize(("side", "trigger", "quiet"), [(Side.BUY, 101, 102), (Side.SELL, 99, 98)])
def test_a_stop_on_the_best_quote_fires_when_the_quote_comes(
    banded: Desk, side: Side, trigger: int, quiet: int
) -> None:
    """A buy watches the best ask rise to its trigger, a sell the best bid fall to it."""
    other = Side.SELL if side == Side.BUY else Side.BUY
    away = -10 if side == Side.BUY else 10
    near = banded.place(V, other, 5, trigger + away)
    stop = banded.stop(U, side, 1, trigger, flags=TRIGGER_BEST_QUOTE)
    assert stop.waits
    assert [] == stop.triggered
    banded.place(V, other, 5, quiet)
    fired = banded.cancel(V, near.order_id)
    assert [stop.order_id] == fired.triggered


def test_a_stop_on_the_reference_price_fires_when_it_is_set(banded: Desk) -> None:
    """Buys at or above, sells at or below; trades do not count."""
    buy = banded.stop(U, Side.BUY, 1, 110, flags=TRIGGER_REFERENCE)
    sell = banded.stop(U, Side.SELL, 1, 90, flags=TRIGGER_REFERENCE)
    assert [] == banded.trade_at(110).triggered
    assert [] == banded.set_reference_price(109).triggered
    assert [buy.order_id] == banded.set_reference_price(110).triggered
    assert [sell.order_id] == banded.set_reference_price(90).triggered
    assert Reject.INVALID_PRICE == banded.set_reference_price(0).reject
    unknown = banded.run(CommandKind.SET_REFERENCE_PRICE, market_id=9, price_ticks=5)
    assert Reject.UNKNOWN_MARKET == unknown.reject


def test_sells_go_by_falling_trigger(banded: Desk) -> None:
    """The first to be passed on the way down is the first to work."""
    banded.trade_at(100)
    order = (95, 97, 95, 99)
    stops = [banded.stop(U, Side.SELL, 1, trigger).order_id for trigger in order]
    assert [stops[n] for n in (3, 1, 0, 2)] == banded.trade_at(90).triggered


def test_a_cascade_is_worked_inside_the_command_that_began_it(banded: Desk) -> None:
    """Each stop's trades trigger the next; nothing is left for the next command."""
    banded.trade_at(100)
    for price in (99, 98, 97, 96):
        banded.buy(V, 1, price)
    stops = [banded.stop(U, Side.SELL, 1, trigger).order_id for trigger in (99, 98, 97)]
    fall = banded.sell(W, 1, 99)
    assert stops == fall.triggered
    assert [99, 98, 97, 96] == [price for _, price, _ in fall.fills]
    assert {int(e["sequence"]) for e in fall.events} == {int(fall.answer["sequence"])}
    assert [] == banded.bids


def test_a_sweep_triggers_by_its_first_and_its_last_price(banded: Desk) -> None:
    """The prices of one order's trades rise or fall, so these are the extremes."""
    banded.trade_at(100)
    for price in (98, 99, 103):
        banded.sell(V, 1, price)
    sell = banded.stop(U, Side.SELL, 1, 98)
    buy = banded.stop(U, Side.BUY, 1, 103)
    assert [sell.order_id, buy.order_id] == banded.buy(W, 3, 103).triggered


def test_a_stop_limit_that_fired_rests_as_a_limit_order(banded: Desk) -> None:
    """TRIGGERED carries what is left and what is seen of it; its funds stay locked for it."""
    banded.trade_at(100)
    stop = banded.stop(U, Side.BUY, 5, 105, price=105)
    banded.sell(V, 4, 105)
    fired = banded.buy(W, 1, 105)
    told = fired.of(EventKind.TRIGGERED)[0]
    assert (5, 105) == (told["quantity_lots"], told["trigger_price_ticks"])
    assert (3, 2, 2) == (told["filled_lots"], told["leaves_lots"], told["visible_lots"])
    assert RESTING == int(told["flags"])
    assert [(2, 105, 1)] == banded.bids
    assert 2 * 105 == banded.venue.balance(U, QUOTE)[1]
    assert banded.replace(U, stop.order_id, 4, 105).rests


def test_a_buy_stop_locks_its_worst_price_and_trades_no_higher(make_desk: MakeDesk) -> None:
    """Trigger 100 and band 10 %: it locks 110 a lot, and takes no ask above."""
    desk = make_desk(band_ppm=100_000)
    desk.trade_at(90)
    stop = desk.stop(U, Side.BUY, 3, 100)
    assert 330 == desk.venue.balance(U, QUOTE)[1]
    for price in (110, 111):
        desk.sell(V, 1, price)
    fired = desk.trade_at(100)
    own = [e for e in fired.of(EventKind.FILL) if e["order_id"] == stop.order_id]
    assert [110] == [int(event["price_ticks"]) for event in own]
    assert (stop.order_id, 2, CancelReason.NO_LIQUIDITY) in fired.cancels
    assert 0 == desk.venue.balance(U, QUOTE)[1]


def test_a_sell_stop_at_market_stops_at_the_band(make_desk: MakeDesk) -> None:
    """Of the last price when it fires, as any market order that arrives then."""
    desk = make_desk(band_ppm=100_000)
    desk.trade_at(100)
    desk.stop(U, Side.SELL, 3, 90)
    for price in (81, 80):
        desk.buy(V, 1, price)
    fired = desk.trade_at(90)
    assert [90, 81] == [price for _, price, _ in fired.fills]


def test_a_buy_stop_at_market_needs_a_band(desk: Desk) -> None:
    """Without one its worst price has no bound; a stop-limit and a sell need none."""
    desk.trade_at(100)
    assert Reject.NO_BAND == desk.stop(U, Side.BUY, 1, 110).reject
    assert Reject.NO_BAND == desk.stop(U, Side.BUY, 1, trail_ticks=5).reject
    assert desk.stop(U, Side.BUY, 1, 110, price=111).waits
    assert desk.stop(U, Side.SELL, 1, 90).waits


def test_a_stop_without_funds_is_refused_when_it_is_placed(make_desk: MakeDesk) -> None:
    """It locks then, so it can be worked when it fires."""
    desk = make_desk(band_ppm=BAND, funds_atoms=1_000)
    assert Reject.INSUFFICIENT_FUNDS == desk.stop(U, Side.BUY, 10, 51).reject
    assert desk.stop(U, Side.BUY, 10, 50).waits
    assert Reject.INSUFFICIENT_FUNDS == desk.stop(U, Side.SELL, 1_001, 50).reject


def test_prevention_ends_a_stop_that_meets_its_own_group(banded: Desk) -> None:
    """A triggered order is a taker like any other."""
    banded.trade_at(100)
    banded.buy(U, 5, 80)
    stop = banded.stop(U, Side.SELL, 5, 90)
    fired = banded.trade_at(90)
    assert (stop.order_id, 5, CancelReason.SELF_TRADE) in fired.cancels
    assert [(5, 80, 1)] == banded.bids


def test_the_same_commands_twice_give_the_same_digest(make_desk: MakeDesk) -> None:
    """S13: a second run in the same process starts from nothing."""
    digests = []
    for _ in range(2):
        desk = make_desk(band_ppm=BAND)
        desk.trade_at(100)
        desk.stop(U, Side.SELL, 3, trail_ppm=50_000)
        desk.stop(U, Side.SELL, 2, 99, price=120)
        for price in (101, 104, 99, 98):
            desk.trade_at(price)
        digests.append(desk.venue.digest())
    assert digests[0] == digests[1]


def test_a_replaced_trailing_stop_keeps_what_it_trails(banded: Desk) -> None:
    """S13: another quantity is accepted, and the high of 60 stands."""
    banded.trade_at(50)
    stop = banded.stop(U, Side.SELL, 1, trail_ticks=10)
    banded.trade_at(60)
    assert banded.replace(U, stop.order_id, 4, 0).waits
    assert [] == banded.trade_at(51).triggered
    assert [stop.order_id] == banded.trade_at(50).triggered


def test_a_trailing_buy_frees_what_its_falling_trigger_need_not_lock(make_desk: MakeDesk) -> None:
    """Trigger 100 + 10, band 10 %: 121 a lot; at a low of 90 it is 110."""
    desk = make_desk(band_ppm=100_000)
    desk.trade_at(100)
    desk.stop(U, Side.BUY, 2, trail_ticks=10)
    assert 242 == desk.venue.balance(U, QUOTE)[1]
    desk.trade_at(90)
    assert 220 == desk.venue.balance(U, QUOTE)[1]


def test_a_trailing_stop_needs_a_last_price(desk: Desk) -> None:
    """There is nothing to trail before the first trade."""
    assert Reject.NO_LAST_PRICE == desk.stop(U, Side.SELL, 1, trail_ticks=5).reject
    desk.trade_at(100)
    assert desk.stop(U, Side.SELL, 1, trail_ticks=5).waits


def test_a_trailing_sell_further_away_than_the_price_waits_at_nothing(banded: Desk) -> None:
    """Its trigger is 0 until the price has risen by more than the distance."""
    banded.trade_at(5)
    stop = banded.stop(U, Side.SELL, 1, trail_ticks=10)
    assert 0 == stop.answer["trigger_price_ticks"]
    assert [] == banded.trade_at(1).triggered
    banded.trade_at(20)
    assert [stop.order_id] == banded.trade_at(10).triggered


@pytest.mark.parametrize(
    ("side", "fields"),
    [
        (Side.SELL, {"trigger": 90}),
        (Side.SELL, {"trigger": 90, "price": 80}),
        (Side.SELL, {"trail_ppm": 5}),
        (Side.BUY, {"trigger": 110}),
        (Side.BUY, {"trigger": 110, "price": 120}),
        (Side.BUY, {"trail_ticks": 5}),
    ],
)
def test_a_refused_stop_changes_nothing(
    make_desk: MakeDesk, side: Side, fields: dict[str, Any]
) -> None:
    """Without funds: nothing locked, nothing waiting (the desk compares the digest)."""
    desk = make_desk(band_ppm=BAND, funds_atoms=1_000)
    desk.trade_at(100)
    assert Reject.INSUFFICIENT_FUNDS == desk.stop(U, side, 2_000, **fields).reject
    assert Reject.INVALID_QUANTITY == desk.stop(U, side, 0, **fields).reject
    assert 0 == desk.venue.counts()["waiting_orders"]
