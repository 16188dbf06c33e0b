"""Which files a journal has: exactly its segments, each checked by its first block.

    case | in the folder                                  | action
      H  | a name that is not a journal's                 | stop
      I  | a number is missing before a segment           | stop
      J  | a segment of another venue, number, length or  | stop
         | format                                         |
      K  | a first block that is damaged, or zero before  | stop: it is damage
         | other bytes or other segments                  |
      L  | a last segment that is all zero                | use it next: it was made ahead
      M  | a seal, and no segment after it                | stop
      N  | no whole seal, but a segment after it whose    | write that seal again: a crash came
         | first block has the hash of the missing seal   | before it was on disk, and what it
         |                                                | must be is known to the byte

H, I, J, L are decided here; K, M, N by the reader, which knows what came before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from engine.journal.errors import JournalFilesWrong
from engine.journal.layout import (
    BLOCK_BYTES,
    BLOCK_WORDS,
    FORMAT_VERSION,
    SegmentHeader,
    Words,
    get_header,
)
from engine.ports.storage import Storage

PREPARED_NAME = "prepare.tmp"  # a segment that is being filled with zeros
SEGMENT_NAME = re.compile(r"([0-9]{8})\.rsj")
LOST_NAME = re.compile(r"lost-([0-9]{8})-([0-9]{12})\.bin")
SEGMENT_BLOCKS_MIN = 3  # header, one frame, seal


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment as its first block shows it.

    Attributes:
        number: From its name.
        size_bytes: Length of the file.
        header: What the first block says; nothing when it is zero or wrong.
        is_blank: The first block is all zero.
    """

    number: int
    size_bytes: int
    header: SegmentHeader | None
    is_blank: bool


def segment_name(number: int) -> str:
    """Return the name of a segment's file."""
    return f"{number:08}.rsj"


def lost_name(segment_number: int, offset: int) -> str:
    """Return the name of the file that keeps bytes whose loss the operator accepted."""
    return f"lost-{segment_number:08}-{offset:012}.bin"


def load(storage: Storage, segment: Segment) -> Words:
    """Read a whole segment as blocks of 512 words."""
    file = storage.open(segment_name(segment.number))
    try:
        raw = file.read_at(0, segment.size_bytes)
    finally:
        file.close()
    return np.frombuffer(raw, np.uint64).reshape(-1, BLOCK_WORDS)


def survey(storage: Storage, *, from_first: bool = True) -> list[Segment]:
    """List the segments by number, the blank one at the end included.

    Args:
        storage: The folder.
        from_first: Whether segment 1 must be there; without, older ones may be in the archive.

    Raises:
        JournalFilesWrong: In the cases H, I and J.
    """
    segments = [look(storage, number) for number in numbers(storage, from_first=from_first)]
    first = next((segment.header for segment in segments if segment.header), None)
    for segment in segments:
        if segment.header is not None and first is not None:
            check_header(segment, segment.header, first)
    return segments


def numbers(storage: Storage, *, from_first: bool = True) -> list[int]:
    """Return the numbers of the segments: 1, 2, 3 and so on, or from a later one on."""
    found = []
    for name in storage.list():
        if match := SEGMENT_NAME.fullmatch(name):
            found.append(int(match[1]))
        elif name != PREPARED_NAME and not LOST_NAME.fullmatch(name):
            raise JournalFilesWrong(
                case="H", detail=f"{name} is no file of a journal; move it out of the folder"
            )
    first = 1 if from_first else min(found, default=1)
    for expected, number in enumerate(sorted(found), first):
        if number != expected:
            raise JournalFilesWrong(
                case="I",
                detail=f"{segment_name(expected)} is missing, {segment_name(number)} is there",
            )
    return sorted(found)


def look(storage: Storage, number: int) -> Segment:
    """Read the first block of a segment."""
    file = storage.open(segment_name(number))
    try:
        size_bytes = file.size_bytes()
        if size_bytes < SEGMENT_BLOCKS_MIN * BLOCK_BYTES or size_bytes % BLOCK_BYTES:
            raise JournalFilesWrong(
                case="J",
                detail=f"{segment_name(number)} has {size_bytes} bytes: it was cut off or is not "
                "a segment",
            )
        block = file.read_at(0, BLOCK_BYTES)
    finally:
        file.close()
    return Segment(number, size_bytes, get_header(block), not any(block))


def check_header(segment: Segment, header: SegmentHeader, first: SegmentHeader) -> None:
    """Refuse a segment that is not the one that its name says, of this venue."""
    name = segment_name(segment.number)
    if header.format_version != FORMAT_VERSION:
        detail = f"{name} has format version {header.format_version}, not {FORMAT_VERSION}"
    elif header.venue_id != first.venue_id:
        detail = f"{name} is of venue {header.venue_id.hex()}, not {first.venue_id.hex()}"
    elif header.segment_number != segment.number:
        detail = f"{name} holds segment {header.segment_number}: a copy under another name"
    elif header.segment_bytes != segment.size_bytes:
        detail = f"{name} has {segment.size_bytes} bytes, its header says {header.segment_bytes}"
    else:
        return
    raise JournalFilesWrong(case="J", detail=detail)
