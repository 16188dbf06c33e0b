"""Write the journal: one thread, one frame for a batch, one sync for a frame.

    1. the loop hands over a batch and goes on;
    2. the thread lays out the frame, writes it and syncs it, in one call to the disk;
    3. only when that call has returned does it say so, and the loop releases the batch;
    4. only then is the next frame written.

So what is released is on disk, and a frame that a crash cuts off is always the last one. A write or
sync that fails ends the process: after it nobody knows what the disk holds, and a second try may
succeed over lost bytes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.invariants import check
from engine.core.limits import COMMANDS_PER_BATCH_MAX
from engine.journal.layout import (
    BLOCK_BYTES,
    BLOCKS_MAX,
    RECORDS_PER_BLOCK,
    Frame,
    FrameKind,
    SegmentHeader,
    Words,
    as_words,
    block_count,
    frame_hash,
    new_buffer,
    one_record,
    put_frame,
    put_header,
    seal_of,
)
from engine.journal.preparer import Preparer
from engine.journal.recovery import SEGMENT_BYTES_DEFAULT, Tail
from engine.journal.survey import segment_name
from engine.journal.verdict import get_foot, get_head
from engine.ports.clock import Clock
from engine.ports.process import End, told
from engine.ports.storage import Storage, StorageFile

SAMPLES_MAX = 1024  # syncs that the latency percentiles look back on
SHORT_PARTS = 4  # with less than this part of a segment left and no next one, only cancels go on


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalStatistics:
    """What the journal has done since it was opened, and where it stands."""

    epoch: int
    segment_number: int
    offset: int
    frames: int
    bytes_written: int
    sync_ns_p50: int
    sync_ns_p99: int
    sync_ns_max: int
    is_short: bool


@dataclass(frozen=True, slots=True)
class WrittenFrame:
    """A frame as it goes to the disk, not yet synced.

    Attributes:
        epoch: Of its writer.
        first_sequence: Of its commands.
        count: Of its commands; 0 for a seal.
        data: Its blocks, byte for byte.
    """

    epoch: int
    first_sequence: int
    count: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Job:
    """A batch on its way to the disk."""

    commands: NDArray[np.void]
    synced: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Copy:
    """A frame that another node wrote, on its way to the disk."""

    frame: Frame
    blocks: Words
    synced: Callable[[], None]


class Journal:
    """An open journal.

    Args:
        storage: The folder.
        tail: Where to go on, from `Recovery.finish`.
        clock: For the statistics only.
        end: Ends the process when the disk fails.
        segment_bytes: Length of new segments.
        retry_seconds: How long to wait before making a segment is tried again on a full disk.
        on_frame: Called on the journal's thread with each frame of commands and each seal before it
            is synced, so that a standby's sync goes on beside this one.
    """

    def __init__(
        self,
        storage: Storage,
        tail: Tail,
        *,
        clock: Clock,
        end: End,
        segment_bytes: int = SEGMENT_BYTES_DEFAULT,
        retry_seconds: int = 1,
        on_frame: Callable[[WrittenFrame], None] | None = None,
    ) -> None:
        sizes = [segment_bytes, tail.segment_bytes]
        if tail.blank is not None:
            sizes.append(tail.blank.size_bytes)
        frame_blocks = min(sizes) // BLOCK_BYTES - 2
        check(frame_blocks > 0, "a segment has room for its header, a frame and a seal")
        self.commands_per_frame_max = min(COMMANDS_PER_BATCH_MAX, frame_blocks * RECORDS_PER_BLOCK)
        self._storage = storage
        self._clock = clock
        self._end = end
        self._segment_bytes = tail.segment_bytes
        self._segment_number = tail.segment_number
        self._offset = tail.offset
        self._venue_id = tail.venue_id
        self._epoch = tail.epoch
        self._next_sequence = tail.past.next_sequence
        self._time_ns = tail.past.time_ns
        self._chain = tail.past.chain
        self._blank_number = tail.blank.number if tail.blank else 0
        self._note = tail.note
        self._buffer = new_buffer(BLOCKS_MAX)
        self._file: StorageFile = storage.open(segment_name(tail.segment_number))
        self._preparer = Preparer(
            storage, segment_bytes=segment_bytes, end=end, retry_seconds=retry_seconds
        )
        self._on_frame = on_frame
        self._jobs: queue.SimpleQueue[_Job | _Copy | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._frames = 0
        self._bytes_written = 0
        self._sync_ns = [0] * SAMPLES_MAX

    def start(self) -> None:
        """Write the note of an accepted loss, when there is one, and begin to take batches."""
        self._preparer.start(ready=self._blank_number, wanted=self._segment_number + 1)
        try:
            if self._note:
                self._write(FrameKind.TAIL_LOSS, one_record(self._note))
        except BaseException:
            self._preparer.stop()
            raise
        self._thread.start()

    @property
    def is_short(self) -> bool:
        """Tell whether the disk has no room for the next segment and this one is nearly full."""
        left = self._segment_bytes - self._offset
        return self._preparer.no_room and left * SHORT_PARTS < self._segment_bytes

    @property
    def refusal(self) -> str:
        """A journal of one node takes whatever there is room for."""
        return ""

    def append(self, commands: NDArray[np.void], synced: Callable[[], None]) -> None:
        """Take a stamped batch; returns at once.

        Args:
            commands: 1 to `commands_per_frame_max` commands, the next ones in sequence. They must
                not change any more.
            synced: Called on the journal's thread once they are on disk; batches in their order.
        """
        self._jobs.put(_Job(commands, synced))

    def append_copy(self, frame: Frame, blocks: Words, synced: Callable[[], None]) -> None:
        """Take a frame of another node's journal, to be written byte for byte; returns at once.

        Args:
            frame: What its marks say; it was judged to be the next one.
            blocks: Its blocks, which must not change any more.
            synced: As in `append`.
        """
        self._jobs.put(_Copy(frame, blocks, synced))

    def lead(self, epoch: int) -> None:
        """Write frames of one's own from here on, in a later epoch; nothing is on its way."""
        check(epoch >= self._epoch, "a leader never writes under an earlier epoch")
        check(self._jobs.empty(), "what was followed is on disk before this node leads")
        self._epoch = epoch

    @property
    def epoch(self) -> int:
        """The epoch of the newest frame, or of the next one."""
        return self._epoch

    def close(self) -> None:
        """Write what was taken and let go of the files; waits for both threads."""
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self._preparer.stop()
        self._file.close()

    def statistics(self) -> JournalStatistics:
        """Return a frozen record."""
        samples = sorted(self._sync_ns[: min(self._frames, SAMPLES_MAX)]) or [0]
        return JournalStatistics(
            epoch=self._epoch,
            segment_number=self._segment_number,
            offset=self._offset,
            frames=self._frames,
            bytes_written=self._bytes_written,
            sync_ns_p50=samples[len(samples) // 2],
            sync_ns_p99=samples[len(samples) * 99 // 100],
            sync_ns_max=samples[-1],
            is_short=self.is_short,
        )

    def _run(self) -> None:
        """Write batches until told to stop; whatever goes wrong here ends the process."""
        try:
            while (job := self._jobs.get()) is not None:
                if isinstance(job, _Job):
                    self._write(FrameKind.COMMANDS, as_words(job.commands), job.synced)
                else:
                    self._write_copy(job)
        except BaseException as error:
            # Also a broken invariant: a thread that dies in silence would leave every batch
            # waiting for ever.
            self._end(f"journal failed before sequence {self._next_sequence}: {told(error)}")

    def _write(
        self, kind: FrameKind, records: Words, synced: Callable[[], None] | None = None
    ) -> None:
        """Write one frame, sync it, say so."""
        commands = len(records) if kind == FrameKind.COMMANDS else 0
        self._make_room(block_count(len(records)))
        if commands:
            check(int(records[0, 0]) == self._next_sequence, "the journal has no gap")
            check(int(records[0, 1]) > self._time_ns, "the journal's time rises")
            self._time_ns = int(records[-1, 1])
        blocks = put_frame(self._buffer, self._frame(kind, len(records)), records)
        self._check_marks(blocks, len(records))
        if self._on_frame is not None and commands:
            data = blocks.tobytes()
            self._on_frame(WrittenFrame(self._epoch, self._next_sequence, commands, data))
        self._put(blocks, commands, synced)

    def _write_copy(self, copy: _Copy) -> None:
        """Write a frame of another node; segments change where they changed there."""
        frame = copy.frame
        self._epoch = frame.epoch
        self._make_room(len(copy.blocks))
        check(frame.first_sequence == self._next_sequence, "a copy has no gap")
        check(frame.chain == self._chain, "a copy follows what is here")
        self._time_ns = frame.time_ns
        commands = frame.count if frame.kind == FrameKind.COMMANDS else 0
        self._put(copy.blocks, commands, copy.synced)

    def _put(self, blocks: Words, commands: int, synced: Callable[[], None] | None) -> None:
        """Write the blocks of a frame, sync them, say so."""
        started_ns = self._clock.elapsed_ns()
        self._file.write_synced(self._offset, blocks.data)
        self._sync_ns[self._frames % SAMPLES_MAX] = self._clock.elapsed_ns() - started_ns
        self._next_sequence += commands
        self._offset += blocks.nbytes
        self._frames += 1
        self._bytes_written += blocks.nbytes
        if synced is not None:
            synced()
        # After the news has left, because nobody waits for it but the next frame.
        self._chain = frame_hash(blocks)

    def _check_marks(self, blocks: Words, count: int) -> None:
        """Read the last block's marks back before they go out, as recovery will."""
        raw = blocks[-1].tobytes()
        head, foot = get_head(raw), get_foot(raw)
        check(head is not None and foot is not None, "the marks of a frame read back")
        if head is None or foot is None:
            return
        check(head.first_sequence == foot.first_sequence == self._next_sequence, "its sequence")
        check(head.block_number + 1 == head.block_count == len(blocks), "its length")
        check(head.record_count == count and foot.chain == self._chain, "its count and its past")

    def _frame(self, kind: FrameKind, count: int) -> Frame:
        """Say what the next frame's marks hold."""
        return Frame(
            kind=kind,
            epoch=self._epoch,
            first_sequence=self._next_sequence,
            count=count,
            time_ns=self._time_ns,
            synced_sequence=self._next_sequence - 1,
            chain=self._chain,
        )

    def _make_room(self, blocks: int) -> None:
        """Go to the next segment when a frame and the seal after it would not fit in this one.

        The new segment's first block is on disk before the seal, and the seal before any frame of
        the new segment. So a seal without a next segment is damage, and a next segment without a
        seal before it is a crash just here.
        """
        if self._offset + (blocks + 1) * BLOCK_BYTES <= self._segment_bytes:
            return
        number = self._segment_number + 1
        check(self._preparer.wait_for(number), "the preparer runs as long as the journal writes")
        seal = seal_of(self._frame(FrameKind.SEAL, 1), number)
        file = self._storage.open(segment_name(number))
        size_bytes = file.size_bytes()
        header = SegmentHeader(
            venue_id=self._venue_id,
            segment_number=number,
            segment_bytes=size_bytes,
            first_sequence=self._next_sequence,
            epoch=self._epoch,
            chain=frame_hash(seal),
        )
        file.write_synced(0, put_header(header))
        self._file.write_synced(self._offset, seal.data)
        if self._on_frame is not None:
            data = seal.tobytes()
            self._on_frame(WrittenFrame(self._epoch, self._next_sequence, 0, data))
        self._file.close()
        self._file = file
        self._chain = header.chain
        self._segment_number = number
        self._segment_bytes = size_bytes
        self._offset = BLOCK_BYTES
        self._preparer.want(number + 1)
