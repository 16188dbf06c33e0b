"""Rows of one record type: appended at the end, dropped at the front, under lasting positions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.invariants import check

BLOCK_ROWS = 1 << 12  # appending never moves old rows; dropping frees a whole block


class Dropped(LookupError):
    """The position is older than what is kept; `first` is the oldest kept."""

    def __init__(self, position: int, first: int) -> None:
        super().__init__(f"position {position} is gone, the oldest kept is {first}")
        self.first = first


class RowLog:
    """Append-only rows; position 0 is the first row ever appended.

    Blocks hold plain bytes, not fields: numpy copies records field by field, which costs ten times
    as much, and thirty times when fields overlap.

    Args:
        dtype: The record type.
        rows_max: How many rows are kept at least; None keeps all. Whole blocks are dropped, so up
            to one block more may be held.
    """

    def __init__(self, dtype: np.dtype[np.void], rows_max: int | None = None) -> None:
        self.dtype = dtype
        self.first = 0
        self.end = 0
        self._raw = np.dtype(f"V{dtype.itemsize}")
        self._rows_max = rows_max
        self._blocks: dict[int, NDArray[np.void]] = {}

    def append(self, rows: NDArray[Any]) -> int:
        """Append rows of the log's type, or as bytes of it; give the position of the first."""
        raw = np.ascontiguousarray(rows).view(self._raw).reshape(-1)
        check(len(raw) == len(rows), "rows have the log's record type")
        position, done = self.end, 0
        while done < len(raw):
            index, offset = divmod(self.end, BLOCK_ROWS)
            if index not in self._blocks:
                self._blocks[index] = np.empty(BLOCK_ROWS, self._raw)
            count = min(BLOCK_ROWS - offset, len(raw) - done)
            self._blocks[index][offset : offset + count] = raw[done : done + count]
            self.end += count
            done += count
        self._drop()
        return position

    def _drop(self) -> None:
        if self._rows_max is None:
            return
        keep_from = max(self.end - self._rows_max, 0) // BLOCK_ROWS * BLOCK_ROWS
        while self.first < keep_from:
            del self._blocks[self.first // BLOCK_ROWS]
            self.first += BLOCK_ROWS

    def read(self, start: int, stop: int) -> NDArray[np.void]:
        """Copy the rows from `start` up to, not including, `stop`.

        Raises:
            Dropped: When `start` is older than what is kept.
        """
        if start < self.first:
            raise Dropped(start, self.first)
        check(start <= stop <= self.end, "a read stays within what was appended")
        out = np.empty(stop - start, self._raw)
        done = 0
        while done < len(out):
            index, offset = divmod(start + done, BLOCK_ROWS)
            count = min(BLOCK_ROWS - offset, len(out) - done)
            out[done : done + count] = self._blocks[index][offset : offset + count]
            done += count
        return out.view(self.dtype)

    def state(self) -> dict[str, Any]:
        """Give what is kept, for `restore`."""
        return {"first": self.first, "rows": self.read(self.first, self.end).view(self._raw)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what another log of this type kept."""
        check(self.end == 0, "a log is restored before it has rows")
        check(state["first"] % BLOCK_ROWS == 0, "whole blocks are dropped")
        self.first = self.end = state["first"]
        self.append(state["rows"])

    def take(self, positions: NDArray[np.int64]) -> NDArray[np.void]:
        """Copy the rows at the given positions, in their order.

        Raises:
            Dropped: When a position is older than what is kept.
        """
        out = np.empty(len(positions), self._raw)
        if len(positions) == 0:
            return out.view(self.dtype)
        oldest = int(positions.min())
        if oldest < self.first:
            raise Dropped(oldest, self.first)
        check(int(positions.max()) < self.end, "a position was appended")
        indexes = positions // BLOCK_ROWS
        for index in np.unique(indexes):
            here = np.flatnonzero(indexes == index)
            out[here] = self._blocks[int(index)][positions[here] % BLOCK_ROWS]
        return out.view(self.dtype)
