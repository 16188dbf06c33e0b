"""The journal's bytes, format version 1, little endian.

A journal is a folder of segments `00000001.rsj`, `00000002.rsj` and so on. A segment is a file of
fixed length that was filled with zeros before its first use. Its first block is the header:

    offset bytes  segment header (the rest of the block is zero)
         0     4  checksum            CRC32C of bytes 4 to 127
         4     4  magic               "RSJS"
         8     2  format_version
        10     6  reserved
        16    16  venue_id            random, the same in all segments of a venue
        32     8  segment_number      from 1, as in the name
        40     8  segment_bytes       length of the file
        48     8  first_sequence      of the first command that may be in it
        56     8  epoch               of the writer that opened it
        64    16  chain               hash of the frame before: the seal of the segment before
        80    48  reserved

Then come frames, one for each batch, without gaps, the last one in a segment a seal. A frame is
one or more whole blocks of 4 KiB, so an acknowledged byte is never written again, and a block is:

    offset bytes  block
         0    64  head
        64  3968  31 records of 128 bytes; zero after the frame's last one
      4032    64  foot

    offset bytes  head (the same in all blocks of a frame but for its number and checksum)
         0     4  head_checksum       CRC32C of bytes 4 to 63 of the head
         4     4  magic               "RSJF"
         8     8  epoch               of the writer; never falls
        16     8  first_sequence      of its commands; of the next command in a seal or a note
        24     2  block_number        in the frame, from 0
        26     2  format_version
        28     2  kind                FrameKind
        30     2  block_count         of the frame: its length
        32     4  count               of records
        36     4  body_checksum       CRC32C of the records, one after the other
        40     8  time_ns             of the last command so far
        48     8  synced_sequence     the last one that was on disk when this frame was written
        56     2  last_data_sectors   leading sectors of the last block that hold data
        58     6  reserved

    offset bytes  foot
         0    16  chain               hash of the frame before; the venue's seed for the first
        16     8  epoch
        24     8  first_sequence
        32     2  block_number
        34    22  reserved
        56     4  foot_checksum       CRC32C of bytes 0 to 55 of the foot
        60     4  end                 "RSJE"; its last byte is the last one of the block

Records by kind: COMMANDS holds command records as they are in memory. SEAL holds one record: the
number of the next segment (8 bytes). TAIL_LOSS holds one: segment number, offset, length and
CRC32C of the lost bytes (8 bytes each).

Three checks, because each sees what the others cannot. The marks in head and foot tell whether
every block of a frame arrived (see `verdict.py`). The CRC32C tells at once, in a microsecond,
whether its bytes are those that were written. The chain, BLAKE2b with 16 bytes over the whole
frame, tells whether it belongs here: a frame from another run or place, or an older copy, has a
good checksum but not this past. BLAKE2b, because it is in the standard library, is fast on every
processor, and its newest value names the whole journal: two nodes can compare one number.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from dataclasses import dataclass
from enum import IntEnum

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND, COMMAND_BYTES
from engine.core.invariants import check
from engine.core.limits import COMMANDS_PER_BATCH_MAX

FORMAT_VERSION = 1
BLOCK_BYTES = 4096
HEAD_BYTES = 64
FOOT_BYTES = 64
CHAIN_BYTES = 16
VENUE_ID_BYTES = 16
RECORDS_PER_BLOCK = 31
BLOCKS_MAX = -(-COMMANDS_PER_BATCH_MAX // RECORDS_PER_BLOCK)

SEGMENT_MAGIC = b"RSJS"
FRAME_MAGIC = b"RSJF"
END_MAGIC = b"RSJE"

SEGMENT = struct.Struct("<4sHHI16sQQQQ16s48x")  # bytes 4 to 127
HEAD = struct.Struct("<4sQQHHHHIIqQHHI")  # bytes 4 to 63
FOOT = struct.Struct("<16sQQHHIQQ")  # bytes 0 to 55
CHECKSUM = struct.Struct("<I")
SEAL = struct.Struct("<Q120x")
TAIL_LOSS = struct.Struct("<QQQQ96x")

# Places in a block, counted in its 512 words of 8 bytes.
BLOCK_WORDS = BLOCK_BYTES // 8
BODY_WORD = HEAD_BYTES // 8
FOOT_WORD = (BLOCK_BYTES - FOOT_BYTES) // 8
RECORD_WORDS = COMMAND_BYTES // 8

Words = NDArray[np.uint64]

if sys.byteorder != "little":
    raise ImportError("records are written as they lie in memory, which must be little endian")
if HEAD_BYTES + RECORDS_PER_BLOCK * COMMAND_BYTES + FOOT_BYTES != BLOCK_BYTES:
    raise ImportError("head, records and foot must fill a block")
if (SEGMENT.size, HEAD.size, FOOT.size) != (124, 60, 56):
    raise ImportError("the structs must be as long as the tables say")
if SEAL.size != COMMAND_BYTES or TAIL_LOSS.size != COMMAND_BYTES:
    raise ImportError("every frame holds records of one length")


class FrameKind(IntEnum):
    """What a frame's records are."""

    COMMANDS = 1
    SEAL = 2
    TAIL_LOSS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a frame's head and foot say.

    `last_data_sectors` and the checksums are not here: they follow from the records.
    """

    kind: FrameKind
    epoch: int
    first_sequence: int
    count: int
    time_ns: int
    synced_sequence: int
    chain: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentHeader:
    """What the first block of a segment says."""

    venue_id: bytes
    segment_number: int
    segment_bytes: int
    first_sequence: int
    epoch: int
    chain: bytes
    format_version: int = FORMAT_VERSION


def crc32c(data: bytes | NDArray[np.uint8] | Words) -> int:
    """Return the CRC32C of contiguous bytes."""
    value: int = google_crc32c.value(data)
    return value


def frame_hash(blocks: Words) -> bytes:
    """Return the hash that the next frame's chain must hold."""
    return hashlib.blake2b(blocks.data, digest_size=CHAIN_BYTES).digest()


