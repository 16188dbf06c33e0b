"""Trading phases: what each allows, which may follow which, and what ends with them."""

from __future__ import annotations

import itertools

import pytest

from engine.core.commands import HIDDEN, MINIMUM, OrderType, Side, TimeInForce
from engine.core.events import EventKind
from engine.core.phases import CALLS, FOLLOWERS, AuctionKind, Phase
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import MARKET, Desk, U, V, W

CLOSED_TO_ORDERS = (Phase.CLOSED, Phase.HALTED, Phase.WIND_DOWN)


def go(desk: Desk, phase: Phase) -> None:
    """Bring an open market into a phase."""
    if phase == Phase.PRE_OPEN:
        assert desk.set_phase(Phase.CLOSED).reject == Reject.NONE
    kind = AuctionKind.OPENING if phase == Phase.AUCTION else 0
    if phase != Phase.OPEN:
        assert desk.set_phase(phase, kind).reject == Reject.NONE


@pytest.mark.parametrize(("phase", "following"), list(itertools.product(Phase, Phase)))
def test_only_the_phases_of_the_table_may_follow(
    desk: Desk, phase: Phase, following: Phase
) -> None:
    """Every pair of phases is allowed or refused as the table says."""
    go(desk, phase)
    kind = AuctionKind.ON_DEMAND if following == Phase.AUCTION else 0
    allowed = following in FOLLOWERS[phase]
    expected = Reject.NONE if allowed else Reject.WRONG_PHASE_CHANGE
    assert expected == desk.set_phase(following, kind).reject
    assert desk.phase == (following if allowed else phase)


@pytest.mark.parametrize("phase", CLOSED_TO_ORDERS)
def test_a_market_that_is_closed_takes_cancels_only(desk: Desk, phase: Phase) -> None:
    """Orders stay and can be cancelled; nothing is placed or changed."""
    kept = desk.buy(U, 5, 100)
    other = desk.buy(U, 5, 99)
    go(desk, phase)
    assert desk.buy(V, 5, 100).reject == Reject.MARKET_PHASE
    assert desk.sell(V, 5).reject == Reject.MARKET_PHASE
    assert desk.stop(V, Side.SELL, 1, 90).reject == Reject.MARKET_PHASE
    assert desk.replace(U, kept.order_id, 3, 100).reject == Reject.MARKET_PHASE
    assert desk.cancel(U, kept.order_id).reject == Reject.NONE
    assert [(5, 99, 1)] == desk.bids
    assert other.rests


def test_post_only_takes_only_what_does_not_trade(desk: Desk) -> None:
    """A market that opens gently: quotes come, nobody takes."""
    ask = desk.sell(U, 5, 100)
    bid = desk.buy(U, 5, 90)
    go(desk, Phase.POST_ONLY)
    assert desk.buy(V, 5, 95).reject == Reject.MARKET_PHASE
    assert desk.buy(V, 5, 100, post_only=True).reject == Reject.POST_ONLY_WOULD_CROSS
    assert desk.buy(V, 5, 99, post_only=True).rests
    assert desk.replace(U, bid.order_id, 5, 100).reject == Reject.MARKET_PHASE
    assert desk.replace(U, ask.order_id, 5, 101).rests


@pytest.mark.parametrize("phase", sorted(CALLS))
@pytest.mark.parametrize(
    "fields",
    [
        {"time_in_force": TimeInForce.IOC},
        {"time_in_force": TimeInForce.FOK},
        {"post_only": True},
        {"flags": MINIMUM, "minimum_lots": 1},
        {"price": 0},
        {"time_in_force": TimeInForce.AT_CLOSE},
    ],
)
def test_a_call_refuses_what_has_no_meaning_in_it(
    desk: Desk, phase: Phase, fields: dict[str, int]
) -> None:
    """What trades at once, or never, cannot wait for an uncross; nor what is for another one."""
    go(desk, phase)
    row = {"price": 100, **fields}
    assert desk.buy(V, 5, **row).reject == Reject.MARKET_PHASE
    assert desk.bids == []


@pytest.mark.parametrize("phase", sorted(CALLS))
def test_a_call_collects_and_does_not_match(desk: Desk, phase: Phase) -> None:
    """Limit orders, icebergs, hidden ones and stops are taken; the book may cross."""
    go(desk, phase)
    assert desk.sell(U, 5, 100).rests
    assert desk.buy(V, 5, 101, flags=HIDDEN).rests
    assert desk.buy(V, 50, 102, display_lots=5).rests
    assert desk.buy(V, 5, 103, time_in_force=TimeInForce.AT_OPEN).rests
    assert desk.stop(V, Side.SELL, 5, 100, price=90).waits
    assert [(5, 103, 1), (5, 102, 1)] == desk.bids
    assert [(5, 100, 1)] == desk.asks


