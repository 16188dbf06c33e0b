"""The trading stream batches by itself: at once when idle, together under load."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from grpc.aio import EOF

from engine.core.commands import COMMAND, CommandKind
from engine.core.records import join
from realstack.client.errors import FeedBroken
from realstack.client.lane import ROWS_IN_FLIGHT_MAX, Lane
from realstack.client.requests import ROWS_MAX, Request, command
from realstack.trading.v1 import trading_pb2


class ScriptedCall:
    """A call whose writes finish when the test says so, and whose answers the test gives."""

    def __init__(self) -> None:
        self.written: list[trading_pb2.TradeRequest] = []
        self.may_write = asyncio.Semaphore(0)
        self.answers: asyncio.Queue[Any] = asyncio.Queue()
        self.wrote = asyncio.Event()

    async def wait_for_connection(self) -> None:
        """Be connected."""

    async def write(self, message: bytes) -> None:
        """Take a message; return when the test lets it go."""
        self.written.append(trading_pb2.TradeRequest.FromString(message))
        self.wrote.set()
        await self.may_write.acquire()

    async def next_message(self) -> trading_pb2.TradeRequest:
        """Wait for the next message to be written."""
        await self.wrote.wait()
        self.wrote.clear()
        return self.written[-1]

    def __aiter__(self) -> ScriptedCall:
        return self

    async def __anext__(self) -> Any:
        answer = await self.answers.get()
        if answer is EOF:
            raise StopAsyncIteration
        return answer

    def cancel(self) -> None:
        """End the call."""
        self.answers.put_nowait(EOF)


def request(price_ticks: int, rows: int = 1) -> Request:
    """Make a request of cancels that its order id tells apart."""
    row = command(CommandKind.CANCEL, order_id=price_ticks)
    return Request(join([row] * rows, COMMAND), asyncio.get_running_loop().create_future())


def answer_to(count: int) -> trading_pb2.TradeResponse:
    """Make the answer to a batch of so many commands."""
    batch = trading_pb2.AnswerBatch(
        count=count,
        sequence=np.arange(count, dtype="<u8").tobytes(),
        status=bytes([1] * count),
        reject_code=bytes(2 * count),
        order_id=bytes(8 * count),
        filled_lots=bytes(8 * count),
        leaves_lots=bytes(8 * count),
        first_sequence=bytes(8 * count),
        cancelled_count=bytes(4 * count),
    )
    return trading_pb2.TradeResponse(answers=batch)


async def test_one_command_alone_leaves_at_once_and_the_rest_together() -> None:
    """What gathers while a write is in flight becomes one batch."""
    call = ScriptedCall()
    lane = Lane(lambda: call)
    first, *others = [request(number) for number in range(1, 8)]
    lane.submit(first)
    assert (await call.next_message()).cancel.order_id == 1
    for other in others:
        lane.submit(other)
    call.may_write.release()
    assert list((await call.next_message()).batch.order_id) == [2, 3, 4, 5, 6, 7]
    call.answers.put_nowait(trading_pb2.TradeResponse(answer=trading_pb2.Answer(sequence=50)))
    call.answers.put_nowait(answer_to(6))
    got = [int((await each.future)[0].sequence[0]) for each in (first, *others)]
    assert got == [50, 0, 1, 2, 3, 4, 5]
    await lane.close()


async def test_a_batch_has_at_most_the_rows_of_a_message() -> None:
    """A request is never split over two messages; what does not fit waits for the next."""
    call = ScriptedCall()
    lane = Lane(lambda: call)
    lane.submit(request(1))
    await call.next_message()
    for rows in (ROWS_MAX - 1, 1, 1):
        lane.submit(request(2, rows))
    call.may_write.release()
    call.may_write.release()
    await call.next_message()
    call.may_write.release()
    while len(call.written) < 3:
        await call.next_message()
    sizes = [len(message.batch.kind) for message in call.written[1:]]
    assert sizes == [ROWS_MAX, 0]
    assert call.written[2].cancel.order_id == 2
    await lane.close()


async def test_no_more_than_the_venue_can_take_is_in_flight() -> None:
    """Beyond the bound commands wait here, where they can still be taken back."""
    call = ScriptedCall()
    lane = Lane(lambda: call)
    requests = [request(1, ROWS_MAX) for _ in range(ROWS_IN_FLIGHT_MAX // ROWS_MAX + 2)]
    for each in requests:
        lane.submit(each)
        call.may_write.release()
    while sum(each.sent for each in requests) < len(requests) - 2:
        await call.next_message()
    assert lane.withdraw(requests[-1])
    assert not lane.withdraw(requests[0])
    call.answers.put_nowait(answer_to(ROWS_MAX))
    await requests[0].future
    while not requests[-2].sent:
        await call.next_message()
    await lane.close()


async def test_an_answer_of_the_wrong_length_is_given_to_nobody() -> None:
    """Callers get an error, never each other's answers."""
    call = ScriptedCall()
    lane = Lane(lambda: call)
    waiting = request(1, 3)
    lane.submit(waiting)
    await call.next_message()
    call.answers.put_nowait(answer_to(2))
    with pytest.raises(FeedBroken, match="2 answers came to 3 commands"):
        await waiting.future
    await lane.close()


async def test_a_call_that_the_venue_ends_kindly_is_begun_anew() -> None:
    """A venue that closes for a restart leaves nobody without an answer."""
    calls = [ScriptedCall(), ScriptedCall()]
    opened = iter(calls)
    lane = Lane(lambda: next(opened))
    waiting = request(4)
    lane.submit(waiting)
    await calls[0].next_message()
    calls[0].cancel()
    assert (await calls[1].next_message()).cancel.order_id == 4
    calls[1].answers.put_nowait(trading_pb2.TradeResponse(answer=trading_pb2.Answer(sequence=9)))
    assert int((await waiting.future)[0].sequence[0]) == 9
    await lane.close()


async def test_a_bug_reaches_the_callers() -> None:
    """Whatever ends the stream's task ends the waiting too."""

    def broken() -> Any:
        raise RuntimeError("no call")

    lane = Lane(broken)
    waiting = request(1)
    lane.submit(waiting)
    with pytest.raises(RuntimeError, match="no call"):
        await waiting.future
