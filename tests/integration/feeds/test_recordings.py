"""Books made from the feeds alone are the engine's after every message of real recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.core.venue import Venue
from realstack.replay.recording import Recording, load
from realstack.replay.run import replay
from tests.integration.replay.conftest import (  # noqa: F401  fixtures
    aapl_book,
    aapl_messages,
    es_records,
    recordings,
)
from tests.model.feeds import Mirror
from tests.unit.replay.direct import DirectVenue

SEEDS = 100


class MirroredCore:
    """A core that runs one command at a time and compares the feeds' books after each."""

    def __init__(self) -> None:
        self.core: Any = Venue()
        self.mirror = Mirror(self.core)
        self.commands = 0

    @property
    def sequence_last(self) -> int:
        """The core's last sequence."""
        return int(self.core.sequence_last)

    def apply(self, rows: NDArray[np.void]) -> NDArray[np.void]:
        """Apply commands one by one."""
        told = []
        for place in range(len(rows)):
            events = self.core.apply(rows[place : place + 1])
            # A snapshot of thousands of orders is compared whole after its last one.
            self.mirror.consume(events, compare=len(rows) < SEEDS or place == len(rows) - 1)
            told.append(events)
            self.commands += 1
        return np.concatenate(told)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the core's."""
        return getattr(self.core, name)


async def mirrored(recording: Recording) -> MirroredCore:
    """Replay a recording with the books compared after every command."""
    core = MirroredCore()
    venue = DirectVenue(core, recording.quote_atoms_per_tick_lot)
    tally = await replay(recording.plan, venue, recording.check)
    assert tally.equal == tally.rows
    core.mirror.compare_all()
    return core


@pytest.mark.slow
async def test_lobster_books_from_l2_and_l3_are_the_engines(
    aapl_messages: Path,  # noqa: F811
    aapl_book: Path,  # noqa: F811
) -> None:
    """999 messages of AAPL: both books are equal after each command, checksums and all."""
    core = await mirrored(load(aapl_messages, aapl_book, None))
    assert core.mirror.steps > 999 - 61


@pytest.mark.slow
async def test_market_by_order_books_from_l2_and_l3_are_the_engines(
    es_records: Path,  # noqa: F811
) -> None:
    """The E-mini's 13,600 seeds and 184 events: both books are equal after each command."""
    core = await mirrored(load(es_records, None, None))
    assert len(core.mirror.clients[1].orders) == 13_598
