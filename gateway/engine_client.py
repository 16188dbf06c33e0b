"""The way to the engine: market data under the gateway's own key, everything private under the
caller's, so that the gateway can do nothing in a member's name by itself.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from pathlib import Path
from typing import TypeVar

import grpc

from gateway.catalog import Catalog, Names, read_names, unknown_asset, unknown_market
from gateway.limits import ACCOUNTS_MAX, CALL_SECONDS
from gateway.refusals import engine_refusal
from realstack.client import (
    Asset,
    Client,
    ClientError,
    DayStatistics,
    Instruments,
    Market,
    PhaseChange,
    StatusChange,
)
from realstack.client.connection import CHANNEL_OPTIONS, error_of
from realstack.marketdata.v1 import marketdata_pb2, marketdata_pb2_grpc
from realstack.trading.v1 import trading_pb2, trading_pb2_grpc

T = TypeVar("T")

KEY_HEADER = "x-api-key"
NO_CATALOG = Catalog(Instruments({}, {}, 0), Names())
REFRESH_SECONDS = 1.0  # a symbol that is not known is looked for at most this often


def metadata(api_key: str) -> tuple[tuple[str, str], ...]:
    """Return what a call carries to say who makes it."""
    return ((KEY_HEADER, api_key),)


class EngineClient:
    """Calls to the engine."""

    def __init__(self, address: str, api_key: str, *, names_file: Path | None = None) -> None:
        self.address = address
        self.metadata = metadata(api_key)
        self.channel = grpc.aio.insecure_channel(address, CHANNEL_OPTIONS)
        self.market_data = marketdata_pb2_grpc.MarketDataServiceStub(self.channel)
        self.trading = trading_pb2_grpc.TradingServiceStub(self.channel)
        self._public = Client(address, api_key=api_key, timeout_seconds=CALL_SECONDS)
        self._members: OrderedDict[str, Client] = OrderedDict()
        self._names_file = names_file
        self._names = Names()
        self._names_time_ns = 0
        self._catalog: Catalog | None = None
        self._refreshed = float("-inf")
        self._refreshing = asyncio.Lock()

    async def close(self) -> None:
        """Close every connection; calls under way end with an error."""
        for client in (self._public, *self._members.values()):
            await client.close()
        await self.channel.close()

    @property
    def catalog_now(self) -> Catalog:
        """The instruments as they were last read; none before the first time."""
        return self._catalog or NO_CATALOG

    async def catalog(self, *, refresh: bool = False) -> Catalog:
        """Return the instruments; they are read once, and again when `refresh` is asked for.

        Raises:
            ApiError: ENGINE_UNAVAILABLE.
        """
        known = self._catalog
        if known is not None and not refresh:
            return known
        async with self._refreshing:
            if self._catalog is not known and self._catalog is not None:
                return self._catalog  # another caller has just read them
            try:
                instruments = await self._public.instruments(refresh=True)
            except ClientError as error:
                raise engine_refusal(error) from error
            self._read_names()
            self._catalog = Catalog(instruments, self._names)
            self._refreshed = asyncio.get_running_loop().time()
            return self._catalog

    def _read_names(self) -> None:
        """Read the file of names when it has changed."""
        if self._names_file is None or not self._names_file.exists():
            return
        changed_ns = self._names_file.stat().st_mtime_ns
        if changed_ns != self._names_time_ns:
            self._names_time_ns = changed_ns
            self._names = read_names(self._names_file)

    async def market(self, symbol: str) -> Market:
        """Return the market of a symbol.

        Raises:
            ApiError: UNKNOWN_MARKET, ENGINE_UNAVAILABLE.
        """
        catalog = await self.catalog()
        found = catalog.market(symbol)
        if found is None and self._may_refresh():
            catalog = await self.catalog(refresh=True)
            found = catalog.market(symbol)
        if found is None:
            raise unknown_market(catalog)
        return found

    async def asset(self, symbol: str) -> Asset:
        """Return the asset of a symbol.

        Raises:
            ApiError: UNKNOWN_ASSET, ENGINE_UNAVAILABLE.
        """
        catalog = await self.catalog()
        found = catalog.instruments.find_asset(symbol)
        if found is None and self._may_refresh():
            catalog = await self.catalog(refresh=True)
            found = catalog.instruments.find_asset(symbol)
        if found is None:
            raise unknown_asset(catalog)
        return found

    async def statuses(self, from_status_sequence: int) -> AsyncGenerator[StatusChange, None]:
        """Follow the status changes of all markets.

        A phase that is new since now is in the catalog before it is told.

        Raises:
            ClientError: The engine refuses to tell.
            ApiError: The instruments cannot be read.
        """
        changes = self._public.statuses(from_status_sequence=from_status_sequence)
        async with aclosing(changes):
            async for change in changes:
                known = self.catalog_now.instruments.as_of_sequence
                if isinstance(change.change, PhaseChange) and change.sequence > known:
                    await self.catalog(refresh=True)
                yield change

    async def day(self, symbol: str, time_ns: int) -> tuple[Market, DayStatistics]:
        """Return a market and what it did in a day; time zero is the running one.

        Raises:
            ApiError: UNKNOWN_MARKET, ENGINE_UNAVAILABLE.
        """
        market = await self.market(symbol)
        try:
            return market, await self._public.statistics(market.market_id, time_ns)
        except ClientError as error:
            raise engine_refusal(error) from error

    def _may_refresh(self) -> bool:
        """Tell whether the list is old enough to be read again: bad symbols must stay cheap."""
        return asyncio.get_running_loop().time() - self._refreshed >= REFRESH_SECONDS

    async def member(self, api_key: str) -> Client:
        """Return the client of a member's key; its trading stream stays open for the next call.

        Raises:
            ApiError: ENGINE_UNAVAILABLE, or NOT_AUTHENTICATED when the engine has another opinion
                of the key than this gateway.
        """
        client = self._members.get(api_key)
        if client is None:
            client = Client(self.address, api_key=api_key, timeout_seconds=CALL_SECONDS)
            self._members[api_key] = client
        self._members.move_to_end(api_key)
        try:
            await client.instruments()
        except ClientError as error:
            raise engine_refusal(error) from error
        return client

    async def drop_unused(self) -> None:
        """Close the clients that were not used for longest, beyond the limit."""
        while len(self._members) > ACCOUNTS_MAX:
            _, client = self._members.popitem(last=False)
            await client.close()

    async def balances(self, api_key: str) -> trading_pb2.ListBalancesResponse:
        """Return the balances of the key's account, with the sequence that they reflect.

        Raises:
            ApiError: ENGINE_UNAVAILABLE, or the engine's refusal.
        """
        request = trading_pb2.ListBalancesRequest()
        return await reading(
            self.trading.ListBalances(request, metadata=metadata(api_key), timeout=CALL_SECONDS)
        )

    async def open_orders(self, api_key: str) -> trading_pb2.ListOpenOrdersResponse:
        """Return the working orders of the key's account, with the sequence that they reflect.

        Raises:
            ApiError: ENGINE_UNAVAILABLE, or the engine's refusal.
        """
        request = trading_pb2.ListOpenOrdersRequest()
        return await reading(
            self.trading.ListOpenOrders(request, metadata=metadata(api_key), timeout=CALL_SECONDS)
        )

    async def book(self, market_id: int, depth: int) -> marketdata_pb2.BookSnapshot:
        """Return a book once.

        Raises:
            ApiError: ENGINE_UNAVAILABLE, or the engine's refusal.
        """
        request = marketdata_pb2.GetBookRequest(market_id=market_id, depth=depth)
        answer = await reading(
            self.market_data.GetBook(request, metadata=self.metadata, timeout=CALL_SECONDS)
        )
        return answer.book


async def reading(call: Awaitable[T]) -> T:
    """Wait for a call that changes nothing.

    Raises:
        ApiError: ENGINE_UNAVAILABLE, or the engine's refusal.
    """
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise engine_refusal(error_of(error)) from error
