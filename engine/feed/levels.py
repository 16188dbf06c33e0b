"""The price levels of one book as a reader holds them, and their checksum."""

from __future__ import annotations

import struct
from itertools import islice
from typing import Any, NamedTuple

import google_crc32c
import numpy as np
from sortedcontainers import SortedDict

from engine.core.commands import Side
from engine.core.invariants import check

CHECKSUM_LEVELS = 10  # a side
# Plain numbers, because looking up a member of an enum costs as much as a small array operation.
_BUY = int(Side.BUY)


class Level(NamedTuple):
    """One price level; a quantity of zero says that it is gone."""

    price_ticks: int
    quantity_lots: int
    order_count: int


class Levels:
    """Both sides of a book. Bids are kept under the negated price, so that the best comes first."""

    def __init__(self) -> None:
        self._bids: SortedDict[int, tuple[int, int]] = SortedDict()
        self._asks: SortedDict[int, tuple[int, int]] = SortedDict()

    def change(self, side: int, price_ticks: int, quantity_lots: int, orders: int) -> None:
        """Add a change (either sign) to a level."""
        levels, key = self._place(side, price_ticks)
        quantity_before, orders_before = levels.get(key, (0, 0))
        quantity, count = quantity_before + quantity_lots, orders_before + orders
        check(quantity >= 0, "a level's quantity is never negative")
        check((quantity == 0) == (count == 0), "a level has orders exactly when it has a quantity")
        if quantity:
            levels[key] = (quantity, count)
        elif quantity_before:
            del levels[key]

    def _place(self, side: int, price_ticks: int) -> tuple[SortedDict[int, tuple[int, int]], int]:
        return (self._bids, -price_ticks) if side == _BUY else (self._asks, price_ticks)

    def state(self) -> dict[str, Any]:
        """Give both sides, for `restore`: price, quantity and order count of each level."""
        return {
            "bids": np.array(self.bids(), np.int64).reshape(-1, 3),
            "asks": np.array(self.asks(), np.int64).reshape(-1, 3),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over both sides of another book."""
        for side, name in ((Side.BUY, "bids"), (Side.SELL, "asks")):
            rows = np.frombuffer(state[name].tobytes(), np.int64).reshape(-1, 3)
            for price_ticks, quantity_lots, orders in rows.tolist():
                self.change(side, price_ticks, quantity_lots, orders)

    def level(self, side: int, price_ticks: int) -> Level:
        """Give one level as it is now."""
        levels, key = self._place(side, price_ticks)
        return Level(price_ticks, *levels.get(key, (0, 0)))

    def bids(self, depth: int | None = None) -> list[Level]:
        """Give the bids, highest first."""
        return [Level(-key, *level) for key, level in islice(self._bids.items(), depth)]

    def asks(self, depth: int | None = None) -> list[Level]:
        """Give the asks, lowest first."""
        return [Level(key, *level) for key, level in islice(self._asks.items(), depth)]

    def checksum(self) -> int:
        """Give the CRC32C over the ten best levels a side, bids first.

        Each level counts as its price and its quantity, little-endian 64-bit integers.
        """
        words: list[int] = []
        for key, level in islice(self._bids.items(), CHECKSUM_LEVELS):
            words += (-key, level[0])
        for key, level in islice(self._asks.items(), CHECKSUM_LEVELS):
            words += (key, level[0])
        return int(google_crc32c.value(struct.pack(f"<{len(words)}q", *words)))
