"""What a market did in the running day, as the engine counts it."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from gateway import convert
from gateway.engine_client import EngineClient
from gateway.feeds.latest import Latest
from realstack.client import DayStatistics, Market
from realstack.client.connection import follow
from realstack.client.decode import statistics_from
from realstack.marketdata.v1 import marketdata_pb2


class StatisticsFeed:
    """Follows the statistics of one market and publishes them."""

    def __init__(self, engine: EngineClient, market: Market) -> None:
        self.as_of_sequence = 0
        self._engine = engine
        self._market = market
        self._statistics: DayStatistics | None = None
        self._latest = Latest("statistics", market.symbol, self._state)
        self.channel = self._latest.channel

    async def run(self) -> None:
        """Follow until cancelled, through restarts of the engine.

        Raises:
            ClientError: The engine refuses to tell for good.
        """
        try:
            async with aclosing(follow(self._begin)) as messages:
                async for message in messages:
                    self.as_of_sequence = message.as_of_sequence
                    statistics = statistics_from(message.statistics)
                    if statistics != self._statistics:  # else it is a heartbeat
                        self._statistics = statistics
                        self._latest.changed()
        finally:
            self._latest.close()

    def _begin(self) -> Any:
        request = marketdata_pb2.StreamStatisticsRequest(market_id=self._market.market_id)
        return self._engine.market_data.StreamStatistics(
            request, metadata=self._engine.metadata, wait_for_ready=True
        )

    def _state(self) -> dict[str, Any] | None:
        if self._statistics is None:
            return None
        told = convert.statistics(self._market, self._statistics)
        return {"statistics": told, "as_of_seq": self.as_of_sequence}
