"""Frames and segments with good checksums and a good chain that still no writer can have written.

Each is a bug of some program or a mistake of somebody with a tool; none of it is applied.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from engine.journal.errors import JournalDamaged
from engine.journal.layout import (
    SEAL,
    Frame,
    FrameKind,
    Words,
    as_words,
    frame_hash,
    get_header,
    new_buffer,
    one_record,
    put_frame,
    put_header,
    seal_of,
)
from engine.journal.reader import Reader
from tests.support.journal import BLOCK, SEGMENT, make_commands, read_all, written
from tests.support.simulated_disk import SimulatedDisk

FIRST, SECOND = "00000001.rsj", "00000002.rsj"


@pytest.fixture
def disk() -> SimulatedDisk:
    """A journal of two lives, so that its epoch is 2."""
    disk = SimulatedDisk()
    written(disk, 3)
    written(disk, 4)
    return disk


def next_frame(disk: SimulatedDisk) -> tuple[Frame, Words, int]:
    """Return a right next frame of two commands, its records and its place."""
    reader = Reader(disk)
    assert 2 == len(list(reader.frames()))
    records = as_words(make_commands(reader.past.next_sequence, 2))
    frame = Frame(
        kind=FrameKind.COMMANDS,
        epoch=reader.past.epoch,
        first_sequence=reader.past.next_sequence,
        count=2,
        time_ns=int(records[-1, 1]),
        synced_sequence=reader.past.next_sequence - 1,
        chain=reader.past.chain,
    )
    return frame, records, reader.end.offset


def put(disk: SimulatedDisk, name: str, offset: int, data: bytes) -> None:
    file = disk.get(name)
    disk.put(name, file[:offset] + data + file[offset + len(data) :])


def damaged(disk: SimulatedDisk) -> JournalDamaged:
    with pytest.raises(JournalDamaged) as caught:
        read_all(disk)
    return caught.value


def test_a_frame_made_by_hand_is_taken_when_all_of_it_is_right(disk: SimulatedDisk) -> None:
    """So the refusals below are for what each of them changes."""
    frame, records, offset = next_frame(disk)
    put(disk, FIRST, offset, put_frame(new_buffer(1), frame, records).tobytes())
    assert 9 == len(read_all(disk))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"epoch": 1}, "of epoch 1, after one of epoch 2"),
        ({"first_sequence": 9, "synced_sequence": 7}, "begins with sequence 9"),
        ({"synced_sequence": 8}, "synced before it was written"),
        ({"time_ns": 5_000}, "not in order of time"),
        ({"chain": bytes(16)}, "chain"),
    ],
)
def test_recovery_case_f_refuses_a_frame_with_a_wrong_mark(
    disk: SimulatedDisk, fields: dict[str, int], words: str
) -> None:
    """Epoch, sequence, synced sequence, time and chain must follow from what came before."""
    frame, records, offset = next_frame(disk)
    frame = dataclasses.replace(frame, **fields)  # type: ignore[arg-type]
    put(disk, FIRST, offset, put_frame(new_buffer(1), frame, records).tobytes())
    error = damaged(disk)
    assert ("F", 8) == (error.case, error.sequence)
    assert words in str(error)


def repeat_sequence(records: Words) -> None:
    records[1, 0] = records[0, 0]


def repeat_time(records: Words) -> None:
    records[0, 1] = records[1, 1]


def go_back_in_time(records: Words) -> None:
    records[0, 1] = 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (repeat_sequence, "not in sequence"),
        (repeat_time, "not in order of time"),
        (go_back_in_time, "not in order of time"),
    ],
)
def test_recovery_case_f_refuses_commands_out_of_order(
    disk: SimulatedDisk, change: Callable[[Words], None], words: str
) -> None:
    """Inside a frame sequence and time rise without a gap, as the writer checked."""
    frame, records, offset = next_frame(disk)
    change(records)
    put(disk, FIRST, offset, put_frame(new_buffer(1), frame, records).tobytes())
    error = damaged(disk)
    assert ("F", True) == (error.case, words in str(error))


def test_recovery_case_f_refuses_a_seal_with_a_time_of_its_own(disk: SimulatedDisk) -> None:
    """A seal holds no command and moves no time."""
    frame, _, offset = next_frame(disk)
    frame = dataclasses.replace(frame, kind=FrameKind.SEAL, count=1, time_ns=9_999)
    put(disk, FIRST, offset, seal_of(frame, 2).tobytes())
    assert "a seal or note with a time of its own" in str(damaged(disk))


def test_recovery_case_f_refuses_a_seal_that_names_another_segment(disk: SimulatedDisk) -> None:
    """A seal names the next number."""
    frame, _, offset = next_frame(disk)
    frame = dataclasses.replace(
        frame, kind=FrameKind.SEAL, count=1, time_ns=Reader(disk).past.time_ns or 1_007
    )
    blocks = put_frame(new_buffer(1), frame, one_record(SEAL.pack(7)))
    put(disk, FIRST, offset, blocks.tobytes())
    error = damaged(disk)
    assert ("F", True) == (error.case, "the seal names segment 7" in str(error))


def test_recovery_case_f_refuses_frames_that_leave_no_room_for_the_seal() -> None:
    """The last block of a segment is kept for its seal."""
    disk = SimulatedDisk()
    written(disk, *[31] * 6)
    reader = Reader(disk)
    assert 6 == len(list(reader.frames()))
    records = as_words(make_commands(187, 1))
    frame = Frame(
        kind=FrameKind.COMMANDS,
        epoch=1,
        first_sequence=187,
        count=1,
        time_ns=int(records[0, 1]),
        synced_sequence=186,
        chain=reader.past.chain,
    )
    blocks = put_frame(new_buffer(1), frame, records)
    put(disk, FIRST, SEGMENT - BLOCK, blocks.tobytes())
    error = damaged(disk)
    assert ("F", 188) == (error.case, error.sequence)
    assert "no room for the segment's seal" in str(error)


@pytest.mark.parametrize("fields", [{"first_sequence": 188}, {"epoch": 0}])
def test_recovery_case_f_refuses_a_segment_with_a_wrong_mark(fields: dict[str, int]) -> None:
    """The first block of a segment must follow from the segment before."""
    disk = SimulatedDisk()
    written(disk, *[31] * 6, 5)
    header = get_header(disk.get(SECOND)[:BLOCK])
    assert header is not None
    header = dataclasses.replace(header, **fields)  # type: ignore[arg-type]
    put(disk, SECOND, 0, put_header(header))
    error = damaged(disk)
    assert ("F", 187, 2) == (error.case, error.sequence, error.segment_number)


def test_recovery_case_k_refuses_a_damaged_first_block_after_a_missing_seal() -> None:
    """Without the seal and without the block that proves it, nobody knows what was there."""
    disk = SimulatedDisk()
    written(disk, *[31] * 6, 5)
    put(disk, FIRST, SEGMENT - BLOCK, bytes(BLOCK))
    disk.flip(SECOND, 40, 0)
    error = damaged(disk)
    assert ("K", 187, 2) == (error.case, error.sequence, error.segment_number)


def test_a_frame_of_the_same_commands_has_the_same_hash(disk: SimulatedDisk) -> None:
    """The chain's newest value names the whole journal: two copies of it have the same."""
    chains = []
    for copy in (disk, disk.copy()):
        reader = Reader(copy)
        assert 2 == len(list(reader.frames()))
        chains.append(reader.past.chain)
    assert chains[0] == chains[1] != frame_hash(new_buffer(1))
