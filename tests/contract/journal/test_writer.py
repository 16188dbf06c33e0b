"""The journal's thread: what is told is on disk, and a disk that fails ends the process."""

from __future__ import annotations

import numpy as np
import pytest

from engine.journal.layout import TAIL_LOSS, FrameKind, crc32c
from engine.journal.reader import Reader
from tests.support.journal import (
    BLOCK,
    SEGMENT,
    OpenJournal,
    make_commands,
    read_all,
    same,
    written,
)
from tests.support.simulated_disk import SimulatedDisk

FIRST = "00000001.rsj"


def frames_of(disk: SimulatedDisk) -> list[tuple[int, FrameKind, int, int, int]]:
    """Return segment, kind, epoch, first sequence and count of every frame."""
    return [
        (
            read.segment_number,
            read.frame.kind,
            read.frame.epoch,
            read.frame.first_sequence,
            read.frame.count,
        )
        for read in Reader(disk).frames()
    ]


def test_a_batch_is_one_frame_and_one_sync() -> None:
    """The disk is asked once for a batch, however long."""
    disk = SimulatedDisk()
    opened = OpenJournal(disk)
    before = disk.syncs
    opened.write(1, 40, 5)
    assert 3 == disk.syncs - before
    opened.close()
    assert [(1, 1, 1, 1, 1), (1, 1, 1, 2, 40), (1, 1, 1, 42, 5)] == frames_of(disk)


def test_a_batch_is_told_only_when_its_sync_has_returned() -> None:
    """While the disk is busy nothing is acknowledged, and the frame after it is not written."""
    disk = SimulatedDisk()
    opened = OpenJournal(disk)
    disk.hold_syncs()
    opened.append(3)
    opened.append(4)
    assert disk.sync_waits.acquire(timeout=20)
    assert 0 == opened.acknowledged
    assert not any(disk.get(FIRST)[2 * BLOCK :])
    disk.free_syncs()
    opened.wait_for(7)
    opened.close()
    assert [1, 4] == [frame[3] for frame in frames_of(disk)]


def test_every_opening_has_an_epoch_of_its_own() -> None:
    """Frames of two lives of a node are told apart."""
    disk = SimulatedDisk()
    for _ in range(3):
        written(disk, 2)
    assert [(1, 1), (2, 3), (3, 5)] == [(frame[2], frame[3]) for frame in frames_of(disk)]


def test_a_frame_says_what_was_synced_when_it_was_written() -> None:
    """The sequence before a frame's first was on disk: there is never more than one frame ahead."""
    disk = SimulatedDisk()
    written(disk, 2, 3, 4)
    frames = [read.frame for read in Reader(disk).frames()]
    assert [0, 2, 5] == [frame.synced_sequence for frame in frames]


def test_a_full_segment_is_sealed_and_the_next_one_begins() -> None:
    """A frame that does not fit goes to the next segment, after a seal in this one."""
    disk = SimulatedDisk()
    written(disk, *[31] * 5, 32, 1)
    kinds = [(segment, kind) for segment, kind, _, _, _ in frames_of(disk)]
    commands, seal = FrameKind.COMMANDS, FrameKind.SEAL
    assert [(1, commands)] * 5 + [(1, seal)] + [(2, commands)] * 2 == kinds
    assert 188 == len(read_all(disk))


def test_a_journal_goes_on_in_a_segment_with_room_for_the_seal_only() -> None:
    """Recovery at the very end of a segment goes on in the next one."""
    disk = SimulatedDisk()
    written(disk, *[31] * 6)
    written(disk, 1)
    assert [(1, FrameKind.SEAL), (2, FrameKind.COMMANDS)] == [
        (segment, kind) for segment, kind, _, _, _ in frames_of(disk)[6:]
    ]


def test_segments_of_other_lengths_go_on_with_each_other() -> None:
    """The length of new segments may change; the old ones keep theirs."""
    disk = SimulatedDisk()
    written(disk, 31, segment_bytes=SEGMENT)
    for _ in range(4):
        written(disk, 31, 31, segment_bytes=3 * BLOCK)
    assert 31 * 9 == len(read_all(disk))
    assert {SEGMENT, 3 * BLOCK} == {len(disk.get(name)) for name in disk.list()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("segment_bytes", "longest"), [(3 * BLOCK, 31), (8 * BLOCK, 186), (64 << 20, 4096)]
)
def test_the_longest_batch_fits_a_segment(segment_bytes: int, longest: int) -> None:
    """A segment has room for its header, the longest batch and a seal."""
    disk = SimulatedDisk()
    opened = OpenJournal(disk, segment_bytes=segment_bytes)
    assert longest == opened.journal.commands_per_frame_max
    opened.write(longest, longest)
    opened.close()
    assert 2 * longest == len(read_all(disk))


def test_a_sync_that_fails_once_ends_the_process_and_nothing_of_it_is_told() -> None:
    """The second sync would succeed over lost bytes; it is never tried."""
    disk = SimulatedDisk()
    opened = OpenJournal(disk)
    opened.write(3)
    disk.fail_sync_number = disk.syncs + 1
    opened.append(4)
    opened.append(5)
    reason = opened.wait_for_end()
    assert "sync: input/output error" in reason
    assert "before sequence 4" in reason
    assert (3, disk.fail_sync_number) == (opened.acknowledged, disk.syncs)
    disk.power_cut()
    assert same(read_all(disk), make_commands(1, 3))


