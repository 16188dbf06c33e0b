"""Market-by-order files become records; a record that breaks a rule is named with its field."""

from __future__ import annotations

from pathlib import Path

import databento_dbn as dbn
import pytest

from engine.core.commands import Side
from realstack.replay.errors import InvalidRecording
from realstack.replay.mbo import Record, RecordKind, read_mbo
from tests.unit.replay.recordings import (
    ADD,
    ASK,
    BID,
    CANCEL,
    CLEAR,
    FILL,
    LAST,
    NOSIDE,
    SNAPSHOT,
    TICK_NANOS,
    TRADE,
    dbn_bytes,
    header,
    mbo,
    packed,
)

START = (
    mbo(CLEAR, NOSIDE, 0, 0, 0, SNAPSHOT),
    mbo(ADD, BID, 5, 20_000, 3, SNAPSHOT),
    mbo(ADD, ASK, 6, 20_001, 2, SNAPSHOT | LAST),
)


def write(path: Path, data: bytes) -> Path:
    """Write a file of bytes."""
    path.write_bytes(data)
    return path


def test_snapshot_and_events_are_told_apart(tmp_path: Path) -> None:
    """Live records of one event end with the flag LAST; prices are multiples of their divisor."""
    live = (
        mbo(TRADE, BID, 9, 20_001, 1, 0),
        mbo(FILL, ASK, 6, 20_001, 1, 0),
        mbo(CANCEL, ASK, 6, 20_001, 1),
        mbo(ADD, BID, 7, 20_000, 4),
    )
    recording = read_mbo(write(tmp_path / "r.dbn", dbn_bytes(*START, *live)))
    assert ("ESM4", TICK_NANOS) == (recording.symbol, recording.tick_nanos)
    assert [5, 6] == [r.order_id for r in recording.snapshot if r.kind is RecordKind.ADD]
    assert [[4, 5, 6], [7]] == [[r.number for r in event] for event in recording.events]
    expected = Record(5, RecordKind.FILL, 6, Side.SELL, 20_001, 1, is_snapshot=False, is_last=False)
    assert expected == recording.events[0][1]


def test_several_compressed_frames_are_one_file(tmp_path: Path) -> None:
    """A writer may end a zstd frame anywhere and begin another."""
    data = dbn_bytes(*START)
    plain = read_mbo(write(tmp_path / "r.dbn", data))
    frames = packed(data[:100]) + packed(data[100:130]) + packed(data[130:])
    assert plain == read_mbo(write(tmp_path / "r.dbn.zst", frames))


def test_records_after_the_last_complete_event_are_counted(tmp_path: Path) -> None:
    """A file may end inside an event, of which nothing is replayed."""
    data = dbn_bytes(*START, mbo(ADD, BID, 7, 20_000, 4), mbo(TRADE, BID, 9, 20_001, 1, 0))
    recording = read_mbo(write(tmp_path / "r.dbn", data))
    assert (1, 1) == (len(recording.events), recording.incomplete)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "must be a DBN file"),
        (b"time,type,order id\n", "must be a DBN file"),
        (packed(b"no recording"), "must be a DBN file"),
        (packed(dbn_bytes(*START))[:-3], "is cut short: its last zstd frame has no end"),
        (packed(dbn_bytes(*START)) + b"more", "has 4 bytes after its last zstd frame"),
        (dbn_bytes(*START)[:-5], "record 3: is cut short"),
        (header()[:40], "header: is cut short"),
        (header("trades"), "header, schema: must be mbo, not trades"),
    ],
)
def test_a_file_that_is_no_whole_recording_is_refused(
    tmp_path: Path, data: bytes, said: str
) -> None:
    """The error names the file and what is wrong with it."""
    path = write(tmp_path / "r.dbn", data)
    with pytest.raises(InvalidRecording) as caught:
        read_mbo(path)
    assert str(caught.value).startswith(f"{path}: {said}")


def test_damaged_bytes_are_refused(tmp_path: Path) -> None:
    """A frame whose checksum does not fit is not read."""
    data = bytearray(packed(dbn_bytes(*START)))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(InvalidRecording, match=r"is damaged|is cut short"):
        read_mbo(write(tmp_path / "r.dbn.zst", bytes(data)))


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (mbo(ADD, NOSIDE, 7, 20_000, 4), "record 4, side: must be A or B, not 'N'"),
        (mbo(ADD, BID, 7, 20_000, 0), "record 4, size: must be 1 to"),
        (mbo(ADD, BID, 0, 20_000, 4), "record 4, order_id: must not be 0"),
        (mbo(ADD, BID, 7, -1, 4), "record 4, price: must be above zero, not -250000000"),
        (mbo(ADD, BID, 7, 0, 4), "record 4, price: must be above zero, not 0"),
        (
            mbo(ADD, BID, 7, 20_000, 4, LAST, 8),
            "record 4, instrument_id: must be 7, one instrument a file, not 8",
        ),
    ],
)
def test_a_record_that_breaks_a_rule_is_named(
    tmp_path: Path, record: dbn.MBOMsg, said: str
) -> None:
    """The error says which record and which field."""
    path = write(tmp_path / "r.dbn", dbn_bytes(*START, record))
    with pytest.raises(InvalidRecording) as caught:
        read_mbo(path)
    assert str(caught.value).startswith(f"{path}: {said}")


def test_a_price_that_is_not_given_is_named(tmp_path: Path) -> None:
    """An order without a price cannot be sent."""
    record = mbo(ADD, BID, 7, 0, 4)
    record.price = dbn.UNDEF_PRICE
    with pytest.raises(InvalidRecording, match="record 1, price: must be above zero, not none"):
        read_mbo(write(tmp_path / "r.dbn", dbn_bytes(record)))
