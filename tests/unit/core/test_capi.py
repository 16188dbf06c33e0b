"""The C entry point gives what Python gives, however small the caller's array of events."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bench import capi, flows, mix
from engine.core.commands import COMMAND, CommandKind, SelfTradePrevention, Side
from engine.core.events import EVENT, EventKind
from engine.core.venue import Venue
from tests.unit.core.rows import MARKET, Pair, places, rows

OPERATIONS = 20_000
FEE_PPM = 300


def checksum(events: NDArray[np.void]) -> int:
    """Fold events as `drive.c` does."""
    total = 0
    for word in events.view(np.uint64).tolist():
        total = ((total ^ word) * 0x9E3779B97F4A7C15) % 2**64
    return total


def python_run(commands: NDArray[np.void]) -> tuple[NDArray[np.void], int]:
    """Apply commands from Python; give their events and the digest."""
    venue = Venue()
    return venue.apply(commands), venue.digest()


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> NDArray[np.void]:
    """Give orders that rest, trade, move and are cancelled."""
    folder = tmp_path_factory.mktemp("flow")
    mix.write(folder, OPERATIONS)
    return flows.read(folder, "mix", fee_ppm=FEE_PPM).commands


@pytest.mark.parametrize("capacity", [1, 3, 64, 4_096])
def test_a_c_program_gets_the_events_of_python(commands: NDArray[np.void], capacity: int) -> None:
    """Every byte of every event is the same, also where a command's events do not fit."""
    events, digest = python_run(commands)
    venue = Venue()

    outcome = capi.drive(venue, commands, capacity=capacity, digest_every=4)

    fills = events[events["kind"] == EventKind.FILL]
    assert len(fills) > OPERATIONS // 100
    assert outcome.events == len(events)
    assert outcome.trades == len(fills)
    assert outcome.volume == int(fills["quantity_lots"].sum())
    assert outcome.checksum == checksum(events)
    assert venue.digest() == digest
    venue.validate()


def test_a_sweep_wider_than_the_array_comes_in_pieces() -> None:
    """One order that meets fifty gives all its fills, three at a time."""
    pairs = [Pair(with_reference=False) for _ in range(2)]
    asks = places(50, side=Side.SELL, client_id_low=np.arange(1, 51))
    sweep = places(1, account_id=2, quantity_lots=500, client_id_low=51)
    for pair in pairs:
        pair.run(asks.copy())
    pairs[0].stamp(sweep)
    events = pairs[0].venue.apply(sweep)

    outcome = capi.drive(pairs[1].venue, sweep, capacity=3)

    assert outcome.trades == 50
    assert outcome.checksum == checksum(events)
    assert pairs[1].venue.digest() == pairs[0].venue.digest()


@pytest.mark.parametrize("capacity", [1, 2, 5, 11])
def test_a_quote_is_one_command_however_few_events_fit(capacity: int) -> None:
    """A full array ends a call before a header or behind its last entry, never between them."""
    pairs = [Pair(with_reference=False) for _ in range(2)]
    header = {
        "account_id": 1,
        "market_id": MARKET,
        "self_trade_prevention": SelfTradePrevention.CANCEL_TAKER,
    }
    commands = np.concatenate(
        [
            rows(1, CommandKind.MASS_QUOTE, client_id_low=1, entry_count=5, **header).view("V128"),
            rows(
                5,
                CommandKind.QUOTE_ENTRY,
                bid_price_ticks=np.arange(100, 95, -1),
                bid_lots=3,
                ask_price_ticks=np.arange(101, 106),
                ask_lots=3,
            ).view("V128"),
            places(1, account_id=2, price_ticks=103, client_id_low=2).view("V128"),
        ]
    ).view(COMMAND)
    pairs[0].stamp(commands)
    events = pairs[0].venue.apply(commands)
    assert EventKind.QUOTED in events["kind"]
    assert EventKind.REJECTED not in events["kind"]

    outcome = capi.drive(pairs[1].venue, commands, capacity=capacity)

    assert outcome.events == len(events)
    assert outcome.checksum == checksum(events)
    assert pairs[1].venue.digest() == pairs[0].venue.digest()


def test_commands_out_of_order_are_refused(commands: NDArray[np.void]) -> None:
    """A gap in the sequences stops the call and changes nothing."""
    venue = Venue()

    with pytest.raises(RuntimeError, match="rs_apply gave -1"):
        capi.drive(venue, commands[1:])

    assert venue.sequence_last == 0


def test_records_in_c_are_those_of_the_dtypes() -> None:
    """The header's structs, in order and without padding, have the fields of the records."""
    header = (capi.FOLDER / "realstack_core.h").read_text()
    sizes = {"uint64_t": 8, "int64_t": 8, "uint32_t": 4, "uint16_t": 2, "uint8_t": 1}
    for name, dtype in (("rs_command", COMMAND), ("rs_event", EVENT)):
        offset = 0
        body = header.split(f"typedef struct {name} {{")[1].split("}")[0]
        for line in body.strip().splitlines():
            kind, field = line.split(";")[0].split()
            assert dtype.fields is not None
            assert dtype.fields[field][1] == offset, (name, field)
            assert dtype.fields[field][0].itemsize == sizes[kind], (name, field)
            offset += sizes[kind]
        assert offset == dtype.itemsize


def test_a_paced_run_does_every_command_and_notes_each(commands: NDArray[np.void]) -> None:
    """At any rate the same state; late is counted from when a command was due."""
    paced = Venue()
    latencies_ns = capi.keep_pace(paced, commands, gap_ps=1)
    assert paced.digest() == python_run(commands)[1]
    assert len(latencies_ns) == len(commands)
    assert int(latencies_ns.min()) > 0
    assert int(latencies_ns[-1]) >= int(latencies_ns[0])
    assert len(capi.keep_pace(None, commands, gap_ps=1)) == len(commands)
