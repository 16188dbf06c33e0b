"""The seen orders of one book in queue order, and their checksum: what an L3 reader holds."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import google_crc32c
from sortedcontainers import SortedDict

from engine.core.commands import Side
from engine.core.invariants import check

CHECKSUM_LEVELS = 10  # a side
CHECKSUM_ORDERS = 64  # a level
_BUY = int(Side.BUY)


class QueuedOrder(NamedTuple):
    """One order as it is seen."""

    order_id: int
    price_ticks: int
    quantity_lots: int


class _Queue:
    """One level: what each order shows, in queue order, and the bytes that the checksum covers."""

    __slots__ = ("orders", "packed")

    def __init__(self) -> None:
        self.orders: dict[int, int] = {}
        self.packed: bytes | None = None

    def bytes_at(self, price_ticks: int) -> bytes:
        """Give the bytes of the first orders, made anew only after a change."""
        if self.packed is None:
            first = islice(self.orders.items(), CHECKSUM_ORDERS)
            words = [word for number, lots in first for word in (number, price_ticks, lots)]
            self.packed = struct.pack(f"<{len(words)}q", *words)
        return self.packed


class Queues:
    """Both sides. Bids are kept under the negated price, so that the best comes first."""

    def __init__(self) -> None:
        self._bids: SortedDict[int, _Queue] = SortedDict()
        self._asks: SortedDict[int, _Queue] = SortedDict()
        self._places: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        """Give the number of orders."""
        return len(self._places)

    def _side(self, side: int) -> SortedDict[int, _Queue]:
        return self._bids if side == _BUY else self._asks

    def add(self, order_id: int, side: int, price_ticks: int, quantity_lots: int) -> None:
        """Put an order at the back of its level."""
        check(order_id not in self._places, "an order is in one queue")
        check(quantity_lots > 0, "an order in the queue shows something")
        levels, key = self._side(side), -price_ticks if side == _BUY else price_ticks
        queue = levels.get(key)
        if queue is None:
            queue = levels[key] = _Queue()
        queue.orders[order_id] = quantity_lots
        queue.packed = None
        self._places[order_id] = (side, key)

    def resize(self, order_id: int, change_lots: int) -> None:
        """Change what an order shows, in its place; at zero it leaves the queue."""
        side, key = self._places[order_id]
        levels = self._side(side)
        queue = levels[key]
        lots = queue.orders[order_id] + change_lots
        check(lots >= 0, "an order never shows less than nothing")
        queue.packed = None
        if lots:
            queue.orders[order_id] = lots
            return
        del queue.orders[order_id], self._places[order_id]
        if not queue.orders:
            del levels[key]

    def find(self, order_id: int) -> tuple[int, QueuedOrder] | None:
        """Give an order with its side."""
        place = self._places.get(order_id)
        if place is None:
            return None
        side, key = place
        lots = self._side(side)[key].orders[order_id]
        return side, QueuedOrder(order_id, -key if side == _BUY else key, lots)

    def orders(self, side: int) -> Iterator[QueuedOrder]:
        """Give the orders of a side, best price first, each level in queue order."""
        for key, queue in self._side(side).items():
            price = -key if side == _BUY else key
            for order_id, lots in queue.orders.items():
                yield QueuedOrder(order_id, price, lots)

    def checksum(self) -> int:
        """Give the CRC32C over the first orders of the best levels of each side, bids first."""
        bids = (queue.bytes_at(-key) for key, queue in islice(self._bids.items(), CHECKSUM_LEVELS))
        asks = (queue.bytes_at(key) for key, queue in islice(self._asks.items(), CHECKSUM_LEVELS))
        return int(google_crc32c.value(b"".join((*bids, *asks))))
