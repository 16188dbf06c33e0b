"""One trading stream per client: commands out, answers back in their order.

Batching by itself: a command is written at once when nothing is being written; what gathers during
a write leaves together as one batch of columns. So one order alone waits for nobody, and a thousand
cost one message.

What holds over a lost connection:

    1. a command keeps its place, its client id and its sent time until it is answered;
    2. after a reconnect every command without an answer is sent again, in its order;
    3. the venue takes an id once: the answer says accepted now or, as a duplicate, before;
    4. so each command has one outcome, and its caller learns it, or `OutcomeUnknown` in the end.

A lane that cancels on disconnect tells each stream so first: when that stream is lost, the venue
cancels the account's orders (or those of one tag) by itself. Closing the lane says goodbye, and the
orders stay; a goodbye that does not arrive counts as a loss.

A malformed message ends the stream after the answers to all before it. When it carried several
requests, they go again one at a time, so that only the caller of the guilty one gets the error.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import grpc
import grpc.aio

from engine.core.commands import COMMAND
from engine.core.records import join
from realstack.client.columns import (
    columns_of,
    decode_batch,
    encode_batch,
    encode_single,
    slice_answers,
)
from realstack.client.connection import Patience, error_of
from realstack.client.errors import ClientError, Closed, FeedBroken
from realstack.client.records import Answers
from realstack.client.requests import ROWS_MAX, Request
from realstack.trading.v1 import trading_pb2

ROWS_IN_FLIGHT_MAX = 16 * ROWS_MAX  # more would only wait in the venue's queue
GOODBYE_SECONDS = 2.0


class Lane:
    """Sends requests over a stream that is opened when needed and reopened when lost."""

    def __init__(self, open_call: Callable[[], Any], *, lost_tag: int | None = None) -> None:
        """Make the lane; nothing is opened yet.

        Args:
            open_call: Opens a `Trade` call that takes serialized requests.
            lost_tag: The orders that the loss of a stream cancels: those of a tag, 0 for all; none
                at all if not given.
        """
        self._open_call = open_call
        self._lost_tag = lost_tag
        self._is_armed = False  # the open stream was told what its loss does
        self._is_leaving = False
        self._waiting: deque[Request] = deque()
        self._in_flight: deque[list[Request]] = deque()  # one entry a message
        self._rows_in_flight = 0
        self._changed = asyncio.Event()
        self._suspects = 0  # requests of which one is malformed; they go one at a time
        self._runner: asyncio.Task[None] | None = None
        self._closed = False

    def submit(self, request: Request) -> None:
        """Take a request; its future is done when it is answered.

        Raises:
            Closed: The client is closed.
        """
        if self._closed:
            raise Closed("the client is closed")
        self._waiting.append(request)
        self._changed.set()
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run(), name="trading stream")
            self._runner.add_done_callback(self._ended)

    def withdraw(self, request: Request) -> bool:
        """Take back a request that was never sent; tell whether it was so."""
        if request.sent:
            return False
        self._waiting.remove(request)
        return True

    async def close(self, *, says_goodbye: bool = True) -> None:
        """End the stream; requests without an answer end with `Closed`.

        Args:
            says_goodbye: Tell the venue that this is no loss, so that orders stay.
        """
        self._closed = True
        if self._runner is not None:
            if says_goodbye and self._is_armed:
                self._is_leaving = True
                self._changed.set()
                await asyncio.wait((self._runner,), timeout=GOODBYE_SECONDS)
            self._runner.cancel()
            with suppress(asyncio.CancelledError):
                await self._runner
        self._fail_all(Closed("the client was closed before the answer came"))

    async def _run(self) -> None:
        """Keep a stream open while there is something to send or to wait for."""
        patience = Patience()
        while True:
            await self._until_waiting()
            if self._is_leaving:
                return
            call = self._open_call()
            try:
                await self._serve(call, patience)
            except grpc.aio.AioRpcError as error:
                self._lost(error, patience)
            except ClientError as error:
                self._fail_all(error)
            finally:
                self._is_armed = False
                call.cancel()
                self._take_back()
            if not self._is_leaving:
                await patience.backoff.pause()

    def _ended(self, runner: asyncio.Task[None]) -> None:
        """Hand a bug of this class to everybody who waits, instead of letting them wait."""
        error = None if runner.cancelled() else runner.exception()
        if isinstance(error, Exception):
            self._fail_all(error)

    async def _until_waiting(self) -> None:
        """Wait until there is something to send, or nothing more will be."""
        while not self._waiting and not self._is_leaving:
            self._changed.clear()
            await self._changed.wait()

    async def _serve(self, call: Any, patience: Patience) -> None:
        """Write and read on one call until it ends."""
        writer = asyncio.create_task(self._write(call))
        reader = asyncio.create_task(self._read(call, patience))
        try:
            done, _ = await asyncio.wait((writer, reader), return_when=asyncio.FIRST_COMPLETED)
            if reader not in done:
                # A failed write says only that the call is over; reading it to its end says why.
                with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                    writer.result()
            await reader
        finally:
            for task in (writer, reader):
                task.cancel()
            await asyncio.gather(writer, reader, return_exceptions=True)

    async def _write(self, call: Any) -> None:
        """Send what waits, as much together as has gathered, for as long as the call lives."""
        await call.wait_for_connection()  # until then nothing counts as sent
        if self._lost_tag is not None:
            await call.write(session_message(self._lost_tag, is_armed=True))
            self._is_armed = True
        while True:
            await self._until_waiting()
            if self._is_leaving:
                await call.write(session_message(self._lost_tag or 0, is_armed=False))
                await call.done_writing()
                return
            if not self._has_room():
                self._changed.clear()
                await self._changed.wait()
                continue
            message = self._next_message()
            if not message:
                continue
            self._in_flight.append(message)
            self._rows_in_flight += rows_of(message)
            await call.write(encode(message))

    def _has_room(self) -> bool:
        """Tell whether another message may leave now."""
        if self._suspects:
            return not self._in_flight
        return self._rows_in_flight < ROWS_IN_FLIGHT_MAX

    def _next_message(self) -> list[Request]:
        """Take what goes together into the next message; empty when all were given up."""
        message: list[Request] = []
        rows = 0
        while self._waiting:
            request = self._waiting[0]
            if not request.future.done():
                rows += len(request.commands)
                if message and (rows > ROWS_MAX or self._suspects):
                    break
                message.append(request)
                request.sent = True
            self._waiting.popleft()
        return message

    async def _read(self, call: Any, patience: Patience) -> None:
        """Give each answer to the oldest message without one, until the call ends."""
        async for response in call:
            patience.progress()
            if not self._in_flight:
                raise FeedBroken("an answer came to a request that was never sent")
            message = self._in_flight[0]
            settle(message, response)
            self._in_flight.popleft()
            self._rows_in_flight -= rows_of(message)
            self._changed.set()
            self._suspects = max(0, self._suspects - len(message))

    def _lost(self, error: grpc.aio.AioRpcError, patience: Patience) -> None:
        """Decide what a lost call means for the requests that it left without an answer."""
        if error.code() is grpc.StatusCode.INVALID_ARGUMENT and self._in_flight:
            guilty = self._in_flight[0]  # what came before it has been answered
            if len(guilty) == 1:
                self._fail(guilty[0], error_of(error))
                self._suspects = max(0, self._suspects - 1)
            else:
                self._suspects = len(guilty)
            return
        try:
            patience.check(error)
        except ClientError as refusal:
            self._fail_all(refusal)

    def _take_back(self) -> None:
        """Put every request without an answer back at the head, in its order."""
        for message in reversed(self._in_flight):
            self._waiting.extendleft(
                request for request in reversed(message) if not request.future.done()
            )
        self._in_flight.clear()
        self._rows_in_flight = 0

    def _fail(self, request: Request, error: Exception) -> None:
        if not request.future.done():
            request.future.set_exception(error)

    def _fail_all(self, error: Exception) -> None:
        for message in self._in_flight:
            for request in message:
                self._fail(request, error)
        for request in self._waiting:
            self._fail(request, error)
        self._in_flight.clear()
        self._waiting.clear()


def rows_of(message: list[Request]) -> int:
    """Return how many commands a message holds."""
    return sum(len(request.commands) for request in message)


def session_message(tag: int, *, is_armed: bool) -> bytes:
    """Encode what the loss of a stream does to the orders of a tag, 0 for all."""
    session = trading_pb2.StreamSession(cancel_on_disconnect=is_armed, tag=tag)
    return trading_pb2.TradeRequest(session=session).SerializeToString()


def encode(message: list[Request]) -> bytes:
    """Encode requests that leave together: one command as itself, more as columns."""
    if len(message) == 1 and len(message[0].commands) == 1 and not message[0].as_columns:
        return encode_single(message[0].commands[0])
    return encode_batch(join([request.commands for request in message], COMMAND))


def settle(message: list[Request], response: trading_pb2.TradeResponse) -> None:
    """Give each request of a message its part of the answer.

    Raises:
        FeedBroken: The answer does not have a row for each command.
    """
    answers, detail = answers_of(response)
    if len(answers) != rows_of(message):
        raise FeedBroken(f"{len(answers)} answers came to {rows_of(message)} commands")
    start = 0
    for request in message:
        stop = start + len(request.commands)
        if not request.future.done():
            request.future.set_result((slice_answers(answers, start, stop), detail))
        start = stop


def answers_of(response: trading_pb2.TradeResponse) -> tuple[Answers, str]:
    """Return the answers as columns, and the detail of a single refusal.

    Raises:
        FeedBroken: The columns are not of one length.
    """
    if response.WhichOneof("outcome") == "answer":
        return columns_of(response.answer), response.answer.detail
    try:
        return decode_batch(response.answers), ""
    except ValueError as error:
        raise FeedBroken(str(error)) from error
