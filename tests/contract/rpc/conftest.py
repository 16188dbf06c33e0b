"""A started engine front on the reference venue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.rpc.engine_under_test import FRONTS, Engine, start_engine


@pytest.fixture(params=FRONTS)
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    """A front of each kind with two funded members and one market."""
    started = await start_engine(tmp_path, kind=request.param)
    try:
        await started.define()
        yield started
        assert started.fatal == []
    finally:
        await started.close()
