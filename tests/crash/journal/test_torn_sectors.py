"""Row 2: any of the sectors of the last frame may be there or not after a crash."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.support.journal import BLOCK, SEGMENT, OpenJournal, read_all, written
from tests.support.simulated_disk import SimulatedDisk

FIRST = "00000001.rsj"
SECTOR = 512


def torn(before: bytes, after: bytes, start: int, unit: int, kept: tuple[bool, ...]) -> bytes:
    """Return `after`, with those units from `start` on that did not arrive as they were before."""
    data = bytearray(after)
    for index, is_there in enumerate(kept):
        place = slice(start + index * unit, start + (index + 1) * unit)
        if not is_there:
            data[place] = before[place]
    return bytes(data)


def check_torn(count: int, unit: int, choices: list[tuple[bool, ...]]) -> tuple[int, int]:
    """Tear a last frame of `count` commands in each way; return how often it was cut and whole."""
    disk = SimulatedDisk()
    written(disk, 3)
    before = disk.get(FIRST)
    written(disk, count)
    after = disk.get(FIRST)
    cut = whole = 0
    for kept in choices:
        data = torn(before, after, 2 * BLOCK, unit, kept)
        crashed = SimulatedDisk()
        crashed.put(FIRST, data)
        recovered = len(read_all(crashed))
        assert recovered == (3 + count if data == after else 3), kept
        cut += recovered == 3
        whole += recovered > 3
    return cut, whole


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 3, 4, 5, 14, 27, 28, 31])
def test_a_frame_of_one_block_is_whole_or_cut_whatever_sectors_arrived(count: int) -> None:
    """All 256 subsets of the sectors of 512 bytes; a sector that is zero anyhow is no loss."""
    choices = list(itertools.product((False, True), repeat=8))
    cut, whole = check_torn(count, SECTOR, choices)
    assert 256 == cut + whole
    assert whole >= 1


@pytest.mark.slow
def test_a_frame_of_several_blocks_is_whole_or_cut_whatever_blocks_arrived() -> None:
    """All subsets of the blocks of 4 KiB of a frame of six: one of them is the whole frame."""
    choices = list(itertools.product((False, True), repeat=5))
    assert (31, 1) == check_torn(150, BLOCK, choices)


@pytest.mark.slow
@pytest.mark.parametrize("count", [32, 66, 100, 124])
def test_a_frame_of_several_blocks_is_whole_or_cut_whatever_sectors_arrived(count: int) -> None:
    """Random subsets of the sectors of 512 bytes, most of them nearly complete."""
    chance = random.Random(count)
    sectors = -(-count // 31) * 8
    choices = [
        tuple(chance.random() > chance.choice((0.02, 0.1, 0.5)) for _ in range(sectors))
        for _ in range(300)
    ]
    cut, whole = check_torn(count, SECTOR, choices)
    assert cut > 100
    assert whole + cut == 300


def test_what_a_crash_left_never_mixes_with_what_is_written_after_it() -> None:
    """The place is set to zero and synced first, so an old block can not complete a new frame."""
    disk = SimulatedDisk()
    written(disk, 3)
    before = disk.get(FIRST)
    written(disk, 66)
    left = torn(before, disk.get(FIRST), 2 * BLOCK, BLOCK, (False, True, True))
    crashed = SimulatedDisk()
    crashed.put(FIRST, left)
    opened = OpenJournal(crashed)
    opened.close()
    assert 3 == len(opened.recovered)
    assert crashed.get(FIRST)[2 * BLOCK :] == bytes(SEGMENT - 2 * BLOCK)
    assert not crashed.names[FIRST].dirty
