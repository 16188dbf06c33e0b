"""`realstack replay` on the venue that runs: deposits and trades go through its own settlement."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from realstack.settings import ROOT_DATA
from tests.integration.replay.terminal import SECONDS_MAX, begin, ended


@pytest.fixture
def data() -> Iterator[Path]:
    """Give a data folder that, as root, the database's own user can reach."""
    parent = ROOT_DATA if os.geteuid() == 0 else None
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="test-replay-", dir=parent) as folder:
        yield Path(folder)


@pytest.fixture
async def running(data: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a venue without participants, as `realstack up` does."""
    process = await begin("up", "--data", data)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SECONDS_MAX):
            async for line in process.stdout:
                if b"the live page" in line:
                    break
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await ended(process)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_running_venue_replays_again_and_again_and_stays_equal_to_the_chain(
    running: asyncio.subprocess.Process, data: Path, aapl_messages: Path, aapl_book: Path
) -> None:
    """Each replay brings ten accounts with deposits on chain, and leaves an empty market behind."""
    what = ["replay", aapl_messages, "--check", aapl_book, "--limit", 60, "--data", data, "--json"]
    for accounts in (17, 27):
        done = await ended(await begin(*what))
        assert 0 == done.status, done
        assert (60, 60) == (done.verdict["rows"], done.verdict["equal"])
        assert 0 < done.verdict["fills"] == done.verdict["named"] == done.verdict["final"]
        expected = f"ledger equals chain: {accounts} accounts, 6 assets, 0 differences"
        assert expected == done.verdict["reconciliation"]
    running.send_signal(signal.SIGINT)
    stopped = await ended(running)
    assert 0 == stopped.status
    assert "ledger equals chain: 27 accounts, 6 assets, 0 differences" == stopped.lines[-1]
