"""Unary commands: what is done, what is refused as a value, and what is refused at the edge."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from engine.core.rejects import Reject
from engine.rpc.details import detail
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2 as pb
from tests.contract.rpc.engine_under_test import (
    DOLLAR,
    GOLD_DOLLAR,
    SENT_NS,
    Engine,
    new_id,
    order,
    refusal,
)

ID = common_pb2.ClientId(low=1, high=2)
NONE = common_pb2.ClientId()


def place(**fields: Any) -> pb.PlaceOrderRequest:
    """Make a place request."""
    return pb.PlaceOrderRequest(order=order(**fields))


def cancel(**fields: Any) -> pb.CancelOrderRequest:
    """Make a cancel request."""
    return pb.CancelOrderRequest(cancel=pb.CancelOrder(**fields))


def replace(**fields: Any) -> pb.ReplaceOrderRequest:
    """Make a replace request."""
    return pb.ReplaceOrderRequest(replace=pb.ReplaceOrder(**fields))


def cancel_all(**fields: Any) -> pb.CancelAllOrdersRequest:
    """Make a cancel all request."""
    return pb.CancelAllOrdersRequest(cancel_all=pb.CancelAll(**fields))


def withdraw(**fields: Any) -> pb.RequestWithdrawalRequest:
    """Make a withdrawal request."""
    values = {"client_id": new_id(), "sent_time_ns": SENT_NS, "asset_id": DOLLAR, **fields}
    return pb.RequestWithdrawalRequest(**values)


KNOWN = "is not a known value"
REQUIRED = "is required"
TOO_LATE = "must be at most 9223372036854775807"
EDGE: list[tuple[str, Any, str, str]] = [
    ("PlaceOrder", place(client_id=NONE), "order.client_id", REQUIRED),
    ("PlaceOrder", place(sent_time_ns=0), "order.sent_time_ns", "is required with a client id"),
    ("PlaceOrder", place(sent_time_ns=1 << 63), "order.sent_time_ns", TOO_LATE),
    ("PlaceOrder", place(side=3), "order.side", KNOWN),
    ("PlaceOrder", place(side=-1), "order.side", KNOWN),
    ("PlaceOrder", place(order_type=7), "order.order_type", KNOWN),
    ("PlaceOrder", place(time_in_force=8), "order.time_in_force", KNOWN),
    ("PlaceOrder", place(trigger_source=3), "order.trigger_source", KNOWN),
    ("PlaceOrder", place(tag=1 << 16), "order.tag", "must be at most 65535"),
    ("PlaceOrder", place(display_lots=0), "order.display_lots", "must be at least 1"),
    ("PlaceOrder", place(display_lots=-1), "order.display_lots", "must be at least 1"),
    (
        "PlaceOrder",
        place(display_lots=1, minimum_lots=1),
        "order.minimum_lots",
        "takes no minimum",
    ),
    ("PlaceOrder", place(time_in_force=99), "order.time_in_force", KNOWN),
    ("PlaceOrder", place(self_trade_prevention=6), "order.self_trade_prevention", KNOWN),
    ("CancelOrder", cancel(), "cancel.order_id", "one of order_id and order_client_id"),
    (
        "CancelOrder",
        cancel(order_id=1, order_client_id=ID),
        "cancel.order_id",
        "cannot both be given",
    ),
    ("CancelOrder", cancel(order_id=1, client_id=ID), "cancel.sent_time_ns", REQUIRED),
    (
        "CancelOrder",
        cancel(order_id=1, sent_time_ns=5),
        "cancel.sent_time_ns",
        "must be zero without a client id",
    ),
    ("ReplaceOrder", replace(), "replace.order_id", "one of order_id and order_client_id"),
    (
        "ReplaceOrder",
        replace(order_id=1, order_client_id=ID),
        "replace.order_id",
        "cannot both be given",
    ),
    ("ReplaceOrder", replace(order_id=1, client_id=ID), "replace.sent_time_ns", REQUIRED),
    ("CancelAllOrders", cancel_all(side=7), "cancel_all.side", KNOWN),
    ("CancelAllOrders", cancel_all(sent_time_ns=1), "cancel_all.sent_time_ns", "must be zero"),
    ("RequestWithdrawal", withdraw(client_id=NONE), "client_id", REQUIRED),
    ("RequestWithdrawal", withdraw(sent_time_ns=0), "sent_time_ns", REQUIRED),
]


@pytest.mark.parametrize(("rpc", "request_message", "field", "rule"), EDGE)
async def test_a_malformed_command_is_refused_with_its_field_and_rule(
    engine: Engine, rpc: str, request_message: Any, field: str, rule: str
) -> None:
    """The edge names the field and the rule, and nothing reaches the venue."""
    alice = engine.client("alice")
    before = engine.node.applied_sequence
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await alice.call(getattr(alice.trading, rpc), request_message)
    told = refusal(caught.value)
    assert (told.code, told.reason, told.domain) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_FIELD",
        "realstack",
    )
    assert told.fields == [field]
    assert rule in told.rules[0]
    assert told.message == f"{field}: {told.rules[0]}"
    assert engine.node.applied_sequence == before


REJECTS: list[tuple[dict[str, Any], Reject]] = [
    ({"side": 0}, Reject.INVALID_SIDE),
    ({"order_type": 0}, Reject.INVALID_ORDER_TYPE),
    ({"time_in_force": 0}, Reject.INVALID_TIME_IN_FORCE),
    ({"order_type": 2}, Reject.INVALID_TIME_IN_FORCE),
    ({"time_in_force": 2, "post_only": True}, Reject.INVALID_FLAGS),
    ({"market_id": 0}, Reject.UNKNOWN_MARKET),
    ({"market_id": 0xFFFFFFFF}, Reject.UNKNOWN_MARKET),
    ({"sent_time_ns": SENT_NS + (1 << 60)}, Reject.SENT_TIME_IN_FUTURE),
    ({"sent_time_ns": 1}, Reject.ID_TOO_OLD),
    ({"price_ticks": 0}, Reject.INVALID_PRICE),
    ({"price_ticks": -1}, Reject.INVALID_PRICE),
    ({"price_ticks": -(1 << 63)}, Reject.INVALID_PRICE),
    ({"price_ticks": (1 << 63) - 1}, Reject.INVALID_PRICE),
    ({"quantity_lots": 0}, Reject.INVALID_QUANTITY),
    ({"quantity_lots": -5}, Reject.INVALID_QUANTITY),
    ({"quantity_lots": (1 << 63) - 1}, Reject.INVALID_QUANTITY),
    ({"price_ticks": 1 << 40, "quantity_lots": 1 << 40}, Reject.NOTIONAL_TOO_LARGE),
    ({"price_ticks": 1 << 40}, Reject.INSUFFICIENT_FUNDS),
    ({"time_in_force": 3}, Reject.FILL_OR_KILL_NOT_FILLABLE),
]


@pytest.mark.parametrize(("fields", "reject"), REJECTS)
async def test_a_lawful_refusal_is_a_value_with_its_code_and_words(
    engine: Engine, fields: dict[str, Any], reject: Reject
) -> None:
    """The core's refusals are answers, sequenced like any other, and change no state."""
    before = engine.node.venue.digest()
    answer = await engine.client("alice").place(**fields)
    assert answer.status == pb.ANSWER_STATUS_REJECTED
    assert Reject(answer.reject_code) is reject
    assert answer.detail == detail(reject) != ""
    assert (answer.order_id, answer.filled_lots, answer.leaves_lots) == (0, 0, 0)
    assert answer.sequence == engine.node.applied_sequence
    assert engine.node.venue.digest() == before


