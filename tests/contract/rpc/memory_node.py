"""A node without a disk: the shape of `engine.node.Node` on the reference venue.

A batch is durable one turn of the loop after it was applied, or when the test says so (`hold`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND
from engine.core.limits import COMMANDS_PER_BATCH_MAX
from engine.feed.feeds import Feeds
from engine.feed.limits import FeedLimits
from engine.reference.venue import ReferenceVenue
from engine.sequencer import Answer, Batch, Busy, NotTaken, Receiver

T = TypeVar("T")
TIME_NS_START = 1_700_000_000_000_000_000


class MemoryNode:
    """Applies at once; tells when durable."""

    def __init__(self, limits: FeedLimits | None = None, queue_max: int = 1 << 20) -> None:
        self.venue: Any = ReferenceVenue()
        self.feeds = Feeds(self.venue.markets, limits)
        self.durable_sequence = 0
        self.queue_max = queue_max
        self.hold = False
        self.refuse_with: NotTaken | None = None
        self.submissions: list[int] = []
        self.busy_count = 0
        self._applied: list[tuple[Batch, Receiver]] = []
        self._callbacks: list[Callable[[Batch], None]] = []
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def applied_sequence(self) -> int:
        """The last sequence that the core has applied."""
        return int(self.venue.sequence_last)

    @property
    def waiting(self) -> int:
        """Commands that are not durable yet."""
        return self.applied_sequence - self.durable_sequence

    @property
    def reads_waiting(self) -> int:
        """Reads that wait for what they saw to be durable."""
        return sum(not future.done() for _, future in self._waiters)

    def statistics(self) -> Any:
        """The one number of a node's statistics that the front tells."""
        return SimpleNamespace(sequencer=SimpleNamespace(queue_commands=self.waiting))

    def submit(self, commands: NDArray[np.void], receiver: Receiver) -> None:
        """Apply commands; release them later."""
        if self.refuse_with is not None:
            raise self.refuse_with
        assert 1 <= len(commands) <= COMMANDS_PER_BATCH_MAX
        if self.waiting + len(commands) > self.queue_max:
            self.busy_count += 1
            raise Busy("the queue is full")
        self.submissions.append(len(commands))
        commands = commands.view(np.uint64).copy().view(COMMAND)
        first = self.venue.sequence_last + 1
        commands["sequence"] = np.arange(first, first + len(commands), dtype=np.uint64)
        time_ns = max(self.venue.time_ns_last + 1, TIME_NS_START)
        commands["time_ns"] = np.arange(time_ns, time_ns + len(commands), dtype=np.int64)
        events = self.venue.apply(commands)
        self._applied.append((Batch(first, commands, events), receiver))
        if not self.hold:
            asyncio.get_running_loop().call_soon(self.release)

    def release(self) -> None:
        """Make everything that was applied durable, and tell."""
        applied, self._applied = self._applied, []
        for batch, receiver in applied:
            self.durable_sequence = batch.first_sequence + len(batch.commands) - 1
            self.feeds.on_events(batch.events)
            for callback in self._callbacks:
                callback(batch)
            receiver.released(Answer(batch.first_sequence, len(batch.commands), batch.events))
        for sequence, future in self._waiters:
            if sequence <= self.durable_sequence and not future.done():
                future.set_result(None)

    async def read(self, query: Callable[[Any], T]) -> tuple[int, T]:
        """Ask the venue, and tell when the answer is durable."""
        sequence, value = self.applied_sequence, query(self.venue)
        if sequence > self.durable_sequence:
            future = asyncio.get_running_loop().create_future()
            self._waiters.append((sequence, future))
            await future
        return sequence, value

    def subscribe_released(self, callback: Callable[[Batch], None]) -> Callable[[], None]:
        """Be told of released batches."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)
