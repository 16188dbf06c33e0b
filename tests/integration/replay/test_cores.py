"""Both cores follow real recordings exactly, and alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.core.commands import Side
from engine.core.venue import Venue
from engine.reference.venue import ReferenceVenue
from realstack.replay.recording import Recording, load
from realstack.replay.run import Tally, replay
from tests.unit.replay.direct import DirectVenue

Core = Callable[[], Any]
CORES = pytest.mark.parametrize("core", [Venue, ReferenceVenue])


async def replayed(recording: Recording, core: Core) -> tuple[Tally, DirectVenue]:
    """Replay a recording on a core and check its invariants."""
    venue = DirectVenue(core(), recording.quote_atoms_per_tick_lot)
    tally = await replay(recording.plan, venue, recording.check)
    venue.core.validate()
    return tally, venue


@pytest.mark.slow
@CORES
async def test_lobster_rows_are_equal(core: Core, aapl_messages: Path, aapl_book: Path) -> None:
    """All 999 rows; 98 executions of 4,730 shares, 90 with orders seen and 8 with seeds."""
    recording = load(aapl_messages, aapl_book, None)
    tally, _ = await replayed(recording, core)
    expected = {"new": 471, "cancels": 369, "executions": 98, "hidden": 61, "other": 0}
    assert expected == recording.plan.counts
    assert 318 == recording.plan.seeded
    assert Tally(999, 999, fills=98, filled_lots=4_730, named=98, named_seen=90) == tally


@pytest.mark.slow
@CORES
async def test_market_by_order_events_are_equal(core: Core, es_records: Path) -> None:
    """13,600 orders seeded, 195 live records in 184 events, five fills, 13,598 orders left."""
    recording = load(es_records, None, None)
    tally, venue = await replayed(recording, core)
    expected = {"add": 78, "cancel": 80, "modify": 27, "trade": 5, "fill": 5}
    assert expected == recording.plan.counts
    assert 13_600 == recording.plan.seeded
    assert Tally(184, 184, fills=5, filled_lots=6, named=5, named_seen=5) == tally
    assert 13_598 == venue.core.counts()["open_orders"]
    bid, ask = [(await venue.levels(side, 1))[0].price_ticks for side in (Side.BUY, Side.SELL)]
    assert (5_214 * 4, 5_214 * 4 + 1) == (bid, ask)


@pytest.mark.slow
async def test_both_cores_end_in_the_same_state(aapl_messages: Path, aapl_book: Path) -> None:
    """The digest covers every order with its priority and every balance."""
    digests = []
    for core in (Venue, ReferenceVenue):
        _, venue = await replayed(load(aapl_messages, aapl_book, None), core)
        digests.append(venue.core.digest_scan())
    assert digests[0] == digests[1]


@pytest.mark.slow
async def test_without_a_book_file_only_orders_that_were_seen_trade(aapl_messages: Path) -> None:
    """Nothing is seeded; every execution of an order that was seen is with that order."""
    tally, _ = await replayed(load(aapl_messages, None, None), Venue)
    assert Tally(999, 999, fills=94, filled_lots=4_653, named=94, named_seen=94) == tally
