"""Trades as settlement needs them: which assets change hands between whom, in atoms.

An event does not carry its market's parameters, so they are read from the venue's `markets()` when
a fill is read. That is safe at a replay and while the core runs ahead of the feeds: a market exists
before its first fill, and a definition never changes (the same id with other content is refused).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.invariants import check
from engine.feed.trades import TradeFeed


@dataclass(frozen=True, slots=True)
class MarketUnits:
    """What turns ticks and lots of a market into atoms of its assets."""

    base_asset_id: int
    quote_asset_id: int
    base_atoms_per_lot: int
    quote_atoms_per_tick_lot: int


@dataclass(frozen=True, slots=True)
class Fills:
    """Consecutive trades, each with its market's units."""

    rows: NDArray[np.void]
    units: list[MarketUnits]


class FillFeed:
    """The settlement view of the trades."""

    def __init__(self, trades: TradeFeed, markets: Callable[[], NDArray[np.void]]) -> None:
        self._trades = trades
        self._markets = markets
        self._units: dict[int, MarketUnits] = {}

    @property
    def last(self) -> int:
        """The last trade id; 0 before the first trade."""
        return self._trades.last

    def read(self, from_trade_id: int, count_max: int) -> Fills:
        """Read at most `count_max` fills from `from_trade_id` on."""
        rows = self._trades.read(from_trade_id, count_max)
        return Fills(rows, [self._units_of(market_id) for market_id in rows["market_id"].tolist()])

    def _units_of(self, market_id: int) -> MarketUnits:
        units = self._units.get(market_id)
        if units is None:
            self._learn()
            check(market_id in self._units, "a market that traded is defined")
            units = self._units[market_id]
        return units

    def _learn(self) -> None:
        for market in self._markets():
            self._units[int(market["market_id"])] = MarketUnits(
                base_asset_id=int(market["base_asset_id"]),
                quote_asset_id=int(market["quote_asset_id"]),
                base_atoms_per_lot=int(market["base_atoms_per_lot"]),
                quote_atoms_per_tick_lot=int(market["quote_atoms_per_tick_lot"]),
            )
