"""The header of a snapshot has the bytes that it had when its version was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.invariants import BrokenInvariant
from engine.journal.reader import Position
from engine.journal.verdict import Past
from engine.snapshot.layout import (
    FORMAT_VERSION,
    HEADER_BYTES,
    SnapshotHeader,
    body_hash,
    get_header,
    put_header,
)

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "snapshot" / "header-v1.bin"
HEADER = SnapshotHeader(
    venue_id=bytes(range(16)),
    build=bytes(range(16, 32)),
    position=Position(
        past=Past(next_sequence=43, time_ns=1_700_000_000, epoch=3, chain=bytes(range(32, 48))),
        segment_number=2,
        offset=3 * 4096,
        last_offset=2 * 4096,
    ),
    digest=(1 << 120) + 7,
    core_bytes=1_000,
    feeds_bytes=77,
    body_hash=body_hash([b"a", b"body"]),
)


def test_the_golden_header_reads_as_what_it_was_written_from() -> None:
    """Version 1, for ever; a new version gets a file of its own."""
    assert 1 == FORMAT_VERSION
    golden = GOLDEN.read_bytes().ljust(HEADER_BYTES, b"\0")
    assert HEADER == get_header(golden)
    assert golden == put_header(HEADER)


def test_a_header_tells_its_sequence_and_the_length_of_its_file() -> None:
    """The last command that is in it, and all bytes."""
    assert 42 == HEADER.sequence
    assert HEADER_BYTES + 1_077 == HEADER.file_bytes


def test_the_hash_of_a_body_is_that_of_its_parts_together() -> None:
    """However the parts are cut."""
    assert body_hash([b"abc"]) == body_hash([b"a", b"", b"bc"]) != body_hash([b"ab"])


@pytest.mark.parametrize("length", [0, 4, 192, HEADER_BYTES - 1, HEADER_BYTES + 1])
def test_a_header_of_another_length_is_none(length: int) -> None:
    """Whoever reads less than a block has no header."""
    assert get_header(put_header(HEADER).ljust(length, b"\0")[:length]) is None


def test_names_have_their_length() -> None:
    """A venue and a build are named by 16 bytes."""
    with pytest.raises(BrokenInvariant, match="16 bytes"):
        put_header(
            SnapshotHeader(
                venue_id=b"short",
                build=HEADER.build,
                position=HEADER.position,
                digest=0,
                core_bytes=0,
                feeds_bytes=0,
                body_hash=HEADER.body_hash,
            )
        )
