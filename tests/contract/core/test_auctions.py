"""Call auctions: the price (S32), who trades, what is told, and what ends a call."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine.core.commands import HIDDEN, OrderType, SelfTradePrevention, Side, TimeInForce
from engine.core.events import AUCTION, EventKind
from engine.core.phases import AuctionKind, Phase
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import BASE, QUOTE, Desk, Outcome, U, V, W

MakeDesk = Callable[..., Desk]


def told(outcome: Outcome, kind: EventKind) -> list[tuple[int, int, int, int]]:
    """What is told of an auction, as (price, volume, surplus, its side)."""
    return [
        (
            int(event["price_ticks"]),
            int(event["quantity_lots"]),
            int(event["leaves_lots"]),
            int(event["side"]),
        )
        for event in outcome.of(kind)
    ]


def book_of_s32(desk: Desk) -> Outcome:
    """Bids 2@99, 3@90 and asks 2@1, 3@7, in a call."""
    desk.call()
    desk.buy(U, 2, 99)
    desk.buy(U, 3, 90)
    desk.sell(V, 2, 1)
    return desk.sell(V, 3, 7)


def test_equal_prices_end_nearest_to_the_reference_price(desk: Desk) -> None:
    """S32: five lots at any price from 7 to 90; with a reference of 48 they trade at 48."""
    desk.set_reference_price(48)
    last = book_of_s32(desk)
    assert [(48, 5, 0, 0)] == told(last, EventKind.INDICATIVE)
    opened = desk.set_phase(Phase.OPEN)
    assert [(48, 5, 0, 0)] == told(opened, EventKind.UNCROSSED)
    assert {48} == {price for _, price, _ in opened.fills}
    assert 5 == sum(lots for lots, _, _ in opened.fills)
    assert [] == desk.bids == desk.asks


def test_without_a_reference_price_the_highest_of_equal_prices_is_taken(desk: Desk) -> None:
    """S32 without a reference: 90."""
    assert [(90, 5, 0, 0)] == told(book_of_s32(desk), EventKind.INDICATIVE)


def test_a_market_order_takes_part_at_any_price(desk: Desk) -> None:
    """S32, the second book: 10,400 lots at 10,450; of the second bid 5,200 are left."""
    desk.call(AuctionKind.OPENING)
    desk.buy(U, 10_000, 10_550)
    second = desk.buy(U, 5_600, 10_450)
    desk.buy(U, 200, 10_400)
    desk.sell(V, 6_900, 10_300)
    desk.sell(V, 1_000, 10_450)
    desk.sell(V, 200, 10_600)
    market = desk.sell(V, 2_500, order_type=OrderType.MARKET, time_in_force=TimeInForce.AT_OPEN)
    assert (10_450, 10_400, 5_200, Side.BUY) == told(market, EventKind.INDICATIVE)[-1]
    opened = desk.set_phase(Phase.OPEN)
    assert (10_450, 10_400) == told(opened, EventKind.UNCROSSED)[0][:2]
    assert [(5_200, 10_450, 1), (200, 10_400, 1)] == desk.bids
    assert int(desk.venue.order(second.order_id)["leaves_lots"][0]) == 5_200
    assert [(200, 10_600, 1)] == desk.asks


@pytest.mark.parametrize(
    ("bids", "asks", "reference", "expected"),
    [
        # the greatest volume decides first
        ([(10, 100), (5, 101)], [(12, 100)], 0, (100, 12, 3, Side.BUY)),
        # then the least surplus
        ([(10, 105), (10, 100)], [(10, 100), (5, 104)], 0, (103, 10, 0, 0)),
        # buyers are left at every price of the greatest volume: the highest
        ([(10, 100)], [(5, 90)], 50, (100, 5, 5, Side.BUY)),
        # sellers are: the lowest
        ([(5, 100)], [(10, 90)], 99, (90, 5, 5, Side.SELL)),
        # nobody is: nearest to the reference price, within the prices that are equal
        ([(5, 100)], [(5, 90)], 1, (90, 5, 0, 0)),
        ([(5, 100)], [(5, 90)], 97, (97, 5, 0, 0)),
        ([(5, 100)], [(5, 90)], 500, (100, 5, 0, 0)),
        # as much left on either side at two prices: nearest again, the higher of two as near
        ([(10, 101), (10, 100)], [(10, 100), (10, 101)], 0, (101, 10, 10, Side.SELL)),
        ([(10, 101), (10, 100)], [(10, 100), (10, 101)], 3, (100, 10, 10, Side.BUY)),
    ],
)
def test_the_price_follows_the_rules_in_their_order(
    desk: Desk,
    bids: list[tuple[int, int]],
    asks: list[tuple[int, int]],
    reference: int,
    expected: tuple[int, int, int, int],
) -> None:
    """Volume, surplus, its side, the reference price, the higher: and the uncross is the same."""
    desk.call()
    if reference:
        desk.set_reference_price(reference)
    for lots, price in bids:
        desk.buy(U, lots, price)
    last = None
    for lots, price in asks:
        last = desk.sell(V, lots, price)
    assert last is not None
    assert expected == told(last, EventKind.INDICATIVE)[-1]
    done = desk.uncross()
    assert expected == told(done, EventKind.UNCROSSED)[0]
    assert expected[1] == sum(lots for lots, _, _ in done.fills)


def test_a_side_trades_by_price_then_seen_before_hidden_then_time(desk: Desk) -> None:
    """Of bids at one price the hidden one comes last, though it came first."""
    desk.call()
    hidden = desk.buy(U, 5, 100, flags=HIDDEN)
    first = desk.buy(U, 5, 100)
    better = desk.buy(U, 5, 101)
    desk.sell(V, 12, 90)
    desk.uncross()
    left = {int(row["order_id"]): int(row["leaves_lots"]) for row in desk.venue.orders(U)}
    assert {hidden.order_id: 3} == left
    assert {first.order_id, better.order_id}.isdisjoint(left)


def test_an_iceberg_takes_part_with_all_of_its_quantity(desk: Desk) -> None:
    """The reserve goes first, so what it shows is as before until only that is left."""
    desk.call()
    desk.sell(U, 100, 100, display_lots=10)
    desk.buy(V, 60, 100)
    assert 60 == sum(lots for lots, _, _ in desk.uncross().fills)
    assert [(10, 100, 1)] == desk.asks
    desk.buy(V, 35, 100)
    desk.uncross()
    assert [(5, 100, 1)] == desk.asks


def test_each_trade_tells_what_it_takes_off_the_book(desk: Desk) -> None:
    """A fill at the auction's price, then for each order a reduction at its own price."""
    desk.call()
    bid = desk.buy(U, 7, 105)
    ask = desk.sell(V, 4, 95)
    done = desk.uncross()
    assert {AUCTION} == {int(event["flags"]) for event in done.of(EventKind.FILL)}
    reduced = [
        (int(e["order_id"]), int(e["price_ticks"]), int(e["visible_lots"]), int(e["leaves_lots"]))
        for e in done.of(EventKind.REDUCED)
    ]
    assert [(bid.order_id, 105, 4, 3), (ask.order_id, 95, 4, 0)] == reduced


