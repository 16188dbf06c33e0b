"""One Trade stream: requests in, answers out in the same order, bounded in between.

- a request is handed to the intake as soon as it is read; answers come when it is durable;
- at most `UNANSWERED_PER_STREAM_MAX` commands are unanswered, then reading pauses (the client's
  writes pause with it), so a client that does not read its answers costs bounded memory;
- when the queue of the engine is full a stream waits: it is never answered with BUSY;
- a malformed message ends the stream with its status after the answers to all messages before
  it. Nothing of it, or of what follows it, is applied;
- when the client goes, what was read runs all the same. Then, if its last `session` asked for it,
  its orders are cancelled. A half-close is no goodbye: a lost line can look the same.
"""

from __future__ import annotations

import asyncio
from collections import deque

import numpy as np
from numpy.typing import NDArray

from engine.rpc.errors import EdgeError, closing, not_taken
from engine.rpc.intake import Intake
from engine.rpc.limits import UNANSWERED_PER_STREAM_MAX
from engine.rpc.methods import Context
from engine.rpc.trade_requests import Session, read_request
from engine.sequencer import NotTaken
from realstack.trading.v1 import trading_pb2


class TradeStream:
    """State of one stream between its reader, the intake and its writer."""

    def __init__(self, context: Context, intake: Intake, account_id: int) -> None:
        self._context = context
        self._intake = intake
        self._account_id = account_id
        self._unanswered = 0
        self._replies: deque[tuple[int, bytes]] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._reading_done = False
        self._is_closing = False
        self._when_lost: bytes | None = None
        self._failure: EdgeError | None = None

    async def run(self) -> None:
        """Serve the stream until the client has sent its last message and has all answers.

        Raises:
            EdgeError: When a message was malformed, or the engine stops taking commands.
        """
        reader = asyncio.create_task(self._read())
        try:
            await self._write()
        finally:
            reader.cancel()
            self._cancel_on_disconnect()
        if self._failure is not None:
            raise self._failure
        await reader  # a bug in reading surfaces here

    def _cancel_on_disconnect(self) -> None:
        """Cancel the orders if the stream asked for that and was not told goodbye."""
        if self._when_lost is not None and not self._is_closing:
            self._intake.add(self._when_lost, _Nobody())

    async def _read(self) -> None:
        try:
            while self._failure is None:
                data: object = await self._context.read()
                if not isinstance(data, bytes):
                    return  # grpc.aio.EOF: the client has sent its last message
                self._take(data)
                while self._unanswered >= UNANSWERED_PER_STREAM_MAX:
                    self._room.clear()
                    await self._room.wait()
        except EdgeError as error:
            self._failure = error
        finally:
            self._reading_done = True
            self._news.set()

    def _take(self, data: bytes) -> None:
        request = read_request(data, self._account_id, self)
        if isinstance(request, Session):
            self._when_lost = request.when_lost
            return
        self._unanswered += request.reply.count
        self._intake.add(request.records, request.reply)

    async def _write(self) -> None:
        while True:
            while self._replies:
                count, response = self._replies.popleft()
                await self._context.write(response)
                self._settle(count)
            if self._reading_done and self._unanswered == 0:
                return
            self._news.clear()
            if not self._replies:
                await self._news.wait()

    def close(self) -> None:
        """Read no more and end the stream once what was read is answered."""
        if self._failure is None:
            self._failure = closing()
        self._is_closing = True
        self._reading_done = True
        self._news.set()

    def reply(self, count: int, response: trading_pb2.TradeResponse) -> None:
        """Queue the answer to one message of `count` commands."""
        self._replies.append((count, response.SerializeToString()))
        self._news.set()

    def _settle(self, count: int) -> None:
        """Note that commands need no answer any more: it was written, or there is none."""
        self._unanswered -= count
        self._room.set()

    def refuse(self, count: int, error: NotTaken) -> None:
        """Note that a message was not taken: the stream ends."""
        self._settle(count)
        if self._failure is None:
            self._failure = not_taken(error)
        self._reading_done = True
        self._news.set()


class _Nobody:
    """Takes the answer to a command for a client that is gone."""

    patient = True

    def answered(self, answers: NDArray[np.void]) -> None:
        """Tell nobody: the executions do."""

    def refused(self, error: NotTaken) -> None:
        """Tell nobody: a node that takes no cancels has ended all streams, this one too."""
