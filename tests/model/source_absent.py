"""Recipes of commands for owners who fall silent, and for cancels that overtake their orders."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.core.commands import BEFORE_ARRIVAL, ON_DISCONNECT, CommandKind
from engine.core.limits import DEADLINE_MS_MAX
from tests.model.source_phases import Fields, PhasedRecipes

RECIPES = list[tuple[float, Callable[[], Fields]]]
LIVELY = 11  # of its accounts only the first ones have short deadlines
CROWDED = 12  # the account that has as many deadlines as it may
BURIED_MAX = 3


class AbsentRecipes(PhasedRecipes):
    """Deadlines, cancels on disconnect, cancels before arrival."""

    _random: random.Random
    _buried: list[tuple[int, int]]  # account and client id of those cancelled last

    if TYPE_CHECKING:

        def _order(self, **change: int) -> Fields: ...

    def _absent(self) -> RECIPES:
        self._buried = []
        return [
            (0.8, self._deadline),
            (0.5, self._one_deadline_more),
            (0.1, lambda: self._deadline(timeout_ms=self._random.choice((-1, 1, 1 << 62)))),
            (0.1, lambda: self._deadline(account_id=77)),
            (0.2, self._disconnect),
            (0.8, self._cancel_ahead),
            (1.6, self._late_order),
            (0.1, lambda: self._cancel_ahead(flags=self._random.choice((1, 128, 192)))),
            (0.05, lambda: self._cancel_ahead(target_client_id_low=0)),
        ]

    def _deadline(self, **change: int) -> Fields:
        return {
            "kind": CommandKind.SET_DEADLINE,
            "account_id": self._random.randrange(1, LIVELY + 1),
            "tag": self._random.choice((0, 1, 1, 2, 2, 3, 4)),
            "timeout_ms": self._random.choice((0, 100, 300, 1_000, 2_000, 5_000)),
        } | change

    def _one_deadline_more(self) -> Fields:
        tag = self._random.randrange(1, 60)
        return self._deadline(account_id=CROWDED, tag=tag, timeout_ms=DEADLINE_MS_MAX)

    def _disconnect(self) -> Fields:
        return {
            "kind": CommandKind.CANCEL_ALL,
            "account_id": self._random.randrange(1, LIVELY + 1),
            "flags": self._random.choice((ON_DISCONNECT,) * 9 + (1,)),
            "tag": self._random.choice((1, 2, 3)),
        }

    def _cancel_ahead(self, **change: int) -> Fields:
        """Cancel an id that no order has had, or again one of the last."""
        if not self._buried or self._random.random() < 0.7:
            fresh = self._order()
            self._buried = [
                *self._buried[-BURIED_MAX:],
                (fresh["account_id"], fresh["client_id_low"]),
            ]
        account_id, client_id = self._random.choice(self._buried)
        own = self._order() if self._random.random() < 0.5 else {}
        ids = {name: own[name] for name in ("client_id_low", "client_id_high") if name in own}
        row: Fields = {
            "kind": CommandKind.CANCEL,
            "account_id": account_id,
            "target_client_id_low": client_id,
            "flags": BEFORE_ARRIVAL,
        }
        return row | ids | change

    def _late_order(self) -> Fields:
        """Let an order come whose cancel was there before."""
        if not self._buried:
            return self._order()
        account_id, client_id = self._buried[-1]
        return self._order(account_id=account_id, client_id_low=client_id, client_id_high=0)
