"""The Trade stream: single commands and columnar batches, answered in order."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import grpc
import numpy as np
import pytest

from engine.core.commands import CommandKind
from engine.core.rejects import Reject
from engine.rpc.limits import TRADE_STREAMS_PER_ACCOUNT_MAX, UNANSWERED_PER_STREAM_MAX
from engine.sequencer import Closed, Halted, NotTaken
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2 as pb
from tests.contract.rpc.engine_under_test import (
    GOLD_DOLLAR,
    SENT_NS,
    SMALL_WINDOW,
    Client,
    Engine,
    new_id,
    order,
    refusal,
)

ACCEPTED, REJECTED, DUPLICATE = (
    pb.ANSWER_STATUS_ACCEPTED,
    pb.ANSWER_STATUS_REJECTED,
    pb.ANSWER_STATUS_DUPLICATE,
)


def single(**fields: Any) -> pb.TradeRequest:
    """Make a place message."""
    return pb.TradeRequest(place=order(**fields))


def batch(rows: int, **columns: Any) -> pb.TradeRequest:
    """Make a batch of limit buys of 1 lot at 100 ticks unless told otherwise."""
    ids = [new_id() for _ in range(rows)]
    values = {
        "kind": bytes([CommandKind.PLACE]) * rows,
        "client_id_low": [each.low for each in ids],
        "client_id_high": [each.high for each in ids],
        "sent_time_ns": [SENT_NS] * rows,
        "market_id": [GOLD_DOLLAR] * rows,
        "side": b"\1" * rows,
        "order_type": b"\1" * rows,
        "time_in_force": b"\1" * rows,
        "price_ticks": [100] * rows,
        "quantity_lots": [1] * rows,
        **columns,
    }
    return pb.TradeRequest(batch=pb.CommandBatch(**values))


def columns_of(answers: pb.AnswerBatch) -> dict[str, list[int]]:
    """Decode the columns of a batch's answers."""
    kinds = {
        "sequence": "<u8",
        "status": "u1",
        "reject_code": "<u2",
        "order_id": "<u8",
        "filled_lots": "<i8",
        "leaves_lots": "<i8",
        "first_sequence": "<u8",
        "cancelled_count": "<u4",
    }
    columns = {
        name: np.frombuffer(getattr(answers, name), kind).tolist() for name, kind in kinds.items()
    }
    assert {len(column) for column in columns.values()} == {answers.count}
    return columns


async def trade(engine: Engine, *requests: pb.TradeRequest, name: str = "alice") -> list[Any]:
    """Send all requests, then read all answers."""
    call = engine.client(name).trade()
    for request in requests:
        await call.write(request)
    await call.done_writing()
    return [response async for response in call]


async def failed(call: Any) -> tuple[list[Any], grpc.aio.AioRpcError]:
    """Read a stream that ends with an error: what came, and the error."""
    responses = []
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for response in call:
            responses.append(response)
    return responses, caught.value


async def test_answers_come_in_the_order_of_the_requests(engine: Engine) -> None:
    """One answer a single command, with its own client id."""
    requests = [single(price_ticks=price) for price in range(50, 80)]
    responses = await trade(engine, *requests)
    assert [each.answer.client_id for each in responses] == [r.place.client_id for r in requests]
    sequences = [each.answer.sequence for each in responses]
    assert sequences == list(range(sequences[0], sequences[0] + 30))


async def test_every_single_kind_of_command_works_on_the_stream(engine: Engine) -> None:
    """Place, replace, cancel and cancel all, mixed with a batch."""
    client_id = new_id()
    responses = await trade(
        engine,
        single(client_id=client_id),
        pb.TradeRequest(
            replace=pb.ReplaceOrder(order_client_id=client_id, price_ticks=90, quantity_lots=2)
        ),
        pb.TradeRequest(cancel=pb.CancelOrder(order_client_id=client_id)),
        batch(2),
        pb.TradeRequest(cancel_all=pb.CancelAll()),
    )
    kinds = [each.WhichOneof("outcome") for each in responses]
    assert kinds == ["answer", "answer", "answer", "answers", "answer"]
    assert responses[1].answer.leaves_lots == 2
    assert responses[2].answer.status == ACCEPTED
    assert responses[4].answer.cancelled_count == 2


