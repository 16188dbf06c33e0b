"""Rows 3 and 4: one changed bit anywhere is found, and nothing of it is served."""

from __future__ import annotations

import pytest

from engine.journal.errors import JournalDamaged
from tests.support.journal import BLOCK, SEGMENT, make_commands, read_all, same, written
from tests.support.simulated_disk import SimulatedDisk

FIRST = "00000001.rsj"
FOURTEEN = 14  # commands that with head and foot fill nearly 2 KiB of a block


def refused(disk: SimulatedDisk) -> JournalDamaged | None:
    try:
        read_all(disk)
    except JournalDamaged as error:
        return error
    return None


@pytest.fixture
def disk() -> SimulatedDisk:
    """A segment with two frames in it."""
    disk = SimulatedDisk()
    written(disk, FOURTEEN, 2)
    del disk.names["00000002.rsj"]
    return disk


def each_bit(disk: SimulatedDisk, start: int, end: int, cases: str) -> int:
    """Flip every bit of a part of the file; each must be refused with one of the cases."""
    found = 0
    for bit in range(start * 8, end * 8):
        disk.flip(FIRST, bit // 8, bit % 8)
        error = refused(disk)
        assert error is not None, f"bit {bit}"
        assert error.case in cases, f"bit {bit}: {error}"
        disk.flip(FIRST, bit // 8, bit % 8)
        found += 1
    return found


@pytest.mark.slow
def test_every_bit_of_a_synced_frame_in_the_middle_is_found(disk: SimulatedDisk) -> None:
    """Head, records, zeros and foot of a frame with others after it: acknowledged, so stop."""
    assert 8 * 2_048 == each_bit(disk, BLOCK, BLOCK + 2_048, "E")
    assert 8 * 64 == each_bit(disk, 2 * BLOCK - 64, 2 * BLOCK, "E")


@pytest.mark.slow
def test_every_bit_of_the_last_frame_is_found_and_never_taken_for_a_crash(
    disk: SimulatedDisk,
) -> None:
    """A flip leaves all blocks in place, so the last frame is damaged and not unfinished."""
    each_bit(disk, 2 * BLOCK, 2 * BLOCK + 64 + 2 * 128 + 16, "D")
    each_bit(disk, 3 * BLOCK - 80, 3 * BLOCK, "D")


@pytest.mark.slow
def test_every_bit_of_the_first_block_is_found(disk: SimulatedDisk) -> None:
    """The header, and a part of the zeros after it."""
    each_bit(disk, 0, 160, "K")
    each_bit(disk, BLOCK - 16, BLOCK, "K")


def test_a_flip_where_nothing_was_written_serves_nothing_and_hides_nothing(
    disk: SimulatedDisk,
) -> None:
    """Bytes after the end are cut, and every command is still there."""
    for offset in range(3 * BLOCK, SEGMENT, 997):
        disk.flip(FIRST, offset, offset % 8)
        assert FOURTEEN + 2 == len(read_all(disk))
        disk.flip(FIRST, offset, offset % 8)
    for bit in range(8):
        disk.flip(FIRST, SEGMENT - 1, bit)
        assert same(read_all(disk)[FOURTEEN:], make_commands(FOURTEEN + 1, 2))
        disk.flip(FIRST, SEGMENT - 1, bit)
