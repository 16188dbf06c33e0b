"""A recording of Binance's raw stream as updates of a book that knows no venue."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from realstack.client.book import BookUpdate, Level

PRICE_TICK = Decimal("0.01")
QUANTITY_LOT = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Best:
    """The best bid and ask as of an update id, as price and quantity."""

    update_id: int
    bid: tuple[int, int]
    ask: tuple[int, int]


def whole(text: str, unit: Decimal) -> int:
    """Give decimal text in whole units; it must be exact."""
    count = Decimal(text) / unit
    assert count == int(count), text
    return int(count)


def pair(price: str, quantity: str) -> tuple[int, int]:
    """Give a price in ticks and a quantity in lots."""
    return whole(price, PRICE_TICK), whole(quantity, QUANTITY_LOT)


def levels(rows: Sequence[Sequence[str]]) -> list[Level]:
    """Give levels of the recording."""
    return [Level(*pair(*row), 0) for row in rows]


def read(path: Path) -> Iterator[BookUpdate | Best]:
    """Yield what the recording says of the book, in its order.

    The one snapshot is an update that covers no sequence of its own: its first is beyond its last.
    """
    with gzip.open(path, "rt") as lines:
        for line in lines:
            message: dict[str, Any] = json.loads(line.split(" ", 1)[1])
            if "lastUpdateId" in message:
                last = int(message["lastUpdateId"])
                yield BookUpdate(
                    first_book_sequence=last + 1,
                    book_sequence=last,
                    bids=levels(message["bids"]),
                    asks=levels(message["asks"]),
                )
                continue
            data = message["data"]
            if message["stream"].endswith("@bookTicker"):
                best = pair(data["b"], data["B"]), pair(data["a"], data["A"])
                yield Best(int(data["u"]), *best)
            elif "@depth" in message["stream"]:
                yield BookUpdate(
                    first_book_sequence=int(data["U"]),
                    book_sequence=int(data["u"]),
                    bids=levels(data["b"]),
                    asks=levels(data["a"]),
                )