async def test_a_batch_gives_what_its_rows_give_one_by_one(engine: Engine) -> None:
    """A row is a command like any other: accepted, filled, refused, repeated or cancelling."""
    repeated, resting = new_id(), new_id()
    requests = [
        single(side=2, price_ticks=101, quantity_lots=3, client_id=resting),
        single(price_ticks=101, quantity_lots=2),
        single(quantity_lots=0),
        single(client_id=repeated),
        single(client_id=repeated),
        single(self_trade_prevention=1, price_ticks=101, post_only=True),
    ]
    places = [request.place for request in requests]
    as_batch = batch(
        8,
        kind=bytes([1] * 6 + [CommandKind.CANCEL, CommandKind.CANCEL_ALL]),
        client_id_low=[each.client_id.low for each in places] + [0, 0],
        client_id_high=[each.client_id.high for each in places] + [0, 0],
        sent_time_ns=[SENT_NS] * 6 + [0, 0],
        market_id=[GOLD_DOLLAR] * 6 + [0, 0],
        side=bytes([each.side for each in places] + [0, 0]),
        order_type=bytes([1] * 6 + [0, 0]),
        time_in_force=bytes([1] * 6 + [0, 0]),
        self_trade_prevention=bytes([each.self_trade_prevention for each in places] + [0, 0]),
        flags=bytes([int(each.post_only) for each in places] + [0, 0]),
        price_ticks=[each.price_ticks for each in places] + [0, 0],
        quantity_lots=[each.quantity_lots for each in places] + [0, 0],
        order_client_id_low=[0] * 6 + [resting.low, 0],
        order_client_id_high=[0] * 6 + [resting.high, 0],
    )
    answers = columns_of((await trade(engine, as_batch))[0].answers)
    assert answers["status"] == [
        ACCEPTED,
        ACCEPTED,
        REJECTED,
        ACCEPTED,
        DUPLICATE,
        REJECTED,
        ACCEPTED,
        ACCEPTED,
    ]
    assert answers["reject_code"] == [
        0,
        0,
        Reject.INVALID_QUANTITY,
        0,
        0,
        Reject.POST_ONLY_WOULD_CROSS,
        0,
        0,
    ]
    # The second met its own group's order: nothing filled, and the taker was cancelled.
    assert answers["filled_lots"] == [0] * 8
    assert answers["leaves_lots"] == [3, 0, 0, 1, 0, 0, 0, 0]
    assert answers["order_id"][4] == answers["order_id"][3] > 0
    assert answers["order_id"][6] == answers["order_id"][0]
    assert answers["first_sequence"][4] == answers["sequence"][3]
    assert answers["first_sequence"][:4] == [0, 0, 0, 0]
    assert answers["cancelled_count"] == [0] * 7 + [1]


async def test_columns_carry_the_whole_range_of_their_fields(engine: Engine) -> None:
    """Ids use all 64 bits of both halves, prices and quantities their sign."""
    top = (1 << 64) - 1
    request = batch(
        3,
        client_id_low=[top, top - 1, 5],
        client_id_high=[top, 0, 1 << 63],
        price_ticks=[100, -(1 << 63), (1 << 63) - 1],
    )
    answers = columns_of((await trade(engine, request))[0].answers)
    assert answers["status"] == [ACCEPTED, REJECTED, REJECTED]
    listed = await engine.client("alice").call(
        engine.client("alice").trading.ListOpenOrders, pb.ListOpenOrdersRequest()
    )
    assert listed.orders[0].order.client_id == common_pb2.ClientId(low=top, high=top)


async def test_a_full_batch_is_taken(engine: Engine) -> None:
    """4,096 rows are one submission."""
    answers = (await trade(engine, batch(4_096, quantity_lots=[0] * 4_096)))[0].answers
    assert answers.count == 4_096
    assert engine.node.submissions[-1] == 4_096


