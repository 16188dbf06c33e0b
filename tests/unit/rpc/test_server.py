"""The engine's process around the node: which core, and what a bug does to it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.core.venue import Venue
from engine.ports.process import EXIT_ENDED
from engine.reference.venue import ReferenceVenue
from engine.server import CannotStart, core_factory

PROGRAM = """
import asyncio
from engine.core.invariants import BrokenInvariant
from engine.server import on_loop_error

def broken():
    raise {error}

async def task():
    broken()

async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(on_loop_error)
    {start}
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print("goes on")

asyncio.run(main())
"""


def run(error: str, start: str) -> subprocess.CompletedProcess[str]:
    """Run a loop in which something fails that nobody waits for."""
    program = PROGRAM.format(error=error, start=start)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "start"),
    [
        ("BrokenInvariant('never overfill')", "loop.create_task(task())"),
        ("BrokenInvariant('never overfill')", "loop.call_soon(broken)"),
        ("ValueError('never overfill')", "loop.call_soon(broken)"),
    ],
)
def test_a_bug_that_nobody_waits_for_ends_the_process_with_its_reason(
    error: str, start: str
) -> None:
    """A broken invariant anywhere, or any failure in a callback of ours, is the end."""
    done = run(error, start)
    assert (done.returncode, done.stdout) == (EXIT_ENDED, "")
    assert "never overfill" in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_failed_task_of_a_client_that_is_gone_is_logged_and_no_more() -> None:
    """What gRPC's own tasks fail with concerns one connection."""
    done = run("ConnectionError('gone')", "loop.create_task(task())")
    assert done.returncode == 0
    assert "ConnectionError('gone')" in done.stdout
    assert done.stdout.endswith("goes on\n")


def test_the_wanted_core_is_given() -> None:
    """The compiled core by default, the reference for tests."""
    assert core_factory("compiled") is Venue
    assert core_factory("reference") is ReferenceVenue


def test_a_core_that_is_not_built_is_never_replaced_by_a_slow_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The engine says what to do instead."""
    monkeypatch.setitem(sys.modules, "engine.core.venue", None)
    with pytest.raises(CannotStart, match=r"run \./dev build"):
        core_factory("compiled")
