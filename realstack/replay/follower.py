"""A stream that is read in the background, and waiting until it has come far enough."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Generic, TypeVar

from realstack.client import FeedBroken

T = TypeVar("T")

STALL_SECONDS_MAX = 20.0


class Follower(Generic[T]):
    """Reads a stream to its end.

    Args:
        name: What it is, for errors.
        stream: What to read.
        take: Called with each item.
    """

    def __init__(
        self, name: str, stream: AsyncGenerator[T, None], take: Callable[[T], None]
    ) -> None:
        self._name = name
        self._stream = stream
        self._take = take
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=name)
        self._task.add_done_callback(lambda _: self._changed.set())

    async def until(self, reached: Callable[[], bool], what: str) -> None:
        """Wait until the items read so far fulfil a condition.

        Raises:
            FeedBroken: They do not, for `STALL_SECONDS_MAX`.
            ClientError: The stream failed.
        """
        if reached():
            return
        try:
            async with asyncio.timeout(STALL_SECONDS_MAX):
                while not reached():
                    if self._task.done():
                        self._task.result()
                        raise FeedBroken(f"the {self._name} ended before {what}")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            seconds = f"{STALL_SECONDS_MAX:.0f} s"
            raise FeedBroken(f"the {self._name} did not show {what} within {seconds}") from None

    async def close(self) -> None:
        """Stop reading."""
        self._task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await self._task  # its failure, if any, was raised to whoever waited

    async def _run(self) -> None:
        async with aclosing(self._stream) as stream:
            async for item in stream:
                self._take(item)
                self._changed.set()
