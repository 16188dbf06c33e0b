"""Random commands through the reference venue, for feeds to follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import Side
from engine.reference.venue import ReferenceVenue
from tests.model.source import TRADED as MARKETS
from tests.model.source import CommandSource

Levels = list[tuple[int, int, int]]


class Drive:
    """A venue and its source of commands."""

    def __init__(self, seed: int) -> None:
        self.venue = ReferenceVenue()
        self._source = CommandSource(seed)
        self.opening = self.venue.apply(self._source.opening())

    def events(self, commands: int, at_once: int = 1) -> Iterator[NDArray[np.void]]:
        """Run commands and give their events, `at_once` commands at a time."""
        for _ in range(commands // at_once):
            events = self.venue.apply(self._source.take(at_once))
            self._source.learn(events)
            yield events

    def levels(self, market_id: int) -> tuple[Levels, Levels]:
        """Give the venue's own levels of a market."""
        return (
            plain(self.venue.levels(market_id, Side.BUY)),
            plain(self.venue.levels(market_id, Side.SELL)),
        )


def plain(rows: Any) -> Levels:
    """Give level records as price, quantity, orders."""
    return [
        (int(row["price_ticks"]), int(row["quantity_lots"]), int(row["order_count"]))
        for row in rows
    ]


__all__ = ["MARKETS", "Drive", "Levels", "plain"]
