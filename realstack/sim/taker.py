"""A taker: an investor who wants to buy or sell now, more often towards what it believes."""

from __future__ import annotations

import asyncio
from collections import deque

from realstack.client import Side
from realstack.sim.participant import Participant
from realstack.sim.world import TYPICAL_NOTIONAL_UNITS, MarketView

ORDER_SECONDS = 0.5  # on average between two orders
PATIENT_ORDERS_MAX = 4
SHARE_MARKET, SHARE_PATIENT = 0.15, 0.25  # of all orders; the rest takes what is there


class Taker(Participant):
    """Sends single orders at random times."""

    async def act(self) -> None:
        """Send orders, for ever."""
        patient: deque[int] = deque()
        views = list(self.world.views.values())
        while True:
            await asyncio.sleep(self.random.expovariate(1 / ORDER_SECONDS))
            view = self.random.choice(views)
            side = self.side(view)
            lots = view.lots_worth(TYPICAL_NOTIONAL_UNITS * self.random.randint(1, 10) // 4)
            kind = self.random.random()
            if kind < SHARE_MARKET:
                await self.place(view.market.market_id, side, None, lots)
            elif kind < SHARE_MARKET + SHARE_PATIENT:
                await self.wait_in_line(view, side, lots, patient)
            else:
                limit = self.worst(view, side)
                await self.place(view.market.market_id, side, limit, lots, time_in_force="ioc")

    def side(self, view: MarketView) -> Side:
        """Choose a side: rather buy below the fair price, sell above it, and come back to zero."""
        bid, ask = view.book.best_bid(), view.book.best_ask()
        buy = 0.5
        if bid is not None and ask is not None:
            middle = (bid.price_ticks + ask.price_ticks) // 2
            buy += 0.2 if middle < view.fair_ticks else -0.2 if middle > view.fair_ticks else 0
        position = self.position[view.market.market_id]
        buy += -0.1 if position > 0 else 0.1 if position < 0 else 0
        return Side.BUY if self.random.random() < buy else Side.SELL

    def worst(self, view: MarketView, side: Side) -> int:
        """Return the worst price that it pays or takes."""
        distance = view.half_spread_ticks * self.random.randint(1, 6)
        sign = 1 if side is Side.BUY else -1
        return max(1, view.fair_ticks + sign * distance)

    async def wait_in_line(
        self, view: MarketView, side: Side, lots: int, patient: deque[int]
    ) -> None:
        """Place an order that rests, and take back the oldest when there are too many."""
        sign = -1 if side is Side.BUY else 1
        price = max(1, view.fair_ticks + sign * view.half_spread_ticks)
        answer = await self.place(view.market.market_id, side, price, lots)
        if answer is not None and answer.leaves_lots > 0:
            patient.append(answer.order_id)
        if len(patient) > PATIENT_ORDERS_MAX:
            await self.cancel(patient.popleft())
