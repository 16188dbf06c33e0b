"""Limits and kill switches: what an order or a replace must pass before it is judged at all."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import CommandKind, LimitKind, OrderType, Side, TimeInForce
from engine.core.events import EXISTED, EventKind
from engine.core.phases import Phase
from engine.core.rejects import CancelReason, Reject
from tests.contract.core.desk import BASE, MARKET, PLENTY, QUOTE, Desk, Outcome, U, V

SECOND_NS = 10**9


def limit(desk: Desk, kind: int, value: int, window_ns: int = 0, **fields: Any) -> Outcome:
    """Set a limit of account U in every market, unless the fields say otherwise."""
    row = {"account_id": U, "market_id": 0, **fields}
    return desk.run(
        CommandKind.SET_LIMIT, limit_kind=kind, limit_value=value, window_ns=window_ns, **row
    )


def kill(desk: Desk, is_on: int = 1, **fields: Any) -> Outcome:
    """Set a kill switch, or lift it."""
    return desk.run(CommandKind.KILL, is_on=is_on, **fields)


def test_each_order_of_a_quote_obeys_the_limits_of_an_order(desk: Desk) -> None:
    """One level too large, too dear or too far away refuses the whole quote."""
    good = (5, 99, 5, 101)
    limit(desk, LimitKind.ORDER_LOTS, 5)
    assert desk.quote(U, [good, (6, 98, 0, 0)]).reject == Reject.ORDER_LOTS_EXCEEDED
    limit(desk, LimitKind.ORDER_VALUE, 5 * 101)
    assert desk.quote(U, [good, (0, 0, 5, 102)]).reject == Reject.ORDER_VALUE_EXCEEDED
    limit(desk, LimitKind.COLLAR_PPM, 10_000)
    desk.set_reference_price(100)
    assert desk.quote(U, [good, (5, 98, 0, 0)]).reject == Reject.PRICE_OUTSIDE_COLLAR
    assert desk.quote(U, [good]).reject == Reject.NONE


def test_a_quotes_orders_are_counted_together_without_the_former_quote(desk: Desk) -> None:
    """It makes room for itself: the same quote may be sent again at the limit."""
    limit(desk, LimitKind.OPEN_ORDERS, 4, market_id=MARKET)
    desk.buy(U, 1, 50)
    quote = [(1, 99, 1, 101), (1, 98, 0, 0)]
    assert desk.quote(U, quote).reject == Reject.NONE
    assert desk.quote(U, [(1, 97, 1, 103), (1, 96, 0, 0)]).reject == Reject.NONE
    assert desk.quote(U, [(1, 99, 1, 101), (1, 98, 1, 102)]).reject == Reject.OPEN_ORDERS_EXCEEDED
    assert desk.quote(V, [(1, 90, 1, 111), (1, 89, 1, 112)]).reject == Reject.NONE


def test_a_quotes_bids_count_towards_the_holding_together(desk: Desk) -> None:
    """What the account would hold with all of them filled; the former bids do not count."""
    held = sum(desk.venue.balance(U, BASE))
    limit(desk, LimitKind.HOLDING_LOTS, held + 10)
    assert desk.quote(U, [(5, 99, 0, 0), (5, 98, 0, 0)]).reject == Reject.NONE
    assert desk.quote(U, [(4, 97, 0, 0), (6, 96, 0, 0)]).reject == Reject.NONE
    assert desk.quote(U, [(5, 97, 0, 0), (6, 96, 0, 0)]).reject == Reject.HOLDING_EXCEEDED
    limit(desk, LimitKind.HOLDING_LOTS, 1)
    assert desk.quote(U, [(0, 0, 5, 101)]).reject == Reject.NONE


def test_a_quote_counts_as_one_message_and_taking_it_away_as_none(desk: Desk) -> None:
    """However many levels it has; what lowers the risk is never kept out."""
    limit(desk, LimitKind.MESSAGES, 1, window_ns=SECOND_NS)
    assert desk.quote(U, [(1, 99, 1, 101), (1, 98, 1, 102)]).reject == Reject.NONE
    assert desk.quote(U, [(1, 99, 1, 101)]).reject == Reject.RATE_EXCEEDED
    assert desk.quote(U, []).reject == Reject.NONE
    desk.quote(V, [(1, 99, 1, 101)])
    kill(desk, account_id=V)
    assert desk.quote(V, [(1, 99, 1, 101)]).reject == Reject.KILLED
    assert desk.quote(V, []).reject == Reject.NONE


def test_limits_and_kill_switches_in_force_are_listed(desk: Desk) -> None:
    """By account, market and kind; what was removed or lifted is not there any more."""
    assert (len(desk.venue.limits()), desk.venue.kills()) == (0, [])
    limit(desk, LimitKind.ORDER_LOTS, 10, market_id=MARKET)
    limit(desk, LimitKind.MESSAGES, 3, window_ns=SECOND_NS, account_id=0)
    limit(desk, LimitKind.OPEN_ORDERS, 5)
    limit(desk, LimitKind.OPEN_ORDERS, 0)
    limit(desk, LimitKind.ORDER_LOTS, 20, market_id=MARKET)
    assert desk.venue.limits().tolist() == [
        (0, 0, LimitKind.MESSAGES, 0, 3, SECOND_NS),
        (U, MARKET, LimitKind.ORDER_LOTS, 0, 20, 0),
    ]
    for who in ({"account_id": V}, {"account_id": U}, {"market_id": MARKET}, {}):
        kill(desk, **who)
    assert desk.venue.kills() == [(0, 0), (0, MARKET), *sorted([(U, 0), (V, 0)])]
    kill(desk, 0)
    kill(desk, 0, account_id=U)
    assert desk.venue.kills() == [(0, MARKET), (V, 0)]


@pytest.mark.parametrize("account_id", [U, 0])
@pytest.mark.parametrize("market_id", [MARKET, 0])
def test_a_limit_is_for_an_account_or_each_in_a_market_or_each(
    desk: Desk, account_id: int, market_id: int
) -> None:
    """Every limit that applies must hold; one of another account or market does not apply."""
    limit(desk, LimitKind.ORDER_LOTS, 10, account_id=account_id, market_id=market_id)
    limit(desk, LimitKind.ORDER_LOTS, 1, account_id=V)
    assert desk.buy(U, 10, 100).rests
    assert desk.buy(U, 11, 100).reject == Reject.ORDER_LOTS_EXCEEDED


def test_a_replace_obeys_the_limits_of_a_new_order(desk: Desk) -> None:
    """S15 d: the largest size is enforced on a change too; a refused one changes nothing."""
    limit(desk, LimitKind.ORDER_LOTS, 10)
    order = desk.buy(U, 10, 100)
    assert desk.replace(U, order.order_id, 11, 100).reject == Reject.ORDER_LOTS_EXCEEDED
    assert desk.replace(U, order.order_id, 9, 100).reject == Reject.NONE
    stop = desk.stop(U, Side.SELL, 5, 90)
    assert desk.replace(U, stop.order_id, 11, 0).reject == Reject.ORDER_LOTS_EXCEEDED


def test_an_orders_value_is_taken_at_its_limit_its_trigger_or_the_last_price(desk: Desk) -> None:
    """A market order has no price of its own, so it is valued at the last one."""
    limit(desk, LimitKind.ORDER_VALUE, 1_000)
    assert desk.buy(U, 10, 100).rests
    assert desk.buy(U, 10, 101).reject == Reject.ORDER_VALUE_EXCEEDED
    assert desk.stop(U, Side.SELL, 11, 99).reject == Reject.ORDER_VALUE_EXCEEDED
    assert desk.sell(U, 1 << 39).reject == Reject.NONE  # nothing has traded, so it has no value
    desk.sell(V, 10)
    assert desk.sell(U, 11).reject == Reject.ORDER_VALUE_EXCEEDED
    amount = {"order_type": OrderType.MARKET_BY_AMOUNT, "amount_atoms": 1_200}
    assert desk.buy(U, 0, **amount).reject == Reject.ORDER_VALUE_EXCEEDED


def test_a_limit_price_stays_within_the_collar(desk: Desk) -> None:
    """Around the reference price, before there is one around the last; else it does not hold."""
    limit(desk, LimitKind.COLLAR_PPM, 100_000)
    assert desk.buy(U, 1, 5_000).rests
    desk.set_reference_price(100)
    assert desk.sell(U, 1, 110).reject == Reject.NONE
    assert desk.sell(U, 1, 111).reject == Reject.PRICE_OUTSIDE_COLLAR
    assert desk.buy(U, 1, 89).reject == Reject.PRICE_OUTSIDE_COLLAR
    assert desk.buy(U, 1, 90).rests


def test_working_orders_are_counted_against_their_limit(desk: Desk) -> None:
    """What cannot rest is let in; a cancel makes room."""
    limit(desk, LimitKind.OPEN_ORDERS, 2, market_id=MARKET)
    first = desk.buy(U, 1, 100)
    desk.stop(U, Side.SELL, 1, 90)
    assert desk.buy(U, 1, 99).reject == Reject.OPEN_ORDERS_EXCEEDED
    assert desk.buy(U, 1, 99, time_in_force=TimeInForce.IOC).reject == Reject.NONE
    desk.cancel(U, first.order_id)
    assert desk.buy(U, 1, 99).rests


def test_a_holding_counts_what_open_buys_may_add(desk: Desk) -> None:
    """Held, locked and free, and every open buy of the market, with this one; sells are free."""
    limit(desk, LimitKind.HOLDING_LOTS, PLENTY + 10)
    order = desk.buy(U, 6, 100)
    assert desk.buy(U, 5, 100).reject == Reject.HOLDING_EXCEEDED
    assert desk.replace(U, order.order_id, 11, 100).reject == Reject.HOLDING_EXCEEDED
    assert desk.replace(U, order.order_id, 10, 100).reject == Reject.NONE
    assert desk.sell(U, 500, 200).rests
    assert (PLENTY - 500, 500, 0) == desk.venue.balance(U, BASE)


def test_messages_share_their_window_evenly_and_refused_ones_cost_nothing(desk: Desk) -> None:
    """Two in a second: at once, then one each half second; cancels are never refused for it."""
    limit(desk, LimitKind.MESSAGES, 2, SECOND_NS)
    order = desk.buy(U, 1, 100)
    assert desk.replace(U, order.order_id, 2, 100).reject == Reject.NONE
    for _ in range(3):
        assert desk.buy(U, 1, 100).reject == Reject.RATE_EXCEEDED
    assert desk.cancel(U, order.order_id).reject == Reject.NONE
    desk.tick(desk.time_ns + SECOND_NS // 2)
    assert desk.buy(U, 1, 100).rests
    assert desk.buy(U, 1, 100).reject == Reject.RATE_EXCEEDED
    assert desk.buy(V, 1, 100).rests


def test_a_limit_is_changed_and_removed(desk: Desk) -> None:
    """The same again is done already; a value of 0 takes it away."""
    limit(desk, LimitKind.ORDER_LOTS, 10)
    again = limit(desk, LimitKind.ORDER_LOTS, 10)
    assert EXISTED == int(again.answer["flags"]) & EXISTED
    limit(desk, LimitKind.ORDER_LOTS, 5)
    assert desk.buy(U, 6, 100).reject == Reject.ORDER_LOTS_EXCEEDED
    limit(desk, LimitKind.ORDER_LOTS, 0)
    assert desk.buy(U, 6, 100).rests


def test_the_limit_of_the_lowest_kind_is_the_one_that_is_told(desk: Desk) -> None:
    """Limits are judged in the order of their kinds, whichever chain they are in."""
    limit(desk, LimitKind.ORDER_VALUE, 1)
    limit(desk, LimitKind.ORDER_LOTS, 1, account_id=0)
    assert desk.buy(U, 6, 100).reject == Reject.ORDER_LOTS_EXCEEDED


@pytest.mark.parametrize(
    ("kind", "value", "window_ns", "fields", "reject"),
    [
        (0, 1, 0, {}, Reject.INVALID_PARAMETER),
        (7, 1, 0, {}, Reject.INVALID_PARAMETER),
        (LimitKind.ORDER_LOTS, -1, 0, {}, Reject.INVALID_PARAMETER),
        (LimitKind.ORDER_LOTS, 1, 1, {}, Reject.INVALID_PARAMETER),
        (LimitKind.COLLAR_PPM, 1_000_001, 0, {}, Reject.INVALID_PARAMETER),
        (LimitKind.MESSAGES, 1, 0, {}, Reject.INVALID_PARAMETER),
        (LimitKind.MESSAGES, 2, 1, {}, Reject.INVALID_PARAMETER),
        (LimitKind.MESSAGES, 2, 1 << 62, {}, Reject.INVALID_PARAMETER),
        (LimitKind.ORDER_LOTS, 1, 0, {"account_id": 99}, Reject.UNKNOWN_ACCOUNT),
        (LimitKind.ORDER_LOTS, 1, 0, {"market_id": 99}, Reject.UNKNOWN_MARKET),
    ],
)
def test_a_limit_has_its_rules(
    desk: Desk, kind: int, value: int, window_ns: int, fields: dict[str, int], reject: Reject
) -> None:
    """Kinds, values and windows have ranges; account and market exist."""
    assert reject == limit(desk, kind, value, window_ns, **fields).reject


@pytest.mark.parametrize("named", [{"account_id": U}, {"market_id": MARKET}, {}])
def test_a_kill_switch_cancels_and_refuses_until_it_is_lifted(
    desk: Desk, named: dict[str, int]
) -> None:
    """For an account, a market or the venue; cancels stay allowed, and others are not concerned."""
    first, second = desk.buy(U, 5, 100), desk.stop(U, Side.SELL, 5, 90)
    other = desk.buy(V, 5, 99)
    killed = kill(desk, **named)
    expected = [first.order_id, second.order_id]
    if named != {"account_id": U}:
        expected.append(other.order_id)
    assert [(number, 5, CancelReason.KILLED) for number in expected] == killed.cancels
    assert (EventKind.CANCELLED_ALL, len(expected)) == (
        killed.kind,
        killed.answer["quantity_lots"],
    )
    assert desk.buy(U, 5, 100).reject == Reject.KILLED
    assert desk.buy(V, 5, 98).rests == (named == {"account_id": U})
    assert kill(desk, 0, **named).cancels == []
    assert desk.buy(U, 5, 100).rests
    assert 500 == desk.venue.balance(U, QUOTE)[1]


def test_a_killed_account_is_told_so_whatever_the_phase(desk: Desk) -> None:
    """KILLED comes before the market's phase, and a replace of another order is refused too."""
    order = desk.buy(V, 5, 100)
    kill(desk, account_id=U)
    desk.set_phase(Phase.HALTED)
    assert desk.buy(U, 5, 100).reject == Reject.KILLED
    assert desk.replace(V, order.order_id, 4, 100).reject == Reject.MARKET_PHASE


@pytest.mark.parametrize(
    ("is_on", "fields", "reject"),
    [
        (2, {}, Reject.INVALID_PARAMETER),
        (-1, {"account_id": U}, Reject.INVALID_PARAMETER),
        (1, {"account_id": U, "market_id": MARKET}, Reject.INVALID_PARAMETER),
        (1, {"account_id": 99}, Reject.UNKNOWN_ACCOUNT),
        (1, {"market_id": 99}, Reject.UNKNOWN_MARKET),
    ],
)
def test_a_kill_switch_has_its_rules(
    desk: Desk, is_on: int, fields: dict[str, int], reject: Reject
) -> None:
    """It is on or off, of one account or one market or the venue."""
    assert reject == kill(desk, is_on, **fields).reject
