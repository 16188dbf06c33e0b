"""A database, a scripted engine and the market service between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
import pytest

from realstack.market.v1 import market_pb2 as wire
from realstack.market.v1 import market_pb2_grpc as stubs
from services._base.database import open_pool
from services._base.grpc_server import GrpcServer
from services.market.projector import Projector
from services.market.servicer import SERVICE_NAME, add_market_servicer
from services.market.store import Store
from tests.contract.market.scripted_engine import ScriptedEngine
from tests.support.postgres import fresh_database, postgres_server
from tests.support.waiting import wait_until

API_KEY = "the key of this test"
METADATA = (("x-api-key", API_KEY),)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """One PostgreSQL for all tests here."""
    with postgres_server() as url:
        yield url


@pytest.fixture
async def database_url(postgres_url: str) -> AsyncIterator[str]:
    """An empty database."""
    async with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
async def engine() -> AsyncIterator[ScriptedEngine]:
    """A scripted engine that listens."""
    scripted = ScriptedEngine()
    await scripted.start()
    yield scripted
    await scripted.stop()


@dataclass(frozen=True, slots=True)
class Service:
    """A running market service."""

    stub: stubs.MarketServiceAsyncStub
    store: Store
    channel: grpc.aio.Channel
    projecting: asyncio.Task[None]

    async def wait_for_trade(self, trade_id: int) -> None:
        """Wait until the projection holds a trade."""

        async def holds() -> bool:
            return (await self.store.position()).last_trade_id >= trade_id

        await wait_until(holds)

    async def wait_for_sequence(self, sequence: int) -> None:
        """Wait until the projection has reached a venue sequence."""

        async def has() -> bool:
            return (await self.store.position()).as_of_sequence >= sequence

        await wait_until(has)

    async def list_trades(self, market_id: int = 1, **fields: object) -> wire.ListTradesResponse:
        """Call ListTrades."""
        request = wire.ListTradesRequest(market_id=market_id, **fields)  # type: ignore[arg-type]
        return await self.stub.ListTrades(request, metadata=METADATA)

    async def list_candles(
        self, market_id: int = 1, interval: int = wire.INTERVAL_1M, **fields: object
    ) -> wire.ListCandlesResponse:
        """Call ListCandles."""
        request = wire.ListCandlesRequest(
            market_id=market_id,
            interval=interval,  # type: ignore[arg-type]
            **fields,  # type: ignore[arg-type]
        )
        return await self.stub.ListCandles(request, metadata=METADATA)


@asynccontextmanager
async def running_service(database_url: str, engine: ScriptedEngine) -> AsyncIterator[Service]:
    """Run a market service on a database and an engine."""
    pool = await open_pool(database_url, connections_max=3)
    store = Store(pool)
    await store.prepare()
    server = GrpcServer(
        services=[SERVICE_NAME],
        add=lambda made: add_market_servicer(made, store),
        is_known_key=lambda key: key == API_KEY,
    )
    address = await server.start("127.0.0.1:0")
    async with (
        grpc.aio.insecure_channel(engine.address) as to_engine,
        grpc.aio.insecure_channel(address) as channel,
    ):
        projector = Projector(store, to_engine, API_KEY, tell_serving=server.set_serving)
        projecting = asyncio.create_task(projector.run())
        yield Service(stubs.MarketServiceStub(channel), store, channel, projecting)
        projecting.cancel()
        await asyncio.gather(projecting, return_exceptions=True)
        await server.stop()
    await pool.close()


@pytest.fixture
async def service(database_url: str, engine: ScriptedEngine) -> AsyncIterator[Service]:
    """A running market service."""
    async with running_service(database_url, engine) as running:
        yield running
