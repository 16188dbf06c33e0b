"""Open a journal for writing: read it all, mend its end on disk, say where the next frame goes.

The order makes a crash at any moment of it harmless, also a second and a third:

    1. everything is read; any doubt about acknowledged bytes stops here, nothing is changed;
    2. bytes whose loss the operator accepted are copied to a file of their own, and synced;
    3. what was never acknowledged is set to zero, and synced;
    4. a seal that a crash left out is written, and synced;
    5. what the last process may have left in memory only is written again, and synced;
    6. only then frames are appended, first the note of an accepted loss.

A crash after 2 leaves the damage in place: the same answer is asked for again. A crash after 3
leaves the file of 2 at exactly the journal's end, by which the note of 6 is still written.

Why 5: a process that is killed between a write and its sync leaves the frame in the machine's page
cache. The next one reads it there, whole, and would tell of it; a power cut would take it back.
After a failed sync it is worse, because the machine takes such pages for written: so a sync alone
is not enough. Only the last frame, the open segment's first block and names can be in that state.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.invariants import check
from engine.journal.layout import (
    BLOCK_BYTES,
    TAIL_LOSS,
    VENUE_ID_BYTES,
    SegmentHeader,
    chain_seed,
    crc32c,
    put_header,
)
from engine.journal.mending import keep_lost, write_zeros
from engine.journal.reader import Cut, End, Position, Reader
from engine.journal.survey import LOST_NAME, PREPARED_NAME, Segment, lost_name, segment_name
from engine.journal.verdict import Past
from engine.ports.storage import Storage

SEGMENT_BYTES_DEFAULT = 64 << 20


def new_venue_id() -> bytes:
    """Return a random id: no two journals in the world have the same."""
    return secrets.token_bytes(VENUE_ID_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Where and how the next frame is written.

    Attributes:
        venue_id: Of the journal.
        epoch: Of the writer that starts here: one more than the last one's.
        segment_number: The open segment.
        segment_bytes: Its length.
        offset: Of the next frame in it.
        past: What the next frame follows.
        blank: A segment that is ready to be the next one.
        note: The record of an accepted loss that has to be the next frame; empty when none has.
        cuts: What recovery set to zero.
    """

    venue_id: bytes
    epoch: int
    segment_number: int
    segment_bytes: int
    offset: int
    past: Past
    blank: Segment | None
    note: bytes
    cuts: tuple[Cut, ...]


class Recovery:
    """One opening of a journal: apply its `batches` to the last, then `finish`.

    Args:
        storage: The folder, locked for this process.
        segment_bytes: Length of new segments.
        accept_tail_loss: The operator says that a damaged last frame may be lost.
        start: Where a snapshot ends, whose tail is all that is wanted.
        make_venue_id: Gives the id of a journal that has none yet.

    Raises:
        JournalFilesWrong: When the folder does not hold one journal.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        segment_bytes: int = SEGMENT_BYTES_DEFAULT,
        accept_tail_loss: bool = False,
        start: Position | None = None,
        make_venue_id: Callable[[], bytes] = new_venue_id,
    ) -> None:
        self._storage = storage
        self._segment_bytes = segment_bytes
        self._make_venue_id = make_venue_id
        self._reader = Reader(storage, accept_tail_loss=accept_tail_loss, start=start)
        self._is_read = False

    def batches(self) -> Iterator[NDArray[np.void]]:
        """Yield all commands of the journal in their order, a frame at a time.

        Raises:
            JournalDamaged: When acknowledged bytes are damaged, or may be.
            JournalFilesWrong: When a segment is missing.
        """
        yield from self._reader.batches()
        self._is_read = True

    def finish(self) -> Tail:
        """Mend the end of the journal on disk and say where to go on.

        Raises:
            StorageFull: When a new journal finds no room for its first segment.
            StorageLost: When the disk failed.
        """
        check(self._is_read, "a journal is read to its end before it is changed")
        if PREPARED_NAME in self._storage.list():
            self._storage.remove(PREPARED_NAME)
        end = self._reader.end
        for cut in end.cuts:
            if cut.case == "D":
                keep_lost(self._storage, cut)
            write_zeros(self._storage, cut)
        for seal in end.seals:
            self._write(seal.segment_number, seal.offset, seal.blocks.data)
        if end.segment is None:
            return self._begin(end)
        self._make_last(end.segment)
        past = self._reader.past
        return Tail(
            venue_id=self._reader.venue_id,
            epoch=past.epoch + 1,
            segment_number=end.segment.number,
            segment_bytes=end.segment.size_bytes,
            offset=end.offset,
            past=past,
            blank=end.blank,
            note=self._note(end.segment.number, end.offset),
            cuts=tuple(end.cuts),
        )

    def _write(self, segment_number: int, offset: int, data: bytes | memoryview) -> None:
        file = self._storage.open(segment_name(segment_number))
        try:
            file.write_synced(offset, data)
        finally:
            file.close()

    def _make_last(self, segment: Segment) -> None:
        """Bring to disk what was read and may be in memory only."""
        self._storage.sync_folder()
        parts = [(segment.number, 0, BLOCK_BYTES)]
        if self._reader.last is not None:
            parts.append(self._reader.last)
        for number, offset, length in parts:
            file = self._storage.open(segment_name(number))
            try:
                file.write_synced(offset, file.read_at(offset, length))
            finally:
                file.close()

    def _note(self, segment_number: int, offset: int) -> bytes:
        """Return the record of a loss that was accepted at the journal's end and is not in it."""
        name = lost_name(segment_number, offset)
        check(LOST_NAME.fullmatch(name) is not None, "the name of a lost part is one of ours")
        if name not in self._storage.list():
            return b""
        file = self._storage.open(name)
        try:
            lost = file.read_at(0, file.size_bytes())
        finally:
            file.close()
        return TAIL_LOSS.pack(segment_number, offset, len(lost), crc32c(lost))

    def _begin(self, end: End) -> Tail:
        """Make the first segment of a new journal."""
        size_bytes = self._segment_bytes
        if end.blank is None:
            self._storage.create_preallocated(PREPARED_NAME, size_bytes)
            self._storage.rename(PREPARED_NAME, segment_name(1))
            self._storage.sync_folder()
        else:
            size_bytes = end.blank.size_bytes
        venue_id = self._make_venue_id()
        check(len(venue_id) == VENUE_ID_BYTES, "a venue's id has 16 bytes")
        header = SegmentHeader(
            venue_id=venue_id,
            segment_number=1,
            segment_bytes=size_bytes,
            first_sequence=1,
            epoch=1,
            chain=chain_seed(venue_id),
        )
        self._write(1, 0, put_header(header))
        return Tail(
            venue_id=venue_id,
            epoch=1,
            segment_number=1,
            segment_bytes=size_bytes,
            offset=BLOCK_BYTES,
            past=Past(next_sequence=1, time_ns=0, epoch=0, chain=header.chain),
            blank=None,
            note=b"",
            cuts=(),
        )
