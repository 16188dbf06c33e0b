"""Which snapshot a start goes on from. The labels go on from those of the journal (A to N).

    case | the newest snapshot                             | action
      O  | there is none, or nobody can take one over      | replay from the first segment
      P  | whole, of this venue and build, and the journal | take it over, replay what follows
         | has its last frame at its place                 |
      Q  | damaged, or of another format or build          | look at the one before it
      R  | of another venue                                | stop: the folders are not of one venue
      S  | whole, but the journal does not have its last   | stop: what was acknowledged is missing
         | frame at its place                              | from the journal
      T  | none is good, and a segment from the first on   | stop (case I)
         | is neither in the journal nor in the archive    |

Only what a later frame of the journal proved to be on disk goes into a snapshot, so a snapshot that
is ahead of its journal is never a crash.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.journal.errors import JournalDamaged, JournalFilesWrong
from engine.journal.layout import BLOCK_BYTES, frame_hash
from engine.journal.reader import Position
from engine.journal.survey import Segment, load, look, numbers
from engine.journal.verdict import Found, examine
from engine.ports.storage import Storage
from engine.snapshot.store import Snapshot, SnapshotBad, newest_first, read


@dataclass(frozen=True, slots=True)
class Passed:
    """A snapshot that was not taken, and why (case Q)."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What a start goes on from; no snapshot: from the first segment."""

    snapshot: Snapshot | None
    passed: tuple[Passed, ...] = ()


def choose(snapshots: Storage, journal: Storage, build: bytes) -> Choice:
    """Find the newest snapshot that is good, reading each at most once.

    Raises:
        JournalFilesWrong: In case R.
        JournalDamaged: In case S.
    """
    passed: list[Passed] = []
    for name in newest_first(snapshots):
        try:
            snapshot = read(snapshots, name)
        except SnapshotBad as bad:
            passed.append(Passed(name, str(bad)))
            continue
        check_venue(snapshot, journal, name)
        if snapshot.header.build != build:
            passed.append(Passed(name, f"{name} was written by another build"))
            continue
        check_position(snapshot.header.position, journal, name)
        return Choice(snapshot, tuple(passed))
    return Choice(None, tuple(passed))


def venue_of(journal: Storage) -> bytes:
    """Return the venue's id as the journal's oldest segment has it; empty without a journal."""
    for number in numbers(journal, from_first=False):
        header = look(journal, number).header
        if header is not None:
            return header.venue_id
    return b""


def check_venue(snapshot: Snapshot, journal: Storage, name: str) -> None:
    """Case R: a snapshot of another venue is not of this folder."""
    venue_id = venue_of(journal)
    if snapshot.header.venue_id != venue_id:
        raise JournalFilesWrong(
            case="R",
            detail=f"{name} is of venue {snapshot.header.venue_id.hex()}, the journal of "
            f"{venue_id.hex() or 'none'}",
        )


def check_position(position: Position, journal: Storage, name: str) -> None:
    """Case S: the last frame of the snapshot lies in the journal, where it was read."""
    if position.segment_number not in numbers(journal, from_first=False):
        raise damaged(position, f"the segment of {name} is missing")
    segment = look(journal, position.segment_number)
    if not holds(journal, segment, position):
        raise damaged(position, f"the last frame of {name} is not in the journal")


def holds(journal: Storage, segment: Segment, position: Position) -> bool:
    """Tell whether a segment has the frame that a position is behind."""
    if segment.header is None or position.offset > segment.size_bytes:
        return False
    if position.last_offset == 0:
        return position.offset == BLOCK_BYTES and segment.header.chain == position.past.chain
    blocks = load(journal, segment)
    first, end = position.last_offset // BLOCK_BYTES, position.offset // BLOCK_BYTES
    if not 0 < first < end:
        return False
    found = examine(blocks[first:])
    whole = found.found is Found.WHOLE and first + found.blocks == end
    return whole and frame_hash(blocks[first:end]) == position.past.chain


def damaged(position: Position, detail: str) -> JournalDamaged:
    """Say where the journal lacks what the snapshot has."""
    return JournalDamaged(
        case="S",
        sequence=position.past.next_sequence - 1,
        segment_number=position.segment_number,
        offset=position.last_offset,
        detail=detail,
    )
