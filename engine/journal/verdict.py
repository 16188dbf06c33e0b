"""What lies at a place in the journal, and what recovery does about it.

The writer syncs a frame before it writes the next one, and acknowledges only what is synced. Bytes
that were never written are zero. So a frame that was cut off by a crash is the last one, and some
part of it is still zero (or, where a disk brings old bytes back, stale); while a frame that was
synced and then changed has bytes everywhere, and they are wrong.

    case | at the place                  | a later frame says | action
         |                               | it was synced      |
      A  | a whole frame, the next one   | -                  | apply
      B  | nothing, and nothing after    | no                 | end here
      C  | an unfinished frame           | no                 | cut: it was never acknowledged
      D  | a damaged frame               | no                 | stop, or cut when the operator
         |                               |                    | accepts the loss
      E  | nothing, unfinished, damaged  | yes                | stop: acknowledged data is damaged
      F  | a whole frame, not the next   | -                  | stop: it belongs elsewhere
      G  | a whole frame of unknown kind | -                  | stop: a newer program wrote it
         | or format                     |                    |

Unfinished: a block is zero, or ends in zero, or a sector of it that must hold data is zero, or its
marks are good but another frame's. Damaged: all is there, and a checksum is wrong. One changed bit
can not make a damaged frame look unfinished: the last byte of a block has three bits set, the marks
have checksums, and every sector that must hold data holds more than one bit.

What this cannot tell on a lone node: a disk that loses the last acknowledged frame so that zeros
are left looks like a crash before its sync. Only a second copy of the journal can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy as np

from engine.core.limits import COMMANDS_PER_BATCH_MAX
from engine.journal.layout import (
    BLOCK_BYTES,
    BODY_WORD,
    CHECKSUM,
    END_MAGIC,
    FOOT,
    FOOT_BYTES,
    FOOT_WORD,
    FORMAT_VERSION,
    FRAME_MAGIC,
    HEAD,
    HEAD_BYTES,
    RECORD_WORDS,
    Frame,
    FrameKind,
    Words,
    block_count,
    crc32c,
    frame_hash,
    new_buffer,
    put_marks,
)

SECTORS_PER_BLOCK = 8
SECTOR_WORDS = 64
FOOT_SECTOR = SECTORS_PER_BLOCK - 1
KINDS = frozenset(map(int, FrameKind))


class Found(Enum):
    """What lies at a place."""

    WHOLE = "a whole frame"
    NOTHING = "nothing"
    UNFINISHED = "an unfinished frame"
    DAMAGED = "a damaged frame"
    MISPLACED = "a frame that belongs elsewhere"
    UNKNOWN = "a frame that this program does not know"


class Action(Enum):
    """What recovery does."""

    APPLY = "apply"
    END = "end"
    CUT = "cut"
    STOP_OR_ACCEPT = "stop or accept"
    STOP = "stop"


# (what lies there, whether a later frame says that it was synced): the label and the action.
RULES: dict[tuple[Found, bool], tuple[str, Action]] = {
    (Found.WHOLE, False): ("A", Action.APPLY),
    (Found.WHOLE, True): ("A", Action.APPLY),
    (Found.NOTHING, False): ("B", Action.END),
    (Found.UNFINISHED, False): ("C", Action.CUT),
    (Found.DAMAGED, False): ("D", Action.STOP_OR_ACCEPT),
    (Found.NOTHING, True): ("E", Action.STOP),
    (Found.UNFINISHED, True): ("E", Action.STOP),
    (Found.DAMAGED, True): ("E", Action.STOP),
    (Found.MISPLACED, False): ("F", Action.STOP),
    (Found.MISPLACED, True): ("F", Action.STOP),
    (Found.UNKNOWN, False): ("G", Action.STOP),
    (Found.UNKNOWN, True): ("G", Action.STOP),
}


class Head(NamedTuple):
    """What a head says, its checksum being good. A tuple, because every frame read makes one."""

    epoch: int
    first_sequence: int
    block_number: int
    format_version: int
    kind: int
    block_count: int
    record_count: int
    body_checksum: int
    time_ns: int
    synced_sequence: int
    last_data_sectors: int


class Foot(NamedTuple):
    """What a foot says, its checksum being good."""

    chain: bytes
    epoch: int
    first_sequence: int
    block_number: int


@dataclass(frozen=True, slots=True)
class Place:
    """What lies at a place.

    `frame`, `records` (rows of 16 words), `blocks` and `hash` are there for a whole frame only.
    """

    found: Found
    detail: str
    frame: Frame | None = None
    records: Words | None = None
    blocks: int = 0
    hash: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the next frame must follow."""

    next_sequence: int
    time_ns: int
    epoch: int
    chain: bytes


