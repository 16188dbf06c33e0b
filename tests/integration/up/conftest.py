"""A data folder that PostgreSQL's own user can reach, and runs that leave nothing behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.up.venue_process import VenueProcess

ROOT_PARENT = Path("/var/lib/realstack")
Start = Callable[..., VenueProcess]


@pytest.fixture
def data() -> Iterator[Path]:
    """An empty folder; as root outside of every home."""
    parent = ROOT_PARENT if os.geteuid() == 0 else None
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="test-up-", dir=parent))
    folder.chmod(0o755)
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
async def venue(data: Path) -> AsyncIterator[Start]:
    """Makes runs on the folder; each is ended with the test."""
    made: list[VenueProcess] = []

    def make(*words: str) -> VenueProcess:
        made.append(VenueProcess(data, *words))
        return made[-1]

    yield make
    for each in made:
        await each.close()