def test_the_order_that_queued_later_is_the_taker_and_pays_its_fee(make_desk: MakeDesk) -> None:
    """Fees are the maker's and the taker's as always; money is conserved."""
    desk = make_desk(maker_fee_ppm=1_000, taker_fee_ppm=5_000, funds_atoms=100_000)
    desk.call()
    desk.sell(V, 10, 1_000)
    desk.buy(U, 10, 1_000)
    fill = desk.uncross().of(EventKind.FILL)[0]
    assert (Side.BUY, 50, 10) == (fill["side"], fill["fee_atoms"], fill["maker_fee_atoms"])
    assert (100_000 - 10_050, 0, 0) == desk.venue.balance(U, QUOTE)
    assert (100_000 + 9_990, 0, 0) == desk.venue.balance(V, QUOTE)


def test_a_better_price_frees_what_the_limit_had_locked(desk: Desk) -> None:
    """A buyer at 105 that trades at 100 gets the rest back."""
    free = desk.venue.balance(U, QUOTE)[0]
    desk.set_reference_price(100)
    desk.call()
    desk.buy(U, 10, 105)
    desk.sell(V, 10, 95)
    desk.uncross()
    assert (free - 1_000, 0, 0) == desk.venue.balance(U, QUOTE)


def test_self_trade_prevention_is_not_applied_in_an_uncross(desk: Desk) -> None:
    """Both orders were there before, and the volume that was published must trade."""
    desk.call()
    desk.buy(U, 5, 100, stp=SelfTradePrevention.CANCEL_BOTH)
    desk.sell(U, 5, 100, stp=SelfTradePrevention.CANCEL_BOTH)
    assert [5] == [lots for lots, _, _ in desk.uncross().fills]


def test_the_indicative_price_is_told_when_it_changes_and_only_then(desk: Desk) -> None:
    """A cancel changes it back to nothing; an order that does not matter tells nothing."""
    desk.call()
    bid = desk.buy(U, 5, 100)
    assert [] == told(desk.buy(U, 5, 50), EventKind.INDICATIVE)
    assert [(100, 5, 0, 0)] == told(desk.sell(V, 5, 100), EventKind.INDICATIVE)
    assert [] == told(desk.sell(V, 5, 101), EventKind.INDICATIVE)
    assert [(0, 0, 0, 0)] == told(desk.cancel(U, bid.order_id), EventKind.INDICATIVE)


