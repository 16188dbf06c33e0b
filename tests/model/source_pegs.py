"""Recipes of pegs: some that stand and move, some that wait for a market that never has a price."""

from __future__ import annotations

import random
from typing import Any, Protocol

from engine.core.commands import HIDDEN, OrderType, TimeInForce
from tests.model.source_phases import PHASED, SWINGING, Fields


class _Pieces(Protocol):
    """What the recipes take from the source."""

    _random: random.Random

    def _order(self, **change: int) -> Fields: ...
    def _price(self, spread: int = 12) -> int: ...
    def _good_till(self) -> Fields: ...
    def _peg(self, **change: int) -> Fields: ...


class PegRecipes:
    """Orders whose price follows the best prices."""

    def _peg(self: _Pieces, **change: int) -> Fields:
        draw: Any = self._random.choice
        kind = draw((OrderType.PRIMARY_PEG, OrderType.MIDPOINT_PEG))
        row: Fields = {
            "order_type": kind,
            "market_id": draw((1, 2, 3, SWINGING, PHASED)),
            "time_in_force": draw((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.DAY)),
            "flags": 0,
            "price_ticks": self._price(8),
        }
        if kind == OrderType.PRIMARY_PEG:
            row["trail_ticks"] = draw((0, 0, 1, 2, 5, 3_000))
            row["flags"] = draw((0, 0, 0, HIDDEN))
        if self._random.random() < 0.1:
            row.update(self._good_till())
        return self._order(**{**row, **change})

    def _parked_peg(self: _Pieces, market_id: int) -> Fields:
        """One of many in a market without prices: so many that there is no room for more."""
        return self._peg(
            market_id=market_id,
            side=1,
            time_in_force=TimeInForce.GTC,
            account_id=self._random.choice((9, 10)),
            tag=0,
        )

    def _wrong_peg(self: _Pieces) -> Fields:
        name, value = self._random.choice(
            (
                ("trail_ticks", -1),
                ("trail_ppm", 5),
                ("price_ticks", 0),
                ("time_in_force", TimeInForce.IOC),
                ("flags", 1),
                ("display_lots", 1),
            )
        )
        return self._peg(**{name: value})
