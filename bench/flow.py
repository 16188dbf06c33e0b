"""Run a shared order flow through the compiled core and check what it gave.

    ./dev flow main|deep|crossing [--json] [--batch 256] [--fee-ppm 0] [--core reference]

Ledger, locks, id window, events and digest upkeep are on; accounts are funded before the clock
starts; the client id of an order is its flow id. Trades, volume, notional, priority sum and working
orders must be those of the flow's reference, else the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import flows
from engine.core.events import EventKind

PRIORITY_MODULUS = (1 << 61) - 1


class Tally:
    """Counts trades as the flow's reference does."""

    def __init__(self) -> None:
        self.trades = 0
        self.volume = 0
        self.notional = 0
        self.priority_sum = 0

    def add(self, events: NDArray[np.void]) -> None:
        """Count the fills among a batch's events."""
        fills = events[events["kind"] == EventKind.FILL]
        if not len(fills):
            return
        numbers = self.trades + 1 + np.arange(len(fills), dtype=np.int64)
        makers = fills["maker_order_id"].astype(np.int64)
        takers = fills["order_id"].astype(np.int64)
        self.trades += len(fills)
        self.volume += int(fills["quantity_lots"].sum())
        self.notional += int((fills["quantity_lots"] * fills["price_ticks"]).sum())
        weighted = int((numbers * (makers + 3 * takers)).sum())
        self.priority_sum = (self.priority_sum + weighted) % PRIORITY_MODULUS


def run(venue: Any, flow: flows.Flow, batch: int) -> dict[str, int]:
    """Apply a flow in batches; time only the core, and not the set-up."""
    tally, nanoseconds = Tally(), 0
    commands = flow.commands
    bounds = [*range(0, flow.untimed, batch), *range(flow.untimed, len(commands), batch)]
    for start, end in zip(bounds, [*bounds[1:], len(commands)], strict=True):
        chunk = commands[start:end]
        began = time.perf_counter_ns()
        events = venue.apply(chunk)
        spent = time.perf_counter_ns() - began
        if start >= flow.untimed:
            nanoseconds += spent
        tally.add(events)
    timed = len(commands) - flow.untimed
    return {
        "trades": tally.trades,
        "volume": tally.volume,
        "notional": tally.notional,
        "priority_sum": tally.priority_sum,
        "open_orders": int(venue.counts()["open_orders"]),
        "commands_per_second": timed * 1_000_000_000 // max(nanoseconds, 1),
    }


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; the last line is the verdict."""
    parser = argparse.ArgumentParser(description="a shared order flow through the core")
    parser.add_argument("kind", choices=flows.KINDS)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--fee-ppm", type=int, default=0)
    parser.add_argument("--core", choices=("compiled", "reference"), default="compiled")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    flow = flows.load(options.kind, fee_ppm=options.fee_ppm)
    result = run(_venue(options.core), flow, options.batch)
    wrong = {name: value for name, value in flow.expected.items() if result[name] != value}
    if options.json:
        print(json.dumps({"flow": options.kind, "equal": not wrong, **result}))
        return 1 if wrong else 0
    for name, value in result.items():
        print(f"{name:20} {value:>28,}")
    print(f"differs from the reference: {wrong}" if wrong else f"{options.kind}: as the reference")
    return 1 if wrong else 0


def _venue(core: str) -> Any:
    if core == "reference":
        from engine.reference.venue import ReferenceVenue  # only when asked for

        return ReferenceVenue()
    from engine.core.venue import Venue  # here, so that --help needs no build

    return Venue()


if __name__ == "__main__":
    sys.exit(main())
