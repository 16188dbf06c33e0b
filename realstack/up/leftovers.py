"""Processes that a run left behind which was killed: asked to end, and killed if they do not."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from realstack.up.supervisor import recorded_processes

END_SECONDS_MAX = 10.0
POLL_SECONDS = 0.05


def is_ours(pid: int, data: Path) -> bool:
    """Tell whether a process is one of the venue's on this folder, and not another with its id."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    text = os.fsencode(data)
    return any(part == text or part.startswith(text + b"/") for part in command)


def end(data: Path) -> list[str]:
    """End what still runs of a former run on this folder, and return the names.

    They end by themselves when their starter is killed; this waits for them, so that the new ones
    find locks and files free.
    """
    record = data / "run.json"
    mine = {name: pid for name, pid in recorded_processes(record).items() if is_ours(pid, data)}
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in mine.values():
            _send(pid, number)
        deadline = time.monotonic() + END_SECONDS_MAX
        while time.monotonic() < deadline and any(is_ours(pid, data) for pid in mine.values()):
            time.sleep(POLL_SECONDS)
    record.unlink(missing_ok=True)  # its addresses are nobody's now
    return sorted(mine)


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it has ended meanwhile
