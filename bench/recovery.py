"""How fast an engine starts: a journal's replay against the same commands from memory, and a dump.

The journal is read as a start reads it, from a real disk, every checksum and the chain included,
and applied to a new venue. The same commands from memory, in batches of the same length, are what
the core could do at best. Both take turns.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import flows
from bench.engine import ROOT
from engine.core.commands import COMMAND, CommandKind
from engine.core.limits import COMMANDS_PER_BATCH_MAX
from engine.journal.ahead import ReadAhead
from engine.journal.batches import joined
from engine.journal.recovery import Recovery
from engine.journal.writer import Journal
from engine.ports.clock import SystemClock
from engine.ports.disk import DiskFolder
from engine.ports.process import end_process
from engine.server import READ_AHEAD_FRAMES

FEE_PPM = 100
REPLAY_PERCENT_MIN = 80
LOAD_NS_MAX = 3_000_000_000
SPARSE = 20_000  # commands that are a frame each
LEVELS = 1_000


def write_journal(folder: Path, commands: NDArray[np.void], frame: int) -> None:
    """Write commands as an engine does, in frames of so many."""
    storage = DiskFolder(folder)
    recovery = Recovery(storage)
    if list(recovery.batches()):
        raise RuntimeError(f"{folder} holds a journal")
    journal = Journal(storage, recovery.finish(), clock=SystemClock(), end=end_process)
    journal.start()
    synced = threading.Semaphore(2)  # as far as an engine runs ahead
    for start in range(0, len(commands), frame):
        synced.acquire()
        journal.append(commands[start : start + frame], synced.release)
    journal.close()


def replay(folder: Path) -> Any:
    """Read a journal and apply it to a new venue, as a start does without feeds."""
    from engine.core.venue import Venue  # here, so that --help needs no build

    venue = Venue()
    for batch in joined(ReadAhead(Recovery(DiskFolder(folder)).batches(), READ_AHEAD_FRAMES)):
        venue.apply(batch)
    return venue


def from_memory(commands: NDArray[np.void]) -> Any:
    """Apply the same to a new venue, in the longest batches there are."""
    from engine.core.venue import Venue  # here, so that --help needs no build

    venue = Venue()
    for start in range(0, len(commands), COMMANDS_PER_BATCH_MAX):
        venue.apply(commands[start : start + COMMANDS_PER_BATCH_MAX])
    return venue


def timed(work: Callable[[], Any]) -> tuple[int, Any]:
    """Give how many nanoseconds it takes, and what it gives."""
    began = time.perf_counter_ns()
    value = work()
    return time.perf_counter_ns() - began, value


def measure_replay(
    name: str, commands: NDArray[np.void], frame: int, rounds: int
) -> dict[str, Any]:
    """Compare replay and memory; give the row of the table."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "build"))
    try:
        write_journal(folder, commands, frame)
        disk, memory = [], []
        for _ in range(rounds):
            spent, replayed = timed(lambda: replay(folder))
            disk.append(spent)
            spent, venue = timed(lambda: from_memory(commands))
            memory.append(spent)
            if replayed.digest() != venue.digest():
                raise RuntimeError(f"{name}: the replay gave another state")
    finally:
        shutil.rmtree(folder)
    disk_ns, memory_ns = int(statistics.median(disk)), int(statistics.median(memory))
    percent = memory_ns * 100 // disk_ns
    required = frame == COMMANDS_PER_BATCH_MAX
    return {
        "bench": f"recovery: replay, {name}",
        "unit": "commands/s",
        "ours": len(commands) * 1_000_000_000 // disk_ns,
        "peers": {"the core from memory": len(commands) * 1_000_000_000 // memory_ns},
        "ratio": f"{percent // 100}.{percent % 100:02}",
        "goal": f"{REPLAY_PERCENT_MIN} %" if required else "none: the disk holds 4 KiB a command",
        "met": percent >= REPLAY_PERCENT_MIN if required else None,
    }


def measure_load(orders: int) -> dict[str, Any]:
    """Take over the state of a venue with so many resting orders; give the row of the table."""
    from engine.core.venue import Venue  # here, so that --help needs no build

    venue = from_memory(resting(orders))
    image = venue.dump()
    copy = Venue()
    spent, _ = timed(lambda: copy.restore(image))
    if copy.digest() != venue.digest() or copy.counts()["open_orders"] != orders:
        raise RuntimeError("the copy has another state")
    return {
        "bench": f"recovery: load a state of {orders:,} orders",
        "unit": "ms",
        "ours": spent // 1_000_000,
        "peers": {},
        "ratio": None,
        "goal": f"{LOAD_NS_MAX // 1_000_000} ms",
        "met": spent < LOAD_NS_MAX,
    }


def resting(orders: int) -> NDArray[np.void]:
    """Make the commands that leave so many buys at rest, on some levels."""
    flow = flows.load("main", fee_ppm=FEE_PPM)
    is_set_up = ~np.isin(
        flow.commands["kind"], (CommandKind.PLACE, CommandKind.CANCEL, CommandKind.REPLACE)
    )
    opening = flow.commands[: int(np.argmin(is_set_up))]
    words = np.zeros((len(opening) + orders, 16), np.uint64)
    words[: len(opening)] = opening.view(np.uint64).reshape(-1, 16)
    commands = words.reshape(-1).view(COMMAND)
    rows, numbers = commands[len(opening) :], np.arange(orders)
    first, time_ns = int(opening["sequence"][-1]) + 1, int(opening["time_ns"][-1]) + 1
    rows["sequence"], rows["time_ns"] = first + numbers, time_ns + numbers
    rows["client_id_low"], rows["sent_time_ns"] = 1 + numbers, time_ns
    rows["client_id_high"] = 1 << 40
    rows["account_id"] = opening["account_id"][opening["kind"] == CommandKind.DEPOSIT][0]
    rows["market_id"], rows["kind"], rows["side"] = 1, CommandKind.PLACE, 1
    rows["order_type"], rows["time_in_force"], rows["self_trade_prevention"] = 1, 1, 1
    rows["price_ticks"], rows["quantity_lots"] = 1 + numbers % LEVELS, 1
    return commands


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and tell whether every required figure is met."""
    parser = argparse.ArgumentParser(
        prog="dev bench recovery", description=(__doc__ or "").split("\\n", maxsplit=1)[0]
    )
    parser.add_argument("--commands", type=int, default=0, help="of the flow; 0: all of it")
    parser.add_argument("--orders", type=int, default=1_000_000, help="at rest (1000000)")
    parser.add_argument("--rounds", type=int, default=3, help="medians of so many (3)")
    parser.add_argument("--json", action="store_true", help="the last line is JSON")
    options = parser.parse_args(argv)
    (ROOT / "build").mkdir(exist_ok=True)
    commands = flows.load("main", fee_ppm=FEE_PPM).commands
    commands = commands[: options.commands or len(commands)]
    rows = [
        measure_replay("frames of 4,096", commands, COMMANDS_PER_BATCH_MAX, options.rounds),
        measure_replay("a frame a command", commands[:SPARSE], 1, options.rounds),
        measure_load(options.orders),
    ]
    for row in rows:
        beside = f"  {row['ratio']} of memory" if row["ratio"] else ""
        verdict = {True: "met", False: "NOT MET", None: ""}[row["met"]]
        print(f"{row['bench']:44} {row['ours']:>12,} {row['unit']}{beside}  {verdict}", flush=True)
    if options.json:
        print(json.dumps(rows))
    return 1 if any(row["met"] is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
