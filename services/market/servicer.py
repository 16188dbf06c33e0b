"""The market service's contract: requests in, answers out, each with the sequence it reflects."""

from __future__ import annotations

from typing import Any, NoReturn

import grpc

from realstack.common.v1 import common_pb2
from realstack.market.v1 import market_pb2 as wire
from realstack.market.v1 import market_pb2_grpc as stubs
from services._base.errors import refuse
from services._base.pages import (
    InvalidPageToken,
    decode_page_token,
    encode_page_token,
    page_size,
)
from services.market import domain
from services.market.domain import BadRequest, Candle, Trade
from services.market.store import TIME_NS_MAX, Store

SERVICE_NAME = wire.DESCRIPTOR.services_by_name["MarketService"].full_name

Context = grpc.aio.ServicerContext[Any, Any]


class MarketServicer(stubs.MarketServiceServicer):
    """Answers from the projection."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def ListTrades(
        self, request: wire.ListTradesRequest, context: Context
    ) -> wire.ListTradesResponse:
        """List trades of a market, newest first."""
        try:
            market_id = domain.check_market_id(request.market_id)
            count = _count(request.page_size, domain.TRADES_PAGE_SIZE)
            scope = f"trades market={market_id}"
            before = _before(scope, request.page_token)
        except BadRequest as error:
            await _refuse(context, error)
        trades, position = await self._store.list_trades(
            market_id, before_trade_id=before, count=count + 1
        )
        has_more = len(trades) > count
        page = trades[:count]
        return wire.ListTradesResponse(
            trades=[_trade(trade) for trade in page],
            next_page_token=encode_page_token(scope, page[-1].trade_id) if has_more else "",
            as_of_sequence=position.as_of_sequence,
        )

    async def ListCandles(
        self, request: wire.ListCandlesRequest, context: Context
    ) -> wire.ListCandlesResponse:
        """List candles of a market, oldest first; see `services.market.domain` for the gap rule."""
        try:
            market_id = domain.check_market_id(request.market_id)
            interval = domain.check_interval(request.interval)
            domain.check_time_range(request.from_time_ns, request.to_time_ns)
            count = _count(request.page_size, domain.CANDLES_PAGE_SIZE)
        except BadRequest as error:
            await _refuse(context, error)
        candles, position = await self._store.list_candles(
            market_id,
            interval,
            from_time_ns=min(request.from_time_ns, TIME_NS_MAX),
            to_time_ns=min(request.to_time_ns, TIME_NS_MAX),
            count=count,
            with_gaps_filled=request.fill_gaps,
        )
        return wire.ListCandlesResponse(
            candles=[_candle(candle, position.venue_time_ns) for candle in candles],
            as_of_sequence=position.as_of_sequence,
        )


def add_market_servicer(server: grpc.aio.Server, store: Store) -> None:
    """Add the service to a server."""
    stubs.add_MarketServiceServicer_to_server(MarketServicer(store), server)


def _count(asked: int, default: int) -> int:
    try:
        return page_size(asked, default=default, limit=domain.PAGE_SIZE_MAX)
    except ValueError as error:
        raise BadRequest("page_size", str(error)) from error


def _before(scope: str, page_token: str) -> int:
    """Return the trade id that a page ends before; without a token, beyond all trades."""
    if not page_token:
        return TIME_NS_MAX
    try:
        return min(decode_page_token(scope, page_token), TIME_NS_MAX)
    except InvalidPageToken as error:
        raise BadRequest("page_token", str(error)) from error


async def _refuse(context: Context, error: BadRequest) -> NoReturn:
    code = grpc.StatusCode.INVALID_ARGUMENT
    await refuse(context, code, "INVALID_FIELD", error.rule, field=error.field)


def _trade(trade: Trade) -> wire.HistoricTrade:
    return wire.HistoricTrade(
        trade_id=trade.trade_id,
        sequence=trade.sequence,
        time_ns=trade.time_ns,
        price_ticks=trade.price_ticks,
        quantity_lots=trade.quantity_lots,
        aggressor_side=common_pb2.Side.ValueType(trade.aggressor_side),
    )


def _candle(candle: Candle, venue_time_ns: int) -> wire.Candle:
    return wire.Candle(
        open_time_ns=candle.open_time_ns,
        open_ticks=candle.open_ticks,
        high_ticks=candle.high_ticks,
        low_ticks=candle.low_ticks,
        close_ticks=candle.close_ticks,
        volume_lots=candle.volume_lots,
        trade_count=candle.trade_count,
        first_trade_id=candle.first_trade_id,
        last_trade_id=candle.last_trade_id,
        closed=candle.is_closed(venue_time_ns),
        first_sequence=candle.first_sequence,
        last_sequence=candle.last_sequence,
        revision=candle.revision(venue_time_ns),
    )
