"""The recordings of the shared folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from realstack import settings


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Give the folder of recordings; without the shared folder its tests are left out."""
    shared = settings.load().shared
    if not shared.is_dir():
        pytest.skip(f"no shared folder at {shared}: set SHARED to where the recordings are")
    return shared / "data"


@pytest.fixture(scope="session")
def aapl_messages(recordings: Path) -> Path:
    """Give the LOBSTER message file."""
    return recordings / "lobster" / "AAPL_2012-06-21_message_10.csv"


@pytest.fixture(scope="session")
def aapl_book(recordings: Path) -> Path:
    """Give the LOBSTER book file that belongs to it."""
    return recordings / "lobster" / "AAPL_2012-06-21_orderbook_10.csv"


@pytest.fixture(scope="session")
def es_records(recordings: Path) -> Path:
    """Give the market-by-order file."""
    return recordings / "mbo" / "mbo_2024-05-08.dbn.zst"
