"""Every trade of the venue under its dense trade id: what the public and settlement both read.

All trades are kept, 72 bytes each, because settlement may resume from any of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import Side
from engine.core.events import EventKind
from engine.core.invariants import check
from engine.feed.rows import RowLog

TRADE = np.dtype(
    [
        ("trade_id", "<u8"),
        ("sequence", "<u8"),
        ("time_ns", "<i8"),
        ("price_ticks", "<i8"),
        ("quantity_lots", "<i8"),
        ("buyer_fee_atoms", "<i8"),
        ("seller_fee_atoms", "<i8"),
        ("buyer_account_id", "<u4"),
        ("seller_account_id", "<u4"),
        ("market_id", "<u4"),
        ("aggressor_side", "u1"),
        ("reserved", "u1", (3,)),
    ]
)
_COPIED = ("trade_id", "sequence", "time_ns", "price_ticks", "quantity_lots", "market_id")
_SCAN_ROWS = 1 << 12


class TradeFeed:
    """Trades by trade id, from 1."""

    def __init__(self) -> None:
        self._log = RowLog(TRADE)

    @property
    def last(self) -> int:
        """The last trade id; 0 before the first trade."""
        return self._log.end

    def consume(self, events: NDArray[np.void]) -> list[int]:
        """Take in released events; give the markets that traded."""
        chosen = np.flatnonzero(events["kind"] == EventKind.FILL)
        if len(chosen) == 0:
            return []
        rows = np.zeros(len(chosen), TRADE)
        for name in _COPIED:
            rows[name] = events[name][chosen]
        side = events["side"][chosen]
        rows["aggressor_side"] = side
        is_buy = side == Side.BUY
        for name, buyer, seller in (
            ("account_id", "account_id", "maker_account_id"),
            ("fee_atoms", "fee_atoms", "maker_fee_atoms"),
        ):
            of_taker, of_maker = events[buyer][chosen], events[seller][chosen]
            rows[f"buyer_{name}"] = np.where(is_buy, of_taker, of_maker)
            rows[f"seller_{name}"] = np.where(is_buy, of_maker, of_taker)
        expected = np.arange(self.last + 1, self.last + 1 + len(rows), dtype=np.uint64)
        check(bool((rows["trade_id"] == expected).all()), "trade ids are dense")
        self._log.append(rows)
        markets: list[int] = np.unique(rows["market_id"]).tolist()
        return markets

    def state(self) -> dict[str, Any]:
        """Give what is kept, for `restore`."""
        return self._log.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what another feed kept."""
        self._log.restore(state)

    def read(self, from_trade_id: int, count_max: int) -> NDArray[np.void]:
        """Read at most `count_max` trades from `from_trade_id` on."""
        start = from_trade_id - 1
        return self._log.read(start, max(min(start + count_max, self._log.end), start))

    def read_market(
        self, market_id: int, from_trade_id: int, count_max: int
    ) -> tuple[NDArray[np.void], int]:
        """Read at most `count_max` trades of one market.

        Returns:
            The trades, and the trade id to go on from. One call looks at a bounded number of
            trades, so it may find none and still not be at the end.
        """
        rows = self.read(from_trade_id, _SCAN_ROWS)
        chosen = np.flatnonzero(rows["market_id"] == market_id)
        if len(chosen) <= count_max:
            return rows.take(chosen), from_trade_id + len(rows)
        chosen = chosen[:count_max]
        return rows.take(chosen), from_trade_id + int(chosen[-1]) + 1