async def test_an_unspecified_self_trade_prevention_cancels_the_taker(engine: Engine) -> None:
    """The venue's default applies when nothing is said."""
    alice = engine.client("alice")
    await alice.place(side=common_pb2.SIDE_SELL)
    answer = await alice.place()
    assert (answer.status, answer.filled_lots, answer.leaves_lots) == (
        pb.ANSWER_STATUS_ACCEPTED,
        0,
        0,
    )


async def test_the_same_id_and_body_again_gives_the_first_answer_marked_duplicate(
    engine: Engine,
) -> None:
    """A resend runs nothing; another body under the same id is refused."""
    alice, client_id = engine.client("alice"), new_id()
    first = await alice.place(client_id=client_id)
    again = await alice.place(client_id=client_id)
    other = await alice.place(client_id=client_id, price_ticks=99)
    assert again.status == pb.ANSWER_STATUS_DUPLICATE
    assert (again.order_id, again.first_sequence) == (first.order_id, first.sequence)
    assert again.client_id == client_id
    assert Reject(other.reject_code) is Reject.DUPLICATE_WITH_DIFFERENT_BODY


async def test_an_order_lives_through_replace_and_cancel_by_either_id(engine: Engine) -> None:
    """Both ids name the order, and the answers carry its state."""
    alice, client_id = engine.client("alice"), new_id()
    placed = await alice.place(client_id=client_id, quantity_lots=5)
    request = replace(order_client_id=client_id, price_ticks=101, quantity_lots=4)
    replaced = (await alice.call(alice.trading.ReplaceOrder, request)).answer
    assert (replaced.order_id, replaced.leaves_lots) == (placed.order_id, 4)
    listed = await alice.call(alice.trading.ListOpenOrders, pb.ListOpenOrdersRequest())
    assert [(each.order.order_id, each.order.price_ticks) for each in listed.orders] == [
        (placed.order_id, 101)
    ]
    assert listed.as_of_sequence == replaced.sequence
    done = (await alice.call(alice.trading.CancelOrder, cancel(order_id=placed.order_id))).answer
    assert (done.status, done.order_id, done.leaves_lots) == (
        pb.ANSWER_STATUS_ACCEPTED,
        placed.order_id,
        0,
    )
    again = (await alice.call(alice.trading.CancelOrder, cancel(order_id=placed.order_id))).answer
    assert Reject(again.reject_code) is Reject.UNKNOWN_ORDER