def test_orders_that_are_only_for_the_auction_end_with_it(desk: Desk) -> None:
    """What AT_OPEN and AT_CLOSE orders have left is cancelled after the uncross."""
    desk.call(AuctionKind.CLOSING)
    order = desk.buy(U, 5, 100, time_in_force=TimeInForce.AT_CLOSE)
    desk.sell(V, 2, 100)
    closed = desk.set_phase(Phase.OPEN)
    assert [(order.order_id, 3, CancelReason.AUCTION_ENDED)] == closed.cancels
    assert 2 == sum(lots for lots, _, _ in closed.fills)


def test_a_market_buy_in_a_call_locks_at_the_band(make_desk: MakeDesk) -> None:
    """Without a price to start from, or without a band, it has no worst price and is refused."""
    desk = make_desk(band_ppm=100_000)
    at_open = {"order_type": OrderType.MARKET, "time_in_force": TimeInForce.AT_OPEN}
    desk.call(AuctionKind.OPENING)
    assert desk.buy(U, 10, **at_open).reject == Reject.NO_LAST_PRICE
    desk.set_reference_price(100)
    desk.buy(U, 10, **at_open)
    assert 1_100 == desk.venue.balance(U, QUOTE)[1]
    assert [(10, 110, 1)] == desk.bids
    plain = make_desk()
    plain.call(AuctionKind.OPENING)
    plain.set_reference_price(100)
    assert plain.buy(U, 10, **at_open).reject == Reject.NO_BAND


def test_a_call_ends_at_its_time(desk: Desk) -> None:
    """The command that brings the time first uncrosses and opens the market."""
    end_ns = desk.time_ns + 10**9
    desk.call(AuctionKind.OPENING, end_ns)
    assert end_ns == desk.venue.next_due_ns()
    desk.buy(U, 5, 100)
    desk.sell(V, 5, 100)
    ticked = desk.tick(end_ns)
    assert [5] == [lots for lots, _, _ in ticked.fills]
    assert desk.phase == Phase.OPEN


def test_a_closing_call_closes_the_market(desk: Desk) -> None:
    """It uncrosses, then the market is closed and orders for the day end."""
    end_ns = desk.time_ns + 10**9
    desk.call(AuctionKind.CLOSING, end_ns)
    day = desk.buy(U, 7, 100, time_in_force=TimeInForce.DAY)
    desk.sell(V, 5, 100)
    ticked = desk.tick(end_ns)
    assert [5] == [lots for lots, _, _ in ticked.fills]
    assert [(day.order_id, 2, CancelReason.PHASE_ENDED)] == ticked.cancels
    assert desk.phase == Phase.CLOSED


def test_what_expires_before_a_call_ends_does_not_trade_in_it(desk: Desk) -> None:
    """Time passes in order, even when one command brings all of it: first expiry, then uncross."""
    start = desk.time_ns
    desk.call(AuctionKind.OPENING, start + 2 * 10**9)
    gtd = {"time_in_force": TimeInForce.GTD}
    early = desk.buy(U, 5, 100, expire_time_ns=start + 10**9, **gtd)
    late = desk.buy(U, 5, 99, expire_time_ns=start + 3 * 10**9, **gtd)
    ask = desk.sell(V, 5, 95)
    passed = desk.tick(start + 4 * 10**9)
    assert [(early.order_id, 5, CancelReason.EXPIRED)] == passed.cancels
    assert {late.order_id, ask.order_id} == {
        int(passed.of(EventKind.FILL)[0][name]) for name in ("order_id", "maker_order_id")
    }


def test_an_uncross_leaves_the_market_in_its_call(desk: Desk) -> None:
    """A market that only trades in auctions uncrosses again and again."""
    desk.call()
    for _ in range(2):
        desk.buy(U, 5, 100)
        desk.sell(V, 5, 100)
        assert [5] == [lots for lots, _, _ in desk.uncross().fills]
        assert desk.phase == Phase.AUCTION


def test_a_market_that_opens_from_a_halt_uncrosses_what_a_call_left(desk: Desk) -> None:
    """A call that is halted keeps its crossed book; continuous trading never begins with one."""
    desk.call()
    desk.buy(U, 5, 100)
    desk.sell(V, 5, 90)
    assert [] == desk.set_phase(Phase.HALTED).fills
    assert 5 == sum(lots for lots, _, _ in desk.set_phase(Phase.OPEN).fills)


@pytest.fixture
def banded(make_desk: MakeDesk) -> Desk:
    """A market with a dynamic band of 10 % around the last price, which is 100."""
    desk = make_desk(volatility_ppm=100_000, auction_ms=5_000)
    desk.trade_at(100)
    return desk


