"""Gathers changes for a moment, so that a storm of them costs a few frames a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Pacer:
    """Calls `flush` at once after a quiet time, and then at most every so many seconds.

    Args:
        flush: What sends out what has gathered.
        seconds: The shortest time between two calls.
    """

    def __init__(self, flush: Callable[[], None], seconds: float) -> None:
        self._flush = flush
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._due_again = False

    def changed(self) -> None:
        """Note that there is something to send."""
        if self._timer is not None:
            self._due_again = True
            return
        self._send()

    def now(self) -> None:
        """Send what has gathered without waiting."""
        self._due_again = False
        self._flush()

    def close(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self) -> None:
        self._due_again = False
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._elapsed)
        self._flush()

    def _elapsed(self) -> None:
        self._timer = None
        if self._due_again:
            self._send()
