"""A started venue for tests of the client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from realstack.client import Client
from tests.contract.client.venue_under_test import Venue, start_venue


@pytest.fixture
async def venue(tmp_path: Path) -> AsyncIterator[Venue]:
    """A venue with two funded members and one market."""
    started = await start_venue(tmp_path)
    try:
        yield started
        assert started.fatal == []
    finally:
        await started.close()


@pytest.fixture
async def alice(venue: Venue) -> AsyncIterator[Client]:
    """A member's client."""
    async with venue.client("alice") as client:
        yield client


@pytest.fixture
async def bob(venue: Venue) -> AsyncIterator[Client]:
    """The other member's client."""
    async with venue.client("bob") as client:
        yield client
