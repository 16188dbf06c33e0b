"""The whole compiled core on each flow, through its C entry point, beside other engines.

Ours includes ledger, locks, fees, id window, events, and the digest's upkeep (it is read every few
batches). A peer is a program that is given a flow's file and prints what it did as JSON; ours and
the peers take turns, and medians are compared. What a peer traded must be what the flow says.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from bench import capi, flows
from engine.server import IDS_PREPARED, ORDERS_PREPARED

BATCH = 256
DIGEST_EVERY = 4  # batches: every 1,024 commands
FEE_PPM = 100
ROUNDS = 5
# What is required of ours against the best peer, and what it aims at.
REQUIRED = {"deep": 1.0, "main": 0.7, "crossing": 0.7}
GOAL = 1.0
COUNTED = ("trades", "volume", "notional")


def ours(flow: flows.Flow) -> float:
    """Run a flow once; give commands a second.

    Raises:
        RuntimeError: It did not trade as the flow's reference does.
    """
    from engine.core.venue import Venue  # here, so that --help needs no build

    venue = Venue()
    venue.prepare(orders=ORDERS_PREPARED, ids=IDS_PREPARED)
    opening, timed = flow.commands[: flow.untimed], flow.commands[flow.untimed :]
    first = capi.drive(venue, opening, batch=BATCH)
    run = capi.drive(venue, timed, batch=BATCH, digest_every=DIGEST_EVERY)
    for name in COUNTED:
        found = getattr(first, name) + getattr(run, name)
        if found != flow.expected[name]:
            raise RuntimeError(f"{flow.kind}: {name} is {found}, not {flow.expected[name]}")
    return len(timed) * 1e9 / run.nanoseconds


def peer(program: str, flow: flows.Flow) -> float | str:
    """Run a peer once; give operations a second, or why there is no figure."""
    path = flows.CACHE / f"{flow.kind}.bin"
    try:
        done = subprocess.run([program, path], capture_output=True, text=True, check=True)
        seen: dict[str, Any] = json.loads(done.stdout)
        wrong = [name for name in COUNTED if seen[name] != flow.expected[name]]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        return f"not run: {error}"
    return f"not counted: {wrong} differ" if wrong else float(seen["operations_per_second"])


def measure(kind: str, peers: dict[str, str], rounds: int) -> dict[str, Any]:
    """Run ours and the peers in turns on a flow; give the row of the table."""
    flow = flows.load(kind, fee_ppm=FEE_PPM)
    seen: dict[str, list[float | str]] = {name: [] for name in ("ours", *peers)}
    for _ in range(rounds):
        seen["ours"].append(ours(flow))
        for name, program in peers.items():
            seen[name].append(peer(program, flow))
    figures = {name: _middle(values) for name, values in seen.items()}
    mine = figures.pop("ours")
    best = max((value for value in figures.values() if isinstance(value, int)), default=None)
    ratio = None if best is None or isinstance(mine, str) else round(mine / best, 2)
    required = REQUIRED.get(kind)
    return {
        "bench": f"core {kind}",
        "unit": "commands/s",
        "ours": mine,
        "spread": _spread(seen["ours"]),
        "peers": figures,
        "ratio": ratio,
        "required": required,
        "goal": GOAL,
        "met": None if ratio is None or required is None else ratio >= required,
    }


def _middle(values: Sequence[float | str]) -> int | str:
    """Give the median, or the first reason why there is none."""
    for value in values:
        if isinstance(value, str):
            return value
    return int(statistics.median(float(value) for value in values))


def _spread(values: Sequence[float | str]) -> float:
    """Give how far the fastest and the slowest run were apart, as a share of the slowest."""
    numbers = [float(value) for value in values]
    return round(max(numbers) / min(numbers) - 1, 2)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; 1 where a required ratio is missed."""
    parser = argparse.ArgumentParser(prog="./dev bench core", description=__doc__)
    parser.add_argument("--flow", action="append", choices=flows.KINDS, help="only this one")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PROGRAM")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    peers = dict(word.split("=", 1) for word in options.peer)
    rows = [measure(kind, peers, options.rounds) for kind in options.flow or flows.KINDS]
    for row in rows:
        print(_line(row), file=sys.stderr if options.json else sys.stdout)
    if options.json:
        print(json.dumps(rows))
    return 1 if any(row["met"] is False for row in rows) else 0


def _line(row: dict[str, Any]) -> str:
    others = ", ".join(f"{name} {_number(value)}" for name, value in row["peers"].items())
    words = [f"{row['bench']:<14} {_number(row['ours']):>12}", f"spread {row['spread']:.0%}"]
    if others:
        words.append(f"peers: {others}; ratio {row['ratio']}, required {row['required']}")
    return ", ".join(words)


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:,}"


if __name__ == "__main__":
    sys.exit(main())
