"""Cases H to N: which files make a journal, by the labels of `engine.journal.survey`."""

from __future__ import annotations

import dataclasses

import pytest

from engine.journal.errors import JournalDamaged, JournalFilesWrong
from engine.journal.layout import get_header, put_header
from engine.journal.recovery import Recovery
from tests.support.journal import BLOCK, SEGMENT, OpenJournal, read_all, written
from tests.support.simulated_disk import SimulatedDisk

FIRST, SECOND, THIRD, BLANK = (f"0000000{number}.rsj" for number in (1, 2, 3, 4))


@pytest.fixture
def disk() -> SimulatedDisk:
    """A journal of three segments, the last one in use, and a blank one after it."""
    disk = SimulatedDisk()
    written(disk, *[31] * 6, 100, 31, 62, 5, 5)
    assert [FIRST, SECOND, THIRD, BLANK] == disk.list()
    return disk


def drop(disk: SimulatedDisk, name: str) -> None:
    del disk.names[name]


def wrong(disk: SimulatedDisk) -> JournalFilesWrong:
    before = {name: disk.get(name) for name in disk.list()}
    with pytest.raises(JournalFilesWrong) as caught:
        read_all(disk)
    assert before == {name: disk.get(name) for name in disk.list()}
    return caught.value


def damaged(disk: SimulatedDisk) -> JournalDamaged:
    with pytest.raises(JournalDamaged) as caught:
        read_all(disk)
    return caught.value


def change_header(disk: SimulatedDisk, name: str, **fields: object) -> None:
    data = disk.get(name)
    header = get_header(data[:BLOCK])
    assert header is not None
    header = dataclasses.replace(header, **fields)  # type: ignore[arg-type]
    disk.put(name, put_header(header) + data[BLOCK:])


def test_segments_are_read_one_after_the_other(disk: SimulatedDisk) -> None:
    """A journal of several segments gives all its commands."""
    assert list(range(1, 390)) == read_all(disk)["sequence"].tolist()


@pytest.mark.parametrize("name", ["notes.txt", "00000002.rsj.old", "2.rsj", "00000003 copy.rsj"])
def test_recovery_case_h_refuses_a_file_that_is_not_ours(disk: SimulatedDisk, name: str) -> None:
    """A stray file is named, never skipped, never deleted."""
    disk.put(name, b"something")
    error = wrong(disk)
    assert "H" == error.case
    assert name in str(error)


@pytest.mark.parametrize("name", [FIRST, SECOND, THIRD])
def test_recovery_case_i_refuses_a_gap_in_the_numbers(disk: SimulatedDisk, name: str) -> None:
    """A segment that is missing before another one is named."""
    drop(disk, name)
    error = wrong(disk)
    assert "I" == error.case
    assert f"{name} is missing" in str(error)


def test_recovery_case_j_refuses_a_segment_of_another_venue(disk: SimulatedDisk) -> None:
    """Frames of two venues are never mixed."""
    change_header(disk, SECOND, venue_id=bytes(16))
    error = wrong(disk)
    assert ("J", True) == (error.case, f"{SECOND} is of venue {bytes(16).hex()}" in str(error))


def test_recovery_case_j_refuses_a_copy_under_another_name(disk: SimulatedDisk) -> None:
    """A duplicate of a segment is told by the number inside."""
    disk.put(BLANK, disk.get(SECOND))
    error = wrong(disk)
    assert ("J", True) == (error.case, f"{BLANK} holds segment 2" in str(error))


@pytest.mark.parametrize("size", [BLOCK, SEGMENT - 1, SEGMENT - BLOCK, SEGMENT + BLOCK])
def test_recovery_case_j_refuses_a_segment_of_another_length(
    disk: SimulatedDisk, size: int
) -> None:
    """A file that was cut off or made longer is not read."""
    disk.put(SECOND, disk.get(SECOND)[:size].ljust(size, b"\0"))
    error = wrong(disk)
    assert ("J", True) == (error.case, f"{SECOND} has {size} bytes" in str(error))


