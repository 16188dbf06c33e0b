"""Read a journal from its first command to its end, one frame at a time, changing nothing.

The rules are those of `verdict.py` (frames, A to G) and `survey.py` (segments, H to N).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND
from engine.core.invariants import check
from engine.journal.errors import JournalDamaged, JournalFilesWrong
from engine.journal.layout import (
    BLOCK_BYTES,
    SEAL,
    Frame,
    FrameKind,
    SegmentHeader,
    Words,
    chain_seed,
    frame_hash,
    seal_of,
)
from engine.journal.runs import Run, whole_run
from engine.journal.survey import Segment, load, segment_name, survey
from engine.journal.verdict import (
    RULES,
    Action,
    Found,
    Past,
    Place,
    is_zero_after,
    judge,
    later_says_synced,
)
from engine.ports.storage import Storage


@dataclass(frozen=True, slots=True)
class ReadFrame:
    """A whole frame and where it lies.

    Attributes:
        segment_number: Its segment.
        offset: Its place in the segment, in bytes.
        frame: What its marks say.
        records: Its records: stamped commands, or the record of a seal or note.
    """

    segment_number: int
    offset: int
    frame: Frame
    records: NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Cut:
    """Bytes to be set to zero: never acknowledged, or their loss was accepted.

    Attributes:
        case: The label of the rule.
        sequence: The first sequence that is not in the journal.
        segment_number: Where.
        offset: Where in the segment, in bytes.
        length: How many bytes.
        detail: What was found.
    """

    case: str
    sequence: int
    segment_number: int
    offset: int
    length: int
    detail: str


@dataclass(frozen=True, slots=True)
class MissingSeal:
    """A seal that has to be written again (case N)."""

    segment_number: int
    offset: int
    blocks: Words


@dataclass(slots=True)
class End:
    """How the journal ended; filled while it is read.

    Attributes:
        segment: The one to go on with; nothing when the journal has not begun.
        offset: Where in it the next frame goes, in bytes.
        cuts: What has to be set to zero first.
        seals: What has to be written after that.
        blank: A segment that was made ahead (case L).
    """

    segment: Segment | None = None
    offset: int = 0
    cuts: list[Cut] = field(default_factory=list)
    seals: list[MissingSeal] = field(default_factory=list)
    blank: Segment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a journal: behind a frame, before the next one.

    Attributes:
        past: What the next frame follows.
        segment_number: Where the next frame lies.
        offset: Where in it, in bytes.
        last_offset: Where the last frame begins; 0 when none lies in that segment before.
    """

    past: Past
    segment_number: int
    offset: int
    last_offset: int


