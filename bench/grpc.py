"""Orders through gRPC with durable acknowledgement: the native front against the plain one.

Each figure is of a whole engine, a process of its own with its journal on a real disk: ledger, id
window, an answer to each order, and a sync before it. The client is stock grpc-go on the same
machine. The two fronts take turns, and medians are compared.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.engine import ROOT, Engine, running
from engine.front.choice import native_module

CLIENT_SOURCES = ROOT / "bench" / "grpc_client"
CLIENT = ROOT / "build" / "grpc_client"
MEMBERS = 8
FRONTS = ("plain", "native")


@dataclass(frozen=True)
class Load:
    """What the client does, and what is asked of the native front.

    Attributes:
        words: The client's arguments.
        ratio_goal: How many times the plain front's orders a second.
        goal: Orders a second, or 0.
        plain_goal: The same of the plain front.
    """

    name: str
    words: str
    ratio_goal: int = 0
    goal: int = 0
    plain_goal: int = 0


LOADS = (
    Load("one order in flight", "-mode stream -streams 1 -window 1", ratio_goal=2),
    Load("64 in flight on a stream", "-mode stream -streams 1 -window 64", ratio_goal=20),
    Load(
        "1,024 in flight on a stream",
        "-mode stream -streams 1 -window 1024",
        ratio_goal=20,
        goal=400_000,
    ),
    Load("64 unary callers", "-mode unary -streams 64"),
    Load(
        "batches of 256, 8 streams of 4",
        "-mode batch -streams 8 -window 4 -rows 256",
        goal=2_000_000,
        plain_goal=500_000,
    ),
)


@dataclass(frozen=True)
class Seen:
    """What the client measured."""

    orders_per_second: int
    latency_us_p50: int
    latency_us_p99: int


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and tell whether every goal is met."""
    parser = argparse.ArgumentParser(
        prog="dev bench grpc", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--seconds", type=int, default=3, help="measured a figure (3)")
    parser.add_argument("--rounds", type=int, default=3, help="medians of so many (3)")
    parser.add_argument("--json", action="store_true", help="the last line is JSON")
    options = parser.parse_args(argv)
    missing = _missing()
    if missing:
        print(f"bench grpc: not run: {missing}")
        return 0
    figures = [_figure(load, options.seconds, options.rounds) for load in LOADS]
    rows = [row for load, seen in zip(LOADS, figures, strict=True) for row in _rows(load, seen)]
    if options.json:
        print(json.dumps(rows))
    return 0 if all(row["met"] for row in rows) else 1


def _missing() -> str:
    """Say what keeps this from being run here."""
    if native_module() is None:
        return "the native front is not built (./dev front)"
    go = shutil.which("go")
    if go is None:
        return "there is no Go compiler for the client"
    print("bench grpc: building the client", file=sys.stderr, flush=True)
    subprocess.run([go, "build", "-o", str(CLIENT), "."], cwd=CLIENT_SOURCES, check=True)
    return ""


def _figure(load: Load, seconds: int, rounds: int) -> dict[str, Seen]:
    """Let the fronts take turns; give the medians of each."""
    seen: dict[str, list[Seen]] = {front: [] for front in FRONTS}
    for _ in range(rounds):
        for front in FRONTS:
            with running(front, MEMBERS) as engine:
                seen[front].append(_drive(engine, load, seconds))
    medians = {front: _median(each) for front, each in seen.items()}
    plain, native = medians["plain"], medians["native"]
    print(
        f"{load.name:32} plain {plain.orders_per_second:>9,}/s  native "
        f"{native.orders_per_second:>9,}/s  {_times(native, plain)} times   microseconds p50/p99: "
        f"plain {plain.latency_us_p50:,}/{plain.latency_us_p99:,}, "
        f"native {native.latency_us_p50:,}/{native.latency_us_p99:,}",
        flush=True,
    )
    return medians


def _drive(engine: Engine, load: Load, seconds: int) -> Seen:
    words = ["-address", engine.address, "-key", ",".join(engine.keys), "-seconds", str(seconds)]
    command = [str(CLIENT), *words, *load.words.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{load.name}: {done.stderr}\n{_log(engine.folder)}")
    result = json.loads(done.stdout)
    if result["accepted"] != result["answered"]:
        raise RuntimeError(f"{load.name}: orders were refused: {result}")
    return Seen(**{name: result[name] for name in Seen.__dataclass_fields__})


def _log(folder: Path) -> str:
    return (folder / "log").read_text()


def _median(seen: list[Seen]) -> Seen:
    values = {
        name: statistics.median_low(getattr(each, name) for each in seen)
        for name in Seen.__dataclass_fields__
    }
    return Seen(**values)


def _times(ours: Seen, other: Seen) -> str:
    """Give a ratio with two decimals."""
    hundredths = ours.orders_per_second * 100 // other.orders_per_second
    return f"{hundredths // 100}.{hundredths % 100:02}"


def _rows(load: Load, seen: dict[str, Seen]) -> list[dict[str, object]]:
    plain, native = seen["plain"], seen["native"]
    rows: list[dict[str, object]] = []
    ratio = _times(native, plain)
    peers = {"plain front": plain.orders_per_second}
    is_met = native.orders_per_second >= load.ratio_goal * plain.orders_per_second
    rows.append(_row(load.name, native, peers, ratio, f"{load.ratio_goal} times", met=is_met))
    for name, each, goal in (("native", native, load.goal), ("plain", plain, load.plain_goal)):
        if goal:
            is_met = each.orders_per_second >= goal
            rows.append(_row(f"{load.name}, {name}", each, {}, None, f"{goal}/s", met=is_met))
    return rows


def _row(
    name: str, seen: Seen, peers: dict[str, int], ratio: str | None, goal: str, *, met: bool
) -> dict[str, object]:
    return {
        "bench": f"grpc: {name}",
        "unit": "orders/s",
        "ours": seen.orders_per_second,
        "peers": peers,
        "ratio": ratio,
        "goal": goal,
        "met": met,
    }


if __name__ == "__main__":
    sys.exit(main())
