"""Many small frames at once: what `verdict.judge` says of each of them, at a tenth of its cost.

A venue that is not busy writes frames of one block. A run is such frames as far as each of them is
whole and the next one: the same checks, on columns instead of frame by frame. Where a run ends
nothing is said; `judge` then looks at that place and decides.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from engine.journal.layout import (
    BLOCK_BYTES,
    BODY_WORD,
    CHAIN_BYTES,
    END_MAGIC,
    FOOT,
    FOOT_BYTES,
    FOOT_WORD,
    FORMAT_VERSION,
    FRAME_MAGIC,
    HEAD_BYTES,
    RECORD_WORDS,
    RECORDS_PER_BLOCK,
    FrameKind,
    Words,
)
from engine.journal.verdict import Past

RUN_BLOCKS_MAX = 256
RUN_BLOCKS_MIN = 4  # fewer are not worth the columns
RECORD_BYTES = RECORD_WORDS * 8
BLOCK_COUNT_WORD = 3  # of a head; the count is its highest quarter

HEAD_COLUMNS = np.dtype(
    [
        ("checksum", "<u4"),
        ("magic", "<u4"),
        ("epoch", "<u8"),
        ("first_sequence", "<u8"),
        ("block_number", "<u2"),
        ("format_version", "<u2"),
        ("kind", "<u2"),
        ("block_count", "<u2"),
        ("count", "<u4"),
        ("body_checksum", "<u4"),
        ("time_ns", "<i8"),
        ("synced_sequence", "<u8"),
        ("last_data_sectors", "<u2"),
        ("reserved", "V6"),
    ]
)
FOOT_COLUMNS = np.dtype(
    [
        ("chain", f"V{CHAIN_BYTES}"),
        ("epoch", "<u8"),
        ("first_sequence", "<u8"),
        ("block_number", "<u2"),
        ("reserved", "V22"),
        ("checksum", "<u4"),
        ("end", "<u4"),
    ]
)
_MAGIC = int.from_bytes(FRAME_MAGIC, "little")
_END = int.from_bytes(END_MAGIC, "little")
_COMMANDS = int(FrameKind.COMMANDS)
_PLACES = np.arange(RECORDS_PER_BLOCK)

if (HEAD_COLUMNS.itemsize, FOOT_COLUMNS.itemsize) != (HEAD_BYTES, FOOT_BYTES):
    raise ImportError("the columns are those of heads and feet")


@dataclass(frozen=True, slots=True)
class Run:
    """Whole frames of one block each, one after the other.

    Attributes:
        blocks: How many.
        records: All their commands as rows of 16 words, a copy.
        past: What the next frame must follow.
    """

    blocks: int
    records: Words
    past: Past


def whole_run(blocks: Words, past: Past) -> Run | None:
    """Find the run at the start of the rest of a segment; nothing when it is short."""
    blocks = blocks[:RUN_BLOCKS_MAX]
    if len(blocks) < RUN_BLOCKS_MIN or int(blocks[0, BLOCK_COUNT_WORD]) >> 48 != 1:
        return None
    heads = np.ascontiguousarray(blocks[:, :BODY_WORD]).view(HEAD_COLUMNS).reshape(-1)
    feet = np.ascontiguousarray(blocks[:, FOOT_WORD:]).view(FOOT_COLUMNS).reshape(-1)
    length = leading(marks_fit(heads, feet, past))
    if length < RUN_BLOCKS_MIN:
        return None
    hashes = checked_hashes(blocks[:length], heads, feet)
    chain = past.chain + b"".join(hashes)
    told = feet["chain"][: len(hashes)].tobytes()
    follows = [
        told[at : at + CHAIN_BYTES] == chain[at : at + CHAIN_BYTES]
        for at in range(0, len(told), CHAIN_BYTES)
    ]
    length = leading(np.array(follows, np.bool_))
    if length < RUN_BLOCKS_MIN:
        return None
    return run_of(blocks[:length], heads[:length], hashes, past)


def leading(holds: NDArray[np.bool_]) -> int:
    """Count how many hold before the first that does not."""
    wrong = np.flatnonzero(~holds)
    return int(wrong[0]) if len(wrong) else len(holds)


def marks_fit(heads: NDArray[np.void], feet: NDArray[np.void], past: Past) -> NDArray[np.bool_]:
    """Tell of each block whether its marks are those of a frame of commands in its place."""
    counts = heads["count"].astype(np.uint64)
    before = np.cumsum(counts) - counts
    fits: NDArray[np.bool_] = (
        (heads["magic"] == _MAGIC)
        & (heads["format_version"] == FORMAT_VERSION)
        & (heads["kind"] == _COMMANDS)
        & (heads["block_number"] == 0)
        & (heads["block_count"] == 1)
        & (counts > 0)
        & (counts <= RECORDS_PER_BLOCK)
        & (heads["epoch"] == past.epoch)
        & (heads["first_sequence"] == before + np.uint64(past.next_sequence))
        & (heads["synced_sequence"] < heads["first_sequence"])
        & (feet["epoch"] == heads["epoch"])
        & (feet["first_sequence"] == heads["first_sequence"])
        & (feet["block_number"] == 0)
        & (feet["end"] == _END)
    )
    return fits


def checked_hashes(blocks: Words, heads: NDArray[np.void], feet: NDArray[np.void]) -> list[bytes]:
    """Hash each block, up to the first with a wrong checksum."""
    raw = blocks.tobytes()
    view = memoryview(raw)
    crc32c, blake2b = google_crc32c.value, hashlib.blake2b
    columns = (heads["checksum"], heads["body_checksum"], heads["count"], feet["checksum"])
    rows = zip(*(column[: len(blocks)].tolist() for column in columns), strict=True)
    hashes: list[bytes] = []
    start = 0
    for head, body, count, foot in rows:
        records, end = start + HEAD_BYTES, start + BLOCK_BYTES
        if (
            crc32c(raw[start + 4 : records]) != head
            or crc32c(raw[records : records + count * RECORD_BYTES]) != body
            or crc32c(raw[end - FOOT_BYTES : end - FOOT_BYTES + FOOT.size]) != foot
        ):
            break
        hashes.append(blake2b(view[start:end], digest_size=CHAIN_BYTES).digest())
        start = end
    return hashes


def run_of(blocks: Words, heads: NDArray[np.void], hashes: list[bytes], past: Past) -> Run | None:
    """Check the records of frames whose bytes are as written, and join them."""
    counts = heads["count"]
    bodies = blocks[:, BODY_WORD:FOOT_WORD].reshape(len(blocks), RECORDS_PER_BLOCK, RECORD_WORDS)
    is_used = counts[:, None] > _PLACES
    if bodies[~is_used].any():
        return None
    records = bodies[is_used]
    times = records[:, 1].view(np.int64)
    ends = np.cumsum(counts) - 1
    in_order = (
        np.array_equal(records[:, 0], np.arange(len(records), dtype=np.uint64) + past.next_sequence)
        and int(times[0]) > past.time_ns
        and bool((times[1:] > times[:-1]).all())
        and np.array_equal(times[ends], heads["time_ns"])
    )
    if not in_order:
        return None
    follows = Past(
        next_sequence=past.next_sequence + len(records),
        time_ns=int(times[-1]),
        epoch=past.epoch,
        chain=hashes[len(blocks) - 1],
    )
    return Run(len(blocks), records, follows)
