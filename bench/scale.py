"""Growth: what a command costs, and an order weighs, as the book becomes large.

Orders rest at random levels on both sides, the sides never meet, and each timed pair of commands
cancels a random order and places another. The memory of a resting order is the difference between a
venue where orders rest and one where as many came and did not: ledger and id window fall out.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import capi, flows
from engine.core.commands import (
    COMMAND,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

SIZES = tuple(10**power for power in range(3, 8))
LEVELS = (10, 100, 1_000, 10_000, 100_000)
LEVELS_ORDERS = 100_000  # that rest while the number of levels grows
ORDERS_PER_LEVEL = 20
MOST_LEVELS = 100_000
PAIRS = 200_000
ROUNDS = 3
OWNERS = 100
MIDDLE = 1_000_000  # ticks
CHUNK = 100_000  # commands made at a time
BATCH = 256
GROWTH_GOAL = 10.0  # times the cost at the smallest size
MEMORY_ORDERS = 1_000_000
MEMORY_GOAL_BYTES = 128


class Desk:
    """A venue and its next sequence and order id; commands are made and applied in chunks."""

    def __init__(self, levels: int, seed: int = 1) -> None:
        from engine.core.venue import Venue  # here, so that --help needs no build

        self.venue = Venue()
        self.levels = levels
        self.random = np.random.default_rng(seed)
        self.next_id = 1
        opening = flows.opening(100, OWNERS)
        self.stamp(opening)
        self.venue.apply(opening)

    def stamp(self, rows: NDArray[np.void]) -> None:
        """Number commands and give them times."""
        rows["sequence"] = self.venue.sequence_last + 1 + np.arange(len(rows))
        rows["time_ns"] = flows.START_NS + 1_000 * rows["sequence"].astype(np.int64)
        with_id = rows["client_id_low"] != 0
        rows["sent_time_ns"][with_id] = rows["time_ns"][with_id]

    def places(self, count: int, time_in_force: TimeInForce) -> NDArray[np.void]:
        """Make orders at random levels, far enough apart that none trades."""
        rows = np.zeros(count, COMMAND)
        side = self.random.integers(1, 3, count)
        away = 1 + self.random.integers(0, max(self.levels // 2, 1), count)
        rows["kind"] = CommandKind.PLACE
        rows["market_id"] = 1
        rows["order_type"] = OrderType.LIMIT
        rows["time_in_force"] = time_in_force
        rows["self_trade_prevention"] = SelfTradePrevention.NONE
        rows["side"] = side
        rows["price_ticks"] = np.where(side == Side.BUY, MIDDLE - away, MIDDLE + away)
        rows["quantity_lots"] = self.random.integers(1, 100, count)
        rows["client_id_low"] = self.next_id + np.arange(count)
        rows["account_id"] = 1 + rows["client_id_low"] % OWNERS
        self.next_id += count
        return rows

    def fill(self, count: int, time_in_force: TimeInForce = TimeInForce.GTC) -> None:
        """Let so many orders come."""
        for start in range(0, count, CHUNK):
            rows = self.places(min(CHUNK, count - start), time_in_force)
            self.stamp(rows)
            self.venue.apply(rows)

    def churn(self, resting: int, pairs: int) -> NDArray[np.void]:
        """Make pairs of a cancel of a random order and a place of another."""
        rows = np.zeros(2 * pairs, COMMAND)
        rows[1::2] = self.places(pairs, TimeInForce.GTC)
        chosen = self.random.integers(0, resting, pairs).tolist()
        ids: dict[int, int] = {}  # of the places of the book whose first order is gone
        cancelled = np.zeros(pairs, np.uint64)
        for i, (place, new) in enumerate(
            zip(chosen, rows["client_id_low"][1::2].tolist(), strict=True)
        ):
            cancelled[i] = ids.get(place, place + 1)
            ids[place] = new
        cancels = rows[::2]
        cancels["kind"] = CommandKind.CANCEL
        cancels["order_id"] = cancelled
        cancels["account_id"] = 1 + cancelled % OWNERS
        self.stamp(rows)
        return rows


def cost_ns(resting: int, levels: int) -> float:
    """Give the nanoseconds of a command at a size of the book.

    Raises:
        RuntimeError: A command was refused, so another thing was measured.
    """
    desk = Desk(levels)
    desk.fill(resting)
    spent = []
    rows = desk.churn(resting, PAIRS)
    for part in np.array_split(np.arange(len(rows)), ROUNDS):
        outcome = capi.drive(desk.venue, rows[part], batch=BATCH, digest_every=4)
        if outcome.events != len(part):
            raise RuntimeError(f"{outcome.events} events of {len(part)} commands")
        spent.append(outcome.nanoseconds / len(part))
    if desk.venue.counts()["open_orders"] != resting:
        raise RuntimeError("the book did not keep its size")
    return statistics.median(spent)


def _peak_bytes(resting: bool) -> int:
    desk = Desk(levels=MEMORY_ORDERS // ORDERS_PER_LEVEL)
    desk.fill(CHUNK, TimeInForce.IOC)  # what making commands takes is the same in both
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    desk.fill(MEMORY_ORDERS, TimeInForce.GTC if resting else TimeInForce.IOC)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


def order_bytes() -> float:
    """Give the bytes of a resting order, each venue in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, maxtasksperchild=1) as pool:
        without, resting = pool.map(_peak_bytes, [False, True], chunksize=1)
    return (resting - without) / MEMORY_ORDERS


def main(argv: Sequence[str] | None = None) -> int:
    """Measure growth of cost from the command line; 1 where it is beyond the goal."""
    parser = argparse.ArgumentParser(prog="./dev bench scale", description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="resting orders at most")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    rows = []
    least = 0.0
    for size in [size for size in SIZES if size <= options.most]:
        found = cost_ns(size, min(max(size // ORDERS_PER_LEVEL, 10), MOST_LEVELS))
        least = least or found
        rows.append(_row(f"scale {size} orders", found, least))
    least = 0.0
    for levels in LEVELS:
        found = cost_ns(LEVELS_ORDERS, levels)
        least = least or found
        rows.append(_row(f"scale {levels} levels", found, least))
    return _tell(rows, as_json=options.json)


def memory_main(argv: Sequence[str] | None = None) -> int:
    """Measure the memory of a resting order; 1 where it is beyond the goal."""
    parser = argparse.ArgumentParser(prog="./dev bench memory", description=order_bytes.__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    found = round(order_bytes(), 1)
    row = {
        "bench": "memory",
        "unit": "bytes/resting order",
        "ours": found,
        "peers": {},
        "ratio": None,
        "goal": MEMORY_GOAL_BYTES,
        "met": found <= MEMORY_GOAL_BYTES,
    }
    return _tell([row], as_json=options.json)


def _row(name: str, found: float, least: float) -> dict[str, Any]:
    ratio = round(found / least, 2)
    return {
        "bench": name,
        "unit": "ns/command",
        "ours": round(found, 1),
        "peers": {},
        "ratio": ratio,
        "goal": GROWTH_GOAL,
        "met": ratio <= GROWTH_GOAL,
    }


def _tell(rows: list[dict[str, Any]], *, as_json: bool) -> int:
    for row in rows:
        line = f"{row['bench']:<24} {row['ours']:>8} {row['unit']}, ratio {row['ratio']}"
        print(f"{line}, goal {row['goal']}", file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(rows))
    return 0 if all(row["met"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
