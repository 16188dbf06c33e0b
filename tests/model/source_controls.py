"""Recipes of limits and kill switches, mostly of one account and one market."""

from __future__ import annotations

import random
from typing import Protocol

from engine.core.commands import CommandKind, LimitKind
from tests.model.source_phases import SWINGING, Fields

LIMITED = 11  # an account

_VALUES = {
    LimitKind.ORDER_LOTS: (0, 3, 10, 40),
    LimitKind.ORDER_VALUE: (0, 3_000, 60_000, 1 << 40),
    LimitKind.COLLAR_PPM: (0, 3_000, 9_000, 1_000_001),
    LimitKind.OPEN_ORDERS: (0, 1, 4, 12),
    LimitKind.HOLDING_LOTS: (0, 0, 1, 1 << 46),
    LimitKind.MESSAGES: (0, 1, 1, 2),
}


class _Pieces(Protocol):
    """What the recipes take from the source."""

    _random: random.Random


class ControlRecipes:
    """Limits that come and go, and switches that are soon lifted."""

    def _set_limit(self: _Pieces) -> Fields:
        kind = self._random.choice((*LimitKind, LimitKind.MESSAGES, LimitKind.MESSAGES))
        value = self._random.choice(_VALUES[kind])
        windowed = kind == LimitKind.MESSAGES and value != 0
        account_id = self._random.choice((LIMITED,) * 12 + (0, 77))
        row: Fields = {
            "kind": CommandKind.SET_LIMIT,
            "account_id": account_id,
            "market_id": SWINGING if account_id == 0 else self._random.choice((0, 0, 1, 2, 77)),
            "limit_kind": kind if self._random.random() < 0.95 else 7,
            "limit_value": value,
            "window_ns": self._random.choice((4 * 10**9, 60 * 10**9)) if windowed else 0,
        }
        if self._random.random() < 0.03:
            row["window_ns"] = 1
        return row

    def _kill(self: _Pieces) -> Fields:
        account_id, market_id = self._random.choice(
            ((LIMITED, 0), (LIMITED, 0), (0, SWINGING), (0, SWINGING), (0, 77), (77, 0), (1, 1))
        )
        return {
            "kind": CommandKind.KILL,
            "account_id": account_id,
            "market_id": market_id,
            "is_on": self._random.choice((0, 0, 0, 1)),
        }

    def _kill_venue(self: _Pieces) -> Fields:
        is_on = self._random.choice((0,) * 60 + (1, 2))
        return {"kind": CommandKind.KILL, "is_on": is_on}
