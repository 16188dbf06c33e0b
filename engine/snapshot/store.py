"""The folder of snapshots: two whole ones, the newer first.

Writing never puts a good one at risk:

    1. the bytes go to `prepare.tmp`, and are synced;
    2. it gets its name, and the folder is synced;
    3. only then all but the two newest are removed, and the folder is synced again.

A crash before 2 leaves a `prepare.tmp`, which the next writing replaces; at 2 the file is there
whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.invariants import check
from engine.ports.storage import Buffer, Storage, StorageLost
from engine.snapshot.layout import (
    FORMAT_VERSION,
    HEADER_BYTES,
    SnapshotHeader,
    body_hash,
    get_header,
    put_header,
)

PREPARED_NAME = "prepare.tmp"
SNAPSHOT_NAME = re.compile(r"snapshot-([0-9]{20})\.rss")
KEPT = 2
READ_BYTES = 1 << 24


class SnapshotBad(Exception):
    """The file is not a whole snapshot of this format; the message says why."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot whose bytes are those that were written."""

    header: SnapshotHeader
    core: NDArray[np.uint8]
    feeds: NDArray[np.uint8]


def snapshot_name(sequence: int) -> str:
    """Return the name of the snapshot that ends with a sequence."""
    return f"snapshot-{sequence:020}.rss"


def newest_first(storage: Storage) -> list[str]:
    """List the snapshots of a folder by their names."""
    return [name for name in reversed(storage.list()) if SNAPSHOT_NAME.fullmatch(name)]


def write(storage: Storage, header: SnapshotHeader, parts: Sequence[Buffer]) -> str:
    """Write a snapshot and drop what is older than the one before it; return its name.

    Raises:
        StorageFull: There is no room; the older ones are as they were.
        StorageLost: The disk failed.
    """
    name = snapshot_name(header.sequence)
    if PREPARED_NAME in storage.list():
        storage.remove(PREPARED_NAME)
    storage.create_preallocated(PREPARED_NAME, header.file_bytes)
    file = storage.open(PREPARED_NAME)
    try:
        file.write_at(0, put_header(header))
        offset = HEADER_BYTES
        for part in parts:
            if len(part):
                file.write_at(offset, part)
            offset += len(part)
        check(offset == header.file_bytes, "a snapshot is as long as its header says")
        file.sync()
    finally:
        file.close()
    if name in storage.list():  # one of a build before, or a damaged one
        storage.remove(name)
    storage.rename(PREPARED_NAME, name)
    storage.sync_folder()
    for old in newest_first(storage)[KEPT:]:
        storage.remove(old)
    storage.sync_folder()
    return name


def read_header(storage: Storage, name: str) -> SnapshotHeader:
    """Read the head of a snapshot.

    Raises:
        SnapshotBad: It is not one of this format, or its length is wrong.
    """
    file = storage.open(name)
    try:
        size = file.size_bytes()
        if size < HEADER_BYTES:
            raise SnapshotBad(f"{name} has {size} bytes: it was cut off")
        header = get_header(file.read_at(0, HEADER_BYTES))
    finally:
        file.close()
    if header is None:
        raise SnapshotBad(f"{name}: the header is damaged")
    if header.format_version != FORMAT_VERSION:
        raise SnapshotBad(f"{name} has format version {header.format_version}")
    if name != snapshot_name(header.sequence):
        raise SnapshotBad(f"{name} holds sequence {header.sequence}: a copy under another name")
    if size != header.file_bytes:
        raise SnapshotBad(f"{name} has {size} bytes, its header says {header.file_bytes}")
    return header


def read(storage: Storage, name: str) -> Snapshot:
    """Read a whole snapshot and compare its hash.

    Raises:
        SnapshotBad: A byte of it is not as it was written.
    """
    header = read_header(storage, name)
    length = header.core_bytes + header.feeds_bytes
    body = np.empty(length, np.uint8)
    try:
        file = storage.open(name)
        try:
            for done in range(0, length, READ_BYTES):
                part = file.read_at(HEADER_BYTES + done, min(READ_BYTES, length - done))
                body[done : done + len(part)] = np.frombuffer(part, np.uint8)
        finally:
            file.close()
    except StorageLost as error:
        raise SnapshotBad(f"{name} cannot be read: {error}") from error
    if body_hash([body.data]) != header.body_hash:
        raise SnapshotBad(f"{name}: the body is damaged")
    return Snapshot(header, body[: header.core_bytes], body[header.core_bytes :])
