"""A venue of its own for each test: its parts are killed, stopped and started again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.gateway.client import Rest
from tests.support.postgres import fresh_database, postgres_server
from tests.support.venue import Venue, running_venue


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """One PostgreSQL for all tests here."""
    with postgres_server() as url:
        yield url


@pytest.fixture
async def venue(tmp_path: Path, postgres_url: str) -> AsyncIterator[Venue]:
    """A running venue without a settlement worker."""
    async with fresh_database(postgres_url) as url:
        with running_venue(tmp_path / "data", url) as running:
            yield running


@pytest.fixture
async def rest(venue: Venue) -> AsyncIterator[Rest]:
    """A client of the gateway's REST interface."""
    async with httpx.AsyncClient(base_url=venue.url, timeout=20) as client:
        yield Rest(client)
