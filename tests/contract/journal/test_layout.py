"""The bytes are those that the tables in `engine.journal.layout` draw."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.commands import COMMAND
from engine.core.invariants import BrokenInvariant
from engine.journal import layout
from engine.journal.layout import Frame, FrameKind, SegmentHeader
from tests.support.journal import VENUE_ID, make_commands

CHAIN = bytes(range(100, 116))


def frame_of(count: int) -> Frame:
    return Frame(
        kind=FrameKind.COMMANDS,
        epoch=3,
        first_sequence=7,
        count=count,
        time_ns=1_006 + count,
        synced_sequence=6,
        chain=CHAIN,
    )


def blocks_of(count: int, buffer: layout.Words | None = None) -> list[bytes]:
    buffer = layout.new_buffer(layout.BLOCKS_MAX) if buffer is None else buffer
    records = layout.as_words(make_commands(7, count))
    return [block.tobytes() for block in layout.put_frame(buffer, frame_of(count), records)]


def number(data: bytes) -> int:
    return int.from_bytes(data, "little")


@pytest.mark.parametrize(("count", "blocks"), [(1, 1), (31, 1), (32, 2), (62, 2), (4096, 133)])
def test_a_frame_is_whole_blocks_of_31_records(count: int, blocks: int) -> None:
    """Every block holds 31 records; the last one is filled up with zeros."""
    assert blocks == len(blocks_of(count))


@pytest.mark.parametrize("count", [1, 31, 100, 4096])
def test_every_block_carries_its_own_plain_checksums(count: int) -> None:
    """Head and foot of each block have the CRC32C of their own bytes, number included."""
    for index, block in enumerate(blocks_of(count)):
        assert layout.crc32c(block[4:64]) == number(block[:4])
        assert layout.crc32c(block[4032:4088]) == number(block[4088:4092])
        assert index == number(block[24:26]) == number(block[4064:4066])


def test_the_head_lies_where_the_table_says() -> None:
    """Each field of the head is at its offset."""
    block = blocks_of(40)[1]
    assert block[4:8] == b"RSJF"
    assert (3, 7, 1) == (number(block[8:16]), number(block[16:24]), number(block[24:26]))
    assert (1, 1, 2) == (number(block[26:28]), number(block[28:30]), number(block[30:32]))
    assert (40, 1_046, 6) == (
        number(block[32:36]),
        number(block[40:48]),
        number(block[48:56]),
    )
    assert block[58:64] == bytes(6)


def test_the_foot_lies_where_the_table_says() -> None:
    """Each field of the foot is at its offset, and the last byte of the block is the end's."""
    block = blocks_of(40)[1]
    assert block[4032:4048] == CHAIN
    assert (3, 7, 1) == (
        number(block[4048:4056]),
        number(block[4056:4064]),
        number(block[4064:4066]),
    )
    assert block[4066:4088] == bytes(22)
    assert block[4092:] == b"RSJE"


def test_records_lie_in_blocks_as_they_lie_in_memory() -> None:
    """A record of the journal is the 128 bytes of the command."""
    blocks = blocks_of(40)
    body = b"".join(block[64:4032] for block in blocks)
    commands = make_commands(7, 40).tobytes()
    assert commands == body[: len(commands)]
    assert not any(body[len(commands) :])
    assert layout.crc32c(commands) == number(blocks[0][36:40])


def test_a_buffer_used_again_leaves_nothing_of_the_frame_before() -> None:
    """The bytes of a frame depend on its commands only, not on what its buffer held."""
    buffer = layout.new_buffer(layout.BLOCKS_MAX)
    fresh = blocks_of(5)
    blocks_of(4096, buffer)
    assert fresh == blocks_of(5, buffer)


def test_the_hash_covers_every_byte_of_a_frame() -> None:
    """One changed bit anywhere gives another hash."""
    blocks = layout.put_frame(
        layout.new_buffer(1), frame_of(3), layout.as_words(make_commands(7, 3))
    ).copy()
    before = layout.frame_hash(blocks)
    for word in (0, 7, 8, 60, 300, 504, 511):
        changed = blocks.copy()
        changed[0, word] ^= np.uint64(1)
        assert before != layout.frame_hash(changed)


@pytest.mark.parametrize(
    ("count", "second_half", "sectors"),
    [(1, 1, 1), (3, 1, 1), (4, 1, 2), (4, 0, 1), (5, 0, 2), (28, 1, 8), (28, 0, 7), (31, 0, 8)],
)
def test_the_head_says_which_sectors_of_the_last_block_hold_data(
    count: int, second_half: int, sectors: int
) -> None:
    """A record's second half in a sector of its own counts only when it is not zero."""
    records = layout.as_words(make_commands(1, count))
    records[-1, 8:] = second_half
    assert sectors == layout.last_data_sectors(records)


def test_a_segment_header_reads_back_as_it_was_written() -> None:
    """The first block of a segment keeps all its fields."""
    header = SegmentHeader(
        venue_id=VENUE_ID,
        segment_number=9,
        segment_bytes=1 << 26,
        first_sequence=77,
        epoch=4,
        chain=CHAIN,
    )
    block = layout.put_header(header)
    assert len(block) == 4096
    assert block[4:8] == b"RSJS"
    assert header == layout.get_header(block)


@pytest.mark.slow
def test_a_segment_header_with_any_changed_bit_is_no_header() -> None:
    """All bits of the first block are checked, those of its zeros too."""
    header = SegmentHeader(
        venue_id=VENUE_ID,
        segment_number=1,
        segment_bytes=1 << 26,
        first_sequence=1,
        epoch=1,
        chain=CHAIN,
    )
    block = bytearray(layout.put_header(header))
    for bit in range(len(block) * 8):
        block[bit // 8] ^= 1 << bit % 8
        assert layout.get_header(bytes(block)) is None
        block[bit // 8] ^= 1 << bit % 8


def test_records_of_another_kind_are_refused() -> None:
    """Only contiguous COMMAND records go into a frame."""
    with pytest.raises(BrokenInvariant):
        layout.as_words(np.zeros(2, "<u8"))
    with pytest.raises(BrokenInvariant):
        layout.as_words(np.zeros(4, COMMAND)[::2])


@pytest.mark.parametrize("count", [0, 4097])
def test_a_frame_of_no_or_too_many_records_is_refused(count: int) -> None:
    """A frame holds 1 to 4,096 records."""
    records = np.zeros((count, 16), np.uint64)
    with pytest.raises(BrokenInvariant):
        layout.put_frame(layout.new_buffer(layout.BLOCKS_MAX + 1), frame_of(count), records)
