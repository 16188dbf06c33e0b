"""A venue with a little life in it, and a browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg
import httpx
import pytest

from realstack.settlement.v1 import settlement_pb2 as wire
from tests.contract.gateway.client import Rest
from tests.e2e.browser import NoBrowser, Page, browser_page, find_chromium
from tests.support.postgres import postgres_server, with_database
from tests.support.scripted_settlement import ScriptedSettlement
from tests.support.venue import Venue, running_venue

NAMES = (
    '{"assets":[{"asset_id":2,"name":"Harbour Tower"},{"asset_id":3,"name":"Green bond"}],'
    '"accounts":[{"account_id":1,"name":"Northgate"},{"account_id":2,"name":"Lindqvist"}]}'
)
SIGNATURE = (
    "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"
)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser; without it these tests are left out, with what to install."""
    try:
        return find_chromium()
    except NoBrowser as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def settlement() -> Iterator[ScriptedSettlement]:
    """A settlement worker's status with one batch and an equal verdict."""
    scripted = ScriptedSettlement()
    scripted.put(
        wire.Batch(
            batch_id=1,
            state=wire.SETTLEMENT_STATE_FINAL,
            trade_ids=[1],
            transfers=[
                wire.Transfer(
                    asset_id=2, from_account_id=1, to_account_id=2, amount_atoms=1_500_000
                )
            ],
            signature=SIGNATURE,
            transaction_bytes=777,
            updated_time_ns=1_794_916_800 * 10**9,
        )
    )
    scripted.set_verdict(
        wire.GetReconciliationResponse(sequence=9, time_ns=1, accounts=2, assets=3)
    )
    yield scripted
    scripted.stop()


async def make_database(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE DATABASE page")
    await connection.close()


@pytest.fixture(scope="session")
def venue(
    chromium: str, tmp_path_factory: pytest.TempPathFactory, settlement: ScriptedSettlement
) -> Iterator[Venue]:
    """A running venue whose assets and accounts have names."""
    data = tmp_path_factory.mktemp("page") / "data"
    with postgres_server() as url:
        asyncio.run(make_database(url))
        database = with_database(url, "page")
        with running_venue(data, database, settlement_address=settlement.address) as running:
            (data / "instruments.json").write_text(NAMES)
            yield running


@pytest.fixture
async def rest(venue: Venue) -> AsyncIterator[Rest]:
    """A client of the gateway's REST interface."""
    async with httpx.AsyncClient(base_url=venue.url, timeout=20) as client:
        yield Rest(client)


@pytest.fixture
async def page(chromium: str) -> AsyncIterator[Page]:
    """A tab; nothing may have gone wrong on its console when the test ends."""
    async with browser_page() as opened:
        yield opened
        assert opened.problems == []
