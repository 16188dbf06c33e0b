"""Ten thousand worlds in chunks, resumed where it was cut, with one report that is kept.

What is done stands in `build/sim/nightly.json`, with a hash of the sources that it is true of:
after a change of the engine or of the worlds it begins again. The report is
`docs/reports/simulation.md`.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.model.full import load, save
from tests.simulation.faults import CLASSES
from tests.simulation.plants import PLANTS, SEEDS_MAX
from tests.simulation.run import Sum, first_broken, lines, live_all

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / "build" / "sim" / "nightly.json"
REPORT = ROOT / "docs" / "reports" / "simulation.md"
SEEDS = 10_000
CHUNK_SEEDS = 100
EACH_FAULT_MIN = 1_000
SOURCES = ("engine", "tests/simulation", "tests/support")


def sources_hash() -> str:
    """Hash what a result depends on."""
    digest = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.p*")):
            if path.suffix in {".py", ".pxd"}:
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def run(seeds: int, path: Path = STATE, report: Path = REPORT) -> int:
    """Live through what is missing, chunk by chunk; write the report after each."""
    state = load(path, f"{sources_hash()} chunk {CHUNK_SEEDS}")
    count = -(-seeds // CHUNK_SEEDS)
    for index in range(count):
        if str(index) in state["chunks"]:
            continue
        started = time.monotonic()
        first = index * CHUNK_SEEDS + 1
        chunk = live_all(range(first, first + CHUNK_SEEDS), lambda total: None)
        state["chunks"][str(index)] = vars(chunk)
        save(path, state)
        write_report(state, report)
        seconds = int(time.monotonic() - started)
        print(f"sim: chunk {index + 1} of {count}, {seconds} s", file=sys.stderr, flush=True)
    total = added(state)
    if seeds >= SEEDS:
        state.setdefault("teeth", teeth(state))
    save(path, state)
    write_report(state, report)
    rare = [name for name in CLASSES if total.faults[name] < EACH_FAULT_MIN]
    print("\n".join(lines(total)))
    if rare and seeds >= SEEDS:
        print(f"too rare: {rare}")
    print(f"{len(total.broken)} of {total.worlds} worlds broke a promise")
    return 1 if total.broken or (rare and seeds >= SEEDS) else 0


def added(state: dict[str, Any]) -> Sum:
    """Add the chunks up."""
    total = Sum()
    for chunk in state["chunks"].values():
        for name in ("worlds", "commands", "executions", "starts", "snapshots"):
            setattr(total, name, getattr(total, name) + chunk[name])
        total.simulated_seconds += chunk["simulated_seconds"]
        total.faults.update(Counter(chunk["faults"]))
        total.broken += [(seed, what) for seed, what in chunk["broken"]]
    return total


def teeth(state: dict[str, Any]) -> dict[str, int]:
    """Find the first seed at which each planted fault is caught; 0: it was not."""
    found = {}
    for plant in PLANTS:
        outcome = first_broken(plant, range(1, SEEDS_MAX + 1))
        found[plant] = outcome.seed if outcome else 0
    return found


def commit() -> str:
    """Name the commit that the worlds were lived with."""
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def write_report(state: dict[str, Any], path: Path) -> None:
    """Write what all chunks so far came to."""
    total = added(state)
    seeds = sorted(int(index) for index in state["chunks"])
    rows = [
        "# Simulated worlds",
        "",
        f"`./dev sim --nightly` at commit `{commit()}`: seeds {seeds[0] * CHUNK_SEEDS + 1} to "
        f"{(seeds[-1] + 1) * CHUNK_SEEDS}.",
        "",
        "| | |",
        "|---|---|",
        f"| worlds | {total.worlds:,} |",
        f"| worlds that broke a promise | {len(total.broken):,} |",
        f"| simulated time | {total.simulated_seconds:,} s |",
        f"| commands told | {total.commands:,} |",
        f"| executions read | {total.executions:,} |",
        f"| engine starts | {total.starts:,} |",
        f"| snapshots written | {total.snapshots:,} |",
        "",
        "| fault | count |",
        "|---|---|",
        *(f"| {name} | {count:,} |" for name, count in sorted(total.faults.items())),
        "",
    ]
    if state.get("teeth"):
        rows += ["| planted in the engine | caught at seed |", "|---|---|"]
        rows += [f"| {name} | {seed or 'not'} |" for name, seed in state["teeth"].items()] + [""]
    for seed, what in total.broken:
        rows += [f"- seed {seed}: {what}"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows).rstrip() + "\n", encoding="utf-8")
