"""Recipes of commands for markets that go through trading phases."""

from __future__ import annotations

import random
from typing import Protocol

from engine.core.commands import HIDDEN, CommandKind, OrderType, TimeInForce
from engine.core.phases import Phase

SWINGING = 21  # has a dynamic band
PHASED = 22  # goes through all phases but the last

Fields = dict[str, int]


class _Pieces(Protocol):
    """What the recipes take from the source."""

    _random: random.Random

    def _price(self, spread: int = 12) -> int: ...
    def _order(self, **change: int) -> Fields: ...
    def _iceberg(self) -> Fields: ...
    def _hidden(self) -> Fields: ...
    def _stop(self, **change: int) -> Fields: ...


class PhasedRecipes:
    """Orders that calls collect, and changes of phase."""

    def _phased_order(self: _Pieces) -> Fields:
        """An order of any kind in a market that is often in a call."""
        market_id = self._random.choice((SWINGING, PHASED, PHASED))
        maker = self._random.choice(
            (self._order, self._order, self._order, self._iceberg, self._hidden, self._stop)
        )
        row = {**maker(), "market_id": market_id, "price_ticks": self._price(8)}
        if row["order_type"] not in {OrderType.LIMIT, OrderType.STOP_LIMIT}:
            row["price_ticks"] = 0
        if row["order_type"] == OrderType.LIMIT and self._random.random() < 0.5:
            row["time_in_force"] = self._random.choice((1, 1, 4, 6, 7))
            row["flags"] = row.get("flags", 0) & HIDDEN
        return row

    def _auction_order(self: _Pieces) -> Fields:
        """An order that is only for an opening or a closing call, with a limit or without."""
        order_type = self._random.choice((OrderType.LIMIT, OrderType.MARKET))
        return self._order(
            market_id=self._random.choice((PHASED, PHASED, PHASED, SWINGING)),
            order_type=order_type,
            time_in_force=self._random.choice((TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)),
            flags=0,
            price_ticks=self._price(8) if order_type == OrderType.LIMIT else 0,
        )

    def _set_phase(self: _Pieces) -> Fields:
        phase = self._random.choice((1, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4, 5, 6, 7, 0, 8))
        market_id = self._random.choice((PHASED,) * 9 + (SWINGING, 77))
        if phase == Phase.WIND_DOWN:  # for good
            market_id = 77
        row: Fields = {
            "kind": CommandKind.SET_PHASE,
            "market_id": market_id,
            "phase": phase,
        }
        if phase == Phase.AUCTION or self._random.random() < 0.02:
            row["auction_kind"] = self._random.choice((1, 1, 2, 2, 2, 2, 3, 4, 5))
        if phase == Phase.AUCTION and self._random.random() < 0.6:
            row["end_after_ns"] = self._random.choice((-1, 10**9, 4 * 10**9, 20 * 10**9))
        return row

    def _uncross(self: _Pieces) -> Fields:
        return {
            "kind": CommandKind.UNCROSS,
            "market_id": self._random.choice((PHASED,) * 6 + (SWINGING, 1, 77)),
        }

    @staticmethod
    def _open_again() -> Fields:
        """Open a market that is open: a phase does not follow itself."""
        return {"kind": CommandKind.SET_PHASE, "market_id": 1, "phase": Phase.OPEN}
