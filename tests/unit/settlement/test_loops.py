"""Loops outlive what they depend on, and end on what is a bug."""

from __future__ import annotations

import asyncio

import pytest

from settlement.chain import ChainUnavailable
from settlement.loops import repeat, retry
from settlement.venue import VenueUnavailable


class Work:
    """Fails as it is told to, then succeeds."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.passes = 0
        self._done = asyncio.Condition()

    async def wait_for(self, passes: int) -> None:
        """Wait until so many passes were begun."""
        async with asyncio.timeout(10), self._done:
            await self._done.wait_for(lambda: self.passes >= passes)

    async def __call__(self) -> None:
        """Do one pass."""
        async with self._done:
            self.passes += 1
            self._done.notify_all()
        if self.failures:
            raise self.failures.pop(0)


async def test_a_loop_goes_on_after_what_may_be_well_again() -> None:
    """A node, a venue, a database that was away."""
    work = Work(ChainUnavailable("away"), VenueUnavailable("away"), ConnectionError("away"))
    looping = asyncio.create_task(repeat("test", work, every_ms=0))
    await work.wait_for(passes=5)
    looping.cancel()
    await asyncio.gather(looping, return_exceptions=True)
    assert [] == work.failures


async def test_a_loop_ends_on_a_bug() -> None:
    """The process ends with it: nobody knows what state it is in."""
    with pytest.raises(ZeroDivisionError):
        await repeat("test", Work(ZeroDivisionError()), every_ms=0)


async def test_a_loop_is_woken_before_its_pause_is_over() -> None:
    """Work that has come is not kept waiting."""
    wake, work = asyncio.Event(), Work()
    looping = asyncio.create_task(repeat("test", work, every_ms=3_600_000, wake=wake))
    for passes in range(1, 4):
        await work.wait_for(passes)
        wake.set()
    looping.cancel()
    await asyncio.gather(looping, return_exceptions=True)


async def test_a_first_step_is_tried_until_it_succeeds() -> None:
    """The node may start later than the worker."""
    work = Work(ChainUnavailable("not yet"), ChainUnavailable("not yet"))
    await retry("test", work)
    assert 3 == work.passes