MALFORMED: list[tuple[pb.TradeRequest, str, str]] = [
    (pb.TradeRequest(), "command", "is required"),
    (single(client_id=common_pb2.ClientId()), "place.client_id", "is required"),
    (single(side=9), "place.side", "not a known value"),
    (pb.TradeRequest(cancel=pb.CancelOrder()), "cancel.order_id", "is required"),
    (pb.TradeRequest(batch=pb.CommandBatch()), "batch.kind", "1 to 4096 rows, not 0"),
    (batch(4_097), "batch.kind", "1 to 4096 rows, not 4097"),
    (batch(2, side=b"\1"), "batch.side", "has 1 rows, kind has 2"),
    (batch(2, price_ticks=[1, 2, 3]), "batch.price_ticks", "has 3 rows, kind has 2"),
    (batch(3, kind=b"\1\5\1"), "batch.kind[1]", "must be place, cancel, replace or cancel all"),
    (batch(3, kind=b"\1\1\0"), "batch.kind[2]", "must be place, cancel, replace or cancel all"),
    (batch(1, kind=b"\x0b"), "batch.kind[0]", "must be place, cancel, replace or cancel all"),
    (batch(2, sent_time_ns=[1, 1 << 63]), "batch.sent_time_ns[1]", "must be at most"),
]


@pytest.mark.parametrize(("message", "field", "rule"), MALFORMED)
async def test_a_malformed_message_ends_the_stream_after_the_answers_before_it(
    engine: Engine, message: pb.TradeRequest, field: str, rule: str
) -> None:
    """What came before is answered; nothing of the message, or after it, is applied."""
    call = engine.client("alice").trade()
    await call.write(single())
    await call.write(message)
    with suppress(grpc.aio.AioRpcError):  # the stream may have ended by then
        await call.write(single())
    responses, error = await failed(call)
    told = refusal(error)
    assert told.code == grpc.StatusCode.INVALID_ARGUMENT
    assert told.fields == [field]
    assert rule in told.rules[0]
    assert [each.answer.status for each in responses] == [ACCEPTED]
    assert engine.node.applied_sequence == responses[0].answer.sequence


async def test_bytes_that_are_no_message_end_the_stream(engine: Engine) -> None:
    """Broken bytes are bad input like any other."""
    client = engine.client("alice")
    channel: Any = client.channel
    call = channel.stream_stream("/realstack.trading.v1.TradingService/Trade")(
        metadata=client.metadata
    )
    await call.write(b"\xff\xff\xff")
    _, error = await failed(call)
    assert refusal(error).reason == "MALFORMED"


async def test_commands_of_one_turn_are_one_submission(engine: Engine) -> None:
    """What has gathered goes to the sequencer at once, whoever sent it."""
    node = engine.node
    node.submissions.clear()
    calls = [engine.client(name).trade() for name in ("alice", "bob") for _ in range(8)]
    for call in calls:
        for _ in range(4):
            await call.write(single())
        await call.done_writing()
    for call in calls:
        assert len([response async for response in call]) == 4
    assert sum(node.submissions) == 64
    assert len(node.submissions) < 64


async def test_what_a_client_sent_before_it_went_away_runs(engine: Engine) -> None:
    """A disconnect takes nothing back: the same ids tell what became of it."""
    node, alice = engine.node, engine.client("alice")
    node.hold = True
    before = node.applied_sequence
    requests = [single() for _ in range(3)]
    call = alice.trade()
    for request in requests:
        await call.write(request)
    await engine.until(lambda: node.applied_sequence == before + 3)
    call.cancel()
    await engine.until(lambda: engine.front.calls == 0)
    node.hold = False
    node.release()
    again = await trade(engine, *requests)
    assert [each.answer.status for each in again] == [DUPLICATE] * 3


async def test_a_stream_waits_while_the_queue_is_full(engine: Engine) -> None:
    """A stream is never told BUSY: it is read no further, and goes on when there is room."""
    node = engine.node
    node.hold, node.queue_max = True, 4
    sizes = [4, 2, 2]
    calls = [engine.client("alice").trade() for _ in sizes]
    for count, (call, size) in enumerate(zip(calls, sizes, strict=True)):
        await call.write(batch(size))
        await call.done_writing()
        await engine.until(lambda: node.waiting == 4 and node.busy_count >= count)  # noqa: B023
    node.hold = False
    node.release()
    for call, size in zip(calls, sizes, strict=True):
        responses = [response async for response in call]
        assert [each.answers.count for each in responses] == [size]


@pytest.mark.slow
async def test_a_client_is_read_no_further_while_too_much_is_unanswered(engine: Engine) -> None:
    """What is unanswered is bounded, so the memory that one stream can take is."""
    node = engine.node
    node.hold = True
    before = node.applied_sequence
    call = engine.client("alice").trade()
    for _ in range(4):
        await call.write(batch(4_096, quantity_lots=[0] * 4_096))
    await engine.until(lambda: node.waiting == UNANSWERED_PER_STREAM_MAX)
    for _ in range(50):
        await engine.turn()
    assert node.applied_sequence == before + UNANSWERED_PER_STREAM_MAX
    node.hold = False
    node.release()
    await call.done_writing()
    assert sum([response.answers.count async for response in call]) == 4 * 4_096


