"""The books of all markets, each with its own dense book sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.feed.book_changes import book_changes
from engine.feed.limits import FeedLimits
from engine.feed.market_book import MarketBook


class BookFeed:
    """Level changes by market.

    Args:
        limits: How much is kept.
        watched: Tells whether anybody reads a market's book step by step.
    """

    def __init__(self, limits: FeedLimits, watched: Callable[[int], bool]) -> None:
        self._limits = limits
        self._watched = watched
        self._markets: dict[int, MarketBook] = {}

    def consume(self, events: NDArray[np.void]) -> list[int]:
        """Take in released events; give the markets whose book changed."""
        rows, markets = book_changes(events)
        if len(rows) == 0:
            return []
        touched: list[int] = [int(markets[0])]
        if (markets != touched[0]).any():
            touched = np.unique(markets).tolist()
        for market_id in touched:
            part = rows[markets == market_id] if len(touched) > 1 else rows
            self.market(market_id).consume(part, watched=self._watched(market_id))
        return touched

    def state(self) -> dict[str, Any]:
        """Give what is kept, for `restore`."""
        return {str(key): book.state() for key, book in sorted(self._markets.items())}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what another feed kept."""
        for market_id, book in state.items():
            self.market(int(market_id)).restore(book)

    def market(self, market_id: int) -> MarketBook:
        """Give a market's book; an empty one before its first order."""
        book = self._markets.get(market_id)
        if book is None:
            book = self._markets[market_id] = MarketBook(market_id, self._limits)
        return book
