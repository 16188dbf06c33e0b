"""A momentum trader: buys what has been rising, sells what has been falling, within a limit."""

from __future__ import annotations

import asyncio

from realstack.client import Side
from realstack.sim.participant import Participant
from realstack.sim.world import TYPICAL_NOTIONAL_UNITS, MarketView

LOOK_SECONDS = 0.5
FAST, SLOW = 4, 24  # looks over which the two averages remember
SCALE = 1_000  # averages are kept in thousandths of a tick
POSITION_ORDERS_MAX = 20


class Momentum(Participant):
    """Compares a fast and a slow average of each market's last price."""

    async def act(self) -> None:
        """Look at every market again and again."""
        averages: dict[int, tuple[int, int]] = {}
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for market_id, view in self.world.views.items():
                if view.last_ticks == 0:
                    continue
                price = view.last_ticks * SCALE
                fast, slow = averages.get(market_id, (price, price))
                fast += (price - fast) // FAST
                slow += (price - slow) // SLOW
                averages[market_id] = (fast, slow)
                await self.decide(view, fast - slow)

    async def decide(self, view: MarketView, trend: int) -> None:
        """Trade with the trend when it is clear and the position allows."""
        threshold = view.half_spread_ticks * SCALE * 2 // 3
        if abs(trend) < threshold:
            return
        side = Side.BUY if trend > 0 else Side.SELL
        limit = view.lots_worth(TYPICAL_NOTIONAL_UNITS * POSITION_ORDERS_MAX)
        sign = 1 if side is Side.BUY else -1
        if sign * self.position[view.market.market_id] >= limit:
            return
        best = view.book.best_ask() if side is Side.BUY else view.book.best_bid()
        if best is None:
            return
        price = max(1, best.price_ticks + sign * view.half_spread_ticks)
        lots = view.lots_worth(TYPICAL_NOTIONAL_UNITS)
        await self.place(view.market.market_id, side, price, lots, time_in_force="ioc")