async def test_a_members_order_cannot_be_touched_by_another(engine: Engine) -> None:
    """The account comes from the key: someone else's order is unknown."""
    alice, bob = engine.client("alice"), engine.client("bob")
    placed = await alice.place()
    answer = (await bob.call(bob.trading.CancelOrder, cancel(order_id=placed.order_id))).answer
    assert Reject(answer.reject_code) is Reject.UNKNOWN_ORDER
    listed = await bob.call(bob.trading.ListOpenOrders, pb.ListOpenOrdersRequest())
    assert list(listed.orders) == []


async def test_cancel_all_says_how_many_and_honours_market_and_side(engine: Engine) -> None:
    """Cancel all takes a side and a market, or everything."""
    alice = engine.client("alice")
    for price in (90, 91, 92):
        await alice.place(price_ticks=price)
    await alice.place(side=common_pb2.SIDE_SELL, price_ticks=200)
    request = cancel_all(side=common_pb2.SIDE_BUY, market_id=GOLD_DOLLAR)
    buys = (await alice.call(alice.trading.CancelAllOrders, request)).answer
    rest = (await alice.call(alice.trading.CancelAllOrders, cancel_all())).answer
    assert (buys.cancelled_count, rest.cancelled_count) == (3, 1)


async def test_balances_show_what_orders_lock_and_withdrawals_hold(engine: Engine) -> None:
    """Balances are those at the told durable sequence."""
    alice = engine.client("alice")
    await alice.place(price_ticks=100, quantity_lots=10)
    answer = (await alice.call(alice.trading.RequestWithdrawal, withdraw(amount_atoms=70))).answer
    assert answer.order_id > 0
    assert (answer.filled_lots, answer.leaves_lots) == (0, 0)
    listed = await alice.call(alice.trading.ListBalances, pb.ListBalancesRequest())
    dollars = {each.asset_id: each for each in listed.balances}[DOLLAR]
    assert (dollars.locked_atoms, dollars.held_atoms) == (1_002, 70)
    assert dollars.free_atoms == 10**12 - 1_072
    assert listed.as_of_sequence == answer.sequence


async def test_a_read_waits_until_what_it_shows_is_durable(engine: Engine) -> None:
    """Nothing is told that a crash could take back."""
    alice, node = engine.client("alice"), engine.node
    node.hold = True
    placing = alice.trading.PlaceOrder(place(), metadata=alice.metadata)
    while node.waiting == 0:
        await engine.turn()
    listing = alice.trading.ListOpenOrders(
        pb.ListOpenOrdersRequest(), metadata=alice.metadata, timeout=10
    )
    await engine.until(lambda: node.reads_waiting > 0)
    assert not listing.done()
    node.release()
    assert (await listing).as_of_sequence == (await placing).answer.sequence


async def test_a_full_queue_refuses_a_unary_command_as_busy_and_retryable(engine: Engine) -> None:
    """BUSY says that nothing was done and that the same can be sent again."""
    engine.node.queue_max = 0
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await engine.client("alice").place()
    told = refusal(caught.value)
    assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "BUSY")
    assert told.metadata["retryable"] == "true"
    engine.node.queue_max = 100
    assert (await engine.client("alice").place()).status == pb.ANSWER_STATUS_ACCEPTED


async def test_a_command_whose_deadline_passes_still_runs_and_its_id_tells(engine: Engine) -> None:
    """The caller's outcome is unknown until it asks again with the same id."""
    alice, node, client_id = engine.client("alice"), engine.node, new_id()
    node.hold = True
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await alice.trading.PlaceOrder(
            place(client_id=client_id), metadata=alice.metadata, timeout=0.05
        )
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    await engine.until(lambda: node.waiting > 0)
    node.hold = False
    node.release()
    again = await alice.place(client_id=client_id)
    assert again.status == pb.ANSWER_STATUS_DUPLICATE