@pytest.mark.parametrize("version", [0, 2])
def test_recovery_case_j_refuses_an_unknown_format_version(
    disk: SimulatedDisk, version: int
) -> None:
    """A format that this program does not know is not guessed at."""
    change_header(disk, SECOND, format_version=version)
    error = wrong(disk)
    assert ("J", True) == (error.case, f"format version {version}, not 1" in str(error))


@pytest.mark.parametrize(
    ("name", "sequence"), [(FIRST, 1), (SECOND, 187), (THIRD, 318)], ids=["1", "2", "3"]
)
def test_recovery_case_k_refuses_a_damaged_first_block(
    disk: SimulatedDisk, name: str, sequence: int
) -> None:
    """Damage to a segment's first block is found when its commands are due."""
    disk.flip(name, 70, 2)
    error = damaged(disk)
    assert ("K", sequence, 0) == (error.case, error.sequence, error.offset)


@pytest.mark.parametrize("name", [FIRST, SECOND, THIRD])
def test_recovery_case_k_refuses_a_first_block_that_was_lost(
    disk: SimulatedDisk, name: str
) -> None:
    """A zero first block before other bytes is damage, not a segment made ahead."""
    disk.put(name, bytes(BLOCK) + disk.get(name)[BLOCK:])
    assert "K" == damaged(disk).case


def test_recovery_case_k_refuses_a_blank_segment_after_a_seal_that_names_it(
    disk: SimulatedDisk,
) -> None:
    """A seal is written after the next segment's first block, so that block was lost."""
    drop(disk, BLANK)
    disk.put(THIRD, bytes(SEGMENT))
    error = damaged(disk)
    assert ("K", 3) == (error.case, error.segment_number)


def test_recovery_case_k_refuses_bytes_in_a_segment_made_ahead(disk: SimulatedDisk) -> None:
    """A blank segment holds nothing at all."""
    disk.flip(BLANK, SEGMENT - 1, 0)
    error = damaged(disk)
    assert ("K", 4) == (error.case, error.segment_number)


def test_recovery_case_l_goes_on_with_the_segment_made_ahead(disk: SimulatedDisk) -> None:
    """A blank segment is used, not made again."""
    made = disk.names[BLANK]
    written(disk, 100, 100, 31)
    assert made is disk.names[BLANK]
    assert get_header(disk.get(BLANK)[:BLOCK]) is not None


def test_recovery_case_l_begins_a_journal_in_a_blank_first_segment() -> None:
    """A crash before the first block of the first segment leaves a journal that has not begun."""
    disk = SimulatedDisk()
    disk.put(FIRST, bytes(SEGMENT))
    written(disk, 3)
    assert [1, 2, 3] == read_all(disk)["sequence"].tolist()


def test_recovery_case_m_refuses_a_journal_without_its_last_segment(disk: SimulatedDisk) -> None:
    """A journal that lost its newest segment is not taken for a shorter one."""
    drop(disk, THIRD)
    drop(disk, BLANK)
    error = wrong(disk)
    assert "M" == error.case
    assert f"{THIRD} is missing: {SECOND} is complete up to sequence 317" in str(error)


def unsealed(disk: SimulatedDisk, *, with_frames: bool) -> int:
    """Take the seal of the second segment away; return its place."""
    data = bytearray(disk.get(SECOND))
    place = max(at for at in range(0, SEGMENT, BLOCK) if any(data[at : at + BLOCK]))
    data[place : place + BLOCK] = bytes(BLOCK)
    disk.put(SECOND, bytes(data))
    if not with_frames:
        disk.put(THIRD, disk.get(THIRD)[:BLOCK].ljust(SEGMENT, b"\0"))
    return place


@pytest.mark.parametrize("with_frames", [False, True])
def test_recovery_case_n_writes_a_missing_seal_again(
    disk: SimulatedDisk, with_frames: bool
) -> None:
    """The next segment's first block proves what the seal was, and the seal is written so."""
    sealed = disk.get(SECOND)
    unsealed(disk, with_frames=with_frames)
    opened = OpenJournal(disk)
    opened.close()
    assert (389 if with_frames else 317) == len(opened.recovered)
    assert sealed == disk.get(SECOND)


