"""Streams that are never conflated: executions, fills, withdrawals. No gap, no repeat."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from engine.feed.limits import NS_PER_SECOND, FeedLimits
from realstack.common.v1 import common_pb2
from realstack.settlement.v1 import settlement_pb2 as spb
from realstack.trading.v1 import trading_pb2 as pb
from tests.contract.rpc.engine_under_test import (
    DOLLAR,
    SENT_NS,
    SMALL_WINDOW,
    Client,
    Engine,
    new_id,
    refusal,
    start_engine,
)

QUICK_NS = NS_PER_SECOND // 50


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """A front with short heartbeats, short messages and little patience."""
    limits = FeedLimits(
        heartbeat_ns=QUICK_NS,
        write_stalled_ns_max=QUICK_NS * 5,
        message_rows_max=64,
        private_rows_max=256,
        private_lag_max=1 << 20,
    )
    started = await start_engine(tmp_path, limits)
    try:
        await started.define()
        yield started
        assert started.fatal == []
    finally:
        await started.close()


def executions(client: Client, from_sequence: int) -> Any:
    """Follow a member's executions."""
    return client.stream(
        client.trading.StreamExecutions,
        pb.StreamExecutionsRequest(from_execution_sequence=from_sequence),
    )


async def read_until(call: Any, enough: Callable[[Any], bool]) -> list[Any]:
    """Read messages until one is the last that is wanted."""
    messages = []
    while True:
        messages.append(await call.read())
        if enough(messages[-1]):
            return messages


async def sequences_from(client: Client, start: int, last: int) -> list[int]:
    """Read execution sequences from one to another."""
    call = executions(client, start)
    found: list[int] = []
    while not found or found[-1] < last:
        found += [each.execution_sequence for each in (await call.read()).executions]
    call.cancel()
    return found


