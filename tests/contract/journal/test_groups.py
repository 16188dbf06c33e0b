"""A compound command in the journal: all of its records come back, or none."""

from __future__ import annotations

import pytest

from engine.core.commands import CommandKind
from engine.ports.storage import SECTOR_BYTES
from tests.support.journal import BLOCK, OpenJournal, make_commands, read_all, same, written
from tests.support.simulated_disk import SimulatedDisk

FIRST = "00000001.rsj"
BEFORE = 5
ENTRIES = 92  # with the header, 31 records in each of three blocks
GROUP = 2 * BLOCK  # where its frame begins: behind the segment's header and the frame before
GROUP_BLOCKS = 3


@pytest.fixture
def disk() -> SimulatedDisk:
    """A journal of a frame of orders and one of a mass quote."""
    disk = SimulatedDisk()
    written(disk, BEFORE)
    group = make_commands(BEFORE + 1, 1 + ENTRIES)
    group["kind"][0] = CommandKind.MASS_QUOTE
    group["entry_count"][0] = ENTRIES
    group["kind"][1:] = CommandKind.QUOTE_ENTRY
    last = int(group["sequence"][-1])
    opened = OpenJournal(disk)
    opened.journal.append(group, lambda: opened._tell(last))
    opened.wait_for(last)
    opened.close()
    assert same(read_all(disk)[BEFORE:], group)
    assert any(disk.get(FIRST)[GROUP + (GROUP_BLOCKS - 1) * BLOCK : GROUP + GROUP_BLOCKS * BLOCK])
    assert not any(disk.get(FIRST)[GROUP + GROUP_BLOCKS * BLOCK :])
    return disk


def kinds_after_a_crash(disk: SimulatedDisk) -> list[int]:
    """Open the journal as a node does after a crash; give the kinds of what it recovered."""
    opened = OpenJournal(disk)
    opened.close()
    kinds: list[int] = opened.recovered["kind"].tolist()
    return kinds


@pytest.mark.parametrize("sector", range(GROUP_BLOCKS * BLOCK // SECTOR_BYTES))
def test_a_group_that_lacks_one_sector_is_not_there(disk: SimulatedDisk, sector: int) -> None:
    """Whichever sector of its frame a power cut took, no record of the group is left."""
    data = bytearray(disk.get(FIRST))
    start = GROUP + sector * SECTOR_BYTES
    assert any(data[start : start + SECTOR_BYTES])
    data[start : start + SECTOR_BYTES] = bytes(SECTOR_BYTES)
    disk.put(FIRST, bytes(data))
    assert [CommandKind.PLACE] * BEFORE == kinds_after_a_crash(disk)


@pytest.mark.parametrize("sectors", range(GROUP_BLOCKS * BLOCK // SECTOR_BYTES))
def test_a_group_that_was_written_in_part_is_not_there(disk: SimulatedDisk, sectors: int) -> None:
    """However many of its first sectors reached the disk, no record of the group is left."""
    data = bytearray(disk.get(FIRST))
    end = GROUP + sectors * SECTOR_BYTES
    data[end:] = bytes(len(data) - end)
    disk.put(FIRST, bytes(data))
    assert [CommandKind.PLACE] * BEFORE == kinds_after_a_crash(disk)
