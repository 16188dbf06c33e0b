"""The one place of settlement that reads a clock."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970 UTC."""


class SystemClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970 UTC."""
        return time.time_ns()


def seconds(milliseconds: int) -> float:
    """Return milliseconds as what the event loop takes."""
    return timedelta(milliseconds=milliseconds).total_seconds()
