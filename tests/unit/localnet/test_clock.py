"""When slots end."""

from __future__ import annotations

import asyncio
import time

import pytest

from settlement.localnet.clock import STEPPED_START_S, SteppedClock, WallClock


def test_a_stepped_clock_moves_only_with_the_slots() -> None:
    """Five slots of 400 ms are two seconds."""
    clock = SteppedClock()
    assert clock.unix_time_s() == STEPPED_START_S
    clock.slots_passed(5)
    assert clock.unix_time_s() == STEPPED_START_S + 2


async def test_a_stepped_clock_never_ends_a_slot_by_itself() -> None:
    """Waiting for it takes for ever."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await SteppedClock().wait_for_slot_end()


async def test_a_wall_clock_ends_slots_at_their_length() -> None:
    """Ten slots take ten times the length, however long each wait was."""
    started_ns = time.monotonic_ns()
    clock = WallClock(5)
    for _ in range(10):
        await clock.wait_for_slot_end()
    assert time.monotonic_ns() - started_ns >= 10 * 5 * 1_000_000
    assert abs(clock.unix_time_s() - int(time.time())) <= 1


async def test_missed_slots_are_left_out_after_a_stall() -> None:
    """A machine that slept does not race through the slots it missed."""
    clock = WallClock(50)
    clock._slot_end_ns -= 10 * 50 * 1_000_000
    await clock.wait_for_slot_end()
    started_ns = time.monotonic_ns()
    await clock.wait_for_slot_end()
    assert time.monotonic_ns() - started_ns >= 40 * 1_000_000
