"""What all participants see and believe: books, trades, and a fair price that wanders.

The fair price of a market takes small random steps and is drawn back to where the market began, so
that prices move for hours without running away. Participants see it with errors of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from random import Random

from realstack.client import Client, LocalBook, Market

STEP_SECONDS = 0.25
STEP_PARTS = 4_000  # a step is at most this part of the price: 2.5 basis points
PULL_STEPS = 400  # in so many steps the way back to the anchor is about closed
BOOK_SECONDS_MAX = 10.0
TYPICAL_NOTIONAL_UNITS = 2_000  # of the quote asset: a usual order


class MarketView:
    """One market as participants see it. Prices are ticks.

    Attributes:
        market: The market.
        fair_ticks: What it is believed to be worth now.
        last_ticks: The last trade; 0 before the first.
    """

    def __init__(self, market: Market, anchor_ticks: int) -> None:
        self.market = market
        self.anchor_ticks = anchor_ticks
        self.fair_ticks = market.last_price_ticks or anchor_ticks
        self.last_ticks = market.last_price_ticks
        self.book = LocalBook(market)

    def step(self, random: Random) -> None:
        """Let the fair price wander by one step."""
        size = max(1, self.fair_ticks // STEP_PARTS)
        pull = (self.anchor_ticks - self.fair_ticks) // PULL_STEPS
        self.fair_ticks = max(1, self.fair_ticks + random.randint(-size, size) + pull)

    @property
    def half_spread_ticks(self) -> int:
        """Half of a usual spread: 6 basis points, at least a tick."""
        return max(1, self.fair_ticks * 6 // 10_000)

    def lots_worth(self, notional_units: int) -> int:
        """Return how many lots cost about so many units of the quote asset; at least one."""
        market = self.market
        atoms: int = notional_units * 10**market.quote.decimals
        return max(1, atoms // market.units.notional_atoms(self.fair_ticks, 1))


class World:
    """All markets, kept up by one client."""

    def __init__(self, client: Client, views: Mapping[int, MarketView], random: Random) -> None:
        self._client = client
        self.views = dict(views)
        self._random = random

    async def run(self) -> None:
        """Follow every market and let fair prices wander, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._wander())
            group.create_task(self._follow_trades())
            for view in self.views.values():
                group.create_task(self._follow_book(view))

    async def _wander(self) -> None:
        while True:
            for view in self.views.values():
                view.step(self._random)
            await asyncio.sleep(STEP_SECONDS)

    async def _follow_book(self, view: MarketView) -> None:
        async with aclosing(self._client.book(view.market.market_id)) as books:
            async for book in books:
                view.book = book

    async def _follow_trades(self) -> None:
        async with aclosing(self._client.trades()) as trades:
            async for trade in trades:
                if trade.market_id in self.views:
                    self.views[trade.market_id].last_ticks = trade.price_ticks