@pytest.mark.slow
async def test_a_client_that_does_not_read_its_answers_can_not_go_on_sending(
    engine: Engine,
) -> None:
    """An answer counts as given when the client's side took it, not when it was made."""
    client = Client(engine.front.port, "alice", SMALL_WINDOW)
    call = client.trade()
    before = engine.node.applied_sequence

    async def send_for_ever() -> None:
        while True:
            await call.write(batch(1_024, quantity_lots=[0] * 1_024))

    sending = asyncio.create_task(send_for_ever())
    stalled_turns, seen = 0, -1
    async with asyncio.timeout(10):
        while stalled_turns < 2_000:
            stalled_turns = stalled_turns + 1 if engine.node.applied_sequence == seen else 0
            seen = engine.node.applied_sequence
            await engine.turn()
    sending.cancel()
    assert 0 < seen - before < 8 * UNANSWERED_PER_STREAM_MAX
    call.cancel()
    await client.channel.close()


async def test_an_account_has_a_limited_number_of_streams(engine: Engine) -> None:
    """One member cannot take the memory of all."""
    calls = [engine.client("alice").trade() for _ in range(TRADE_STREAMS_PER_ACCOUNT_MAX)]
    for call in calls:
        await call.write(single())
        await call.read()
    _, error = await failed(engine.client("alice").trade())
    told = refusal(error)
    assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
    assert len(await trade(engine, single(), name="bob")) == 1
    calls[0].cancel()
    await engine.until(lambda: engine.front.calls == len(calls) - 1)
    assert len(await trade(engine, single())) == 1
    for call in calls[1:]:
        call.cancel()


async def test_one_id_sent_a_thousand_times_over_two_streams_is_one_order(engine: Engine) -> None:
    """Every copy but one is answered as a duplicate of it."""
    request, before = order(), engine.node.venue.counts()["next_order_id"]
    rows = 500
    copies = batch(
        rows,
        client_id_low=[request.client_id.low] * rows,
        client_id_high=[request.client_id.high] * rows,
    )
    found = await asyncio.gather(trade(engine, copies), trade(engine, copies))
    answers = [columns_of(responses[0].answers) for responses in found]
    statuses = [status for each in answers for status in each["status"]]
    assert (statuses.count(ACCEPTED), statuses.count(DUPLICATE)) == (1, 2 * rows - 1)
    assert {order_id for each in answers for order_id in each["order_id"]} == {before}
    assert engine.node.venue.counts()["open_orders"] == 1


@pytest.mark.parametrize(
    ("error", "reason"), [(Halted("JOURNAL_SHORT: full"), "HALTED"), (Closed("x"), "CLOSED")]
)
async def test_a_node_that_takes_nothing_ends_streams_and_calls_as_unavailable(
    engine: Engine, error: NotTaken, reason: str
) -> None:
    """Nothing was done, and the state is named."""
    engine.node.refuse_with = error
    call = engine.client("alice").trade()
    await call.write(single())
    responses, ended = await failed(call)
    assert (responses, refusal(ended).code) == ([], grpc.StatusCode.UNAVAILABLE)
    assert refusal(ended).reason == reason
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await engine.client("bob").place()
    assert refusal(caught.value).reason == reason


async def test_a_stop_answers_what_was_taken_and_then_ends_the_stream(engine: Engine) -> None:
    """A stop loses no answer: streams end as UNAVAILABLE after them."""
    node = engine.node
    node.hold = True
    before = node.applied_sequence
    call = engine.client("alice").trade()
    await call.write(single())
    await engine.until(lambda: node.applied_sequence == before + 1)
    stopping = engine.stopping()
    for _ in range(20):
        await engine.turn()
    node.hold = False
    node.release()
    responses, ended = await failed(call)
    await stopping
    assert [each.answer.status for each in responses] == [ACCEPTED]
    assert (refusal(ended).code, refusal(ended).reason) == (
        grpc.StatusCode.UNAVAILABLE,
        "CLOSED",
    )
