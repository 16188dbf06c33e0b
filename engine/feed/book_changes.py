"""Which level changes events mean: the arithmetic between orders and price levels, as arrays.

    event                       change of the book
    ACCEPTED, TRIGGERED         + visible, + 1 order    at its price, on its side
    REFRESHED                   + visible, + 1          (the fill before it took the order off)
    REPLACED                    - previous visible, - 1 at its previous price
    REPLACED, resting           + visible, + 1          at its price (after the removal)
    REPLACED that kept its place  visible - previous visible, in one row
    FILL, on the maker's side   - quantity, and - 1 when the maker has no leaves or no tranche left
    CANCELLED, resting          - visible, - 1
    REDUCED, resting            - visible, and - 1 when no leaves are left

What is not seen is not of the book: an event that shows or takes nothing visible is no change. A
fill of a hidden order is one, because of its price, but takes nothing off; nor does one in an
auction, where a REDUCED of each of its orders does. A command that has any
of these changes the book, also when they cancel out (a replace that changes nothing): then its
increment repeats the level as it is. So the numbering follows from the events alone.

Each row also names the order, and whether the order goes to the back of its level's queue, so that
the same rows and the same numbers serve levels and single orders. A row that takes and adds nothing
names an order that is not seen: it must not be told.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.core.events import (
    AUCTION,
    EVENT_BYTES,
    KEPT_PRIORITY,
    MAKER_HIDDEN,
    TRANCHE_DONE,
    EventKind,
)

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
        ("order_id", "<i8"),
        ("to_back", "<i8"),
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
_REFRESHED = int(EventKind.REFRESHED)
_TRIGGERED = int(EventKind.TRIGGERED)

# 64-bit words of an event (`engine.core.events`).
_SEQUENCE, _TIME, _KINDS, _PLACE, _ORDER = 0, 1, 2, 3, 4
_PRICE, _QUANTITY, _LEAVES = 7, 8, 10
_PREVIOUS_PRICE, _MAKER_LEAVES = 12, 13
_MAKER_ORDER = 12  # of a fill
_VISIBLE, _PREVIOUS_VISIBLE = 14, 15  # a fill has its maker's fee and its trade id there
_FLAGS_SHIFT = 48  # of the word of kinds

_IS_CHANGE = np.zeros(256, np.bool_)  # by kind, for events that show or take something visible
_IS_CHANGE[[_ACCEPTED, _CANCELLED, _REDUCED, _REFRESHED, _TRIGGERED]] = True
_ADDS = np.zeros(256, np.bool_)
_ADDS[[_ACCEPTED, _REPLACED, _REFRESHED, _TRIGGERED]] = True
_SIDES = 3  # BUY + SELL: the other side is what is left of it


def book_changes(events: NDArray[np.void]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the level changes of events in order, still without book sequences.

    Returns:
        Rows of `CHANGE_WORDS` integers, the fields of BOOK_CHANGE, and the market of each.
    """
    kinds = events["kind"]
    visible = events["visible_lots"] != 0
    is_replace = kinds == _REPLACED
    shows = is_replace & visible  # and rests, as only what rests is seen
    hides = is_replace & (events["previous_visible_lots"] != 0)
    is_fill = kinds == _FILL
    chosen = np.flatnonzero((_IS_CHANGE[kinds] & visible) | shows | hides | is_fill)
    if len(chosen) == 0:
        return np.empty((0, CHANGE_WORDS), np.int64), np.empty(0, np.int64)
    words = events.view(np.int64).reshape(-1, _EVENT_WORDS)[chosen]
    kinds = words[:, _KINDS] & 0xFF
    if is_replace[chosen].any():
        hides, shows = hides[chosen], shows[chosen]
        kept = hides & shows & (words[:, _KINDS] >> _FLAGS_SHIFT & KEPT_PRIORITY != 0)
        counts, hides = 1 + (hides & shows & ~kept), hides & ~kept
        firsts = np.cumsum(counts) - counts
        words, kinds = np.repeat(words, counts, axis=0), np.repeat(kinds, counts)
        rows = _rows(words, kinds)
        _remove(rows, words, firsts[hides])
        _resize(rows, words, firsts[kept])
    else:
        rows = _rows(words, kinds)
    return rows, words[:, _PLACE] >> 32


def _rows(words: NDArray[np.int64], kinds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Make the rows of all changes, those of replaces as the order arrives anew."""
    adds = _ADDS[kinds]
    fills = kinds == _FILL
    flags = words[:, _KINDS] >> _FLAGS_SHIFT
    unseen = fills & (flags & (MAKER_HIDDEN | AUCTION) != 0)
    done = flags & TRANCHE_DONE != 0
    left = np.where(fills, np.where(done, 0, words[:, _MAKER_LEAVES]), words[:, _LEAVES])
    lots = np.where(unseen, 0, np.where(fills, words[:, _QUANTITY], words[:, _VISIBLE]))
    side = words[:, _KINDS] >> 8 & 0xFF
    rows = np.empty((len(words), CHANGE_WORDS), np.int64)
    rows[:, 1] = words[:, _SEQUENCE]
    rows[:, 2] = words[:, _TIME]
    rows[:, 3] = words[:, _PRICE]
    rows[:, 4] = np.where(adds, lots, -lots)
    rows[:, 5] = np.where(adds, 1, -((left == 0) & ~unseen).astype(np.int64))
    rows[:, 6] = np.where(fills, _SIDES - side, side)
    rows[:, 7] = fills
    rows[:, 8] = words[:, _ORDER]
    rows[fills, 8] = words[fills, _MAKER_ORDER]
    rows[:, 9] = adds
    return rows


def _remove(rows: NDArray[np.int64], words: NDArray[np.int64], places: NDArray[np.intp]) -> None:
    """Turn rows of replaces into the removal of the order as it was."""
    rows[places, 3] = words[places, _PREVIOUS_PRICE]
    rows[places, 4] = -words[places, _PREVIOUS_VISIBLE]
    rows[places, 5] = -1
    rows[places, 9] = 0


def _resize(rows: NDArray[np.int64], words: NDArray[np.int64], places: NDArray[np.intp]) -> None:
    """Turn rows of replaces that kept their place into the change of what the order shows."""
    rows[places, 4] -= words[places, _PREVIOUS_VISIBLE]
    rows[places, 5] = 0
    rows[places, 9] = 0