def chain_seed(venue_id: bytes) -> bytes:
    """Return the chain of a venue's first frame: frames of another venue fit nowhere in it."""
    return hashlib.blake2b(venue_id, digest_size=CHAIN_BYTES).digest()


def block_count(count: int) -> int:
    """Return how many blocks a frame of `count` records has."""
    return -(-count // RECORDS_PER_BLOCK)


def as_words(records: NDArray[np.void]) -> Words:
    """See COMMAND records as rows of 16 words, without a copy.

    Raises:
        BrokenInvariant: When they are not contiguous COMMAND records.
    """
    check(records.dtype == COMMAND, "a frame holds COMMAND records")
    check(records.flags.c_contiguous, "records lie one after the other")
    return records.view(np.uint64).reshape(-1, RECORD_WORDS)


def deltas(length: int, offset: int) -> NDArray[np.uint32]:
    """Return by how much the number of a block changes a CRC32C, for each number.

    A CRC is linear: what a field adds does not depend on the bytes around it. So all checksums of
    a frame's heads are one checksum and this table, and still plain CRC32C to a reader.
    """
    plain = crc32c(bytes(length))
    rows = (bytes(offset) + number.to_bytes(2, "little") for number in range(BLOCKS_MAX))
    return np.array([crc32c(row.ljust(length, b"\0")) ^ plain for row in rows], "<u4")


HEAD_DELTAS = deltas(HEAD.size, 24 - 4)
FOOT_DELTAS = deltas(FOOT.size, 32)
NUMBERS = np.arange(BLOCKS_MAX, dtype="<u2")


def last_data_sectors(records: Words) -> int:
    """Return how many leading 512-byte sectors of the last block hold data.

    The record before a sector's border has its second half behind it. When that half is zero, the
    sector behind may be too, and its being zero tells nothing.
    """
    in_last = (len(records) - 1) % RECORDS_PER_BLOCK + 1
    sectors = (HEAD_BYTES + COMMAND_BYTES * (in_last - 1)) // 512 + 1
    over_border = in_last % 4 == 0 and bool(records[-1, RECORD_WORDS // 2 :].any())
    return sectors + over_border


def put_marks(blocks: Words, frame: Frame, body_checksum: int, data_sectors: int) -> None:
    """Write head and foot into each of a frame's blocks."""
    blocks_in_frame = len(blocks)
    head = HEAD.pack(
        FRAME_MAGIC,
        frame.epoch,
        frame.first_sequence,
        0,
        FORMAT_VERSION,
        frame.kind,
        blocks_in_frame,
        frame.count,
        body_checksum,
        frame.time_ns,
        frame.synced_sequence,
        data_sectors,
        0,
        0,
    )
    foot = FOOT.pack(frame.chain, frame.epoch, frame.first_sequence, 0, 0, 0, 0, 0)
    head_checksum, foot_checksum = crc32c(head), crc32c(foot)
    head = CHECKSUM.pack(head_checksum) + head
    foot = foot + CHECKSUM.pack(foot_checksum) + END_MAGIC
    blocks[:, :BODY_WORD] = np.frombuffer(head, np.uint64)
    blocks[:, FOOT_WORD:] = np.frombuffer(foot, np.uint64)
    if blocks_in_frame > 1:
        halves = blocks.view("<u4")
        quarters = blocks.view("<u2")
        foot_quarter = FOOT_WORD * 4
        quarters[:, 24 // 2] = NUMBERS[:blocks_in_frame]
        quarters[:, foot_quarter + 32 // 2] = NUMBERS[:blocks_in_frame]
        halves[:, 0] = np.uint32(head_checksum) ^ HEAD_DELTAS[:blocks_in_frame]
        halves[:, FOOT_WORD * 2 + 56 // 4] = (
            np.uint32(foot_checksum) ^ FOOT_DELTAS[:blocks_in_frame]
        )


def put_frame(buffer: Words, frame: Frame, records: Words) -> Words:
    """Lay out a frame at the start of a buffer of blocks and return its blocks.

    Args:
        buffer: At least `block_count(frame.count)` rows of 512 words, reused from frame to frame.
        frame: What head and foot shall say.
        records: `frame.count` rows of 16 words.
    """
    check(len(records) == frame.count, "a frame's count is that of its records")
    check(0 < frame.count <= COMMANDS_PER_BATCH_MAX, "a frame holds 1 to 4,096 records")
    blocks = buffer[: block_count(frame.count)]
    full, rest = divmod(frame.count, RECORDS_PER_BLOCK)
    in_full = full * RECORDS_PER_BLOCK
    blocks[:full, BODY_WORD:FOOT_WORD] = records[:in_full].reshape(full, FOOT_WORD - BODY_WORD)
    if rest:
        end = BODY_WORD + rest * RECORD_WORDS
        blocks[full, BODY_WORD:end] = records[in_full:].reshape(-1)
        blocks[full, end:FOOT_WORD] = 0
    put_marks(blocks, frame, crc32c(records), last_data_sectors(records))
    return blocks


def new_buffer(blocks: int) -> Words:
    """Return room for a frame of that many blocks, aligned as numpy aligns."""
    return np.zeros((blocks, BLOCK_WORDS), np.uint64)


def one_record(record: bytes) -> Words:
    """Return the single record of a seal or a note as words."""
    return np.frombuffer(record, np.uint64).reshape(1, RECORD_WORDS)


def seal_of(frame: Frame, next_segment: int) -> Words:
    """Return the blocks of a seal. They follow from their arguments: recovery can repeat them."""
    check(frame.kind == FrameKind.SEAL, "a seal is a frame of its own kind")
    return put_frame(new_buffer(1), frame, one_record(SEAL.pack(next_segment)))


def put_header(header: SegmentHeader) -> bytes:
    """Return the first block of a segment."""
    body = SEGMENT.pack(
        SEGMENT_MAGIC,
        header.format_version,
        0,
        0,
        header.venue_id,
        header.segment_number,
        header.segment_bytes,
        header.first_sequence,
        header.epoch,
        header.chain,
    )
    return (CHECKSUM.pack(crc32c(body)) + body).ljust(BLOCK_BYTES, b"\0")


def get_header(block: bytes) -> SegmentHeader | None:
    """Read the first block of a segment; nothing when its bytes are not those that were written."""
    (checksum,) = CHECKSUM.unpack_from(block)
    body = block[4:128]
    if checksum != crc32c(body) or any(block[128:]):
        return None
    magic, version, _, _, venue_id, number, size, first, epoch, chain = SEGMENT.unpack(body)
    if magic != SEGMENT_MAGIC:
        return None
    return SegmentHeader(
        format_version=version,
        venue_id=venue_id,
        segment_number=number,
        segment_bytes=size,
        first_sequence=first,
        epoch=epoch,
        chain=chain,
    )
