"""The best bid and ask of a market and its last price, from its book and its tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway import convert
from gateway.feeds.latest import Latest
from realstack.client import Level, LocalBook, Market

Best = tuple[Level | None, Level | None, int]


class TickerFeed:
    """Publishes when the best of the book or the last price is another."""

    def __init__(
        self, market: Market, book: LocalBook, last_price_ticks: Callable[[], int]
    ) -> None:
        self._market = market
        self._book = book
        self._last_price_ticks = last_price_ticks
        self._told: Best | None = None
        self._latest = Latest("ticker", market.symbol, self._state)
        self.channel = self._latest.channel

    @property
    def as_of_sequence(self) -> int:
        """The venue sequence that the book reflects."""
        return self._book.sequence

    def look(self) -> None:
        """See whether anything changed."""
        best = self._best()
        if best != self._told:
            self._told = best
            self._latest.changed()

    def close(self) -> None:
        """Send nothing more."""
        self._latest.close()

    def _best(self) -> Best:
        return self._book.best_bid(), self._book.best_ask(), self._last_price_ticks()

    def _state(self) -> dict[str, Any] | None:
        if self._told is None:
            return None
        bid, ask, last_price_ticks = self._best()
        return {
            "bid": None if bid is None else convert.levels(self._market, [bid])[0],
            "ask": None if ask is None else convert.levels(self._market, [ask])[0],
            "last_price": convert.price_text(self._market, last_price_ticks),
            "as_of_seq": self._book.sequence,
        }
