"""The market service as the gateway asks it: trades and candles from its projection."""

from __future__ import annotations

import asyncio

import grpc

from gateway import convert
from gateway.convert import INTERVALS, IntervalName
from gateway.errors import ApiError, EdgeError
from gateway.feeds.link import LinkState
from gateway.limits import CALL_SECONDS
from gateway.refusals import service_refusal
from gateway.schemas import market as schema
from realstack.client import Market
from realstack.client.connection import CHANNEL_OPTIONS
from realstack.market.v1 import market_pb2, market_pb2_grpc

PROBE_SECONDS = 2.0


class MarketHistory:
    """Calls to the market service.

    Args:
        address: Where it is; empty when there is none.
        api_key: The gateway's own.
    """

    def __init__(self, address: str, api_key: str) -> None:
        self.link = LinkState()
        self._address = address
        self._metadata = (("x-api-key", api_key),)
        self._channel = grpc.aio.insecure_channel(address or "localhost:1", CHANNEL_OPTIONS)
        self._stub = market_pb2_grpc.MarketServiceStub(self._channel)

    async def run(self) -> None:
        """Find out again and again, until cancelled, whether it answers."""
        request = market_pb2.ListTradesRequest(market_id=1, page_size=1)
        while self._address:
            try:
                await self._stub.ListTrades(request, metadata=self._metadata, timeout=CALL_SECONDS)
            except grpc.aio.AioRpcError:
                self.link.lost()
            else:
                self.link.heard()
            await asyncio.sleep(PROBE_SECONDS)

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()

    async def trades(self, market: Market, page_size: int, page_token: str) -> schema.Trades:
        """List trades of a market, newest first.

        Raises:
            ApiError: HISTORY_UNAVAILABLE, or the field that breaks a rule.
        """
        request = market_pb2.ListTradesRequest(
            market_id=market.market_id, page_size=page_size, page_token=page_token
        )
        try:
            answer = await self._stub.ListTrades(
                request, metadata=self._metadata, timeout=CALL_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            raise self._refusal(error) from error
        return schema.Trades(
            market=market.symbol,
            trades=[convert.trade(market, row) for row in answer.trades],
            next_page_token=answer.next_page_token or None,
            as_of_seq=answer.as_of_sequence,
        )

    async def candles(
        self,
        market: Market,
        interval: IntervalName,
        *,
        from_time_ns: int,
        to_time_ns: int,
        page_size: int,
        fill_gaps: bool = False,
    ) -> schema.Candles:
        """List candles of a market, oldest first; without a beginning the latest ones.

        Raises:
            ApiError: HISTORY_UNAVAILABLE, or the field that breaks a rule.
        """
        request = market_pb2.ListCandlesRequest(
            market_id=market.market_id,
            interval=INTERVALS[interval],
            from_time_ns=from_time_ns,
            to_time_ns=to_time_ns,
            page_size=page_size,
            fill_gaps=fill_gaps,
        )
        try:
            answer = await self._stub.ListCandles(
                request, metadata=self._metadata, timeout=CALL_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            raise self._refusal(error) from error
        return schema.Candles(
            market=market.symbol,
            interval=interval,
            candles=[convert.candle(market, row) for row in answer.candles],
            as_of_seq=answer.as_of_sequence,
        )

    def _refusal(self, error: grpc.aio.AioRpcError) -> ApiError:
        return service_refusal(error, EdgeError.HISTORY_UNAVAILABLE)
