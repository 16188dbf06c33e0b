"""Statistics of each market and day, exact: whole numbers only, a ratio as its two parts.

A day is one of UTC, by the venue's time. A day without a trade has no statistics of its own; what
it shows is the close before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStatistics:
    """What one market did in one day; prices are zero while it has not traded.

    Attributes:
        day_open_time_ns: Midnight UTC.
        price_lots: Sum of price times quantity over all trades, in ticks times lots: divided by
            `volume_lots` it is the volume-weighted average price.
        previous_close_ticks: The last price before this day; zero when there was none.
    """

    market_id: int
    day_open_time_ns: int
    open_ticks: int = 0
    high_ticks: int = 0
    low_ticks: int = 0
    close_ticks: int = 0
    volume_lots: int = 0
    price_lots: int = 0
    trade_count: int = 0
    first_trade_id: int = 0
    last_trade_id: int = 0
    previous_close_ticks: int = 0


class StatisticsFeed:
    """Statistics by market and day; all days are kept, a hundred bytes each."""

    def __init__(self) -> None:
        self._days: dict[int, list[DayStatistics]] = {}

    def consume(self, trades: NDArray[np.void]) -> None:
        """Take in new trades, rows of `engine.feed.trades.TRADE` in order."""
        days = trades["time_ns"] // DAY_NS
        for market_id in np.unique(trades["market_id"]).tolist():
            of_market = trades["market_id"] == market_id
            for day in np.unique(days[of_market]).tolist():
                self._add(market_id, day * DAY_NS, trades[of_market & (days == day)])

    def _add(self, market_id: int, day_open_time_ns: int, trades: NDArray[np.void]) -> None:
        history = self._days.setdefault(market_id, [])
        if not history or history[-1].day_open_time_ns != day_open_time_ns:
            history.append(self.of(market_id, day_open_time_ns))
        before = history[-1]
        prices, lots = trades["price_ticks"].tolist(), trades["quantity_lots"].tolist()
        lows = [before.low_ticks] if before.trade_count else []
        history[-1] = replace(
            before,
            open_ticks=before.open_ticks if before.trade_count else prices[0],
            high_ticks=max(before.high_ticks, *prices),
            low_ticks=min((*lows, *prices)),
            close_ticks=prices[-1],
            volume_lots=before.volume_lots + sum(lots),
            price_lots=before.price_lots + _products(prices, lots),
            trade_count=before.trade_count + len(prices),
            first_trade_id=before.first_trade_id or int(trades["trade_id"][0]),
            last_trade_id=int(trades["trade_id"][-1]),
        )

    def state(self) -> dict[str, Any]:
        """Give what is kept, for `restore`."""
        return {str(key): [asdict(day) for day in days] for key, days in sorted(self._days.items())}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what another feed kept."""
        for market_id, days in state.items():
            self._days[int(market_id)] = [DayStatistics(**day) for day in days]

    def of(self, market_id: int, time_ns: int) -> DayStatistics:
        """Give the statistics of the day that a time is in."""
        day_open_time_ns = time_ns // DAY_NS * DAY_NS
        close = 0
        for day in reversed(self._days.get(market_id, [])):
            if day.day_open_time_ns == day_open_time_ns:
                return day
            if day.day_open_time_ns < day_open_time_ns:
                close = day.close_ticks
                break
        return DayStatistics(
            market_id=market_id,
            day_open_time_ns=day_open_time_ns,
            previous_close_ticks=close,
        )


def _products(prices: Iterable[int], lots: Iterable[int]) -> int:
    """Sum price times quantity; Python's integers, because 64 bits would not hold it."""
    return sum(price * quantity for price, quantity in zip(prices, lots, strict=True))