def test_auction_only_orders_are_refused_outside_their_call(desk: Desk) -> None:
    """AT_OPEN is for opening calls, AT_CLOSE for closing ones, neither for continuous trading."""
    for time_in_force in (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE):
        assert desk.buy(U, 5, 100, time_in_force=time_in_force).reject == Reject.MARKET_PHASE
    desk.call(AuctionKind.CLOSING)
    assert desk.buy(U, 5, 100, time_in_force=TimeInForce.AT_OPEN).reject == Reject.MARKET_PHASE
    assert desk.buy(U, 5, 100, time_in_force=TimeInForce.AT_CLOSE).rests


def test_orders_for_the_day_end_when_the_market_closes(desk: Desk) -> None:
    """DAY ends at CLOSED, and only there, resting or waiting; others stay."""
    day = desk.buy(U, 5, 100, time_in_force=TimeInForce.DAY)
    stop = desk.stop(V, Side.SELL, 5, 50, time_in_force=TimeInForce.DAY)
    desk.buy(U, 5, 99)
    assert desk.set_phase(Phase.HALTED).cancels == []
    closed = desk.set_phase(Phase.CLOSED)
    assert [
        (day.order_id, 5, CancelReason.PHASE_ENDED),
        (stop.order_id, 5, CancelReason.PHASE_ENDED),
    ] == closed.cancels
    assert [(5, 99, 1)] == desk.bids


def test_stops_wait_until_the_market_is_open(desk: Desk) -> None:
    """A price that comes up in an uncross fires them when continuous trading begins."""
    desk.trade_at(100)
    desk.buy(W, 9, 80)
    desk.call()
    stop = desk.stop(U, Side.SELL, 5, 100)
    assert stop.waits
    assert desk.set_reference_price(90).triggered == []
    assert [stop.order_id] == desk.set_phase(Phase.OPEN).triggered


def test_a_market_begins_in_the_phase_of_its_definition(desk: Desk) -> None:
    """A new market may begin closed; the same definition again is accepted, another is not."""
    fields = {"initial_phase": Phase.CLOSED}
    assert desk.define_market(2, "SECOND", **fields).reject == Reject.NONE
    assert desk.buy(U, 1, 1, market_id=2).reject == Reject.MARKET_PHASE
    assert desk.define_market(2, "SECOND", **fields).reject == Reject.NONE
    assert desk.define_market(2, "SECOND").reject == Reject.ALREADY_DEFINED
    assert desk.define_market(3, "THIRD", initial_phase=8).reject == Reject.INVALID_PARAMETER


@pytest.mark.parametrize(
    ("phase", "kind", "end_ns", "reject"),
    [
        (0, 0, 0, Reject.INVALID_PARAMETER),
        (8, 0, 0, Reject.INVALID_PARAMETER),
        (Phase.AUCTION, 0, 0, Reject.INVALID_PARAMETER),
        (Phase.AUCTION, 5, 0, Reject.INVALID_PARAMETER),
        (Phase.CLOSED, 1, 0, Reject.INVALID_PARAMETER),
        (Phase.CLOSED, 0, 1 << 62, Reject.INVALID_PARAMETER),
        (Phase.AUCTION, 1, 1, Reject.EXPIRY_IN_PAST),
        (Phase.AUCTION, 1, -1, Reject.EXPIRY_IN_PAST),
    ],
)
def test_a_phase_change_has_its_rules(
    desk: Desk, phase: int, kind: int, end_ns: int, reject: Reject
) -> None:
    """Only an auction has a kind and an end, and the end is in the future."""
    assert reject == desk.set_phase(phase, kind, end_ns).reject
    assert desk.phase == Phase.OPEN


def test_a_market_order_in_a_call_cannot_be_given_a_price(desk: Desk) -> None:
    """Its quantity can be changed; a price it has none."""
    desk.call(AuctionKind.CLOSING)
    order = desk.sell(U, 5, order_type=OrderType.MARKET, time_in_force=TimeInForce.AT_CLOSE)
    assert desk.replace(U, order.order_id, 3, 100).reject == Reject.INVALID_PRICE
    assert desk.replace(U, order.order_id, 3, 0).reject == Reject.NONE
    assert [(3, 1, 1)] == desk.asks


def test_a_phase_of_an_unknown_market_is_refused(desk: Desk) -> None:
    """The market must exist."""
    from engine.core.commands import CommandKind

    for kind in (CommandKind.SET_PHASE, CommandKind.UNCROSS):
        fields = {"phase": 1} if kind == CommandKind.SET_PHASE else {}
        assert desk.run(kind, market_id=MARKET + 1, **fields).reject == Reject.UNKNOWN_MARKET
    assert desk.uncross().reject == Reject.MARKET_PHASE
    changed = desk.set_phase(Phase.HALTED)
    assert changed.kind == EventKind.PHASE_CHANGED
    assert changed.answer["code"] == Phase.HALTED
