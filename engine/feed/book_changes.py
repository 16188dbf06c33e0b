"""Which level changes events mean: the arithmetic between orders and price levels, as arrays.

    event                       change of the book
    ACCEPTED, resting           + leaves, + 1 order     at its price, on its side
    REPLACED                    - previous leaves, - 1  at its previous price
    REPLACED, resting           + leaves, + 1           at its price (after the removal)
    FILL, on the maker's side   - quantity, and - 1 when the maker has no leaves
    CANCELLED, resting          - quantity, - 1
    REDUCED, resting            - quantity, and - 1 when no leaves are left

A command that has any of these changes the book, also when they cancel out (a replace that changes
nothing): then its increment repeats the level as it is. So the numbering follows from the kinds of
events alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.core.events import EVENT_BYTES, RESTING, EventKind

# All fields are 64 bits wide, so that rows are made and moved as a plain array of integers: numpy
# copies records field by field, which costs ten times as much.
BOOK_CHANGE = np.dtype(
    [
        ("book_sequence", "<i8"),
        ("sequence", "<i8"),
        ("time_ns", "<i8"),
        ("price_ticks", "<i8"),
        ("quantity_lots", "<i8"),
        ("orders", "<i8"),
        ("side", "<i8"),
        ("is_trade", "<i8"),
    ]
)
CHANGE_WORDS = BOOK_CHANGE.itemsize // 8
_EVENT_WORDS = EVENT_BYTES // 8
# Plain numbers, because looking up a member of an enum costs as much as a small array operation.
_ACCEPTED = int(EventKind.ACCEPTED)
_FILL = int(EventKind.FILL)
_CANCELLED = int(EventKind.CANCELLED)
_REPLACED = int(EventKind.REPLACED)
_REDUCED = int(EventKind.REDUCED)

# 64-bit words of an event (`engine.core.events`).
_SEQUENCE, _TIME, _KINDS, _PLACE = 0, 1, 2, 3
_PRICE, _QUANTITY, _LEAVES = 7, 8, 10
_PREVIOUS_PRICE, _MAKER_LEAVES = 12, 13  # of REPLACED: previous_price_ticks, previous_leaves_lots

# Whether an event changes the book, by kind and whether it has the flag RESTING.
_CHANGES = np.zeros((256, 2), np.bool_)
_CHANGES[[_FILL, _REPLACED], :] = True
_CHANGES[[_ACCEPTED, _CANCELLED, _REDUCED], 1] = True
_SIDES = 3  # BUY + SELL: the other side is what is left of it


def book_changes(events: NDArray[np.void]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the level changes of events in order, still without book sequences.

    Returns:
        Rows of `CHANGE_WORDS` integers, the fields of BOOK_CHANGE, and the market of each.
    """
    resting = (events["flags"] & RESTING) >> (RESTING >> 1)
    chosen = np.flatnonzero(_CHANGES[events["kind"], resting])
    if len(chosen) == 0:
        return np.empty((0, CHANGE_WORDS), np.int64), np.empty(0, np.int64)
    words = events.view(np.int64).reshape(-1, _EVENT_WORDS)[chosen]
    kinds = words[:, _KINDS] & 0xFF
    replaced = kinds == _REPLACED
    if replaced.any():
        words, kinds, removed = _twice_if_resting(words, kinds, replaced, resting[chosen] != 0)
        rows = _rows(words, kinds)
        _remove(rows, words, removed)
    else:
        rows = _rows(words, kinds)
    return rows, words[:, _PLACE] >> 32


def _rows(words: NDArray[np.int64], kinds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Make the rows of all changes, those of replaces as the order arrives anew."""
    adds = (kinds == _ACCEPTED) | (kinds == _REPLACED)
    fills = kinds == _FILL
    leaves = words[:, _LEAVES]
    left = np.where(fills, words[:, _MAKER_LEAVES], leaves)
    side = words[:, _KINDS] >> 8 & 0xFF
    rows = np.empty((len(words), CHANGE_WORDS), np.int64)
    rows[:, 1] = words[:, _SEQUENCE]
    rows[:, 2] = words[:, _TIME]
    rows[:, 3] = words[:, _PRICE]
    rows[:, 4] = np.where(adds, leaves, -words[:, _QUANTITY])
    rows[:, 5] = np.where(adds, 1, -(left == 0).astype(np.int64))
    rows[:, 6] = np.where(fills, _SIDES - side, side)
    rows[:, 7] = fills
    return rows


def _twice_if_resting(
    words: NDArray[np.int64],
    kinds: NDArray[np.int64],
    replaced: NDArray[np.bool_],
    resting: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.intp]]:
    """Repeat each replace that rests, and give the places where a replace takes its order off."""
    counts = 1 + (replaced & resting)
    firsts = np.cumsum(counts) - counts
    return np.repeat(words, counts, axis=0), np.repeat(kinds, counts), firsts[replaced]


def _remove(rows: NDArray[np.int64], words: NDArray[np.int64], places: NDArray[np.intp]) -> None:
    """Turn rows of replaces into the removal of the order as it was."""
    rows[places, 3] = words[places, _PREVIOUS_PRICE]
    rows[places, 4] = -words[places, _MAKER_LEAVES]
    rows[places, 5] = -1
