"""An asyncio loop whose time passes only when nothing is left to do: the same run for a seed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

NS = 1_000_000_000


class NothingLeft(Exception):
    """Nothing is scheduled, yet somebody waits: the world has come to a standstill."""


class _Selector:
    """What the loop asks for the next input: there is none, so time goes on to the next timer."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise NothingLeft
        if timeout > 0:
            self._loop.now_ns += int(timeout * NS) + 1
        return []


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs callbacks in one order; `now_ns` is nanoseconds since the world began."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 0
        self._selector = _Selector(self)

    def time(self) -> float:
        return self.now_ns / NS

    def _process_events(self, event_list: list[Any]) -> None:
        """There are no files to watch."""

    def _write_to_self(self) -> None:
        """There is one thread: nobody has to be woken."""

    def after_ns(self, delay_ns: int, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Call back when so much time has passed."""
        return self.call_later(delay_ns / NS, callback)

    async def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> Any:
        """Run at once what would have had a thread."""
        return func(*args)
