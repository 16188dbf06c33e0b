"""The row log: lasting positions, whole blocks, and an error for what is gone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.invariants import BrokenInvariant
from engine.feed.rows import BLOCK_ROWS, Dropped, RowLog

ROW = np.dtype([("number", "<i8"), ("twice", "<i8")])


def rows(start: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Make rows that carry their own position."""
    made = np.zeros(count, ROW)
    made["number"] = np.arange(start, start + count)
    made["twice"] = 2 * made["number"]
    return made


@given(st.lists(st.integers(0, BLOCK_ROWS + 50), max_size=6), st.integers(1, BLOCK_ROWS * 2))
def test_every_row_that_is_kept_is_found_at_its_position(counts: list[int], keep: int) -> None:
    """Appending in any pieces, with a bound, keeps at least the bound and drops from the front."""
    log, end = RowLog(ROW, keep), 0
    for count in counts:
        assert log.append(rows(end, count)) == end
        end += count
    assert log.end == end
    assert min(end, keep) <= end - log.first <= keep + 2 * BLOCK_ROWS
    assert log.read(log.first, end)["number"].tolist() == list(range(log.first, end))
    places = np.arange(log.first, end, 7, dtype=np.int64)[::-1]
    assert log.take(places)["twice"].tolist() == (2 * places).tolist()


def test_what_was_dropped_is_named_with_the_oldest_that_is_kept() -> None:
    """A gap is never filled with something else."""
    log = RowLog(ROW, 1)
    log.append(rows(0, BLOCK_ROWS + 1))
    assert log.first == BLOCK_ROWS
    with pytest.raises(Dropped, match="position 3 is gone, the oldest kept is 4096") as caught:
        log.read(3, 4)
    assert caught.value.first == BLOCK_ROWS
    with pytest.raises(Dropped):
        log.take(np.array([BLOCK_ROWS, 5]))


def test_reading_past_the_end_and_rows_of_another_length_are_bugs() -> None:
    """Neither can come from a reader, so both end the process."""
    log = RowLog(ROW)
    log.append(rows(0, 2))
    with pytest.raises(BrokenInvariant):
        log.read(0, 3)
    with pytest.raises(BrokenInvariant):
        log.take(np.array([2]))
    with pytest.raises(BrokenInvariant):
        log.append(np.zeros(4, np.int64))
