"""The clock. Only the sequencer reads it; everything after takes its time from the commands."""

from __future__ import annotations

import time
from typing import Protocol

# Linux has a steady clock that goes on while the machine sleeps: waking up is then no clock jump.
STEADY_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """What tells the time."""

    def now_ns(self) -> int:
        """Return UTC nanoseconds since 1970. It may step, stand still or go back."""

    def elapsed_ns(self) -> int:
        """Return nanoseconds since some start. It never steps; it shows when `now_ns` did."""


class SystemClock:
    """The machine's clocks."""

    def now_ns(self) -> int:
        """Return UTC nanoseconds since 1970."""
        return time.clock_gettime_ns(time.CLOCK_REALTIME)

    def elapsed_ns(self) -> int:
        """Return nanoseconds since the machine started."""
        return time.clock_gettime_ns(STEADY_CLOCK)
