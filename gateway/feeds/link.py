"""How the parts behind the gateway are: whether they speak, and how late what they say comes."""

from __future__ import annotations

import time

SILENCE_NS = 6_000_000_000  # three heartbeats of the engine


class LinkState:
    """Up while the part has spoken within the last seconds."""

    def __init__(self, *, silence_ns: int = SILENCE_NS) -> None:
        self._silence_ns = silence_ns
        self._heard_ns = 0
        self._up_since_ns = 0

    def heard(self) -> None:
        """Note that the part has spoken."""
        now_ns = time.time_ns()
        if now_ns - self._heard_ns > self._silence_ns:
            self._up_since_ns = now_ns
        self._heard_ns = now_ns

    def lost(self) -> None:
        """Note that the part is away for certain."""
        self._heard_ns = 0

    def is_up(self) -> bool:
        """Tell whether it has spoken lately."""
        return time.time_ns() - self._heard_ns <= self._silence_ns

    def since_ns(self) -> int:
        """Return since when it is up; zero when it is not."""
        return self._up_since_ns if self.is_up() else 0


LAG_NS_MAX = 60_000_000_000  # what is older is history that was asked for, not news


class LagMeter:
    """How long after the venue's own time its news reach the gateway."""

    def __init__(self) -> None:
        self._samples_ns: list[int] = []

    def note(self, time_ns: int) -> None:
        """Note news of a venue time that arrive now."""
        lag_ns = time.time_ns() - time_ns
        if 0 <= lag_ns <= LAG_NS_MAX:
            self._samples_ns.append(lag_ns)

    def take_us(self) -> int | None:
        """Return the median since the last time in microseconds; nothing when there was no news."""
        samples, self._samples_ns = sorted(self._samples_ns), []
        return samples[len(samples) // 2] // 1_000 if samples else None
