"""Cancel on disconnect, deadlines and cancels before arrival, over the contracts."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from engine.core.rejects import Reject
from realstack.trading.v1 import trading_pb2 as pb
from tests.contract.rpc.engine_under_test import SENT_NS, Engine, new_id, order
from tests.support.waiting import wait_until


async def armed(engine: Engine, tag: int = 0) -> Any:
    """Open a stream that asks for cancels, and place an order of tag 7 and a plain one."""
    call = engine.client("alice").trade()
    session = pb.StreamSession(cancel_on_disconnect=True, tag=tag)
    await call.write(pb.TradeRequest(session=session))
    for fields in ({"tag": 7}, {}):
        await call.write(pb.TradeRequest(place=order(**fields)))
        assert (await call.read()).answer.order_id != 0
    return call


def working(engine: Engine) -> list[int]:
    """List the tags of alice's working orders."""
    tags: list[int] = engine.node.venue.orders(1)["tag"].tolist()
    return tags


async def until(engine: Engine, tags: list[int]) -> None:
    """Wait until alice's orders have these tags."""

    async def is_so() -> bool:
        return working(engine) == tags

    await wait_until(is_so)


@pytest.mark.parametrize(("tag", "left"), [(0, []), (7, [0])])
async def test_a_lost_stream_cancels_the_orders_that_it_named(
    engine: Engine, tag: int, left: list[int]
) -> None:
    """All of the account's, or those of one tag."""
    call = await armed(engine, tag)
    assert [7, 0] == working(engine)
    call.cancel()
    await until(engine, left)


async def test_a_half_close_without_a_goodbye_counts_as_lost(engine: Engine) -> None:
    """A broken line may look like one."""
    call = await armed(engine)
    await call.done_writing()
    await until(engine, [])


async def test_a_stream_that_says_goodbye_leaves_its_orders(engine: Engine) -> None:
    """The last session message counts."""
    call = await armed(engine)
    await call.write(pb.TradeRequest(session=pb.StreamSession()))
    await call.done_writing()
    assert grpc.aio.EOF == await call.read()
    assert (await engine.client("alice").place()).order_id != 0
    assert [7, 0, 0] == working(engine)


async def test_a_stream_that_asked_for_nothing_leaves_its_orders(engine: Engine) -> None:
    """Only who asks has orders cancelled."""
    call = engine.client("alice").trade()
    await call.write(pb.TradeRequest(place=order()))
    await call.read()
    await call.done_writing()
    assert grpc.aio.EOF == await call.read()
    assert [0] == working(engine)


async def test_a_cancel_before_arrival_refuses_the_order(engine: Engine) -> None:
    """It is accepted with order id zero; the order is refused when it comes."""
    client, client_id = engine.client("alice"), new_id()
    cancel = pb.CancelOrder(
        client_id=new_id(), sent_time_ns=SENT_NS, order_client_id=client_id, before_arrival=True
    )
    request = pb.CancelOrderRequest(cancel=cancel)
    answer = (await client.call(client.trading.CancelOrder, request)).answer
    assert (pb.ANSWER_STATUS_ACCEPTED, 0) == (answer.status, answer.order_id)
    late = await client.place(client_id=client_id)
    assert Reject.CANCELLED_BEFORE_ARRIVAL == late.reject_code


async def test_a_deadline_is_set_for_the_account_of_the_key(engine: Engine) -> None:
    """It is due at three quarters; out of range it is refused."""
    client = engine.client("alice")
    request = pb.SetDeadlineRequest(timeout_ms=400)
    answer = (await client.call(client.trading.SetDeadline, request)).answer
    assert pb.ANSWER_STATUS_ACCEPTED == answer.status
    assert answer.time_ns + 300_000_000 == engine.node.venue.next_due_ns()
    request = pb.SetDeadlineRequest(timeout_ms=1)
    refused = (await client.call(client.trading.SetDeadline, request)).answer
    assert Reject.INVALID_PARAMETER == refused.reject_code
    assert "timeout_ms: must be 100 to 86400000, or 0" == refused.detail
