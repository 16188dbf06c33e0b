"""The worker's process from the inside: start, serve, stop, and refusals to start."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from services._base.database import Pool
from settlement import killpoints, worker
from settlement.localnet import LocalnetServer
from tests.integration.settlement.chain_world import BUILDING, ChainWorld
from tests.integration.settlement.ledger_venue import LedgerVenue
from tests.integration.settlement.worker_process import write_keys
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """The process configures its logs; the tests after it have theirs again."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def flags(
    database_url: str,
    localnet: LocalnetServer,
    venue: LedgerVenue,
    world: ChainWorld,
    tmp_path: Path,
) -> list[str]:
    """Flags of a worker with all it needs."""
    world.write(tmp_path)
    write_keys(tmp_path)
    return [
        *("--data", str(tmp_path), "--database-url", database_url),
        *("--solana-rpc-url", localnet.url, "--engine", venue.address),
        *("--poll-ms", "10", "--batch-wait-ms", "10", "--reconcile-ms", "50"),
    ]


async def test_it_serves_until_it_is_asked_to_stop(
    flags: list[str],
    world: ChainWorld,
    venue: LedgerVenue,
    pool: Pool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says that it is ready, works, and ends on SIGTERM."""
    await world.deposit(1, BUILDING, 70)
    await world.finalize()
    serving = asyncio.create_task(worker.serve(worker.parser().parse_args(flags)))

    async def credited_and_compared() -> bool:
        compared = await pool.fetchval(
            "SELECT count(*) FROM settlement.reconciliations WHERE sequence = $1", venue.sequence
        )
        return venue.atoms(1, BUILDING) == 70 and compared > 0

    await wait_until(credited_and_compared)
    assert capsys.readouterr().out.startswith("ready settlement 127.0.0.1:")
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(serving, 20)


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("instruments.json", "there is no such file"),
        ("keys.json", "there is no such file"),
        ("secrets/settlement.json", "there is no such file"),
        ("secrets/settlement.key", "no API key named 'settlement'"),
    ],
)
async def test_it_does_not_start_without_a_file_that_it_needs(
    flags: list[str], tmp_path: Path, missing: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is on stderr, the exit status is 1."""
    (tmp_path / missing).unlink()
    assert 1 == await asyncio.to_thread(worker.main, flags)
    assert reason in capsys.readouterr().err


def test_groups_of_errors_are_told_one_by_one() -> None:
    """Loops that end together each say why."""
    inner = ExceptionGroup("inner", [ValueError("b")])
    group = ExceptionGroup("outer", [ValueError("a"), inner])
    assert ["a", "b"] == [str(each) for each in worker.leaves(group)]


def test_the_seam_for_kills_does_nothing_unless_it_is_asked_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only a test sets the variable, and only the named step counts."""
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append(number))
    killpoints.maybe_die("sent")
    monkeypatch.setenv(killpoints.VARIABLE, "sent:2")
    killpoints.maybe_die("stored")
    killpoints.maybe_die("sent")
    assert [] == killed
    killpoints.maybe_die("sent")
    assert [signal.SIGKILL] == killed
