"""Pegs: what they follow, and what bounds them (rules with numbers: `tests/scenarios/pegs`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.core.commands import HIDDEN, POST_ONLY, CommandKind, OrderType, Side, TimeInForce
from engine.core.events import RESTING, WAITING, EventKind
from engine.core.limits import PEGS_PER_SIDE_MAX, PRICE_TICKS_MAX
from engine.core.phases import Phase
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import BASE, MARKET, QUOTE, Desk, Outcome, U, V, W

MakeDesk = Callable[..., Desk]


def peg(desk: Desk, account_id: int, side: Side, limit: int, **fields: Any) -> Outcome:
    """Place a primary peg of five lots."""
    return desk.place(account_id, side, 5, limit, order_type=OrderType.PRIMARY_PEG, **fields)


def mid(desk: Desk, account_id: int, side: Side, limit: int, **fields: Any) -> Outcome:
    """Place a midpoint peg of five lots."""
    return desk.place(account_id, side, 5, limit, order_type=OrderType.MIDPOINT_PEG, **fields)


def moves(outcome: Outcome) -> list[tuple[int, int, int]]:
    """List what moved as (order id, previous price, price; 0 while parked)."""
    return [
        (
            int(event["order_id"]),
            int(event["previous_price_ticks"]),
            0 if int(event["flags"]) & WAITING else int(event["price_ticks"]),
        )
        for event in outcome.of(EventKind.REPRICED)
    ]


def test_the_pegs_of_a_side_are_counted_until_there_is_no_room(desk: Desk) -> None:
    """The last one that fits is taken, the next is refused; a peg that ends makes room for one."""
    first = peg(desk, U, Side.BUY, 100)
    for _ in range(PEGS_PER_SIDE_MAX - 1):
        assert Reject.NONE == peg(desk, U, Side.BUY, 100).reject
    assert Reject.TOO_MANY_PEGS == mid(desk, V, Side.BUY, 100).reject
    assert Reject.NONE == mid(desk, V, Side.SELL, 100).reject
    desk.cancel(U, first.order_id)
    assert Reject.NONE == mid(desk, V, Side.BUY, 100).reject
    assert Reject.TOO_MANY_PEGS == peg(desk, W, Side.BUY, 100).reject


def test_all_pegs_of_both_sides_move_in_one_command(desk: Desk) -> None:
    """A full house follows a new best price, oldest first, and keeps that order there."""
    pegs = [mid(desk, U, side, 100).order_id for side in Side for _ in range(PEGS_PER_SIDE_MAX)]
    desk.buy(W, 1, 90)
    moved = desk.sell(W, 1, 95)
    buys, sells = pegs[:PEGS_PER_SIDE_MAX], pegs[PEGS_PER_SIDE_MAX:]
    assert [(order_id, 0, 92) for order_id in buys] + [
        (order_id, 0, 100) for order_id in sells
    ] == moves(moved)
    taken = desk.sell(W, 5 * PEGS_PER_SIDE_MAX, 91)
    assert buys == [maker for _, _, maker in taken.fills]


def test_a_move_tells_what_it_took_off_and_what_it_shows(desk: Desk) -> None:
    """The book can be followed from the event alone: from the old price, and to the new one."""
    desk.buy(U, 1, 90)
    order = peg(desk, V, Side.BUY, 100)
    hidden = peg(desk, V, Side.BUY, 100, flags=HIDDEN)
    event, unseen = desk.buy(U, 1, 95).of(EventKind.REPRICED)
    assert (order.order_id, 90, 95) == tuple(
        int(event[name]) for name in ("order_id", "previous_price_ticks", "price_ticks")
    )
    assert (5, 5, 5, RESTING) == tuple(
        int(event[name])
        for name in ("quantity_lots", "previous_visible_lots", "visible_lots", "flags")
    )
    assert hidden.order_id == unseen["order_id"]
    assert (0, 0) == (int(unseen["previous_visible_lots"]), int(unseen["visible_lots"]))


def test_the_venue_shows_a_pegs_limit_beside_where_it_stands(desk: Desk) -> None:
    """Readers see both; a parked peg stands nowhere, and shows its limit."""
    order = peg(desk, V, Side.SELL, 80, trail_ticks=3, time_in_force=TimeInForce.DAY)
    (row,) = desk.venue.order(order.order_id)
    assert (80, 80, 1, 3) == tuple(
        int(row[name])
        for name in ("price_ticks", "trigger_price_ticks", "is_waiting", "trail_ticks")
    )
    desk.sell(U, 1, 90)
    (row,) = desk.venue.order(order.order_id)
    assert (93, 80, 0) == tuple(
        int(row[name]) for name in ("price_ticks", "trigger_price_ticks", "is_waiting")
    )


@pytest.mark.parametrize(
    ("side", "best", "offset", "stands"),
    [
        (Side.SELL, PRICE_TICKS_MAX, 0, PRICE_TICKS_MAX),
        (Side.SELL, PRICE_TICKS_MAX, 1, 0),
        (Side.SELL, PRICE_TICKS_MAX - 5, 5, PRICE_TICKS_MAX),
        (Side.BUY, 6, 5, 1),
        (Side.BUY, 5, 5, 0),
        (Side.BUY, 5, PRICE_TICKS_MAX, 0),
    ],
)
def test_an_offset_never_leads_off_the_range_of_prices(
    desk: Desk, side: Side, best: int, offset: int, stands: int
) -> None:
    """At the edge it stands, beyond it is parked."""
    order = peg(desk, V, side, 100, trail_ticks=offset)
    assert order.waits
    moved = desk.place(U, side, 1, best)
    assert moves(moved) == ([(order.order_id, 0, stands)] if stands else [])


def test_what_moved_the_best_price_does_not_matter(desk: Desk) -> None:
    """A replace, an expiry, a cancel of all and a kill move pegs as an order does."""
    desk.buy(U, 1, 80)
    order = peg(desk, V, Side.BUY, 100).order_id
    due = desk.buy(U, 1, 90, time_in_force=TimeInForce.GTD, expire_time_ns=desk.time_ns + 10**6)
    best = desk.buy(W, 1, 92)
    assert [(order, 92, 94)] == moves(desk.replace(W, best.order_id, 1, 94))
    assert [(order, 94, 90)] == moves(desk.run(CommandKind.CANCEL_ALL, account_id=W))
    assert [(order, 90, 80)] == moves(desk.tick(due.events["time_ns"][0] + 10**6))
    assert [(order, 80, 0)] == moves(desk.run(CommandKind.KILL, account_id=U, is_on=1))


def test_a_peg_that_a_call_parks_comes_back_with_what_is_left_of_it(desk: Desk) -> None:
    """Its fills, its fee credit and its lock go with it."""
    desk.buy(U, 1, 98)
    desk.sell(U, 1, 102)
    order = mid(desk, V, Side.BUY, 101)
    desk.sell(W, 2, 100)
    assert [(order.order_id, 100, 0)] == moves(desk.call())
    free, locked, _ = desk.venue.balance(V, QUOTE)
    assert 3 * 101 == locked
    back = desk.set_phase(Phase.OPEN)
    assert [(order.order_id, 0, 100)] == moves(back)
    assert (free, locked, 0) == desk.venue.balance(V, QUOTE)
    (row,) = desk.venue.order(order.order_id)
    assert (2, 3) == (int(row["filled_lots"]), int(row["leaves_lots"]))


def test_a_peg_that_leaves_the_dynamic_band_starts_a_call_that_parks_all(
    make_desk: MakeDesk,
) -> None:
    """The pegs behind it in the same move are parked without arriving, those before it after."""
    desk = make_desk(volatility_ppm=10_000, auction_ms=1_000)
    desk.trade_at(100)
    desk.buy(U, 1, 60)
    desk.sell(W, 1, 140)
    hidden = desk.sell(W, 5, 103, flags=HIDDEN)
    first = mid(desk, V, Side.SELL, 130)
    taker = mid(desk, V, Side.BUY, 200)
    last = mid(desk, V, Side.BUY, 200)
    moved = desk.buy(U, 1, 99, flags=POST_ONLY)  # the middle is 119, and the offer in reach 103
    assert Phase.AUCTION == desk.phase
    assert [] == moved.fills
    (event,) = [e for e in moved.of(EventKind.REPRICED) if e["order_id"] == last.order_id]
    assert WAITING == event["flags"]
    parked = {order for order, _, price in moves(moved) if price == 0}
    assert {first.order_id, taker.order_id, last.order_id} == parked
    assert len(desk.venue.order(hidden.order_id)) == 1


def test_fees_of_a_peg_do_not_depend_on_how_often_it_moved(make_desk: MakeDesk) -> None:
    """Five lots in parts, moved in between, cost what they cost at once."""
    paid = []
    for parts in ((1, 1, 1, 2), (5,)):
        desk = make_desk(maker_fee_ppm=333, taker_fee_ppm=777, quote_atoms_per_tick_lot=37)
        best = desk.buy(U, 1, 50)
        peg(desk, V, Side.BUY, 100)
        before = sum(desk.venue.balance(V, QUOTE))
        for lots in parts:
            desk.cancel(U, best.order_id)
            best = desk.buy(U, 1, 50)
            desk.sell(W, 1 + lots, 50)
            best = desk.buy(U, 1, 50)
        assert 5 == sum(desk.venue.balance(V, BASE)) - (1 << 50)
        paid.append(before - sum(desk.venue.balance(V, QUOTE)))
    assert paid[0] == paid[1]


def test_a_replace_is_refused_before_anything_else_is_judged(desk: Desk) -> None:
    """Standing or parked, whatever is asked for."""
    order = peg(desk, V, Side.BUY, 100)
    assert Reject.PEG_NOT_REPLACEABLE == desk.replace(V, order.order_id, 5, 0).reject
    desk.buy(U, 1, 90)
    assert Reject.PEG_NOT_REPLACEABLE == desk.replace(V, order.order_id, 1, 100).reject
    assert Reject.UNKNOWN_ORDER == desk.replace(U, order.order_id, 1, 100).reject


def test_pegs_of_other_markets_stay(desk: Desk) -> None:
    """A market's pegs look at its own book alone."""
    desk.define_market(
        MARKET + 1, "OTHER", quote_atoms_per_tick_lot=1, base_atoms_per_lot=1, maker_fee_ppm=0
    )
    order = peg(desk, V, Side.BUY, 100, market_id=MARKET + 1)
    assert order.waits
    assert [] == moves(desk.buy(U, 1, 90))
    assert [(order.order_id, 0, 80)] == moves(desk.buy(U, 1, 80, market_id=MARKET + 1))
    assert [90] == desk.venue.levels(MARKET, Side.BUY)["price_ticks"].tolist()
    assert desk.run(CommandKind.CANCEL_ALL, account_id=V).cancels == [
        (order.order_id, 5, CancelReason.CANCEL_ALL)
    ]
