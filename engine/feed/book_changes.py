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

from engine.core.commands import Side
from engine.core.events import RESTING, EventKind

BOOK_CHANGE = np.dtype(
    [
        ("book_sequence", "<u8"),
        ("sequence", "<u8"),
        ("time_ns", "<i8"),
        ("price_ticks", "<i8"),
        ("quantity_lots", "<i8"),
        ("orders", "<i4"),
        ("market_id", "<u4"),
        ("side", "u1"),
        ("is_trade", "u1"),
        ("reserved", "u1", (6,)),
    ]
)
_OTHER_SIDE = np.zeros(256, np.uint8)
_OTHER_SIDE[Side.BUY] = Side.SELL
_OTHER_SIDE[Side.SELL] = Side.BUY


def book_changes(events: NDArray[np.void]) -> NDArray[np.void]:
    """Give the level changes of events in order, still without book sequences."""
    kinds = events["kind"]
    resting = (events["flags"] & RESTING) != 0
    replaced = kinds == EventKind.REPLACED
    adding = np.flatnonzero(((kinds == EventKind.ACCEPTED) | replaced) & resting)
    moving = np.flatnonzero(replaced)
    filling = np.flatnonzero(kinds == EventKind.FILL)
    taking = np.flatnonzero(
        ((kinds == EventKind.CANCELLED) | (kinds == EventKind.REDUCED)) & resting
    )
    # A replace takes off before it adds, hence the two places that each event has.
    places = np.concatenate((moving * 2, filling * 2, taking * 2, adding * 2 + 1))
    if len(places) == 0:
        return np.empty(0, BOOK_CHANGE)
    rows = np.concatenate(
        (
            _moved(events, moving),
            _filled(events, filling),
            _taken(events, taking),
            _added(events, adding),
        )
    )
    order = np.argsort(places, kind="stable")
    return rows[order]


def _rows(events: NDArray[np.void], chosen: NDArray[np.intp]) -> NDArray[np.void]:
    rows = np.zeros(len(chosen), BOOK_CHANGE)
    for name in ("sequence", "time_ns", "market_id", "side"):
        rows[name] = events[name][chosen]
    return rows


def _moved(events: NDArray[np.void], chosen: NDArray[np.intp]) -> NDArray[np.void]:
    rows = _rows(events, chosen)
    rows["price_ticks"] = events["previous_price_ticks"][chosen]
    rows["quantity_lots"] = -events["previous_leaves_lots"][chosen]
    rows["orders"] = -1
    return rows


def _filled(events: NDArray[np.void], chosen: NDArray[np.intp]) -> NDArray[np.void]:
    rows = _rows(events, chosen)
    rows["side"] = _OTHER_SIDE[rows["side"]]
    rows["price_ticks"] = events["price_ticks"][chosen]
    rows["quantity_lots"] = -events["quantity_lots"][chosen]
    rows["orders"] = -(events["maker_leaves_lots"][chosen] == 0).astype(np.int32)
    rows["is_trade"] = 1
    return rows


def _taken(events: NDArray[np.void], chosen: NDArray[np.intp]) -> NDArray[np.void]:
    rows = _rows(events, chosen)
    rows["price_ticks"] = events["price_ticks"][chosen]
    rows["quantity_lots"] = -events["quantity_lots"][chosen]
    rows["orders"] = -(events["leaves_lots"][chosen] == 0).astype(np.int32)
    return rows


def _added(events: NDArray[np.void], chosen: NDArray[np.intp]) -> NDArray[np.void]:
    rows = _rows(events, chosen)
    rows["price_ticks"] = events["price_ticks"][chosen]
    rows["quantity_lots"] = events["leaves_lots"][chosen]
    rows["orders"] = 1
    return rows