def get_head(block: bytes) -> Head | None:
    """Read the head of a block; nothing when its bytes are not those that were written."""
    body = block[4:HEAD_BYTES]
    (checksum,) = CHECKSUM.unpack_from(block)
    if checksum != crc32c(body) or not body.startswith(FRAME_MAGIC):
        return None
    return Head(*HEAD.unpack(body)[1:12])


def get_foot(block: bytes) -> Foot | None:
    """Read the foot of a block; nothing when its bytes are not those that were written."""
    foot = block[-FOOT_BYTES:]
    (checksum,) = CHECKSUM.unpack_from(foot, FOOT.size)
    if checksum != crc32c(foot[: FOOT.size]) or not foot.endswith(END_MAGIC):
        return None
    return Foot(*FOOT.unpack_from(foot)[:4])


def sector_is_zero(block: Words, sector: int) -> bool:
    """Tell whether a 512-byte sector of a block is all zero."""
    return not block[sector * SECTOR_WORDS : (sector + 1) * SECTOR_WORDS].any()


def lacks_bytes(block: Words) -> bool:
    """Tell whether a block was not written to its end, or not from its start."""
    return block.view(np.uint8)[-1] == 0 or sector_is_zero(block, 0)


def is_unfinished(block: Words, frame: Head, number: int) -> bool:
    """Tell whether a block of a frame was never written as such."""
    if lacks_bytes(block):
        return True
    raw = block.tobytes()
    head, foot = get_head(raw), get_foot(raw)
    marks = {(mark.epoch, mark.first_sequence, mark.block_number) for mark in (head, foot) if mark}
    if marks - {(frame.epoch, frame.first_sequence, number)}:
        return True
    is_last = number == frame.block_count - 1
    sectors = min(frame.last_data_sectors, FOOT_SECTOR) if is_last else FOOT_SECTOR
    return any(sector_is_zero(block, sector) for sector in range(1, sectors))


def bad(blocks: Words, frame: Head, detail: str) -> Place:
    """Say of a frame whose bytes are not as written whether they are missing or wrong."""
    for number in range(frame.block_count):
        if is_unfinished(blocks[number], frame, number):
            return Place(Found.UNFINISHED, f"block {number} of {frame.block_count} is not there")
    return Place(Found.DAMAGED, detail)


def frame_of(head: Head, chain: bytes) -> Frame:
    """Return what a frame's marks say, those of its first block being right."""
    return Frame(
        kind=FrameKind(head.kind),
        epoch=head.epoch,
        first_sequence=head.first_sequence,
        count=head.record_count,
        time_ns=head.time_ns,
        synced_sequence=head.synced_sequence,
        chain=chain,
    )


def marks_are_right(blocks: Words, head: Head, chain: bytes) -> bool:
    """Compare all heads and feet of a frame with those that its first block asks for."""
    right = new_buffer(len(blocks))
    frame = frame_of(head, chain)
    put_marks(right, frame, head.body_checksum, head.last_data_sectors)
    heads = np.array_equal(right[:, :BODY_WORD], blocks[:, :BODY_WORD])
    return heads and np.array_equal(right[:, FOOT_WORD:], blocks[:, FOOT_WORD:])


def head_problem(head: Head, room: int) -> str:
    """Say what in a head no writer would have written."""
    if not 0 < head.record_count <= COMMANDS_PER_BATCH_MAX:
        return f"the head counts {head.record_count} records"
    if head.block_count != block_count(head.record_count):
        return f"the head counts {head.block_count} blocks for {head.record_count} records"
    if head.block_number != 0:
        return f"block {head.block_number} of a frame stands where a frame begins"
    if head.block_count > room:
        return "the frame is longer than the rest of the segment"
    return ""


