"""Row 1: the machine stops at any byte of the journal, and again while it recovers."""

from __future__ import annotations

import pytest

from tests.support.journal import (
    BLOCK,
    SEGMENT,
    OpenJournal,
    joined,
    make_commands,
    read_all,
    same,
    written,
)
from tests.support.simulated_disk import SimulatedDisk

FIRST = "00000001.rsj"
COUNTS = (1, 40, 5)  # frames of one, two and one block
ENDS = (2 * BLOCK, 4 * BLOCK, 5 * BLOCK)  # the byte after each


def prefix_of(journal: bytes, length: int) -> SimulatedDisk:
    """Return the disk of a machine that had written the first `length` bytes of a segment."""
    disk = SimulatedDisk()
    disk.put(FIRST, journal[:length].ljust(SEGMENT, b"\0"))
    return disk


def journal_bytes() -> bytes:
    disk = SimulatedDisk()
    written(disk, *COUNTS)
    return disk.get(FIRST)


def whole_commands(length: int) -> int:
    """Return how many commands lie in frames that end within `length` bytes."""
    return sum(count for count, end in zip(COUNTS, ENDS, strict=True) if end <= length)


@pytest.mark.slow
def test_every_byte_of_the_journal_is_a_crash_point_that_keeps_all_whole_frames() -> None:
    """Whatever was written last, recovery gives exactly the commands of the frames before it."""
    journal = journal_bytes()
    everything = joined([make_commands(1, 1), make_commands(2, 40), make_commands(42, 5)])
    tried = 0
    for length in range(BLOCK, ENDS[-1] + 1):
        if length < ENDS[-1] and length not in ENDS and journal[length - 1] == 0:
            continue  # a zero more is the same file as the one before
        whole = whole_commands(length)
        assert same(everything[:whole], read_all(prefix_of(journal, length))), length
        tried += 1
    assert tried > 5_000


@pytest.mark.slow
def test_recovering_from_a_crash_twice_changes_nothing_the_second_time() -> None:
    """The first recovery cuts and reports; the second finds a clean journal with the same end."""
    journal = journal_bytes()
    for length in range(BLOCK + 1, ENDS[-1], 331):
        disk = prefix_of(journal, length)
        first = OpenJournal(disk)
        first.close()
        whole = whole_commands(length)
        assert whole == len(first.recovered), length
        assert [whole + 1] == [cut.sequence for cut in first.tail.cuts] or length in ENDS, length
        after = disk.get(FIRST)
        second = OpenJournal(disk)
        second.close()
        assert () == second.tail.cuts, length
        assert (first.tail.offset, first.tail.past) == (second.tail.offset, second.tail.past)
        assert after == disk.get(FIRST), length


@pytest.mark.slow
def test_a_journal_cut_off_at_any_block_goes_on_after_it() -> None:
    """What is written after a recovery is read back together with what was there."""
    journal = journal_bytes()
    for length in range(BLOCK + 100, ENDS[-1], 509):
        disk = prefix_of(journal, length)
        written(disk, 7)
        assert list(range(1, whole_commands(length) + 8)) == read_all(disk)["sequence"].tolist()
