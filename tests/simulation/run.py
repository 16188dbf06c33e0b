"""Live through many worlds and say what came of them.

    ./dev sim --seeds 200 [--seed 1] [--plant NAME] [--json]
    ./dev sim --nightly [--seeds 10000]        in chunks, resumed where it was cut, with a report

Every run begins with the canary: worlds with a disk that does not sync, one of which must break.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field

import structlog

import engine.node
from tests.simulation.machine import BUILD
from tests.simulation.plants import CANARY, PLANTS, SEEDS_MAX, replaced
from tests.simulation.world import Outcome, World

FAILURES_SHOWN = 10


@dataclass
class Sum:
    """What many worlds came to."""

    worlds: int = 0
    commands: int = 0
    executions: int = 0
    starts: int = 0
    snapshots: int = 0
    simulated_seconds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, str]] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count a world."""
        self.worlds += 1
        self.commands += outcome.commands
        self.executions += outcome.executions
        self.starts += outcome.starts
        self.snapshots += outcome.snapshots
        self.simulated_seconds += outcome.simulated_ns // 1_000_000_000
        self.faults.update(outcome.faults)
        if outcome.broken:
            self.broken.append((outcome.seed, outcome.broken))


def live(seed: int, plant: str = "") -> Outcome:
    """Live through one world, with a planted fault or without."""
    world = World(seed)
    planted = PLANTS[plant](world) if plant else nullcontext()
    with replaced(engine.node, "build_hash", lambda: BUILD), planted:
        return world.run()


def first_broken(plant: str, seeds: Iterable[int]) -> Outcome | None:
    """Give the first world that a planted fault breaks."""
    return next((outcome for seed in seeds if (outcome := live(seed, plant)).broken), None)


def quiet() -> None:
    """Keep the engine's log out of the report: its warnings are what worlds are made of."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def live_all(seeds: Iterable[int], progress: Callable[[Sum], None], plant: str = "") -> Sum:
    """Live through worlds one after the other."""
    total = Sum()
    for seed in seeds:
        total.add(live(seed, plant))
        progress(total)
    return total


def lines(total: Sum) -> list[str]:
    """Give the counts as text."""
    rows = [
        f"{total.worlds:,} worlds, {total.simulated_seconds:,} s of their time, "
        f"{total.commands:,} commands told, {total.executions:,} executions read",
        f"{total.starts:,} starts, {total.snapshots:,} snapshots, "
        f"{sum(total.faults.values()):,} faults:",
    ]
    rows += [f"  {name:<24}{count:>10,}" for name, count in sorted(total.faults.items())]
    for seed, what in total.broken[:FAILURES_SHOWN]:
        rows += [f"broken: {what}", f"repeat: ./dev sim --seeds 1 --seed {seed}"]
    return rows


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; the last line is the verdict."""
    parser = argparse.ArgumentParser(description="the whole venue on one thread, with faults")
    parser.add_argument("--seeds", type=int, help="how many worlds: 200; with --nightly 10,000")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--nightly", action="store_true", help="in chunks that add to one report")
    parser.add_argument("--plant", choices=sorted(PLANTS), default="", help="a fault of the engine")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    quiet()
    if options.nightly:
        from tests.simulation import nightly  # here, because it builds on this module

        return nightly.run(options.seeds or nightly.SEEDS)
    canary = first_broken(CANARY, range(1, SEEDS_MAX + 1))
    if canary is None:
        print("the canary lives: a disk that does not sync went unnoticed")
        return 1
    print(f"canary: broken at seed {canary.seed}, as it must be ({canary.broken})")
    started = time.monotonic()

    def progress(total: Sum) -> None:
        if total.worlds % 50 == 0:
            seconds = int(time.monotonic() - started)
            print(f"sim: {total.worlds} worlds, {seconds} s", file=sys.stderr, flush=True)

    count = options.seeds or SEEDS_MAX
    total = live_all(range(options.seed, options.seed + count), progress, options.plant)
    if options.json:
        figures = vars(total) | {"canary_seed": canary.seed}
        print(json.dumps(figures))
    else:
        print("\n".join(lines(total)))
        print(f"{len(total.broken)} of {total.worlds} worlds broke a promise")
    return 1 if total.broken else 0


if __name__ == "__main__":
    sys.exit(main())
