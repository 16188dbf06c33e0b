"""Public addresses: instruments, books, trades, candles, status, settlement and the errors."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, PathParameter, QueryParameter
from msgspec import Struct

from gateway import convert
from gateway.convert import IntervalName
from gateway.errors import REGISTRY, Outcome
from gateway.limits import BOOK_DEPTH_MAX, PAGE_SIZE_MAX
from gateway.schemas import market as schema
from gateway.schemas.settlement import Batches, Status
from gateway.service import Gateway
from gateway.times import parse_time

PageSize = Annotated[
    int, QueryParameter(ge=0, le=PAGE_SIZE_MAX, description="At most so many; 0 is the default.")
]
PageToken = Annotated[
    str, QueryParameter(max_length=64, description="next_page_token of the answer before.")
]
MarketSymbol = Annotated[str, PathParameter(description="The market's symbol.", max_length=16)]


class ErrorRow(Struct, kw_only=True, frozen=True):
    """An error that the venue can answer."""

    code: int
    name: str
    status: int
    outcome: Outcome
    retryable: bool
    meaning: str


class Errors(Struct, kw_only=True, frozen=True):
    """Every error, by number."""

    errors: list[ErrorRow]


@get("/v1/instruments", summary="List assets and markets", tags=["market data"])
async def list_instruments(gateway: NamedDependency[Gateway]) -> schema.Instruments:
    """All assets and markets, with the steps of their prices and quantities."""
    return convert.instruments(await gateway.engine.catalog())


@get("/v1/book/{symbol:str}", summary="Read a book", tags=["market data"])
async def get_book(
    gateway: NamedDependency[Gateway],
    symbol: MarketSymbol,
    depth: Annotated[
        int, QueryParameter(ge=0, le=BOOK_DEPTH_MAX, description="Levels a side; 0 for all.")
    ] = 50,
) -> schema.Book:
    """The levels of a market, best prices first, with the checksum of the ten best a side."""
    market = await gateway.engine.market(symbol)
    return convert.book(market, await gateway.engine.book(market.market_id, depth))


@get("/v1/trades/{symbol:str}", summary="List trades", tags=["market data"])
async def list_trades(
    gateway: NamedDependency[Gateway],
    symbol: MarketSymbol,
    page_size: PageSize = 0,
    page_token: PageToken = "",
) -> schema.Trades:
    """Trades of a market, newest first."""
    market = await gateway.engine.market(symbol)
    return await gateway.history.trades(market, page_size, page_token)


@get("/v1/candles/{symbol:str}", summary="List candles", tags=["market data"])
async def list_candles(
    gateway: NamedDependency[Gateway],
    symbol: MarketSymbol,
    interval: FromQuery[IntervalName] = "1m",
    from_time: Annotated[str, QueryParameter(description="RFC 3339; empty: the latest.")] = "",
    to_time: Annotated[str, QueryParameter(description="RFC 3339, exclusive; empty: now.")] = "",
    page_size: PageSize = 0,
    fill_gaps: Annotated[
        bool, QueryParameter(description="Also intervals without a trade, flat at the last close.")
    ] = False,
) -> schema.Candles:
    """Candles of a market, oldest first. An interval without a trade has none unless asked for."""
    market = await gateway.engine.market(symbol)
    return await gateway.history.candles(
        market,
        interval,
        from_time_ns=parse_time("from_time", from_time) if from_time else 0,
        to_time_ns=parse_time("to_time", to_time) if to_time else 0,
        page_size=page_size,
        fill_gaps=fill_gaps,
    )


@get("/v1/statistics/{symbol:str}", summary="Read a day's statistics", tags=["market data"])
async def get_statistics(
    gateway: NamedDependency[Gateway],
    symbol: MarketSymbol,
    day: Annotated[
        str, QueryParameter(description="Any RFC 3339 time of the day of UTC; empty: the running.")
    ] = "",
) -> schema.MarketStatistics:
    """Open, high, low, close, volume, turnover and average price of a market in a day of UTC."""
    time_ns = parse_time("day", day) if day else 0
    market, statistics = await gateway.engine.day(symbol, time_ns)
    told = convert.statistics(market, statistics)
    return schema.MarketStatistics(market=market.symbol, statistics=told)


@get("/v1/status", summary="Read the venue's status", tags=["venue"])
async def get_status(gateway: NamedDependency[Gateway]) -> Status:
    """Sequence, rates, links, settlement and the last reconciliation of ledger and chain."""
    return gateway.status.status()


@get("/v1/settlement/batches", summary="List settlement batches", tags=["settlement"])
async def list_batches(
    gateway: NamedDependency[Gateway],
    page_size: Annotated[int, QueryParameter(ge=0, le=500, description="0 is the default.")] = 0,
    page_token: PageToken = "",
) -> Batches:
    """Batches of token transfers, newest first; each is one atomic transaction on chain."""
    return await gateway.settlement.list_batches(page_size, page_token)


@get("/v1/errors", summary="List every error", tags=["venue"])
async def list_errors() -> Errors:
    """Every error by number: what it means, what became of the request, whether to retry."""
    return Errors(
        errors=[
            ErrorRow(
                code=row.code,
                name=row.name,
                status=row.status,
                outcome=row.outcome,
                retryable=row.retryable,
                meaning=row.meaning,
            )
            for row in REGISTRY.values()
        ]
    )


MARKET_ROUTES = [
    list_instruments,
    get_book,
    list_trades,
    list_candles,
    get_statistics,
    get_status,
    list_batches,
    list_errors,
]
