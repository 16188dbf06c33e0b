"""Public trades for everybody: followed once for all markets, sent as frames a market."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import structlog

from gateway import convert
from gateway.encoding import json_text
from gateway.engine_client import EngineClient
from gateway.feeds.channel import Channel, Frame
from gateway.feeds.link import LagMeter, LinkState
from gateway.feeds.pacer import Pacer
from gateway.limits import BOOK_FRAME_SECONDS, TRADES_RECENT
from realstack.client import FeedBroken, Market, NotRetained, Trade
from realstack.client.connection import follow
from realstack.client.decode import trade_from
from realstack.marketdata.v1 import marketdata_pb2

log = structlog.get_logger()

ONLY_NEW = 0


class MarketTrades:
    """The tape of one market: the latest trades, and frames of new ones.

    Attributes:
        traded: Called after each trade.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.recent: deque[Trade] = deque(maxlen=TRADES_RECENT)
        self.channel = Channel("trades", opening=self._opening, market=market.symbol)
        self.as_of_sequence = 0
        self.last_price_ticks = market.last_price_ticks
        self.last_trade_id = 0
        self.traded: Callable[[], None] = lambda: None
        self._pending: list[Trade] = []
        self._pacer = Pacer(self._flush, BOOK_FRAME_SECONDS)

    def add(self, trade: Trade) -> None:
        """Take in a trade."""
        self.recent.append(trade)
        self.last_price_ticks = trade.price_ticks
        self.last_trade_id = trade.trade_id
        self.traded()
        self._pending.append(trade)
        self._pacer.changed()

    def close(self) -> None:
        """Send nothing more."""
        self._pacer.close()

    def _flush(self) -> None:
        if self._pending:
            pending, self._pending = self._pending, []
            self.channel.publish(self._frame("trades", pending))

    def _opening(self) -> list[Frame]:
        self._pacer.now()
        return [self._frame("trades_snapshot", list(self.recent))]

    def _frame(self, kind: str, trades: list[Trade]) -> Frame:
        first = trades[0].trade_id if trades else 0
        last = trades[-1].trade_id if trades else 0
        message = {
            "type": kind,
            "channel": "trades",
            "market": self.market.symbol,
            "trades": [convert.trade(self.market, trade) for trade in trades],
            "last_trade_id": last,
            "as_of_seq": max(self.as_of_sequence, trades[-1].sequence if trades else 0),
        }
        return Frame(json_text(message), first, last)


class TradeFeed:
    """Follows the trades of all markets."""

    def __init__(self, engine: EngineClient, link: LinkState, lag: LagMeter) -> None:
        self.last_trade_id = 0
        self.as_of_sequence = 0
        self._engine = engine
        self._link = link
        self._lag = lag
        self._markets: dict[int, MarketTrades] = {}
        self._wanted = ONLY_NEW

    def add_market(self, market: Market) -> MarketTrades:
        """Begin the tape of a market."""
        tape = self._markets[market.market_id] = MarketTrades(market)
        return tape

    async def run(self) -> None:
        """Follow until cancelled: from some recent trades on, through restarts of the engine.

        Raises:
            ClientError: The engine refuses the trades for good.
        """
        await self._find_recent()
        try:
            while True:
                try:
                    await self._follow()
                except NotRetained:
                    log.warning("recent trades are not kept by the engine", wanted=self._wanted)
                    self._wanted = ONLY_NEW
        finally:
            for tape in self._markets.values():
                tape.close()

    async def _find_recent(self) -> None:
        """Learn the last trade id, to begin a little before it."""
        async with aclosing(follow(self._begin)) as messages:
            async for message in messages:
                self._note(message)
                recent = TRADES_RECENT * max(1, len(self._markets))
                self._wanted = max(1, message.last_trade_id - recent + 1)
                return

    async def _follow(self) -> None:
        async with aclosing(follow(self._begin)) as messages:
            async for message in messages:
                self._note(message)
                for trade in message.trades:
                    if self._wanted not in (ONLY_NEW, trade.trade_id):
                        raise FeedBroken(f"trade {trade.trade_id} came, {self._wanted} was due")
                    self._wanted = trade.trade_id + 1
                    self._add(trade_from(trade))
                self._wanted = self._wanted or message.last_trade_id + 1

    def _begin(self) -> Any:
        request = marketdata_pb2.StreamTradesRequest(from_trade_id=self._wanted)
        return self._engine.market_data.StreamTrades(
            request, metadata=self._engine.metadata, wait_for_ready=True
        )

    def _note(self, message: marketdata_pb2.StreamTradesResponse) -> None:
        self._link.heard()
        self.last_trade_id = max(self.last_trade_id, message.last_trade_id)
        self.as_of_sequence = max(self.as_of_sequence, message.as_of_sequence)
        for tape in self._markets.values():
            tape.as_of_sequence = self.as_of_sequence

    def _add(self, trade: Trade) -> None:
        self._lag.note(trade.time_ns)
        tape = self._markets.get(trade.market_id)
        if tape is not None:
            tape.add(trade)
