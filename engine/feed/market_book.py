"""The L2 stream of one market: numbered changes, a book kept up from them, and what readers get.

Taking in changes only appends rows. The book follows later: one command at a time when somebody
reads it (each step an increment, worked out once for all readers), in one sum when nobody does or
when the steps would take too long. A reader that is behind gets

    the single increments      while they are kept (`FeedLimits.increments_max`),
    one merged increment       from where it is, while its changes are kept (`book_rows_max`),
    a snapshot                 beyond that.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import Side
from engine.core.invariants import check
from engine.feed.book_changes import BOOK_CHANGE
from engine.feed.levels import Level, Levels
from engine.feed.limits import FeedLimits
from engine.feed.market_orders import MarketOrders
from engine.feed.rows import RowLog


@dataclass(slots=True)
class Increment:
    """Changed levels with their new quantity; covers book sequences `first` to `book_sequence`."""

    market_id: int
    first_book_sequence: int
    book_sequence: int
    sequence: int
    time_ns: int
    bids: list[Level]
    asks: list[Level]
    checksum: int
    wire: bytes | None = None
    """The encoded message, kept by the first who sends it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A whole book."""

    market_id: int
    book_sequence: int
    bids: list[Level]
    asks: list[Level]
    checksum: int
    last_price_ticks: int


class MarketBook:
    """One market's stream. `head` is the last book sequence, `applied` the one the book is at."""

    def __init__(self, market_id: int, limits: FeedLimits) -> None:
        self.market_id = market_id
        self.head = 0
        self.applied = 0
        self.last_price_ticks = 0
        self._limits = limits
        self._changes = RowLog(BOOK_CHANGE, limits.book_rows_max)
        self.orders = MarketOrders(self._changes, limits)
        self._applied_rows = 0
        self._levels = Levels()
        self._singles: deque[Increment] = deque(maxlen=limits.increments_max)

    def consume(self, rows: NDArray[np.int64], *, watched: bool) -> None:
        """Take in changes of this market in order; numbers them by command.

        Args:
            rows: Fields of BOOK_CHANGE as columns; the array is the book's from now on.
            watched: Whether anybody reads the book step by step.
        """
        numbers = rows[:, 0]
        numbers[0] = self.head + 1
        np.cumsum(rows[1:, 1] != rows[:-1, 1], out=numbers[1:])
        numbers[1:] += self.head + 1
        self.head = int(numbers[-1])
        self.orders.make_room(rows)
        waiting_rows = self._changes.end - self._applied_rows + len(rows)
        too_many_steps = watched and self.head - self.applied > self._limits.backlog_max
        if too_many_steps or waiting_rows > self._limits.book_rows_max >> 1:
            # What waits is applied with the new rows before appending may drop it.
            self._apply_sum(self._changes.read(self._applied_rows, self._changes.end))
            self._apply_sum(rows.view(BOOK_CHANGE).reshape(-1))
            self._changes.append(rows)
            self._applied_rows = self._changes.end
        else:
            self._changes.append(rows)

    def state(self) -> dict[str, Any]:
        """Bring the book to the head and give what is kept, for `restore`."""
        self.settle()
        return {
            "head": self.head,
            "last_price_ticks": self.last_price_ticks,
            "changes": self._changes.state(),
            "levels": self._levels.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what another book kept; single increments are worked out again on request."""
        self.head = self.applied = state["head"]
        self.last_price_ticks = state["last_price_ticks"]
        self._changes.restore(state["changes"])
        self._applied_rows = self._changes.end
        self._levels.restore(state["levels"])

    def settle(self) -> None:
        """Bring the book to the head: step by step when that is short, else in one sum."""
        if self.head - self.applied <= self._limits.increments_per_turn:
            self.work()
        elif self.applied < self.head:
            self._apply_sum(self._changes.read(self._applied_rows, self._changes.end))
            self._applied_rows = self._changes.end

    def _apply_sum(self, rows: NDArray[np.void]) -> None:
        """Apply changes as one net change a level, so that the cost is that of the levels."""
        if len(rows) == 0:
            return
        # One key a level; prices are below 2^62, sides are 1 and 2.
        keys, inverse = np.unique(rows["price_ticks"] << 2 | rows["side"], return_inverse=True)
        quantities = np.zeros(len(keys), np.int64)
        orders = np.zeros(len(keys), np.int64)
        np.add.at(quantities, inverse, rows["quantity_lots"])
        np.add.at(orders, inverse, rows["orders"])
        net = (keys & 3, keys >> 2, quantities, orders)
        for change in zip(*(column.tolist() for column in net), strict=True):
            self._levels.change(*change)
        self._singles.clear()
        self._note_end(rows)

    def _note_end(self, rows: NDArray[np.void]) -> None:
        self.applied = int(rows["book_sequence"][-1])
        trades = np.flatnonzero(rows["is_trade"])
        if len(trades):
            self.last_price_ticks = int(rows["price_ticks"][trades[-1]])

    def work(self) -> bool:
        """Work out some single increments; tell whether more are waiting."""
        if self.applied == self.head:
            return False
        stop = self._row_after(self.applied + self._limits.increments_per_turn)
        rows = self._changes.read(self._applied_rows, stop)
        self._applied_rows = stop
        starts = np.flatnonzero(np.diff(rows["book_sequence"])) + 1
        for start, end in pairwise([0, *starts.tolist(), len(rows)]):
            self._singles.append(self._step(rows[start:end]))
        return self.applied < self.head

    def _row_after(self, book_sequence: int) -> int:
        """Give the position of the first change after a book sequence."""
        kept = range(self._changes.first, self._changes.end)
        return self._changes.first + bisect_right(kept, book_sequence, key=self._book_sequence_at)

    def _book_sequence_at(self, position: int) -> int:
        return int(self._changes.read(position, position + 1)["book_sequence"][0])

    def _step(self, rows: NDArray[np.void]) -> Increment:
        """Apply the changes of one command."""
        columns = ("side", "price_ticks", "quantity_lots", "orders")
        for change in zip(*(rows[name].tolist() for name in columns), strict=True):
            self._levels.change(*change)
        check(int(rows["book_sequence"][0]) == self.applied + 1, "book sequences have no gap")
        self._note_end(rows)
        return self._increment(self.applied, rows)

    def _increment(self, first_book_sequence: int, rows: NDArray[np.void]) -> Increment:
        """Describe the levels that the rows touched, as they are now."""
        touched = dict.fromkeys(
            zip(rows["side"].tolist(), rows["price_ticks"].tolist(), strict=True)
        )
        levels = [(side, self._levels.level(side, price)) for side, price in touched]
        return Increment(
            market_id=self.market_id,
            first_book_sequence=first_book_sequence,
            book_sequence=self.applied,
            sequence=int(rows["sequence"][-1]),
            time_ns=int(rows["time_ns"][-1]),
            bids=[level for side, level in levels if side == Side.BUY],
            asks=[level for side, level in levels if side == Side.SELL],
            checksum=self._levels.checksum(),
        )

    def after(self, book_sequence: int) -> Increment | None:
        """Give the next increment for a reader that is behind `applied`, single or merged.

        Returns:
            Nothing when the changes it needs are gone: it needs a snapshot.
        """
        check(book_sequence < self.applied, "there is something to tell")
        behind = self.applied - book_sequence
        if behind <= len(self._singles):
            return self._singles[-behind]
        start = self._row_after(book_sequence)
        # Blocks are dropped whole, so the oldest kept command may have lost its first changes.
        if 0 < start == self._changes.first:
            return None
        return self._increment(book_sequence + 1, self._changes.read(start, self._applied_rows))

    def snapshot(self, depth: int | None = None) -> Snapshot:
        """Give the book as it is at `head`; `depth` limits the levels a side."""
        self.settle()
        return Snapshot(
            market_id=self.market_id,
            book_sequence=self.applied,
            bids=self._levels.bids(depth),
            asks=self._levels.asks(depth),
            checksum=self._levels.checksum(),
            last_price_ticks=self.last_price_ticks,
        )

    def top(self) -> tuple[list[Level], list[Level], int]:
        """Give the best bid and ask as lists of at most one, and the last trade price."""
        return self._levels.bids(1), self._levels.asks(1), self.last_price_ticks