async def error_of(call: Any) -> Any:
    """Read a stream to its error and unpack that."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        while True:
            await call.read()
    return refusal(caught.value)


async def test_executions_resume_from_any_sequence_without_gap_or_repeat(engine: Engine) -> None:
    """From N the next is N, then N + 1, up to what happens now."""
    alice = engine.client("alice")
    for price in range(50, 70):
        await alice.place(price_ticks=price)
    last = 22  # two deposits and twenty orders
    for start in range(1, last + 1):
        assert await sequences_from(alice, start, last) == list(range(start, last + 1))


async def test_a_stream_of_new_ones_begins_after_the_last(engine: Engine) -> None:
    """Zero asks for what happens from now on; the first message tells where that is."""
    alice = engine.client("alice")
    call = executions(alice, 0)
    first = await call.read()
    assert (list(first.executions), first.last_execution_sequence) == ([], 2)
    assert first.as_of_sequence == engine.node.durable_sequence
    answer = await alice.place()
    message = (await read_until(call, lambda each: bool(each.executions)))[-1]
    assert [each.execution_sequence for each in message.executions] == [3]
    assert message.executions[0].accepted.order.order_id == answer.order_id
    call.cancel()


async def test_a_silent_stream_beats(engine: Engine) -> None:
    """Silence means a dead link, because a stream with nothing to tell says so."""
    alice, worker = engine.client("alice"), engine.client("worker")
    withdrawals = worker.stream(worker.settlement.StreamWithdrawals, spb.StreamWithdrawalsRequest())
    fills = worker.stream(worker.settlement.StreamFills, spb.StreamFillsRequest(from_trade_id=1))
    for call in (executions(alice, 0), withdrawals, fills):
        for _ in range(3):
            message = await call.read()
            assert message.as_of_sequence == engine.node.durable_sequence
        call.cancel()


async def test_executions_from_beyond_the_last_are_refused(engine: Engine) -> None:
    """A client that knows more than the venue is talking to another history."""
    told = await error_of(executions(engine.client("alice"), 4))
    assert (told.code, told.reason) == (grpc.StatusCode.OUT_OF_RANGE, "AHEAD_OF_STREAM")
    assert (told.fields, told.metadata) == (
        ["from_execution_sequence"],
        {"code": "1033", "last": "2"},
    )


@pytest.mark.slow
async def test_executions_from_before_what_is_kept_are_refused_with_the_oldest(
    engine: Engine,
) -> None:
    """Memory is bounded; what is asked for and gone is named, never skipped."""
    alice = engine.client("alice")
    await place_many(alice, 2, 4_096)
    told = await error_of(executions(alice, 1))
    assert (told.code, told.reason) == (grpc.StatusCode.OUT_OF_RANGE, "NOT_RETAINED")
    oldest = int(told.metadata["oldest"])
    last = engine.node.feeds.executions.last(1)
    assert 1 < oldest < last
    assert await sequences_from(alice, oldest, last) == list(range(oldest, last + 1))


async def place_many(client: Client, batches: int, rows: int) -> None:
    """Rest many small orders."""
    call = client.trade()
    for _ in range(batches):
        ids = [new_id() for _ in range(rows)]
        batch = pb.CommandBatch(
            kind=b"\1" * rows,
            client_id_low=[each.low for each in ids],
            client_id_high=[each.high for each in ids],
            sent_time_ns=[SENT_NS] * rows,
            market_id=[1] * rows,
            side=b"\1" * rows,
            order_type=b"\1" * rows,
            time_in_force=b"\1" * rows,
            price_ticks=[100] * rows,
            quantity_lots=[1] * rows,
        )
        await call.write(pb.TradeRequest(batch=batch))
    await call.done_writing()
    async for _ in call:
        pass


@pytest.mark.slow
async def test_a_private_reader_that_does_not_read_is_cut_with_a_place_to_resume(
    engine: Engine,
) -> None:
    """Never conflated, never unbounded: SLOW_CONSUMER names the next sequence that was not sent."""
    alice = engine.client("alice")
    await place_many(alice, 2, 2_000)
    slow = Client(engine.front.port, "alice", SMALL_WINDOW)
    call = executions(slow, engine.node.feeds.executions.first(1))
    received = [each.execution_sequence for each in (await call.read()).executions]
    await engine.until(lambda: engine.node.feeds.subscriptions.count() == 0)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        while True:
            message = await call.read()
            received += [each.execution_sequence for each in message.executions]
    told = refusal(caught.value)
    assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "SLOW_CONSUMER")
    resume = int(told.metadata["resume"])
    assert told.message == f"SLOW_CONSUMER resume={resume}"
    # The message that was on its way when the reader was cut may or may not have arrived.
    assert resume <= received[-1] + 1
    assert received == list(range(received[0], received[-1] + 1))
    last = engine.node.feeds.executions.last(1)
    assert await sequences_from(alice, resume, last) == list(range(resume, last + 1))
    await slow.channel.close()


async def test_a_fill_of_an_account_with_itself_gives_it_two_executions(engine: Engine) -> None:
    """Both sides are told, the arriving one first."""
    alice = engine.client("alice")
    await alice.place(side=common_pb2.SIDE_SELL)
    await alice.place(self_trade_prevention=common_pb2.SELF_TRADE_PREVENTION_NONE, price_ticks=120)
    call = executions(alice, 5)
    events = (await call.read()).executions
    assert [each.filled.liquidity for each in events] == [
        pb.LIQUIDITY_TAKER,
        pb.LIQUIDITY_MAKER,
    ]
    assert [each.filled.order.price_ticks for each in events] == [120, 100]
    assert [each.filled.order.side for each in events] == [
        common_pb2.SIDE_BUY,
        common_pb2.SIDE_SELL,
    ]
    assert events[0].filled.counter_order_id == events[1].filled.order.order_id
    call.cancel()


async def test_every_kind_of_execution_tells_what_the_command_did(engine: Engine) -> None:
    """Accepted, replaced, reduced, cancelled and balance changes, as they stand after it."""
    alice = engine.client("alice")
    first = await alice.place(quantity_lots=5, price_ticks=100)
    request = pb.ReplaceOrderRequest(
        replace=pb.ReplaceOrder(order_id=first.order_id, price_ticks=100, quantity_lots=4)
    )
    await alice.call(alice.trading.ReplaceOrder, request)
    await alice.place(
        side=common_pb2.SIDE_SELL,
        quantity_lots=3,
        self_trade_prevention=common_pb2.SELF_TRADE_PREVENTION_DECREMENT,
    )
    await alice.call(
        alice.trading.CancelOrder,
        pb.CancelOrderRequest(cancel=pb.CancelOrder(order_id=first.order_id)),
    )
    await alice.place(
        order_type=common_pb2.ORDER_TYPE_MARKET,
        time_in_force=common_pb2.TIME_IN_FORCE_IOC,
        price_ticks=0,
    )
    call = executions(alice, 3)
    events: list[Any] = []
    while len(events) < 8:
        events += (await call.read()).executions
    call.cancel()
    kinds = [each.WhichOneof("event") for each in events]
    assert kinds == [
        "accepted",
        "replaced",
        "accepted",
        "reduced",
        "reduced",
        "cancelled",
        "accepted",
        "cancelled",
    ]
    assert (events[0].accepted.quantity_lots, events[0].accepted.order.leaves_lots) == (5, 5)
    assert (events[1].replaced.quantity_lots, events[1].replaced.kept_priority) == (4, True)
    assert [each.reduced.order.leaves_lots for each in events[3:5]] == [1, 0]
    cancelled = events[5].cancelled
    assert (cancelled.cancelled_lots, cancelled.reason) == (1, common_pb2.CANCEL_REASON_REQUESTED)
    market = events[7].cancelled
    assert (market.order.price_ticks, market.reason) == (0, common_pb2.CANCEL_REASON_NO_LIQUIDITY)


async def trade_once(engine: Engine) -> None:
    """Let Bob buy a lot of Alice."""
    await engine.client("alice").place(side=common_pb2.SIDE_SELL)
    await engine.client("bob").place()


async def test_fills_resume_from_any_trade_and_go_on_live(engine: Engine) -> None:
    """Settlement never misses a fill, wherever it stopped."""
    worker = engine.client("worker")
    for _ in range(5):
        await trade_once(engine)
    for start in range(1, 7):
        call = worker.stream(
            worker.settlement.StreamFills, spb.StreamFillsRequest(from_trade_id=start)
        )
        found: list[int] = []
        while len(found) < 6 - start:
            found += [fill.trade_id for fill in (await call.read()).fills]
        assert found == list(range(start, 6))
        call.cancel()
    live = worker.stream(worker.settlement.StreamFills, spb.StreamFillsRequest(from_trade_id=6))
    assert (await live.read()).last_trade_id == 5
    await trade_once(engine)
    message = (await read_until(live, lambda each: bool(each.fills)))[-1]
    assert [fill.trade_id for fill in message.fills] == [6]
    live.cancel()
    told = await error_of(
        worker.stream(worker.settlement.StreamFills, spb.StreamFillsRequest(from_trade_id=8))
    )
    assert (told.reason, told.metadata) == ("AHEAD_OF_STREAM", {"code": "1033", "last": "6"})


async def test_withdrawals_tell_each_step_and_the_trade_before_it(engine: Engine) -> None:
    """Held, released, finalized: each once, resumable by venue sequence."""
    alice, worker = engine.client("alice"), engine.client("worker")

    async def hold() -> Any:
        request = pb.RequestWithdrawalRequest(
            client_id=new_id(), sent_time_ns=SENT_NS, asset_id=DOLLAR, amount_atoms=50
        )
        return (await alice.call(alice.trading.RequestWithdrawal, request)).answer

    first = await hold()
    await trade_once(engine)
    second = await hold()
    release = spb.ReleaseWithdrawalRequest(
        withdrawal_id=first.order_id, account_id=1, client_id=new_id(), sent_time_ns=SENT_NS
    )
    finalize = spb.FinalizeWithdrawalRequest(
        withdrawal_id=second.order_id, account_id=1, client_id=new_id(), sent_time_ns=SENT_NS
    )
    released = await worker.call(worker.settlement.ReleaseWithdrawal, release)
    finalized = await worker.call(worker.settlement.FinalizeWithdrawal, finalize)
    again = await worker.call(worker.settlement.FinalizeWithdrawal, finalize)
    assert (finalized.duplicate, again.duplicate) == (False, True)
    assert again.sequence == finalized.sequence

    expected = [
        (first.order_id, spb.WITHDRAWAL_STEP_HELD, first.sequence, 0),
        (second.order_id, spb.WITHDRAWAL_STEP_HELD, second.sequence, 1),
        (first.order_id, spb.WITHDRAWAL_STEP_RELEASED, released.sequence, 1),
        (second.order_id, spb.WITHDRAWAL_STEP_FINALIZED, finalized.sequence, 1),
    ]
    for after, count in ((0, 4), (first.sequence, 3), (second.sequence, 2), (again.sequence, 0)):
        call = worker.stream(
            worker.settlement.StreamWithdrawals, spb.StreamWithdrawalsRequest(after_sequence=after)
        )
        events = (await call.read()).events
        assert [
            (each.withdrawal_id, each.step, each.sequence, each.last_trade_id) for each in events
        ] == expected[4 - count :]
        assert all((e.account_id, e.asset_id, e.amount_atoms) == (1, DOLLAR, 50) for e in events)
        call.cancel()


async def test_a_stop_ends_the_streams_as_unavailable(engine: Engine) -> None:
    """Readers learn at once that the engine goes, and resume elsewhere or later."""
    call = executions(engine.client("alice"), 0)
    await call.read()
    stopping = engine.stopping()
    told = await error_of(call)
    await stopping
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "CLOSED")


async def test_a_reader_that_goes_leaves_nothing_behind(engine: Engine) -> None:
    """A cancelled stream is closed on both ends."""
    call = executions(engine.client("alice"), 0)
    await call.read()
    assert engine.node.feeds.subscriptions.count() == 1
    call.cancel()
    await engine.until(lambda: engine.node.feeds.subscriptions.count() == 0)
