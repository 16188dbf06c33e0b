"""A market maker: quotes several levels on both sides of every market, and leans with its position.

It keeps one order a level. When the price that it wants moves, it replaces the order, so most of
its messages are replaces; when an order was filled it places another. Its quotes are post-only.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from realstack.client import Cancelled, Execution, Filled, Side
from realstack.sim.participant import Participant
from realstack.sim.world import TYPICAL_NOTIONAL_UNITS, MarketView

LEVELS = 5
REFRESH_SECONDS = 0.5  # between two markets
POSITION_ORDERS_MAX = 40  # at so many usual orders' worth the lean is full


@dataclass(slots=True)
class Quote:
    """A working order of the maker."""

    order_id: int
    price_ticks: int
    filled_lots: int


class Maker(Participant):
    """Quotes every market in turn."""

    quotes: dict[tuple[int, Side, int], Quote]  # by market, side and level

    async def act(self) -> None:
        """Refresh the quotes of one market after the other."""
        self.quotes = {}
        while True:
            for view in self.world.views.values():
                await self.refresh(view)
                await asyncio.sleep(REFRESH_SECONDS * self.random.uniform(0.5, 1.5))

    def executed(self, execution: Execution) -> None:
        """Forget quotes that are gone, and remember what was filled of the others."""
        event = execution.event
        if not isinstance(event, Filled | Cancelled):
            return
        for slot, quote in list(self.quotes.items()):
            if quote.order_id == event.order.order_id:
                quote.filled_lots = event.order.filled_lots
                if event.order.leaves_lots == 0:
                    del self.quotes[slot]

    async def refresh(self, view: MarketView) -> None:
        """Bring all quotes of a market to where they are wanted, together."""
        centre = view.fair_ticks + self.lean(view) + self.opinion(view)
        half = view.half_spread_ticks
        work = []
        for level in range(LEVELS):
            # Wider and larger away from the centre.
            distance = half + level * max(1, half * 2 // 3)
            lots = view.lots_worth(TYPICAL_NOTIONAL_UNITS * (2 + level))
            work.append(self.quote(view, Side.BUY, level, max(1, centre - distance), lots))
            work.append(self.quote(view, Side.SELL, level, centre + distance, lots))
        await asyncio.gather(*work)

    def lean(self, view: MarketView) -> int:
        """Return how far the centre moves against the position, in ticks."""
        full = view.lots_worth(TYPICAL_NOTIONAL_UNITS * POSITION_ORDERS_MAX)
        position = max(-full, min(full, self.position[view.market.market_id]))
        return -3 * view.half_spread_ticks * position // full

    def opinion(self, view: MarketView) -> int:
        """Return this maker's own error about the fair price, in ticks."""
        return self.random.randint(-view.half_spread_ticks, view.half_spread_ticks) // 2

    async def quote(
        self, view: MarketView, side: Side, level: int, price_ticks: int, lots: int
    ) -> None:
        """Bring one quote to its price."""
        slot = (view.market.market_id, side, level)
        quote = self.quotes.get(slot)
        if quote is None:
            answer = await self.place(
                view.market.market_id, side, price_ticks, lots, post_only=True
            )
            if answer is not None and answer.leaves_lots > 0:
                self.quotes[slot] = Quote(answer.order_id, price_ticks, answer.filled_lots)
            return
        if abs(quote.price_ticks - price_ticks) * 2 < view.half_spread_ticks:
            return
        if not self.rests(view, side, price_ticks):
            return
        answer = await self.replace(quote.order_id, price_ticks, quote.filled_lots + lots)
        if answer is None or answer.leaves_lots == 0:
            self.quotes.pop(slot, None)
        else:
            quote.price_ticks = price_ticks

    def rests(self, view: MarketView, side: Side, price_ticks: int) -> bool:
        """Tell whether a replaced quote would rest: a replace is not post-only."""
        if side is Side.BUY:
            best = view.book.best_ask()
            return best is None or price_ticks < best.price_ticks
        best = view.book.best_bid()
        return best is None or price_ticks > best.price_ticks
