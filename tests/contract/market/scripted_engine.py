"""The engine's public stream of trades, told from a list: it can stop, come back, and lie."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from realstack.marketdata.v1 import marketdata_pb2 as wire
from realstack.marketdata.v1 import marketdata_pb2_grpc as stubs

NOON_NS = 1_794_916_800 * 1_000_000_000


def trade(
    trade_id: int, *, market_id: int = 1, price: int = 100, lots: int = 1, second: int = 0
) -> wire.Trade:
    """Make a trade at so many seconds past noon."""
    return wire.Trade(
        trade_id=trade_id,
        market_id=market_id,
        price_ticks=price,
        quantity_lots=lots,
        aggressor_side=1,  # type: ignore[arg-type]
        sequence=trade_id * 10,
        time_ns=NOON_NS + second * 1_000_000_000,
    )


class ScriptedEngine(stubs.MarketDataServiceServicer):
    """Serves `trades` from the id asked for, then whatever is appended, with heartbeats."""

    def __init__(self, *, batch: int = 3) -> None:
        self.trades: list[wire.Trade] = []
        self.batch = batch
        self.sequence = 0
        self.book_sequence = 0
        self.book_time_ns = 0
        self.asked_from: list[int] = []
        self.refuse_with: grpc.StatusCode | None = None
        self._changed = asyncio.Condition()
        self._server: grpc.aio.Server | None = None
        self._port = 0

    @property
    def address(self) -> str:
        """Where it listens; the same after a restart."""
        return f"127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listen: on a free port first, on the same one again."""
        self._server = grpc.aio.server()
        stubs.add_MarketDataServiceServicer_to_server(self, self._server)
        self._port = self._server.add_insecure_port(f"127.0.0.1:{self._port}")
        await self._server.start()

    async def stop(self) -> None:
        """End at once, as a killed process would."""
        if self._server is not None:
            await self._server.stop(None)

    async def add(self, *trades: wire.Trade) -> None:
        """Append trades; followers see them at once."""
        async with self._changed:
            self.trades.extend(trades)
            self.sequence = max(self.sequence, self.trades[-1].sequence if self.trades else 0)
            self._changed.notify_all()

    async def heartbeat(self, sequence: int) -> None:
        """Go on to a venue sequence without a trade."""
        async with self._changed:
            self.sequence = sequence
            self._changed.notify_all()

    def _message(self, position: int, trades: list[wire.Trade]) -> wire.StreamTradesResponse:
        behind = position + len(trades) < len(self.trades)
        return wire.StreamTradesResponse(
            trades=trades,
            last_trade_id=self.trades[-1].trade_id if self.trades else 0,
            as_of_sequence=trades[-1].sequence if behind else self.sequence,
        )

    async def StreamTrades(
        self, request: wire.StreamTradesRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[wire.StreamTradesResponse]:
        """Send what is there from the id on, then what comes."""
        self.asked_from.append(request.from_trade_id)
        if self.refuse_with is not None:
            await context.abort(self.refuse_with, "as the script says")
        position = request.from_trade_id - 1
        while True:
            sent_sequence = self.sequence
            yield self._message(position, self.trades[position : position + self.batch])
            position = min(position + self.batch, max(len(self.trades), position))
            async with self._changed:
                await self._changed.wait_for(
                    lambda: len(self.trades) > position or self.sequence != sent_sequence  # noqa: B023
                )

    async def ListInstruments(
        self, request: wire.ListInstrumentsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> wire.ListInstrumentsResponse:
        """One market."""
        return wire.ListInstrumentsResponse(markets=[wire.Market(market_id=1)])

    async def GetBook(
        self, request: wire.GetBookRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> wire.GetBookResponse:
        """An empty book at the scripted sequence and time."""
        book = wire.BookSnapshot(sequence=self.book_sequence, time_ns=self.book_time_ns)
        return wire.GetBookResponse(book=book)

    async def StreamBook(
        self, request: wire.StreamBookRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[wire.StreamBookResponse]:
        """Not part of the script."""
        if request.market_id:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "not part of the script")
        yield wire.StreamBookResponse()

    async def StreamStatus(
        self, request: wire.StreamStatusRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[wire.StreamStatusResponse]:
        """Not part of the script."""
        if request.market_id:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "not part of the script")
        yield wire.StreamStatusResponse()

    async def StreamOrders(
        self, request: wire.StreamOrdersRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[wire.StreamOrdersResponse]:
        """Not part of the script."""
        if request.market_id:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "not part of the script")
        yield wire.StreamOrdersResponse()

    async def StreamTop(
        self, request: wire.StreamTopRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[wire.StreamTopResponse]:
        """Not part of the script."""
        if request.market_id:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "not part of the script")
        yield wire.StreamTopResponse()

    async def StreamStatistics(
        self, request: wire.StreamStatisticsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[wire.StreamStatisticsResponse]:
        """Not part of the script."""
        if request.market_id:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "not part of the script")
        yield wire.StreamStatisticsResponse()

    async def GetStatistics(
        self, request: wire.GetStatisticsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> wire.GetStatisticsResponse:
        """Not part of the script."""
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "not part of the script")
