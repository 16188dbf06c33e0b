"""What markets do now, and what their calls would trade: followed once for all of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from gateway import convert
from gateway.feeds.channel import Channel
from gateway.feeds.latest import Latest
from realstack.client import AuctionState, Market, PhaseChange, StatusChange

Statuses = Callable[[int], AsyncGenerator[StatusChange, None]]


class MarketAuction:
    """The phase of one market and the state of its call."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.phase = PhaseChange(market.phase, market.auction_kind, market.auction_end_ns)
        self.auction: AuctionState | None = None
        self.as_of_sequence = 0
        self._latest = Latest("auction", market.symbol, self._state)
        self.channel: Channel = self._latest.channel

    def take(self, change: StatusChange) -> None:
        """Note a change; a new phase begins without an indication."""
        self.as_of_sequence = change.sequence
        if isinstance(change.change, PhaseChange):
            self.phase = change.change
            if self.auction is not None and not self.auction.is_final:
                self.auction = None
        else:
            self.auction = change.change
        self._latest.changed()

    def close(self) -> None:
        """Send nothing more."""
        self._latest.close()

    def _state(self) -> dict[str, Any]:
        return {
            **convert.phase_fields(self.phase),
            "auction": convert.auction(self.market, self.auction),
            "as_of_seq": self.as_of_sequence,
        }


class AuctionFeed:
    """Follows the status changes of all markets.

    Args:
        statuses: Gives the changes from a number on; what is no longer kept is left out.
    """

    def __init__(self, statuses: Statuses) -> None:
        self._statuses = statuses
        self._markets: dict[int, MarketAuction] = {}
        self._wanted = 1  # from the oldest that is kept: a call may have begun before us

    def add_market(self, market: Market) -> MarketAuction:
        """Begin to tell of a market."""
        found = self._markets[market.market_id] = MarketAuction(market)
        return found

    async def run(self) -> None:
        """Follow until cancelled.

        Raises:
            ClientError: The engine refuses to tell.
        """
        async with aclosing(self._statuses(self._wanted)) as changes:
            async for change in changes:
                self._wanted = change.status_sequence + 1
                market = self._markets.get(change.market_id)
                if market is not None:
                    market.take(change)

    def close(self) -> None:
        """Send nothing more."""
        for market in self._markets.values():
            market.close()
