"""A network whose slots the test moves, and someone on it who has coins."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair

from settlement.localnet import LocalnetServer, LocalnetSettings
from tests.contract.localnet.actor import Actor

FINALIZED_DEPTH_SLOTS = 4


@pytest.fixture
async def server() -> AsyncIterator[LocalnetServer]:
    """A network in memory on a free port; slots move only by hand."""
    settings = LocalnetSettings(port=0, slot_ms=None, finalized_depth_slots=FINALIZED_DEPTH_SLOTS)
    async with LocalnetServer(settings) as running:
        yield running


@pytest.fixture
async def actor(server: LocalnetServer) -> AsyncIterator[Actor]:
    """Someone with coins, all of it finalized."""
    async with AsyncClient(server.url) as client:
        someone = Actor(client, Keypair())
        await someone.fund()
        await someone.advance(FINALIZED_DEPTH_SLOTS)
        yield someone


@pytest.fixture
async def fast_client() -> AsyncIterator[AsyncClient]:
    """A client of a network whose slots pass by themselves, 20 ms each."""
    settings = LocalnetSettings(port=0, slot_ms=20, finalized_depth_slots=FINALIZED_DEPTH_SLOTS)
    async with LocalnetServer(settings) as running, AsyncClient(running.url) as client:
        yield client
