"""What is done to bytes that are to go: kept in a file of their own, or only set to zero."""

from __future__ import annotations

from engine.journal.reader import Cut
from engine.journal.survey import PREPARED_NAME, lost_name, segment_name
from engine.ports.storage import Storage

ZEROS = bytes(1 << 20)


def write_zeros(storage: Storage, cut: Cut) -> None:
    """Set cut bytes to zero, so that no later frame can ever be taken for part of them."""
    file = storage.open(segment_name(cut.segment_number))
    try:
        for done in range(0, cut.length, len(ZEROS)):
            part = min(len(ZEROS), cut.length - done)
            file.write_at(cut.offset + done, memoryview(ZEROS)[:part])
        file.sync()
    finally:
        file.close()


def keep_lost(storage: Storage, cut: Cut) -> None:
    """Copy bytes whose loss was accepted to a file of their own, by which it is then journaled."""
    name = lost_name(cut.segment_number, cut.offset)
    if name in storage.list():
        return
    file = storage.open(segment_name(cut.segment_number))
    try:
        lost = file.read_at(cut.offset, cut.length)
    finally:
        file.close()
    storage.create_preallocated(PREPARED_NAME, len(lost))
    copy = storage.open(PREPARED_NAME)
    try:
        copy.write_synced(0, lost)
    finally:
        copy.close()
    storage.rename(PREPARED_NAME, name)
    storage.sync_folder()
