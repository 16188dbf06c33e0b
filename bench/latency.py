"""How late the core is under a constant rate of commands, beside what the machine does by itself.

Commands have times that do not wait for the core, and each is noted from when it was due. The same
schedule with nothing to do is the hiccup meter: what it notes is the machine's, not ours.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import capi, flows

FEE_PPM = 100
LOADS_PERCENT = (25, 50, 75, 90)
JUDGED_PERCENT = 50
OVER_HICCUPS_NS_MAX = 50_000
PARTS = {"p50": 5_000, "p99": 9_900, "p99.9": 9_990, "p99.99": 9_999, "max": 10_000}
PS_PER_SECOND = 10**12


def capacity(flow: flows.Flow) -> int:
    """Give how many commands a second the core does when nothing paces it."""
    venue, timed = _opened(flow)
    run = capi.drive(venue, timed)
    return len(timed) * 1_000_000_000 // run.nanoseconds


def _opened(flow: flows.Flow) -> tuple[Any, NDArray[np.void]]:
    """Give a venue at the begin of a flow's timed part, and that part."""
    from engine.core.venue import Venue  # here, so that --help needs no build

    venue = Venue()
    capi.drive(venue, flow.commands[: flow.untimed])
    return venue, flow.commands[flow.untimed :]


def parts(latencies_ns: NDArray[np.int64]) -> dict[str, int]:
    """Give the latencies that so many commands were not beyond."""
    ordered = np.sort(latencies_ns)
    return {name: int(ordered[(len(ordered) - 1) * part // 10_000]) for name, part in PARTS.items()}


def measure(flow: flows.Flow, per_second: int, percent: int) -> dict[str, Any]:
    """Run a load and the hiccup meter at its rate; give the row of the table."""
    gap_ps = PS_PER_SECOND * 100 // (per_second * percent)
    venue, timed = _opened(flow)
    hiccups = parts(capi.keep_pace(None, timed, gap_ps))
    seen = parts(capi.keep_pace(venue, timed, gap_ps))
    over_ns = seen["p99.99"] - hiccups["p99.99"]
    return {
        "bench": f"latency {flow.kind} at {percent} % of capacity",
        "unit": "ns",
        "ours": seen,
        "peers": {"hiccup meter": hiccups},
        "ratio": None,
        "goal": f"p99.99 at most {OVER_HICCUPS_NS_MAX} ns over the hiccup meter's",
        "over_ns": over_ns,
        "met": over_ns <= OVER_HICCUPS_NS_MAX if percent == JUDGED_PERCENT else None,
        "commands_per_second": per_second * percent // 100,
    }


def line(row: dict[str, Any]) -> str:
    """Lay a row out for a person."""
    both = (
        f"{name} {value:,} ({row['peers']['hiccup meter'][name]:,})"
        for name, value in row["ours"].items()
    )
    verdict = {True: "met", False: "NOT MET", None: ""}[row["met"]]
    return f"{row['bench']:38} {row['commands_per_second']:>10,}/s  {'  '.join(both)}  {verdict}"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and tell whether the required figure is met."""
    parser = argparse.ArgumentParser(
        prog="dev bench latency", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--flow", choices=flows.KINDS, default="main", help="(main)")
    parser.add_argument("--json", action="store_true", help="the last line is JSON")
    options = parser.parse_args(argv)
    flow = flows.load(options.flow, fee_ppm=FEE_PPM)
    per_second = capacity(flow)
    print("nanoseconds from when a command was due; the hiccup meter's in brackets", flush=True)
    rows = []
    for percent in LOADS_PERCENT:
        rows.append(measure(flow, per_second, percent))
        print(line(rows[-1]), flush=True)
    if options.json:
        print(json.dumps(rows))
    return 1 if any(row["met"] is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
