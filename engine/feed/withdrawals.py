"""Steps of withdrawals, for settlement to pay, release or finalize. All are kept, 48 bytes each."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import CommandKind
from engine.core.events import EventKind
from engine.feed.rows import RowLog

# Plain numbers, because looking up a member of an enum costs as much as a small array operation.
_FILL = int(EventKind.FILL)
_BALANCE = int(EventKind.BALANCE)
WITHDRAWAL_STEP = np.dtype(
    [
        ("withdrawal_id", "<u8"),
        ("sequence", "<u8"),
        ("last_trade_id", "<u8"),
        ("amount_atoms", "<i8"),
        ("account_id", "<u4"),
        ("asset_id", "<u4"),
        ("cause", "<u2"),
        ("reserved", "u1", (6,)),
    ]
)
_CAUSES = [
    CommandKind.WITHDRAW_HOLD,
    CommandKind.WITHDRAW_RELEASE,
    CommandKind.WITHDRAW_FINALIZE,
]


class WithdrawalFeed:
    """Steps in order of their venue sequence."""

    def __init__(self) -> None:
        self._log = RowLog(WITHDRAWAL_STEP)
        self._last_trade_id = 0

    @property
    def end(self) -> int:
        """How many steps there have been."""
        return self._log.end

    def consume(self, events: NDArray[np.void]) -> bool:
        """Take in released events; tell whether there are new steps."""
        kinds = events["kind"]
        balance = kinds == _BALANCE
        is_fill = kinds == _FILL
        trades_before = self._last_trade_id
        if is_fill.any():
            self._last_trade_id = int(events["trade_id"][is_fill][-1])
        if not balance.any():
            return False
        chosen = np.flatnonzero(balance & np.isin(events["code"], _CAUSES))
        if len(chosen) == 0:
            return False
        rows = np.zeros(len(chosen), WITHDRAWAL_STEP)
        rows["withdrawal_id"] = events["order_id"][chosen]
        rows["cause"] = events["code"][chosen]
        for name in ("sequence", "amount_atoms", "account_id", "asset_id"):
            rows[name] = events[name][chosen]
        # Trade ids are dense, so counting the fills before a step gives the last one before it.
        rows["last_trade_id"] = trades_before + np.cumsum(is_fill)[chosen]
        self._log.append(rows)
        return True

    def state(self) -> dict[str, Any]:
        """Give what is kept, for `restore`."""
        return {"log": self._log.state(), "last_trade_id": self._last_trade_id}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what another feed kept."""
        self._log.restore(state["log"])
        self._last_trade_id = state["last_trade_id"]

    def index_after(self, sequence: int) -> int:
        """Give the index of the first step after a venue sequence."""
        return bisect_right(range(self._log.end), sequence, key=self._sequence_at)

    def _sequence_at(self, index: int) -> int:
        return int(self._log.read(index, index + 1)["sequence"][0])

    def read(self, index: int, count_max: int) -> NDArray[np.void]:
        """Read at most `count_max` steps from an index on."""
        return self._log.read(index, min(index + count_max, self._log.end))
