"""Candles as they grow, one channel an interval, from the market service's own candles.

The service alone makes candles, so a channel, a page of REST and a later question never differ.
It is asked when a trade came that its last answer does not have, and when an open candle's time is
over; and only for channels that somebody reads.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from gateway.convert import INTERVALS, LENGTHS_NS, IntervalName
from gateway.encoding import json_text
from gateway.feeds.channel import Channel, Frame
from gateway.history import MarketHistory
from gateway.limits import CANDLES_RECENT, CANDLES_SECONDS
from gateway.schemas.market import Candle
from gateway.times import parse_time
from realstack.client import Market


class CandleChannel:
    """The candles of one market and interval.

    Args:
        history: The market service.
        market: The market.
        interval: The length of a candle.
        last_trade_id: Gives the market's last trade that is known here.
    """

    def __init__(
        self,
        history: MarketHistory,
        market: Market,
        interval: IntervalName,
        last_trade_id: Callable[[], int],
    ) -> None:
        name = f"candles_{interval}"
        self.channel = Channel(name, opening=self._opening, market=market.symbol)
        self.as_of_sequence = 0
        self._history = history
        self._market = market
        self._interval: IntervalName = interval
        self._last_trade_id = last_trade_id
        self._candles: dict[str, Candle] = {}  # by opening time, oldest first
        self._was_asked = False
        self._number = 0

    def is_due(self, now_ns: int) -> bool:
        """Tell whether the service may know more than this does."""
        if not self._was_asked:
            return True
        if not self._candles:
            return self._last_trade_id() > 0
        last = next(reversed(self._candles.values()))
        if self._last_trade_id() > last.last_trade_id:
            return True
        end_ns = parse_time("open_time", last.open_time) + LENGTHS_NS[self._interval]
        return not last.closed and now_ns >= end_ns

    async def refresh(self) -> None:
        """Ask for what changed since the last answer, and publish it.

        Raises:
            ApiError: The service does not answer.
        """
        last = next(reversed(self._candles.values()), None)
        page = await self._history.candles(
            self._market,
            self._interval,
            from_time_ns=parse_time("open_time", last.open_time) if last else 0,
            to_time_ns=0,
            page_size=CANDLES_RECENT,
        )
        self._was_asked = True
        self.as_of_sequence = page.as_of_seq
        changed = [each for each in page.candles if self._candles.get(each.open_time) != each]
        self._candles |= {each.open_time: each for each in changed}
        for open_time in list(self._candles)[:-CANDLES_RECENT]:
            del self._candles[open_time]
        if changed:
            self._number += 1
            self.channel.publish(self._frame(self._interval, "candles", changed))

    def _opening(self) -> list[Frame]:
        candles = list(self._candles.values())
        return [self._frame(self._interval, "candles_snapshot", candles)]

    def _frame(self, interval: IntervalName, kind: str, candles: list[Candle]) -> Frame:
        message = {
            "type": kind,
            "channel": self.channel.name,
            "market": self._market.symbol,
            "interval": interval,
            "candles": candles,
            "as_of_seq": self.as_of_sequence,
        }
        return Frame(json_text(message), self._number, self._number)


class CandleFeed:
    """All intervals of one market."""

    def __init__(
        self, history: MarketHistory, market: Market, last_trade_id: Callable[[], int]
    ) -> None:
        self.intervals = [
            CandleChannel(history, market, interval, last_trade_id) for interval in INTERVALS
        ]

    async def run(self) -> None:
        """Keep the channels that somebody reads up to date, until cancelled.

        Raises:
            ApiError: The market service does not answer.
        """
        while True:
            for each in self.intervals:
                if len(each.channel) and each.is_due(time.time_ns()):
                    await each.refresh()
            await asyncio.sleep(CANDLES_SECONDS)