class Reader:
    """One reading of a journal: take its `frames` to the last, then look at `end` and `past`.

    Args:
        storage: The folder.
        accept_tail_loss: Take a damaged last frame (case D) as lost, instead of stopping.
        start: Begin there instead of at the first frame; whoever gives it knows what came before.

    Attributes:
        past: What was read last.
        position: Where the last frame that was read ends, seals not counted.
        last: The last frame that was read, seals counted: its segment, offset and length in bytes.

    Raises:
        JournalFilesWrong: When the folder does not hold one journal.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        accept_tail_loss: bool = False,
        start: Position | None = None,
    ) -> None:
        self._storage = storage
        self._accept_tail_loss = accept_tail_loss
        self._start = start
        self._segments = survey(storage, from_first=start is None)
        self.end = End()
        if self._segments and self._segments[-1].is_blank:
            self.end.blank = self._segments.pop()
        first = self._segments[0].header if self._segments else None
        self.venue_id = first.venue_id if first else b""
        self.past = Past(next_sequence=1, time_ns=0, epoch=0, chain=chain_seed(self.venue_id))
        self.position = start or Position(
            past=self.past, segment_number=1, offset=BLOCK_BYTES, last_offset=0
        )
        self.last: tuple[int, int, int] | None = None
        if start is not None:
            self._begin_at(start)

    def _begin_at(self, start: Position) -> None:
        """Leave out what lies before a position; its segment must be there (case I)."""
        self.past = start.past
        self._segments = [each for each in self._segments if each.number >= start.segment_number]
        if not self._segments or self._segments[0].number != start.segment_number:
            name = segment_name(start.segment_number)
            raise JournalFilesWrong(case="I", detail=f"{name} is missing, where the snapshot ends")

    def frames(self) -> Iterator[ReadFrame]:
        """Yield every frame, seals and notes included.

        Raises:
            JournalDamaged: When acknowledged bytes are damaged, or may be.
            JournalFilesWrong: When the last segment is missing.
        """
        return self._reads(in_runs=False)

    def _reads(self, *, in_runs: bool) -> Iterator[ReadFrame]:
        """Yield every frame, or runs of small ones as one that has all their records."""
        for index, segment in enumerate(self._segments):
            at = 1
            if index == 0 and self._start is not None:
                at = self._start.offset // BLOCK_BYTES
            else:
                self._enter(segment)
            blocks = load(self._storage, segment)
            place = self._judge(blocks, at)
            while place.frame is not None:
                yield self._take(place, segment, at)
                at += place.blocks
                if place.frame.kind == FrameKind.SEAL:
                    break
                while in_runs and (run := whole_run(blocks[at:], self.past)) is not None:
                    yield self._take_run(run, place.frame, segment, at)
                    at += run.blocks
                place = self._judge(blocks, at)
            following = self._segments[index + 1 :]
            if place.frame is not None:
                self._leave_sealed(segment, blocks, at, following)
            elif following:
                self._leave_unsealed(segment, blocks, at, following[0])
            else:
                self._stop_or_end(place, segment, blocks, at)
        self._check_blank()

    def batches(self) -> Iterator[NDArray[np.void]]:
        """Yield the commands of one frame after the other, or of several small ones."""
        for read in self._reads(in_runs=True):
            if read.frame.kind == FrameKind.COMMANDS:
                yield read.records

    def _damaged(self, case: str, segment: Segment, at: int, detail: str) -> JournalDamaged:
        return JournalDamaged(
            case=case,
            sequence=self.past.next_sequence,
            segment_number=segment.number,
            offset=at * BLOCK_BYTES,
            detail=detail,
        )

    def _cut(self, case: str, segment: Segment, blocks: Words, at: int, detail: str) -> None:
        """Have the rest of a segment set to zero, when it is not."""
        length = is_zero_after(blocks[at:]) * BLOCK_BYTES
        if length:
            sequence = self.past.next_sequence
            self.end.cuts.append(
                Cut(case, sequence, segment.number, at * BLOCK_BYTES, length, detail)
            )

    def _enter(self, segment: Segment) -> None:
        """Check that a segment begins where the one before ended: cases K and F."""
        header = segment.header
        if header is None:
            raise self._damaged("K", segment, 0, "the first block of the segment is damaged")
        if header.chain != self.past.chain:
            raise self._damaged("F", segment, 0, "the segment does not follow (chain)")
        if header.first_sequence != self.past.next_sequence or header.epoch < self.past.epoch:
            raise self._damaged("F", segment, 0, "the segment does not follow (sequence, epoch)")

    def _judge(self, blocks: Words, at: int) -> Place:
        if at == len(blocks):
            return Place(Found.MISPLACED, "the frames leave no room for the segment's seal")
        return judge(blocks[at:], self.past)

    def _take(self, place: Place, segment: Segment, at: int) -> ReadFrame:
        """Case A: a whole frame, the next one."""
        frame, records = place.frame, place.records
        check(place.found is Found.WHOLE, "only a whole frame is taken")
        if frame is None or records is None:
            raise self._damaged("F", segment, at, "a whole frame without records")
        commands = frame.count if frame.kind == FrameKind.COMMANDS else 0
        self.past = Past(
            next_sequence=frame.first_sequence + commands,
            time_ns=frame.time_ns,
            epoch=frame.epoch,
            chain=place.hash,
        )
        self.last = segment.number, at * BLOCK_BYTES, place.blocks * BLOCK_BYTES
        if frame.kind != FrameKind.SEAL:
            self.position = Position(
                past=self.past,
                segment_number=segment.number,
                offset=(at + place.blocks) * BLOCK_BYTES,
                last_offset=at * BLOCK_BYTES,
            )
        return ReadFrame(segment.number, at * BLOCK_BYTES, frame, records.reshape(-1).view(COMMAND))

    def _take_run(self, run: Run, before: Frame, segment: Segment, at: int) -> ReadFrame:
        """Case A, many times: whole frames of one block, each the next one."""
        frame = replace(
            before,
            kind=FrameKind.COMMANDS,
            first_sequence=self.past.next_sequence,
            count=len(run.records),
            time_ns=run.past.time_ns,
        )
        self.past = run.past
        last = (at + run.blocks - 1) * BLOCK_BYTES
        self.last = segment.number, last, BLOCK_BYTES
        self.position = Position(
            past=self.past,
            segment_number=segment.number,
            offset=last + BLOCK_BYTES,
            last_offset=last,
        )
        return ReadFrame(segment.number, last, frame, run.records.reshape(-1).view(COMMAND))

    def _leave_sealed(
        self, segment: Segment, blocks: Words, at: int, following: list[Segment]
    ) -> None:
        """Go from a seal to the next segment, which must be there: cases M and K."""
        (next_number,) = SEAL.unpack(blocks[at - 1].tobytes()[64:192])
        if next_number != segment.number + 1:
            raise self._damaged("F", segment, at - 1, f"the seal names segment {next_number}")
        if later_says_synced(blocks[at:], self.past.next_sequence):
            raise self._damaged("E", segment, at, "there are frames after the seal")
        self._cut("C", segment, blocks, at, "bytes after the seal")
        if following:
            return
        if self.end.blank is not None:
            raise self._damaged("K", self.end.blank, 0, "its first block was lost")
        raise JournalFilesWrong(
            case="M",
            detail=f"{segment_name(next_number)} is missing: {segment_name(segment.number)} "
            f"is complete up to sequence {self.past.next_sequence - 1} and names it",
        )

    def _leave_unsealed(self, segment: Segment, blocks: Words, at: int, following: Segment) -> None:
        """Go to the next segment without a whole seal: case N, when its first block proves it."""
        header = following.header
        if header is None:
            raise self._damaged("K", following, 0, "the first block of the segment is damaged")
        seal = self._seal_before(header)
        if at == len(blocks) or frame_hash(seal) != header.chain:
            raise self._damaged(
                "E", segment, at, f"frames are missing before {segment_name(following.number)}"
            )
        self._cut("N", segment, blocks, at, "the seal was not finished")
        self.end.seals.append(MissingSeal(segment.number, at * BLOCK_BYTES, seal))
        self.past = Past(
            next_sequence=self.past.next_sequence,
            time_ns=self.past.time_ns,
            epoch=header.epoch,
            chain=header.chain,
        )

    def _seal_before(self, header: SegmentHeader) -> Words:
        """Make the seal that the writer of a segment must have written into the one before."""
        frame = Frame(
            kind=FrameKind.SEAL,
            epoch=header.epoch,
            first_sequence=self.past.next_sequence,
            count=1,
            time_ns=self.past.time_ns,
            synced_sequence=self.past.next_sequence - 1,
            chain=self.past.chain,
        )
        return seal_of(frame, header.segment_number)

    def _stop_or_end(self, place: Place, segment: Segment, blocks: Words, at: int) -> None:
        """Cases B to G, at the first place in the last segment that is not a whole next frame."""
        later = later_says_synced(blocks[at:], self.past.next_sequence)
        case, action = RULES[place.found, later]
        check(action is not Action.APPLY, "reading ends at what is not a frame")
        if action is Action.STOP_OR_ACCEPT and self._accept_tail_loss:
            action = Action.CUT
        if action in (Action.STOP, Action.STOP_OR_ACCEPT):
            raise self._damaged(case, segment, at, place.detail or place.found.value)
        self._cut(case, segment, blocks, at, place.detail)
        self.end.segment = segment
        self.end.offset = at * BLOCK_BYTES

    def _check_blank(self) -> None:
        """A segment without a first block must be empty: it was made ahead (case L, else K)."""
        blank = self.end.blank
        if blank is not None and load(self._storage, blank).any():
            raise self._damaged("K", blank, 0, "its first block was lost")
