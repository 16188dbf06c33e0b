"""One venue for all tests here; each test brings members of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.contract.gateway.client import Rest, Socket, open_socket
from tests.support.postgres import postgres_server, with_database
from tests.support.scripted_settlement import ScriptedSettlement
from tests.support.venue import Member, Venue, running_venue

DATABASE = "gateway_contract"


@pytest.fixture(scope="session")
def settlement() -> Iterator[ScriptedSettlement]:
    """A settlement worker's status that tests write."""
    scripted = ScriptedSettlement()
    yield scripted
    scripted.stop()


async def make_database(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f"CREATE DATABASE {DATABASE}")
    await connection.close()


@pytest.fixture(scope="session")
def venue(
    tmp_path_factory: pytest.TempPathFactory, settlement: ScriptedSettlement
) -> Iterator[Venue]:
    """Engine, market service and gateway as processes."""
    with postgres_server() as url:
        asyncio.run(make_database(url))
        data = tmp_path_factory.mktemp("venue") / "data"
        address = settlement.address
        with running_venue(
            data, with_database(url, DATABASE), settlement_address=address
        ) as running:
            yield running


@pytest.fixture
async def rest(venue: Venue) -> AsyncIterator[Rest]:
    """A client of the gateway's REST interface."""
    async with httpx.AsyncClient(base_url=venue.url, timeout=20) as client:
        yield Rest(client)


@contextmanager
def member_of_this_test(venue: Venue) -> Iterator[Member]:
    """Give a funded member; its orders leave the book with the test."""
    member = venue.member()
    yield member
    headers = {"X-API-Key": member.api_key}
    httpx.delete(f"{venue.url}/v1/orders", headers=headers, timeout=20).raise_for_status()


@pytest.fixture
def alice(venue: Venue) -> Iterator[Member]:
    """A funded member of this test alone."""
    with member_of_this_test(venue) as member:
        yield member


@pytest.fixture
def bob(venue: Venue) -> Iterator[Member]:
    """Another one."""
    with member_of_this_test(venue) as member:
        yield member


@pytest.fixture
async def socket(venue: Venue) -> AsyncIterator[Socket]:
    """An open WebSocket without a key, its welcome read."""
    async with open_socket(venue.socket_url) as opened:
        await opened.next("welcome")
        yield opened


@pytest.fixture
def logs(venue: Venue) -> Iterator[Path]:
    """The gateway's log: no test may leave a fault in it."""
    before = len(venue.gateway.log())
    yield venue.folder.data / "logs"
    assert '"event": "fault"' not in venue.gateway.log()[before:]