def examine(blocks: Words) -> Place:
    """Tell what lies at the start of the rest of a segment."""
    raw = blocks[0].tobytes()
    head = get_head(raw)
    if head is None:
        return without_head(blocks)
    if head.format_version != FORMAT_VERSION or head.kind not in KINDS:
        detail = f"format version {head.format_version}, frame kind {head.kind}"
        return Place(Found.UNKNOWN, detail)
    if problem := head_problem(head, len(blocks)):
        return Place(Found.DAMAGED, problem)
    blocks = blocks[: head.block_count]
    foot = get_foot(raw)
    if foot is None:
        return bad(blocks, head, "the foot of block 0 has a wrong checksum")
    if head.block_count == 1:
        marks = foot[1:] == (head.epoch, head.first_sequence, 0)
    else:
        marks = marks_are_right(blocks, head, foot.chain)
    if not marks:
        return bad(blocks, head, "a head or foot has a wrong checksum")
    return examine_body(blocks, head, foot.chain)


def without_head(blocks: Words) -> Place:
    """Tell what lies where no good head is."""
    first = blocks[0]
    if not first.any():
        rest = bool(blocks.any())
        return Place(Found.UNFINISHED, "its first block") if rest else Place(Found.NOTHING, "")
    if lacks_bytes(first):
        return Place(Found.UNFINISHED, "block 0 is not there")
    return Place(Found.DAMAGED, "the head of block 0 has a wrong checksum")


def examine_body(blocks: Words, head: Head, chain: bytes) -> Place:
    """Check the records of a frame whose heads and feet are right."""
    # A copy, because whoever keeps a batch must not keep the whole segment in memory.
    body = blocks[:, BODY_WORD:FOOT_WORD].copy().reshape(-1, RECORD_WORDS)
    records = body[: head.record_count]
    if crc32c(records) != head.body_checksum:
        return bad(blocks, head, "the records have a wrong checksum")
    if body[head.record_count :].any():
        return bad(blocks, head, "there are bytes after the last record")
    frame = frame_of(head, chain)
    return Place(Found.WHOLE, "", frame, records, head.block_count, frame_hash(blocks))


def misplaced(place: Place, past: Past) -> str:
    """Say why a whole frame is not the next one; nothing when it is."""
    frame, records = place.frame, place.records
    if frame is None or records is None:
        return ""
    if frame.chain != past.chain:
        return "the frame does not follow the one before it (chain)"
    if frame.first_sequence != past.next_sequence:
        return f"the frame begins with sequence {frame.first_sequence}"
    if frame.epoch < past.epoch:
        return f"the frame is of epoch {frame.epoch}, after one of epoch {past.epoch}"
    if frame.synced_sequence >= frame.first_sequence:
        return "the frame says that it was synced before it was written"
    if frame.kind != FrameKind.COMMANDS:
        return "" if frame.time_ns == past.time_ns else "a seal or note with a time of its own"
    expected = np.arange(frame.count, dtype=np.uint64) + np.uint64(frame.first_sequence)
    if not np.array_equal(records[:, 0], expected):
        return "its commands are not in sequence"
    times = records[:, 1].view(np.int64)
    rises = int(times[0]) > past.time_ns and bool((times[1:] > times[:-1]).all())
    is_right = rises and int(times[-1]) == frame.time_ns
    return "" if is_right else "its commands are not in order of time"


def judge(blocks: Words, past: Past) -> Place:
    """Tell what lies at the start of the rest of a segment, knowing what came before."""
    place = examine(blocks)
    why = misplaced(place, past)
    return Place(Found.MISPLACED, why) if why else place


def later_says_synced(blocks: Words, next_sequence: int) -> bool:
    """Tell whether any block says that `next_sequence` was on disk when it was written."""
    for index in np.flatnonzero(blocks[:, 0]):
        head = get_head(blocks[index].tobytes())
        if head is not None and head.synced_sequence >= next_sequence:
            return True
    return False


def is_zero_after(blocks: Words) -> int:
    """Return how many blocks there are up to the last one that is not zero."""
    used = np.flatnonzero(blocks.any(axis=1))
    return int(used[-1]) + 1 if len(used) else 0


if HEAD_BYTES + FOOT_BYTES > BLOCK_BYTES or SECTORS_PER_BLOCK * SECTOR_WORDS * 8 != BLOCK_BYTES:
    raise ImportError("a block is made of whole sectors")
