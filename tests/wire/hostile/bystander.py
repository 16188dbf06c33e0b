"""Somebody who is served all the while: the measure of every attack."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

import psutil

PAUSE_SECONDS = 0.01
STOP_SECONDS = 60.0


class Bystander:
    """Makes good requests, one after another over connections of their own, during an attack.

    Attributes:
        served: How many were answered as they should be.
        slowest_seconds: The longest that one took.
        failures: What was wrong with the others.
        grown_bytes: By how much the server's memory had grown at its largest.
    """

    def __init__(self, request: Callable[[], None], pid: int) -> None:
        """Prepare.

        Args:
            request: Makes one request and raises when the answer is not what it must be.
            pid: The server's process.
        """
        self.served = 0
        self.slowest_seconds = 0.0
        self.failures: list[str] = []
        self.grown_bytes = 0
        self._request = request
        self._process = psutil.Process(pid)
        self._before_bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bystander")

    def __enter__(self) -> Bystander:
        """Begin; the first request is made before the attack."""
        self._request()
        self._before_bytes = self._process.memory_info().rss
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; the last request is made after the attack."""
        self._stop.set()
        self._thread.join(STOP_SECONDS)
        self._once()

    def _run(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            self._once()

    def _once(self) -> None:
        started = time.monotonic()
        try:
            self._request()
        except Exception as error:
            self.failures.append(repr(error))
        else:
            self.served += 1
        self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - started)
        if self._process.is_running():
            grown = self._process.memory_info().rss - self._before_bytes
            self.grown_bytes = max(self.grown_bytes, grown)
