"""The clock, and the end of the process."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from engine.ports.clock import SystemClock
from engine.ports.process import EXIT_ENDED, told

END = """
import atexit
from engine.ports.process import end_process
atexit.register(print, "cleaned up")
try:
    end_process("the state is not known\\nline two")
finally:
    print("went on")
"""


def test_the_clock_tells_utc_in_nanoseconds() -> None:
    """It agrees with the system's own."""
    before = time.time_ns()
    assert before <= SystemClock().now_ns() <= time.time_ns()


def test_the_steady_clock_never_goes_back() -> None:
    """It is what tells a jump of the other one."""
    clock = SystemClock()
    first = clock.elapsed_ns()
    assert first <= clock.elapsed_ns()


@pytest.mark.slow
def test_the_end_of_the_process_says_why_and_does_nothing_else() -> None:
    """One line of JSON on stderr, an exit status of its own, no handler, no cleaning up."""
    done = subprocess.run([sys.executable, "-c", END], capture_output=True, text=True, check=False)
    assert (EXIT_ENDED, "") == (done.returncode, done.stdout)
    assert {
        "level": "critical",
        "event": "process ended",
        "reason": "the state is not known\nline two",
    } == json.loads(done.stderr)


def test_an_error_is_told_with_where_it_came_from() -> None:
    """The reason of an end names the line."""
    try:
        raise ValueError("x is wrong")
    except ValueError as error:
        text = told(error)
    assert "ValueError: x is wrong" in text
    assert "test_ports.py" in text
