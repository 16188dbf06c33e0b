"""How long single commands hold the core, and what a full book costs a plain one.

Each scene of `worst_scenes` is run at its size and at a tenth of it. The plain command is an order
that rests, alone in its call as the worst ones are, measured between them in the same run. Every
run of a scene does the same work, so the fastest is taken: what is above it is the machine's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.worst_scenes import (
    BATCH,
    COUNTED,
    MAKER,
    SCENES,
    TAKER,
    Scene,
    Stage,
    resting,
)
from engine.core.commands import CommandKind, Side

ROUNDS = 5
PLAIN = 2_000  # commands whose median is the plain one
GROWTH_MAX = (
    8.0  # cost an order, of that at a tenth of the size: quadratic is 10, cold memory below
)
FEW, MANY = 1_000, 1_000_000
PAIRS = 20_000  # orders placed and cancelled beside the resting ones
FULL_MAX = 5.0  # what a full book, which no cache holds, may cost a plain command


def plain_ns() -> float:
    """Give the median time of one order that rests, alone in its call."""
    stage = Stage()
    prices = np.arange(PLAIN) % 100 + 1
    orders = stage.orders(PLAIN, MAKER, Side.BUY, price_ticks=prices)
    return statistics.median(timed(stage, orders[at : at + 1])[0] for at in range(PLAIN))


def timed(stage: Stage, command: Any) -> tuple[int, Any]:
    """Apply one command; give nanoseconds and events."""
    stage.stamp(command)
    began = time.perf_counter_ns()
    events = stage.venue.apply(command)
    return time.perf_counter_ns() - began, events


def held_ns(scene: Scene) -> int:
    """Give how long the scene's command holds the core.

    Raises:
        RuntimeError: It did not do the work that the scene is about.
    """
    spent, events = timed(scene.stage, scene.command)
    done = int(np.isin(events["kind"], COUNTED).sum())
    if done < scene.works_on:
        raise RuntimeError(f"the command did {done} things, not {scene.works_on}")
    return spent


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Run a scene, a tenth of it and plain commands in turns; give the row of the table."""
    make, size, what = SCENES[name]
    full, tenth, plain = [], [], []
    for _ in range(rounds):
        plain.append(plain_ns())
        tenth.append(held_ns(make(size // 10)))
        full.append(held_ns(make(size)))
    held, small, alone = (min(each) for each in (full, tenth, plain))
    growth = held / (10 * small)
    return {
        "bench": f"worst {name}: {size:,} {what}",
        "unit": "us",
        "ours": round(held / 1_000, 1),
        "peers": {"a plain command": round(alone / 1_000, 2)},
        "ratio": round(held / alone, 1),
        "goal": size,
        "growth": round(growth, 2),
        "met": held / alone <= size and growth <= GROWTH_MAX,
    }


def full_book(rounds: int, many: int) -> dict[str, Any]:
    """Place and cancel beside few and beside many resting orders, in turns."""
    stages = {count: resting(count) for count in (FEW, many)}
    seen: dict[int, list[float]] = {count: [] for count in stages}
    for number in range(rounds):
        for count, stage in stages.items():
            seen[count].append(_pairs_ns(stage, count, number))
    few, full = (min(values) for values in seen.values())
    return {
        "bench": f"worst full book: place and cancel beside {many:,} orders",
        "unit": "us",
        "ours": round(full / 1_000, 3),
        "peers": {f"beside {FEW:,}": round(few / 1_000, 3)},
        "ratio": round(full / few, 2),
        "goal": FULL_MAX,
        "growth": None,
        "met": full / few <= FULL_MAX,
    }


def _pairs_ns(stage: Stage, count: int, seed: int) -> float:
    """Give the time of a command among orders placed all over the book and cancelled again."""
    prices = np.random.default_rng(seed).integers(1, max(2, count // 5), PAIRS)
    places = stage.orders(PAIRS, TAKER, Side.BUY, price_ticks=prices)
    cancels = stage.rows(CommandKind.CANCEL, PAIRS, account_id=TAKER)
    cancels["target_client_id_low"] = places["client_id_low"]
    began = time.perf_counter_ns()
    for rows in (places, cancels):
        stage.run(rows, BATCH)
    return (time.perf_counter_ns() - began) / (2 * PAIRS)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="./dev bench worst", description=__doc__)
    parser.add_argument("--scene", action="append", choices=[*SCENES, "full book"])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--orders", type=int, default=MANY, help="of the full book")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    wanted = options.scene or [*SCENES, "full book"]
    rows = [measure(name, options.rounds) for name in wanted if name in SCENES]
    if "full book" in wanted:
        rows.append(full_book(options.rounds, options.orders))
    for row in rows:
        print(_line(row), file=sys.stderr if options.json else sys.stdout)
    if options.json:
        print(json.dumps(rows))
    return 0 if all(row["met"] for row in rows) else 1


def _line(row: dict[str, Any]) -> str:
    (other, beside), *_ = row["peers"].items()
    words = [
        f"{row['bench'].removeprefix('worst '):<62} {row['ours']:>10,} us",
        f"{other} {beside:,} us",
        f"ratio {row['ratio']:,} (at most {row['goal']:,})",
    ]
    if row["growth"] is not None:
        words.append(f"growth {row['growth']} (at most {GROWTH_MAX})")
    words.append("met" if row["met"] else "MISSED")
    return ", ".join(words)


if __name__ == "__main__":
    sys.exit(main())
