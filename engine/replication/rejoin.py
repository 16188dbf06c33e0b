"""What a node's journal must lose before it can follow a leader.

A node that led, or that followed a former leader, may have frames that were never acknowledged and
that the new leader does not have: those from the leader's first sequence on, of an earlier epoch.
They are set to zero, after every byte was copied into a folder beside the journal: nothing goes
without a trace. A journal that differs before that place is moved aside whole, and copied anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from engine.journal.inspect import frames
from engine.journal.layout import FrameKind
from engine.journal.mending import write_zeros
from engine.journal.reader import Cut, ReadFrame
from engine.journal.survey import numbers, segment_name
from engine.ports.storage import Storage

ASIDE_NAME = "set-aside"
_log = structlog.get_logger("engine.replication")


@dataclass(frozen=True, slots=True)
class Own:
    """What this node's journal holds.

    Attributes:
        venue_id: Empty when there is no journal.
        last_sequence: Of its last whole frame.
        epoch: Of that frame.
    """

    venue_id: bytes
    last_sequence: int
    epoch: int


def look(storage: Storage) -> Own:
    """Read the whole journal of a locked folder.

    Raises:
        JournalDamaged: Bytes that were acknowledged, or may have been, are damaged.
        JournalFilesWrong: The folder does not hold one journal.
    """
    if not numbers(storage, from_first=False):
        return Own(b"", 0, 0)
    reader, found = frames(storage)
    epoch = 0
    for read in found:
        if read.frame.kind is FrameKind.COMMANDS:
            epoch = read.frame.epoch
    return Own(reader.venue_id, reader.past.next_sequence - 1, epoch)


def cut_void(
    storage: Storage, make_aside: Callable[[], Storage], epoch: int, first_sequence: int
) -> int:
    """Take off what a leader's epoch made void; give how many commands that was.

    Args:
        storage: The journal's folder, locked.
        make_aside: Makes a new folder for what goes.
        epoch: Of the leader.
        first_sequence: Of that epoch.
    """
    reader, found = frames(storage)
    at: ReadFrame | None = None
    for read in found:
        if at is None and _is_void(read, epoch, first_sequence):
            at = read
    if at is None:
        return 0
    aside = make_aside()
    commands = reader.past.next_sequence - at.frame.first_sequence
    later = [n for n in numbers(storage, from_first=False) if n > at.segment_number]
    for number in reversed(later):
        storage.move(segment_name(number), aside)
    aside.sync_folder()
    storage.sync_folder()
    _set_to_zero(storage, aside, at)
    _log.warning("void_commands_cut", first_sequence=at.frame.first_sequence, commands=commands)
    return commands


def _is_void(read: ReadFrame, epoch: int, first_sequence: int) -> bool:
    frame = read.frame
    return frame.epoch < epoch and frame.first_sequence >= first_sequence


def _set_to_zero(storage: Storage, aside: Storage, at: ReadFrame) -> None:
    file = storage.open(segment_name(at.segment_number))
    try:
        length = file.size_bytes() - at.offset
        void = file.read_at(at.offset, length)
    finally:
        file.close()
    used = len(void.rstrip(b"\0"))
    name = f"void-{at.segment_number:08}-{at.offset:012}.bin"
    aside.create_preallocated(name, used)
    copy = aside.open(name)
    try:
        copy.write_synced(0, void[:used])
    finally:
        copy.close()
    write_zeros(storage, Cut("C", 0, at.segment_number, at.offset, length, "void"))


def new_aside(folder: Path) -> Path:
    """Make a new folder beside a node's journal for what is taken off it."""
    parent = folder / ASIDE_NAME
    parent.mkdir(exist_ok=True)
    aside = parent.joinpath(f"{len(list(parent.iterdir())) + 1:04}")
    aside.mkdir()
    return aside


def set_aside(folder: Path, names: tuple[str, ...]) -> None:
    """Move whole folders of a node's data aside, to be copied anew from the leader."""
    aside = new_aside(folder)
    for name in names:
        if (folder / name).is_dir():
            (folder / name).rename(aside.joinpath(name))
    _log.warning("set_aside", folders=names)
