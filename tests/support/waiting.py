"""Waiting in tests: for a condition, with a deadline, never for a length of time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

DEADLINE_SECONDS = 20.0
POLL_SECONDS = 0.002


async def wait_until(
    condition: Callable[[], Awaitable[bool]], *, seconds: float = DEADLINE_SECONDS
) -> None:
    """Return as soon as a condition holds.

    Raises:
        TimeoutError: When it does not hold within the deadline.
    """
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(POLL_SECONDS)
