"""Small frames read together are judged as each of them alone."""

from __future__ import annotations

import random

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.journal.errors import JournalDamaged
from engine.journal.layout import FrameKind
from engine.journal.reader import Reader
from engine.journal.runs import RUN_BLOCKS_MAX, RUN_BLOCKS_MIN
from tests.support.journal import BLOCK, joined, written
from tests.support.simulated_disk import SimulatedDisk

FIRST = "00000001.rsj"
Result = tuple[bytes, str, object]


def alone(disk: SimulatedDisk) -> Result:
    """Read frame by frame: the commands, why it stopped, and where it stood."""
    reader = Reader(disk)
    batches: list[NDArray[np.void]] = []
    why = ""
    try:
        for read in reader.frames():
            if read.frame.kind == FrameKind.COMMANDS:
                batches.append(read.records)
    except JournalDamaged as error:
        why = str(error)
    return joined(batches).tobytes(), why, (reader.past, reader.position, reader.last)


def together(disk: SimulatedDisk) -> Result:
    """Read in runs, as a start does."""
    reader = Reader(disk)
    batches: list[NDArray[np.void]] = []
    why = ""
    try:
        batches.extend(reader.batches())
    except JournalDamaged as error:
        why = str(error)
    return joined(batches).tobytes(), why, (reader.past, reader.position, reader.last)


@pytest.mark.parametrize(
    "counts",
    [
        [1] * RUN_BLOCKS_MIN,
        [1] * 20,
        [1] * (RUN_BLOCKS_MAX + 3),
        [31, 30, 1, 2, 31, 31, 5],
        [1, 1, 1, 1, 1, 40, 1, 1, 1, 1, 1, 1, 90, 3],
        [4] * 60,
    ],
)
def test_runs_give_the_commands_of_their_frames(counts: list[int]) -> None:
    """Also over segments, seals and frames of more blocks, and in the place where they end."""
    disk = SimulatedDisk()
    written(disk, *counts, segment_bytes=40 * BLOCK)
    assert alone(disk) == together(disk)
    assert sum(counts) * 128 == len(together(disk)[0])


def test_a_run_does_not_go_over_a_change_of_epoch() -> None:
    """Each opening writes under an epoch of its own."""
    disk = SimulatedDisk()
    for _ in range(3):
        written(disk, *[1] * 9, segment_bytes=64 * BLOCK)
    assert alone(disk) == together(disk)
    assert 27 * 128 == len(together(disk)[0])


@pytest.mark.slow
def test_every_changed_bit_in_a_run_is_found_as_it_is_alone() -> None:
    """Marks, records, foot, and some of the zeros of a frame in the middle and of the last one."""
    disk = SimulatedDisk()
    written(disk, *[1, 2, 1, 3, 1, 1, 2, 1], segment_bytes=16 * BLOCK)
    chance = random.Random(1)
    spots = [*range(0, 64 + 3 * 128), *range(BLOCK - 64, BLOCK)]
    spots += chance.sample(range(64 + 3 * 128, BLOCK - 64), 60)
    seen = set()
    for block in (4, 8):
        for spot in spots:
            offset = block * BLOCK + spot
            bit = chance.randrange(8)
            disk.flip(FIRST, offset, bit)
            expected = alone(disk)
            assert expected == together(disk), (block, spot, bit)
            assert expected[1], (block, spot, bit)
            seen.add(expected[1].split("case=")[1][0])
            disk.flip(FIRST, offset, bit)
    assert {"D", "E"} == seen
    assert not alone(disk)[1]


def test_a_stale_or_swapped_block_ends_a_run_where_it_ends_alone() -> None:
    """Good checksums in the wrong place: the chain and the sequence tell."""
    disk = SimulatedDisk()
    written(disk, *[1] * 12, segment_bytes=20 * BLOCK)
    raw = disk.get(FIRST)
    for source, target in ((3, 6), (6, 5), (12, 2), (0, 4)):
        changed = bytearray(raw)
        changed[target * BLOCK : (target + 1) * BLOCK] = raw[source * BLOCK : (source + 1) * BLOCK]
        other = SimulatedDisk()
        for name in disk.list():
            other.put(name, bytes(changed) if name == FIRST else disk.get(name))
        assert alone(other) == together(other)
        assert alone(other)[1]
