"""What a front between sockets and one thread can get wrong, each met in practice by somebody."""

from __future__ import annotations

import asyncio

import pytest

from engine.core.rejects import Reject
from realstack.trading.v1 import trading_pb2 as pb
from tests.contract.rpc.engine_under_test import Engine, order

MANY = 20_000  # DATA frames of some 30 bytes: their budget is spent many times over


def cancel(order_id: int) -> pb.TradeRequest:
    """A cancel, the smallest message that there is."""
    return pb.TradeRequest(cancel=pb.CancelOrder(order_id=order_id))


@pytest.mark.slow
async def test_a_stream_may_send_many_small_messages_without_waiting(engine: Engine) -> None:
    """A connection that sends tens of thousands of small frames is a busy client, no attack."""
    call = engine.client("alice").trade()

    async def write() -> None:
        for number in range(1, MANY + 1):
            await call.write(cancel(number))
        await call.done_writing()

    writing = asyncio.create_task(write())
    answers = [response.answer async for response in call]
    await writing
    assert {answer.reject_code for answer in answers} == {Reject.UNKNOWN_ORDER}
    sequences = [answer.sequence for answer in answers]
    assert sequences == list(range(sequences[0], sequences[0] + MANY))


async def test_a_late_answer_never_reaches_another_stream(engine: Engine) -> None:
    """The commands of a client that is gone run, and their answers are for nobody."""
    engine.node.hold = True
    gone = engine.client("alice").trade()
    for _ in range(5):
        await gone.write(pb.TradeRequest(place=order()))
    await engine.until(lambda: engine.node.waiting == 5)
    gone.cancel()
    await engine.until(lambda: engine.front.calls == 0)
    call = engine.client("alice").trade()
    mine = order()
    await call.write(pb.TradeRequest(place=mine))
    await call.done_writing()
    await engine.until(lambda: engine.node.waiting == 6)
    engine.node.hold = False
    engine.node.release()
    answers = [response.answer async for response in call]
    assert [answer.client_id for answer in answers] == [mine.client_id]
    assert len(engine.node.venue.orders(1, 0)) == 6


def of_a_later_version(message: pb.PlaceOrder) -> pb.PlaceOrder:
    """Add a field that this version does not know."""
    message.MergeFromString(b"\xfa\x3f\x01x")
    return message


async def test_messages_of_every_kind_keep_their_order_on_a_stream(engine: Engine) -> None:
    """Some are read on one thread, some on another, and the answers come as if by one."""
    requests: list[pb.TradeRequest] = []
    for number in range(100):
        requests.append(pb.TradeRequest(place=order()))
        if number % 7 == 0:
            requests.append(pb.TradeRequest(batch=pb.CommandBatch(kind=b"\2", order_id=[1])))
        if number % 11 == 0:
            requests.append(pb.TradeRequest(place=of_a_later_version(order())))
    call = engine.client("alice").trade()
    for request in requests:
        await call.write(request)
    await call.done_writing()
    sequences = [
        response.answer.sequence or int.from_bytes(response.answers.sequence[:8], "little")
        async for response in call
    ]
    assert len(sequences) == len(requests)
    assert sequences == list(range(sequences[0], sequences[0] + len(requests)))
