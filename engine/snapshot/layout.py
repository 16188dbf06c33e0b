"""A snapshot file's bytes, format version 1, little endian.

    offset bytes  header (the rest of its 4,096 bytes is zero)
         0     4  checksum            CRC32C of bytes 4 to 191
         4     4  magic               "RSSN"
         8     2  format_version
        10     6  reserved
        16    16  venue_id            of the journal that it follows
        32    16  build               hash of the sources that give the state its layout
        48     8  next_sequence       of the first command that is not in it
        56     8  time_ns             of the last command that is
        64     8  epoch               of the last frame
        72    16  chain               hash of the last frame
        88     8  segment_number      where the next frame lies
        96     8  offset              where in it
       104     8  last_offset         where the last frame begins; 0 when it is none of that segment
       112    16  digest              of the venue's state
       128     8  core_bytes          length of the state
       136     8  feeds_bytes         length of the feeds' state
       144    16  body_hash           BLAKE2b of both
       160    32  reserved
      4096        the state, then the feeds' state

The file is as long as that and not a byte longer. A state is tied to the build that wrote it: its
structs lie there as in memory. Another build replays the journal instead (ADR 13).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from engine.core.invariants import check
from engine.journal.layout import CHECKSUM, crc32c
from engine.journal.reader import Position
from engine.journal.verdict import Past
from engine.ports.storage import Buffer

FORMAT_VERSION = 1
HEADER_BYTES = 4096
HASH_BYTES = 16
MAGIC = b"RSSN"
HEADER = struct.Struct("<4sHHI16s16sQqQ16sQQQ16sQQ16s32x")  # bytes 4 to 191

if HEADER.size != 188:
    raise ImportError("the struct must be as long as the table says")


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotHeader:
    """What the head of a snapshot says."""

    venue_id: bytes
    build: bytes
    position: Position
    digest: int
    core_bytes: int
    feeds_bytes: int
    body_hash: bytes
    format_version: int = FORMAT_VERSION

    @property
    def sequence(self) -> int:
        """The last command that is in it."""
        return self.position.past.next_sequence - 1

    @property
    def file_bytes(self) -> int:
        """The length of the whole file."""
        return HEADER_BYTES + self.core_bytes + self.feeds_bytes


def body_hash(parts: Iterable[Buffer]) -> bytes:
    """Return the hash of a body that is given in parts."""
    digest = hashlib.blake2b(digest_size=HASH_BYTES)
    for part in parts:
        digest.update(part)
    return digest.digest()


def put_header(header: SnapshotHeader) -> bytes:
    """Return the first bytes of a snapshot."""
    past = header.position.past
    check(len(header.build) == len(header.venue_id) == HASH_BYTES, "names have 16 bytes")
    body = HEADER.pack(
        MAGIC,
        header.format_version,
        0,
        0,
        header.venue_id,
        header.build,
        past.next_sequence,
        past.time_ns,
        past.epoch,
        past.chain,
        header.position.segment_number,
        header.position.offset,
        header.position.last_offset,
        header.digest.to_bytes(HASH_BYTES, "little"),
        header.core_bytes,
        header.feeds_bytes,
        header.body_hash,
    )
    return (CHECKSUM.pack(crc32c(body)) + body).ljust(HEADER_BYTES, b"\0")


def get_header(block: bytes) -> SnapshotHeader | None:
    """Read the head of a snapshot; nothing when its bytes are not those that were written."""
    if len(block) != HEADER_BYTES:
        return None
    (checksum,) = CHECKSUM.unpack_from(block)
    body = block[4 : 4 + HEADER.size]
    if checksum != crc32c(body) or not body.startswith(MAGIC) or any(block[4 + HEADER.size :]):
        return None
    (
        _,
        version,
        _,
        _,
        venue_id,
        build,
        next_sequence,
        time_ns,
        epoch,
        chain,
        segment_number,
        offset,
        last_offset,
        digest,
        core_bytes,
        feeds_bytes,
        hashed,
    ) = HEADER.unpack(body)
    past = Past(next_sequence=next_sequence, time_ns=time_ns, epoch=epoch, chain=chain)
    return SnapshotHeader(
        format_version=version,
        venue_id=venue_id,
        build=build,
        position=Position(
            past=past, segment_number=segment_number, offset=offset, last_offset=last_offset
        ),
        digest=int.from_bytes(digest, "little"),
        core_bytes=core_bytes,
        feeds_bytes=feeds_bytes,
        body_hash=hashed,
    )
