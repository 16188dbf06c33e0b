"""Status changes of all markets: phases, and what calls would trade and trade, numbered from 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.events import EventKind
from engine.feed.limits import FeedLimits
from engine.feed.rows import RowLog

STATUS = np.dtype(
    [
        ("status_sequence", "<u8"),
        ("sequence", "<u8"),
        ("time_ns", "<i8"),
        ("price_ticks", "<i8"),
        ("quantity_lots", "<i8"),  # the volume; the end of the call for PHASE_CHANGED
        ("leaves_lots", "<i8"),  # the surplus
        ("market_id", "<u4"),
        ("code", "<u2"),  # the phase
        ("kind", "u1"),
        ("order_type", "u1"),  # the auction's kind
        ("side", "u1"),  # of the surplus
        ("reserved", "u1", (7,)),
    ]
)
STATUS_KINDS = (EventKind.PHASE_CHANGED, EventKind.INDICATIVE, EventKind.UNCROSSED)
_COPIED = [name for name in STATUS.names or () if name not in {"status_sequence", "reserved"}]


class StatusFeed:
    """Status changes by their number; the newest `FeedLimits.status_rows_max` are kept."""

    def __init__(self, limits: FeedLimits) -> None:
        self._log = RowLog(STATUS, limits.status_rows_max)

    @property
    def first(self) -> int:
        """The oldest number that is kept."""
        return self._log.first + 1

    @property
    def last(self) -> int:
        """The last number; 0 before the first change."""
        return self._log.end

    def consume(self, events: NDArray[np.void]) -> None:
        """Take in released events."""
        chosen = np.flatnonzero(np.isin(events["kind"], STATUS_KINDS))
        rows = np.zeros(len(chosen), STATUS)
        for name in _COPIED:
            rows[name] = events[name][chosen]
        rows["status_sequence"] = self.last + 1 + np.arange(len(rows), dtype=np.uint64)
        if len(rows):
            self._log.append(rows)

    def state(self) -> dict[str, Any]:
        """Give what is kept, for `restore`."""
        return self._log.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what another feed kept."""
        self._log.restore(state)

    def read(self, from_status_sequence: int, count_max: int) -> NDArray[np.void]:
        """Read at most `count_max` changes from a number that is kept."""
        start = from_status_sequence - 1
        return self._log.read(start, max(min(start + count_max, self._log.end), start))
