"""Keeps the projection: follows the engine's trades from the last stored one, without a gap."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import grpc
import structlog

from realstack.marketdata.v1 import marketdata_pb2 as wire
from realstack.marketdata.v1 import marketdata_pb2_grpc as stubs
from services._base.auth import KEY_HEADER
from services._base.retry import Backoff
from services.market.domain import Trade
from services.market.store import Position, ProjectionError, Store

CALL_SECONDS = 5.0
SILENCE_SECONDS = 15.0  # the engine sends a heartbeat much more often

# What the stream's end means: the engine is away and comes back; anything else is a mistake.
PASSING = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }
)

log = structlog.get_logger()


class Projector:
    """Follows `StreamTrades` and stores what it says, through restarts of both sides."""

    def __init__(
        self,
        store: Store,
        channel: grpc.aio.Channel,
        api_key: str,
        *,
        tell_serving: Callable[[bool], Awaitable[None]],
    ) -> None:
        self._store = store
        self._stub = stubs.MarketDataServiceStub(channel)
        self._metadata = ((KEY_HEADER, api_key),)
        self._tell_serving = tell_serving

    async def run(self) -> None:
        """Follow until cancelled; an engine that is away is waited for.

        Raises:
            ProjectionError: When the engine's trades do not continue the stored ones, or it
                refuses to tell them (a wrong key, or trades that it keeps no more).
        """
        backoff = Backoff()
        while True:
            try:
                await self._follow(backoff)
            except grpc.aio.AioRpcError as error:
                if error.code() not in PASSING:
                    raise ProjectionError(
                        f"the engine refuses the trades: {error.code().name}: {error.details()}"
                    ) from error
                log.warning("engine away", code=error.code().name, detail=error.details())
            except TimeoutError:
                log.warning("engine silent", seconds=SILENCE_SECONDS)
            await self._tell_serving(False)
            await backoff.wait()

    async def _follow(self, backoff: Backoff) -> None:
        position = await self._store.position()
        last_stored = await self._store.trade(position.last_trade_id)
        # Ask for the last stored trade again: that it is the same proves that this is still the
        # venue that the projection was made from.
        request = wire.StreamTradesRequest(from_trade_id=max(position.last_trade_id, 1))
        call = self._stub.StreamTrades(request, metadata=self._metadata)
        try:
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = await call.read()
                if not isinstance(message, wire.StreamTradesResponse):
                    log.info("engine ended the stream of trades")
                    return
                _check_not_behind(message.last_trade_id, position)
                trades = [_trade(trade) for trade in message.trades]
                _check_same_venue(last_stored, trades)
                position = await self._append(position, trades, message.as_of_sequence)
                await self._tell_serving(position.last_trade_id >= message.last_trade_id)
                backoff.reset()
        finally:
            call.cancel()

    async def _append(
        self, position: Position, trades: list[Trade], as_of_sequence: int
    ) -> Position:
        times_ns = [trade.time_ns for trade in trades]
        venue_time_ns = max(times_ns, default=0)
        if not trades and as_of_sequence > position.as_of_sequence:
            venue_time_ns = await self._venue_time_ns(as_of_sequence)
        elif not trades:
            return position
        return await self._store.append(
            trades, as_of_sequence=as_of_sequence, venue_time_ns=venue_time_ns
        )

    async def _venue_time_ns(self, as_of_sequence: int) -> int:
        """Return a venue time before which all trades are known, so that candles close.

        Heartbeats carry no time. A book does, with its sequence: when that is not beyond the
        sequence up to which the trades are complete, no trade can come before that time.
        """
        with suppress(grpc.aio.AioRpcError):  # the next heartbeat asks again
            instruments = await self._stub.ListInstruments(
                wire.ListInstrumentsRequest(), metadata=self._metadata, timeout=CALL_SECONDS
            )
            for market in instruments.markets[:1]:
                answer = await self._stub.GetBook(
                    wire.GetBookRequest(market_id=market.market_id, depth=1),
                    metadata=self._metadata,
                    timeout=CALL_SECONDS,
                )
                if answer.book.sequence <= as_of_sequence:
                    return int(answer.book.time_ns)
        return 0


def _trade(trade: wire.Trade) -> Trade:
    return Trade(
        trade_id=trade.trade_id,
        market_id=trade.market_id,
        sequence=trade.sequence,
        time_ns=trade.time_ns,
        price_ticks=trade.price_ticks,
        quantity_lots=trade.quantity_lots,
        aggressor_side=trade.aggressor_side,
    )


def _check_not_behind(venue_last_trade_id: int, position: Position) -> None:
    if venue_last_trade_id < position.last_trade_id:
        raise ProjectionError(
            f"the projection holds trades up to {position.last_trade_id}, the venue has only "
            f"{venue_last_trade_id}: this database belongs to another venue"
        )


def _check_same_venue(last_stored: Trade | None, trades: list[Trade]) -> None:
    for trade in trades[:1]:
        stored_again = last_stored is not None and trade.trade_id == last_stored.trade_id
        if stored_again and trade != last_stored:
            raise ProjectionError(
                f"trade {trade.trade_id} of the venue is not the stored one: this database belongs "
                "to another venue"
            )
