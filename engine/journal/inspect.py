"""A journal as an operator looks at it: read from its oldest segment to its end, changing nothing.

Also while an engine writes it: what is then found at the end is only as old as the reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.journal.errors import JournalFilesWrong
from engine.journal.layout import BLOCK_BYTES, FrameKind
from engine.journal.reader import Cut, Position, Reader, ReadFrame
from engine.journal.survey import survey
from engine.journal.verdict import Past
from engine.ports.storage import Storage


@dataclass(slots=True)
class SegmentCount:
    """What was read of a segment."""

    number: int
    size_bytes: int
    first_sequence: int
    epoch: int
    frames: int = 0
    commands: int = 0
    last_sequence: int = 0
    is_sealed: bool = False


@dataclass(frozen=True, slots=True)
class Inspection:
    """A journal that was read to its end.

    Attributes:
        venue_id: Of the journal.
        segments: By number; without one that was made ahead.
        past: What the next frame would follow.
        cuts: What the next start of an engine will set to zero: it was never acknowledged.
        notes: Losses that an operator accepted, each (segment, offset).
    """

    venue_id: bytes
    segments: list[SegmentCount]
    past: Past
    cuts: list[Cut]
    notes: list[tuple[int, int]]

    @property
    def commands(self) -> int:
        """How many commands the segments hold."""
        return sum(segment.commands for segment in self.segments)


def oldest(storage: Storage) -> Position | None:
    """Give the begin of the oldest segment, or nothing when it is the first one.

    Raises:
        JournalFilesWrong: The folder holds no journal, or not one.
    """
    segments = [each for each in survey(storage, from_first=False) if not each.is_blank]
    if not segments:
        raise JournalFilesWrong(case="I", detail="the folder holds no segment of a journal")
    first = segments[0]
    if first.number == 1 or first.header is None:
        return None
    header = first.header
    past = Past(
        next_sequence=header.first_sequence, time_ns=0, epoch=header.epoch, chain=header.chain
    )
    return Position(past=past, segment_number=first.number, offset=BLOCK_BYTES, last_offset=0)


def frames(storage: Storage) -> tuple[Reader, Iterator[ReadFrame]]:
    """Give a reader and its frames, from the oldest segment on; see `Reader` for its errors."""
    reader = Reader(storage, start=oldest(storage))
    return reader, reader.frames()


def inspect(storage: Storage) -> Inspection:
    """Read a whole journal and count.

    Raises:
        JournalDamaged: Acknowledged bytes are damaged, or may be.
        JournalFilesWrong: The folder does not hold exactly one journal.
    """
    sizes = {each.number: each for each in survey(storage, from_first=False)}
    reader, found = frames(storage)
    counts: dict[int, SegmentCount] = {}
    notes = []
    for read in found:
        number = read.segment_number
        segment = sizes[number]
        header = segment.header
        if number not in counts and header is not None:
            counts[number] = SegmentCount(
                number, segment.size_bytes, header.first_sequence, header.epoch
            )
        _count(counts[number], read)
        if read.frame.kind is FrameKind.TAIL_LOSS:
            notes.append((number, read.offset))
    return Inspection(
        reader.venue_id, list(counts.values()), reader.past, list(reader.end.cuts), notes
    )


def _count(segment: SegmentCount, read: ReadFrame) -> None:
    segment.frames += 1
    segment.is_sealed = read.frame.kind is FrameKind.SEAL
    segment.epoch = max(segment.epoch, read.frame.epoch)
    if read.frame.kind is FrameKind.COMMANDS:
        segment.commands += read.frame.count
        segment.last_sequence = read.frame.first_sequence + read.frame.count - 1
