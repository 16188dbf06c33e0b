"""The L3 stream of one market: the same numbered changes as L2, order by order in queue order.

Nothing is kept while nobody reads it. The first reader begins it from the venue's own orders as of
a sequence (`begin`), and the changes after that sequence bring it up to date; from then on it
follows until the last reader leaves (`leave`). A reader that is behind gets the single increments
while they are kept, one merged increment while its changes are kept, and else the whole book.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import Side
from engine.core.invariants import BrokenInvariant, check
from engine.feed.book_changes import BOOK_CHANGE
from engine.feed.limits import FeedLimits
from engine.feed.queues import QueuedOrder, Queues
from engine.feed.rows import RowLog


@dataclass(slots=True)
class OrderIncrement:
    """What became of orders in book sequences `first` to `book_sequence`, to be applied at once."""

    first_book_sequence: int
    book_sequence: int
    sequence: int
    time_ns: int
    removed: list[int]
    resized: list[tuple[int, QueuedOrder]]
    """With their side; they show another quantity and keep their place."""
    queued: list[tuple[int, QueuedOrder]]
    """With their side; each goes to the back of its level, in this order."""
    checksum: int
    order_count: int
    wire: bytes | None = field(default=None, repr=False)
    """The encoded message, kept by the first who sends it."""


@dataclass(frozen=True, slots=True)
class OrderSnapshot:
    """All seen orders of a book, best price first, each level in queue order."""

    book_sequence: int
    bids: list[QueuedOrder]
    asks: list[QueuedOrder]
    checksum: int


class MarketOrders:
    """One market's stream; `applied` is the book sequence that it is at.

    Args:
        changes: The rows of the market's book, shared with its L2 stream.
        limits: How much is kept.
    """

    def __init__(self, changes: RowLog, limits: FeedLimits) -> None:
        self.applied = 0
        self.readers = 0
        self._changes = changes
        self._limits = limits
        self._applied_rows = 0
        self._queues: Queues | None = None
        self._singles: deque[OrderIncrement] = deque(maxlen=limits.increments_max)

    @property
    def is_live(self) -> bool:
        """Whether the book is kept up."""
        return self._queues is not None

    def begin(self, sequence: int, orders: NDArray[np.void]) -> bool:
        """Begin from the venue's orders as of a sequence up to which the rows have come.

        Args:
            sequence: The venue sequence of the orders.
            orders: Rows of ORDER_VIEW of this market.

        Returns:
            Whether it could: not when changes after that sequence are no longer kept.
        """
        if self.is_live:
            return True
        start = self._row_after("sequence", sequence)
        if 0 < start == self._changes.first:
            return False
        queues = Queues()
        seen = orders[orders["visible_lots"] != 0]
        seen = seen[np.argsort(seen["priority_sequence"], kind="stable")]
        columns = ("order_id", "side", "price_ticks", "visible_lots")
        for order in zip(*(seen[name].tolist() for name in columns), strict=True):
            queues.add(*order)
        self._queues, self._applied_rows = queues, start
        self.applied = self._book_sequence_before(start)
        self._singles.clear()
        return True

    def leave(self) -> None:
        """Note that a reader went; after the last one nothing is kept up."""
        self.readers -= 1
        if self.readers == 0:
            self._queues = None
            self._singles.clear()

    def _book_sequence_before(self, row: int) -> int:
        if row == 0:
            return 0
        return int(self._changes.read(row - 1, row)["book_sequence"][0])

    def _row_after(self, name: str, value: int) -> int:
        """Give the position of the first row whose book sequence or sequence is beyond a value."""
        kept = range(self._changes.first, self._changes.end)
        return self._changes.first + bisect_right(
            kept, value, key=lambda row: int(self._changes.read(row, row + 1)[name][0])
        )

    def make_room(self, coming: NDArray[np.int64]) -> None:
        """Apply what would be dropped before it was read, when `coming` rows are appended."""
        if not self.is_live:
            return
        waiting = self._changes.end - self._applied_rows
        if waiting + len(coming) <= self._limits.book_rows_max >> 1:
            return
        self._apply(self._changes.read(self._applied_rows, self._changes.end))
        self._apply(coming.view(BOOK_CHANGE).reshape(-1))
        self._applied_rows = self._changes.end + len(coming)
        self._singles.clear()

    def work(self) -> bool:
        """Work out some single increments; tell whether more are waiting."""
        if self._applied_rows == self._changes.end:
            return False
        stop = self._row_after("book_sequence", self.applied + self._limits.increments_per_turn)
        rows = self._changes.read(self._applied_rows, stop)
        self._applied_rows = stop
        starts = np.flatnonzero(np.diff(rows["book_sequence"])) + 1
        for start, end in pairwise([0, *starts.tolist(), len(rows)]):
            step = rows[start:end]
            check(int(step["book_sequence"][0]) == self.applied + 1, "book sequences have no gap")
            self._apply(step)
            self._singles.append(self._increment(self.applied, step))
        return self._applied_rows < self._changes.end

    def _apply(self, rows: NDArray[np.void]) -> None:
        if len(rows) == 0:
            return
        queues = self._live()
        columns = ("order_id", "side", "price_ticks", "quantity_lots", "to_back")
        for order_id, side, price_ticks, lots, to_back in zip(
            *(rows[name].tolist() for name in columns), strict=True
        ):
            if lots == 0:
                continue
            if to_back:
                queues.add(order_id, side, price_ticks, lots)
            else:
                queues.resize(order_id, lots)
        self.applied = int(rows["book_sequence"][-1])

    def _live(self) -> Queues:
        if self._queues is None:
            raise BrokenInvariant("somebody reads the orders")
        return self._queues

    def _increment(self, first_book_sequence: int, rows: NDArray[np.void]) -> OrderIncrement:
        """Tell the net change of the orders that the rows name, as they are now."""
        known: dict[int, bool] = {}  # whether it was in the queue before
        to_back: dict[int, None] = {}
        columns = (rows[name].tolist() for name in ("order_id", "quantity_lots", "to_back"))
        for order_id, lots, is_queued in zip(*columns, strict=True):
            if lots == 0:
                continue
            known.setdefault(order_id, not is_queued)
            if is_queued:
                to_back.pop(order_id, None)
                to_back[order_id] = None
        queues = self._live()
        now = {order_id: queues.find(order_id) for order_id in known}
        return OrderIncrement(
            first_book_sequence=first_book_sequence,
            book_sequence=self.applied,
            sequence=int(rows["sequence"][-1]),
            time_ns=int(rows["time_ns"][-1]),
            removed=[each for each, was in known.items() if was and now[each] is None],
            resized=[
                found
                for order_id, found in now.items()
                if found is not None and order_id not in to_back
            ],
            queued=[found for each in to_back if (found := now[each]) is not None],
            checksum=queues.checksum(),
            order_count=len(queues),
        )

    def after(self, book_sequence: int) -> OrderIncrement | None:
        """Give the next increment for a reader that is behind `applied`, single or merged.

        Returns:
            Nothing when the changes it needs are gone: it needs the whole book.
        """
        check(book_sequence < self.applied, "there is something to tell")
        behind = self.applied - book_sequence
        if behind <= len(self._singles):
            return self._singles[-behind]
        start = self._row_after("book_sequence", book_sequence)
        if 0 < start == self._changes.first:
            return None
        rows = self._changes.read(start, self._applied_rows)
        return self._increment(book_sequence + 1, rows)

    def snapshot(self) -> OrderSnapshot:
        """Give the whole book as it is at `applied`."""
        queues = self._live()
        return OrderSnapshot(
            book_sequence=self.applied,
            bids=list(queues.orders(Side.BUY)),
            asks=list(queues.orders(Side.SELL)),
            checksum=queues.checksum(),
        )
