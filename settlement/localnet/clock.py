"""The network's only clock: when slots end and what time a block carries."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Protocol

from settlement.localnet.settings import SLOT_MS_DEFAULT

NANOSECONDS_PER_MS = 1_000_000
MS_PER_SECOND = 1_000
STEPPED_START_S = 1_790_000_000
"""Unix time at which a hand-stepped network starts; fixed, so that test runs are equal."""


class SlotClock(Protocol):
    """When slots end, and the Unix time of a block."""

    def unix_time_s(self) -> int:
        """Tell the time, in whole seconds, that a block opened now carries."""
        ...

    def slots_passed(self, slots: int) -> None:
        """Take note that the chain moved on by `slots`."""
        ...

    async def wait_for_slot_end(self) -> None:
        """Wait until the open slot should end."""
        ...


class WallClock:
    """Slots of a fixed length on the machine's clock."""

    def __init__(self, slot_ms: int) -> None:
        """Take the slot length in milliseconds."""
        self._slot_ns = slot_ms * NANOSECONDS_PER_MS
        self._slot_end_ns = time.monotonic_ns() + self._slot_ns

    def unix_time_s(self) -> int:
        """Tell the machine's time in whole seconds."""
        return int(time.time())

    def slots_passed(self, slots: int) -> None:
        """Need no note: the machine's clock moves by itself."""

    async def wait_for_slot_end(self) -> None:
        """Wait for the end of the open slot; after a stall the missed slots are left out."""
        now_ns = time.monotonic_ns()
        pause = timedelta(microseconds=max(0, self._slot_end_ns - now_ns) // MS_PER_SECOND)
        await asyncio.sleep(pause.total_seconds())
        self._slot_end_ns = max(self._slot_end_ns, now_ns) + self._slot_ns


class SteppedClock:
    """Slots that end only by hand; time is a function of the slots passed."""

    def __init__(self) -> None:
        """Start at a fixed time."""
        self._slots = 0

    def unix_time_s(self) -> int:
        """Tell the start plus the length of the slots passed."""
        return STEPPED_START_S + self._slots * SLOT_MS_DEFAULT // MS_PER_SECOND

    def slots_passed(self, slots: int) -> None:
        """Move the time by the length of `slots` slots."""
        self._slots += slots

    async def wait_for_slot_end(self) -> None:
        """Wait for ever: nobody but the tester ends a slot."""
        await asyncio.Event().wait()
