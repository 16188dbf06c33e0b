"""The mix that exchange-core is measured with, as a flow file, and what it must give.

Of the operations 9 % rest, 3 % are immediate or cancel, 6 % cancel and 82 % move a resting order to
another price; about 1,000 orders rest, of 1,000 users. A plain book of its own tells which orders
live and what trades.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from pathlib import Path

import numpy as np

OPERATIONS = 3_000_000
RESTING = 1_000
USERS = 1_000
SEED = 1
PRICES = 4_096  # prices are 1 to before it
MIDDLE = PRICES // 2
PRIORITY_MODULUS = (1 << 61) - 1

# Operations of a flow file.
NEW, CANCEL, MARKET, IOC, AMEND = range(5)

HEADER_BYTES = 32
HEADER = b"FLOWv1\0\0"
FLOW_RECORD = np.dtype(
    [
        ("op", "u1"),
        ("side", "u1"),
        ("owner", "<u2"),
        ("quantity", "<u4"),
        ("price", "<i8"),
        ("id", "<i8"),
        ("aux", "<i8"),
    ]
)


class Book:
    """A book by price and time, of dicts, with counts of what traded."""

    def __init__(self) -> None:
        self.levels: list[dict[int, list[int]]] = [{} for _ in range(PRICES)]
        self.orders: dict[int, tuple[int, int, list[int]]] = {}
        self.best = [0, PRICES]
        self.trades = self.volume = self.notional = self.priority_sum = 0

    def match(self, side: int, price: int, quantity: int, taker: int) -> int:
        """Trade with what is at least as good; give what is left."""
        other, step = 1 - side, (1, -1)[side]
        while quantity and 0 < self.best[other] < PRICES:
            at = self.best[other]
            if (at - price) * step > 0:
                break
            level = self.levels[at]
            while quantity and level:
                maker = next(iter(level))
                order = level[maker]
                lots = min(order[0], quantity)
                order[0] -= lots
                order[1] += lots
                quantity -= lots
                self._count(maker, taker, at, lots)
                if order[0] == 0:
                    del level[maker], self.orders[maker]
            if not level:
                self._seek(other)
        return quantity

    def _count(self, maker: int, taker: int, price: int, lots: int) -> None:
        self.trades += 1
        self.volume += lots
        self.notional += lots * price
        weighted = self.trades * (maker + 3 * taker)
        self.priority_sum = (self.priority_sum + weighted) % PRIORITY_MODULUS

    def _seek(self, side: int) -> None:
        """Move the best price of a side to its next level."""
        step, end = ((-1, 0), (1, PRICES))[side]
        at = self.best[side]
        while at != end and not (self.levels[at] and self._side_at(at) == side):
            at += step
        self.best[side] = at

    def _side_at(self, price: int) -> int:
        return self.orders[next(iter(self.levels[price]))][0]

    def rest(self, order_id: int, side: int, price: int, lots: list[int]) -> None:
        """Put an order, as its leaves and its filled lots, at the back of its level."""
        self.orders[order_id] = (side, price, lots)
        self.levels[price][order_id] = lots
        self.best[side] = max(self.best[0], price) if side == 0 else min(self.best[1], price)

    def take(self, order_id: int) -> tuple[int, int, list[int]]:
        """Take an order off the book."""
        side, price, lots = self.orders.pop(order_id)
        del self.levels[price][order_id]
        if price == self.best[side] and not self.levels[price]:
            self._seek(side)
        return side, price, lots


class Maker:
    """Makes operations one by one, each on what the ones before left."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.book = Book()
        self.ids: list[int] = []  # of orders that may still rest
        self.next_id = 1

    def price(self, side: int) -> int:
        """Draw a price on the passive side, most near the middle; the middle drifts a little."""
        middle = MIDDLE + int(20 * self.random.gauss(0, 0.02))
        away = min(1 + int(self.random.expovariate(0.05)), MIDDLE - 100)
        return middle - away if side == 0 else middle + away

    def alive(self) -> int:
        """Draw a resting order."""
        while True:
            at = self.random.randrange(len(self.ids))
            if self.ids[at] in self.book.orders:
                return self.ids[at]
            self.ids[at] = self.ids[-1]
            self.ids.pop()

    def new(self, op: int) -> tuple[int, ...]:
        """Make an order that rests, or one that takes."""
        side, quantity = self.random.randrange(2), self.random.randrange(1, 100)
        order_id, owner = self.next_id, self.random.randrange(1, USERS + 1)
        self.next_id += 1
        price = self.price(side)
        if op == IOC:
            price = self.price(1 - side)
        left = self.book.match(side, price, quantity, order_id)
        if left and op == NEW:
            self.book.rest(order_id, side, price, [left, quantity - left])
            self.ids.append(order_id)
        return op, side, owner, quantity, price, order_id, 0

    def cancel(self) -> tuple[int, ...]:
        """Cancel a resting order."""
        order_id = self.alive()
        side, price, lots = self.book.take(order_id)
        return CANCEL, side, 0, lots[0], price, order_id, 0

    def move(self) -> tuple[int, ...]:
        """Move a resting order to another price; it may trade there."""
        order_id = self.alive()
        side, old, (leaves, filled) = self.book.take(order_id)
        price = self.price(side)
        if price == old:
            price += 1 - 2 * (side == 0)
        left = self.book.match(side, price, leaves, order_id)
        if left:
            self.book.rest(order_id, side, price, [left, filled + leaves - left])
        return AMEND, side, 0, leaves, price, order_id, old << 32 | (filled + leaves)

    def operation(self) -> tuple[int, ...]:
        """Make the next operation; the number of resting orders stays near what it should be."""
        draw, resting = self.random.random(), len(self.book.orders)
        if draw < 0.82:
            return self.move()
        if draw < 0.85:
            return self.new(IOC)
        wants_new = resting < RESTING * 0.95 or (draw < 0.94 and resting < RESTING * 1.05)
        return self.new(NEW) if wants_new else self.cancel()


def write(folder: Path, operations: int = OPERATIONS, seed: int = SEED) -> dict[str, int]:
    """Write `mix.bin` and `mix.ref.json` as the shared generator writes its own.

    Args:
        folder: Where to.
        operations: How many follow the orders that rest before the clock starts.

    Returns:
        How many there are of each operation.
    """
    print("flow: making mix once (about half a minute)", file=sys.stderr, flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    maker = Maker(seed)
    records = np.zeros(RESTING + operations, FLOW_RECORD)
    for i in range(RESTING):
        records[i] = maker.new(NEW)
    for i in range(RESTING, RESTING + operations):
        records[i] = maker.operation()
    counts = [len(records), RESTING, 0]
    header = HEADER + b"".join(count.to_bytes(8, "little") for count in counts)
    (folder / "mix.bin").write_bytes(header + records.tobytes())
    book = maker.book
    expected = {
        "trades": book.trades,
        "volume": book.volume,
        "notional": book.notional,
        "prio": book.priority_sum,
        "final": {"live": len(book.orders)},
    }
    (folder / "mix.ref.json").write_text(json.dumps(expected))
    return {str(op): count for op, count in Counter(records["op"][RESTING:].tolist()).items()}
