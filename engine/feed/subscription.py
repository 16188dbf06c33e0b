"""A reader of a stream: where it is, how it is woken, and when it is too slow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from engine.feed.limits import FeedLimits


class Ending(Enum):
    """Why the server ends a reader's stream."""

    SLOW = auto()
    CLOSING = auto()


@dataclass(slots=True, eq=False)
class Subscription:
    """One reader.

    The reader pulls: it holds the number that it wants next and reads from the feed's history, so a
    slow one costs no memory. `wake` only says that there is news.
    """

    key: Hashable
    next: int
    """The next number of the stream that the reader has not been given."""
    end_number: Callable[[], int]
    """Gives the number that the stream's next new row will have."""
    private: bool = False
    """Private streams are never conflated: a reader that falls behind is cut."""
    caught_up: bool = False
    told_ns: int = 0
    writing_since_ns: int = 0
    heartbeat_due: bool = False
    ending: Ending | None = None
    task: asyncio.Task[object] | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Tell the reader that there is something new."""
        self.news.set()

    async def wait(self) -> None:
        """Wait for news; the caller has found nothing to read since it last gave way."""
        self.caught_up = True
        await self.news.wait()
        self.news.clear()

    def end(self, why: Ending) -> None:
        """End the stream: interrupt the reader wherever it waits."""
        if self.ending is None and self.task is not None:
            self.ending = why
            self.task.cancel()


class Subscriptions:
    """All readers of one server by what they read, with their heartbeats and the cutting."""

    def __init__(self, limits: FeedLimits, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._limits = limits
        self._clock_ns = clock_ns
        self._by_key: dict[Hashable, list[Subscription]] = {}

    def open(
        self,
        key: Hashable,
        next_wanted: int,
        end_number: Callable[[], int],
        *,
        private: bool = False,
    ) -> Subscription:
        """Add a reader."""
        subscription = Subscription(key, next_wanted, end_number, private, told_ns=self._clock_ns())
        subscription.task = asyncio.current_task()
        self._by_key.setdefault(key, []).append(subscription)
        return subscription

    def close(self, subscription: Subscription) -> None:
        """Remove a reader."""
        readers = self._by_key[subscription.key]
        readers.remove(subscription)
        if not readers:
            del self._by_key[subscription.key]

    def watched(self, key: Hashable) -> bool:
        """Tell whether anybody reads this."""
        return key in self._by_key

    def wake(self, keys: Iterable[Hashable]) -> None:
        """Tell the readers of the given keys that there is something new."""
        for key in keys:
            for subscription in self._by_key.get(key, ()):
                subscription.wake()

    @property
    def is_empty(self) -> bool:
        """Whether nobody reads anything."""
        return not self._by_key

    def count(self) -> int:
        """Give how many readers there are."""
        return sum(map(len, self._by_key.values()))

    def begin_write(self, subscription: Subscription) -> None:
        """Note that the reader is being given a message."""
        subscription.writing_since_ns = self._clock_ns()

    def end_write(self, subscription: Subscription) -> None:
        """Note that the message was taken."""
        subscription.writing_since_ns = 0
        subscription.heartbeat_due = False
        subscription.told_ns = self._clock_ns()

    def pulse(self) -> None:
        """Wake whoever is owed a heartbeat and cut whoever is too slow."""
        now_ns = self._clock_ns()
        for readers in self._by_key.values():
            for subscription in readers:
                if self._is_too_slow(subscription, now_ns):
                    subscription.end(Ending.SLOW)
                elif now_ns - subscription.told_ns >= self._limits.heartbeat_ns:
                    subscription.heartbeat_due = True
                    subscription.wake()

    def end_all(self) -> None:
        """End every stream because the server stops."""
        for readers in self._by_key.values():
            for subscription in readers:
                subscription.end(Ending.CLOSING)

    def _is_too_slow(self, subscription: Subscription, now_ns: int) -> bool:
        """A private reader is too slow when a message is not taken for long, or it falls behind.

        History that it asked for may be any length, so only a reader that was up to date once can
        fall behind.
        """
        if not subscription.private or not subscription.writing_since_ns or subscription.ending:
            return False
        if now_ns - subscription.writing_since_ns > self._limits.write_stalled_ns_max:
            return True
        lag = subscription.end_number() - subscription.next
        return subscription.caught_up and lag > self._limits.private_lag_max