def test_a_trade_that_would_leave_the_dynamic_band_starts_an_auction(banded: Desk) -> None:
    """What is within the band trades; the rest joins a call of five seconds."""
    banded.sell(V, 5, 110)
    banded.sell(V, 5, 111)
    order = banded.buy(U, 8, 120)
    assert [5] == [lots for lots, _, _ in order.fills]
    changed = order.of(EventKind.PHASE_CHANGED)[0]
    assert (Phase.AUCTION, AuctionKind.VOLATILITY) == (changed["code"], changed["order_type"])
    assert int(changed["quantity_lots"]) == banded.time_ns + 5 * 10**9
    assert [(120, 3, 2, Side.SELL)] != told(order, EventKind.INDICATIVE)
    assert (3, 2, Side.SELL) == told(order, EventKind.INDICATIVE)[0][1:]
    ended = banded.tick(banded.time_ns + 5 * 10**9)
    assert [(3, 111)] == [(lots, price) for lots, price, _ in ended.fills]
    assert banded.phase == Phase.OPEN


def test_a_market_order_stops_at_the_dynamic_band(banded: Desk) -> None:
    """It cannot wait for the auction that it starts: its rest is cancelled."""
    banded.buy(V, 5, 90)
    banded.buy(V, 5, 89)
    order = banded.sell(U, 8)
    assert [5] == [lots for lots, _, _ in order.fills]
    assert [3] == [lots for _, lots, _ in order.cancels]
    assert banded.phase == Phase.AUCTION


def test_a_fill_or_kill_counts_only_what_is_within_the_band(banded: Desk) -> None:
    """A refusal changes nothing, and starts no auction."""
    banded.sell(V, 5, 110)
    banded.sell(V, 5, 111)
    killed = banded.buy(U, 8, 120, time_in_force=TimeInForce.FOK)
    assert killed.reject == Reject.FILL_OR_KILL_NOT_FILLABLE
    assert banded.phase == Phase.OPEN


def test_stops_that_an_auction_interrupts_wait_on(make_desk: MakeDesk) -> None:
    """Two stops fire together; the first leaves the band, so the second fires when it opens."""
    desk = make_desk(volatility_ppm=100_000, auction_ms=5_000)
    desk.trade_at(100)
    desk.buy(W, 1, 99)
    desk.buy(W, 9, 80)
    first = desk.stop(U, Side.SELL, 5, 99)
    second = desk.stop(V, Side.SELL, 2, 99)
    hit = desk.sell(W, 1, 99, stp=SelfTradePrevention.NONE)
    assert [first.order_id] == hit.triggered
    assert desk.phase == Phase.AUCTION
    waiting = np.flatnonzero(desk.venue.orders(V)["is_waiting"])
    assert 1 == len(waiting)
    opened = desk.set_phase(Phase.OPEN)
    assert [second.order_id] == opened.triggered


def test_a_dynamic_band_needs_a_length_for_its_auctions(desk: Desk) -> None:
    """The two belong together, and both have limits."""
    for fields in (
        {"volatility_ppm": 1},
        {"auction_ms": 1},
        {"volatility_ppm": 1_000_001, "auction_ms": 1},
        {"volatility_ppm": 1, "auction_ms": 86_400_001},
    ):
        assert desk.define_market(2, "SECOND", **fields).reject == Reject.INVALID_PARAMETER
    assert BASE == int(desk.venue.markets()[0]["base_asset_id"])


@pytest.mark.parametrize("way", ["uncross", "post-only", "closed"])
def test_a_stop_sees_every_auction_price_since_the_market_was_open(desk: Desk, way: str) -> None:
    """A price of 90 fires a selling stop at 95, though a later auction price is 100 again."""
    desk.trade_at(100)
    stop = desk.stop(U, Side.SELL, 5, 95, price=1)
    late = desk.stop(U, Side.SELL, 5, 85, price=1)
    desk.call()
    for price in (90, 100):
        desk.buy(V, 1, price)
        desk.sell(W, 1, price)
        if way == "uncross":
            assert [] == desk.uncross().triggered
        else:
            assert [] == desk.set_phase(Phase.POST_ONLY).triggered
            if way == "closed":
                desk.set_phase(Phase.CLOSED)
            desk.call()
    assert [stop.order_id] == desk.set_phase(Phase.OPEN).triggered
    assert 1 == len(np.flatnonzero(desk.venue.order(late.order_id)["is_waiting"]))
    desk.cancel(U, stop.order_id)
    desk.set_phase(Phase.HALTED)
    assert [] == desk.set_phase(Phase.OPEN).triggered