def test_a_gap_in_sequence_or_time_ends_the_process() -> None:
    """A journal with a gap could never be replayed, so the bug stops here."""
    for commands in (make_commands(5, 2), make_commands(1, 2)):
        opened = OpenJournal(SimulatedDisk())
        commands["time_ns"] = 0
        opened.journal.append(commands, lambda: None)
        assert "BrokenInvariant" in opened.wait_for_end()


def test_a_full_disk_is_known_before_the_segment_is_full() -> None:
    """Without room for the next segment the journal says so while a part of this one is left."""
    disk = SimulatedDisk()
    written(disk, 31)
    del disk.names["00000002.rsj"]
    disk.has_room = False
    opened = OpenJournal(disk)
    opened.wait_for_no_room()
    opened.write(31, 31, 31)
    before_last_quarter = opened.journal.is_short
    opened.write(31, 31)
    assert (False, True) == (before_last_quarter, opened.journal.is_short)
    assert opened.journal.statistics().is_short
    opened.append(31)
    disk.has_room = True
    opened.wait_for(31 * 7)
    assert not opened.journal.is_short
    opened.close()
    assert 31 * 7 == len(read_all(disk))


def test_a_disk_that_fails_while_a_segment_is_made_ends_the_process() -> None:
    """No thread dies in silence."""
    disk = SimulatedDisk()
    written(disk, 1)
    del disk.names["00000002.rsj"]
    disk.power_cut_at = disk.changes + 6  # opening makes five: names, first block, last frame
    opened = OpenJournal(disk)
    assert "making a segment failed" in opened.wait_for_end()


def test_closing_writes_what_was_taken() -> None:
    """A clean stop loses nothing that was handed over."""
    disk = SimulatedDisk()
    opened = OpenJournal(disk)
    for count in (1, 2, 3):
        opened.append(count)
    opened.close()
    assert 6 == opened.acknowledged == len(read_all(disk))


def test_closing_while_waiting_for_room_ends_the_process() -> None:
    """Commands that were handed over and find no room are not dropped in silence."""
    disk = SimulatedDisk()
    written(disk, *[31] * 6)
    del disk.names["00000002.rsj"]
    disk.has_room = False
    opened = OpenJournal(disk)
    opened.append(1)
    opened.journal._preparer.stop()
    assert "the preparer runs as long" in opened.wait_for_end()


def test_statistics_count_frames_bytes_and_syncs() -> None:
    """The numbers are integers and add up."""
    opened = OpenJournal(SimulatedDisk())
    empty = opened.journal.statistics()
    assert (0, 0, 0) == (empty.frames, empty.bytes_written, empty.sync_ns_max)
    opened.write(1, 40, 5)
    opened.close()
    statistics = opened.journal.statistics()
    assert (3, 4 * BLOCK, 5 * BLOCK) == (
        statistics.frames,
        statistics.bytes_written,
        statistics.offset,
    )
    assert 0 < statistics.sync_ns_p50 <= statistics.sync_ns_p99 <= statistics.sync_ns_max


def test_an_accepted_loss_is_kept_in_a_file_and_noted_in_the_journal() -> None:
    """The lost bytes stay for later, the note says what and where, and the journal goes on."""
    disk = SimulatedDisk()
    written(disk, 1, 40, 5)
    disk.flip(FIRST, 4 * BLOCK + 200, 5)
    lost = disk.get(FIRST)[4 * BLOCK : 5 * BLOCK]
    opened = OpenJournal(disk, accept_tail_loss=True)
    assert [("D", 42)] == [(cut.case, cut.sequence) for cut in opened.tail.cuts]
    opened.write(2)
    opened.close()
    assert lost == disk.get("lost-00000001-000000016384.bin")
    note = [read for read in Reader(disk).frames() if read.frame.kind == FrameKind.TAIL_LOSS]
    assert [(1, 4 * BLOCK, BLOCK, crc32c(lost))] == [
        TAIL_LOSS.unpack(read.records.tobytes()) for read in note
    ]
    assert list(range(1, 44)) == read_all(disk)["sequence"].tolist()


def test_a_loss_is_noted_once() -> None:
    """Later openings find the note in the journal and write no other."""
    disk = SimulatedDisk()
    written(disk, 1, 40, 5)
    disk.flip(FIRST, 4 * BLOCK + 200, 5)
    OpenJournal(disk, accept_tail_loss=True).close()
    OpenJournal(disk, accept_tail_loss=True).close()
    written(disk, 1)
    kinds = [read.frame.kind for read in Reader(disk).frames()]
    assert 1 == kinds.count(FrameKind.TAIL_LOSS)


def test_batches_can_be_kept_and_changed() -> None:
    """A batch is an array of its own, whatever becomes of the segment it came from."""
    disk = SimulatedDisk()
    written(disk, 1, 40)
    first, second = Reader(disk).batches()
    assert (1, 40) == (len(first), len(second))
    assert all(batch.flags.writeable and batch.flags.c_contiguous for batch in (first, second))
    assert first.dtype == second.dtype == make_commands(1, 1).dtype
    assert same(second, make_commands(2, 40))
    assert np.uint64 == first["sequence"].dtype
