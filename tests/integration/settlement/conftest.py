"""A database, a chain, a venue, and a settlement worker's parts between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from solana.rpc.async_api import AsyncClient

from services._base.database import Pool, open_pool
from settlement.localnet import LocalnetServer, LocalnetSettings
from settlement.store import prepare
from tests.integration.settlement.chain_world import PROGRAMS, ChainWorld
from tests.integration.settlement.ledger_venue import LedgerVenue
from tests.integration.settlement.stage import Stage
from tests.support.postgres import fresh_database, postgres_server

FINALIZED_SLOTS = 4


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
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool on a database with the schema."""
    opened = await open_pool(database_url, connections_max=6)
    await prepare(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def localnet() -> AsyncIterator[LocalnetServer]:
    """A network whose slots move by hand."""
    settings = LocalnetSettings(
        port=0, slot_ms=None, finalized_depth_slots=FINALIZED_SLOTS, programs=PROGRAMS
    )
    async with LocalnetServer(settings) as running:
        yield running


@pytest.fixture
async def world(localnet: LocalnetServer) -> AsyncIterator[ChainWorld]:
    """Three assets and six participants on that network."""
    async with AsyncClient(localnet.url) as client:
        made = ChainWorld(client, FINALIZED_SLOTS)
        await made.build(accounts=6)
        yield made


@pytest.fixture
async def venue() -> AsyncIterator[LedgerVenue]:
    """A venue that listens."""
    running = LedgerVenue()
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def stage(
    pool: Pool, localnet: LocalnetServer, world: ChainWorld, venue: LedgerVenue, tmp_path: Path
) -> AsyncIterator[Stage]:
    """A worker's parts, each pass at the test's command."""
    world.write(tmp_path)
    made = await Stage.open(pool, localnet.url, world, venue, tmp_path)
    yield made
    await made.close()