def test_recovery_case_n_takes_away_what_is_left_of_an_unfinished_seal(
    disk: SimulatedDisk,
) -> None:
    """Half a seal is set to zero and written again, and the report says so."""
    sealed = disk.get(SECOND)
    place = unsealed(disk, with_frames=False)
    disk.put(SECOND, disk.get(SECOND)[:place] + sealed[place : place + 40].ljust(BLOCK, b"\0"))
    disk.put(SECOND, disk.get(SECOND).ljust(SEGMENT, b"\0"))
    opened = OpenJournal(disk)
    opened.close()
    assert [("N", 318, 2)] == [
        (cut.case, cut.sequence, cut.segment_number) for cut in opened.tail.cuts
    ]
    assert sealed == disk.get(SECOND)


def test_a_segment_that_lost_its_last_frame_and_seal_is_damage(disk: SimulatedDisk) -> None:
    """The next segment's first block has another past, so acknowledged frames are missing."""
    place = unsealed(disk, with_frames=True)
    data = bytearray(disk.get(SECOND))
    data[place - BLOCK : place] = bytes(BLOCK)
    disk.put(SECOND, bytes(data))
    error = damaged(disk)
    assert ("E", 2) == (error.case, error.segment_number)
    assert f"frames are missing before {THIRD}" in str(error)


def test_an_older_copy_of_a_segment_is_damage(disk: SimulatedDisk) -> None:
    """A segment that was put back from a backup has fewer frames than were acknowledged."""
    older = SimulatedDisk()
    written(older, 31, 31, 31, 31)
    disk.put(FIRST, older.get(FIRST))
    error = damaged(disk)
    assert ("E", 125) == (error.case, error.sequence)


def test_a_segment_of_another_history_of_the_same_venue_is_damage() -> None:
    """Two copies of a venue that went on apart are never mixed."""
    here, there = SimulatedDisk(), SimulatedDisk()
    written(here, *[31] * 6)
    for name in here.list():
        there.put(name, here.get(name))
    written(here, 100, 31, 62, 5)
    written(there, 100, 30, 62, 5)
    here.put(SECOND, there.get(SECOND))
    error = damaged(here)
    assert ("F", 3) == (error.case, error.segment_number)


def test_bytes_after_a_seal_are_set_to_zero(disk: SimulatedDisk) -> None:
    """What lies behind the end of a segment was never acknowledged."""
    before = disk.get(SECOND)
    disk.flip(SECOND, SEGMENT - 5, 1)
    opened = OpenJournal(disk)
    opened.close()
    assert [("C", 2)] == [(cut.case, cut.segment_number) for cut in opened.tail.cuts]
    assert before == disk.get(SECOND)


def test_frames_after_a_seal_are_damage(disk: SimulatedDisk) -> None:
    """A frame that says more was synced than the segment holds stops the node."""
    disk.put(SECOND, disk.get(SECOND)[: SEGMENT - BLOCK] + disk.get(THIRD)[3 * BLOCK : 4 * BLOCK])
    assert ("E", 2) == (damaged(disk).case, damaged(disk).segment_number)


def test_a_segment_that_is_being_made_is_no_part_of_the_journal(disk: SimulatedDisk) -> None:
    """What a crash left of making a segment is made anew."""
    drop(disk, BLANK)
    disk.put("prepare.tmp", bytes(BLOCK))
    opened = OpenJournal(disk)
    opened.write(100, 100, 31)
    opened.close()
    assert 389 == len(opened.recovered)
    assert BLANK in disk.list()


def test_an_empty_folder_is_a_journal_that_has_not_begun() -> None:
    """A new journal begins with sequence 1 and epoch 1."""
    opened = OpenJournal(SimulatedDisk())
    opened.close()
    assert (1, 1, BLOCK) == (
        opened.tail.past.next_sequence,
        opened.tail.epoch,
        opened.tail.offset,
    )


def test_every_journal_has_an_id_of_its_own() -> None:
    """Two venues never have the same id."""
    ids = set()
    for _ in range(2):
        recovery = Recovery(SimulatedDisk(), segment_bytes=SEGMENT)
        assert [] == list(recovery.batches())
        ids.add(recovery.finish().venue_id)
    assert 2 == len(ids)
