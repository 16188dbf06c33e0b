"""Cut a journal before a sequence, on an operator's word, keeping every byte that goes.

It is for a node whose journal has commands that must not be replayed, and whose loss the operator
answers for. What was acknowledged from there on is lost to its clients. The order makes a crash at
any moment of it harmless:

    1. everything is read; damage, and a sequence that begins no frame, stop here;
    2. later segments are moved to a folder of their own, and the folders are synced;
    3. the bytes from the cut on are copied to a file of their own in the journal's folder, synced;
    4. they are set to zero, and synced. The next start of the engine journals the loss.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.journal.inspect import frames
from engine.journal.layout import FrameKind
from engine.journal.mending import keep_lost, write_zeros
from engine.journal.reader import Cut, ReadFrame
from engine.journal.survey import numbers, segment_name
from engine.ports.storage import Storage


class CannotCut(Exception):
    """The journal cannot be cut there; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Shortened:
    """What was taken off.

    Attributes:
        first_sequence: Of what is gone; the journal ends before it.
        commands: How many commands are gone.
        segment_number: The segment that is the last one now.
        offset: Where it ends.
        moved: Names of the later segments, which are in the other folder.
    """

    first_sequence: int
    commands: int
    segment_number: int
    offset: int
    moved: list[str]


def shorten(storage: Storage, kept: Storage, sequence: int) -> Shortened:
    """Take everything from a sequence on off a journal whose folder is locked.

    Args:
        storage: The journal's folder.
        kept: A folder for whole segments that go.
        sequence: The first sequence of a frame.

    Raises:
        CannotCut: No frame begins with it.
        JournalDamaged: Acknowledged bytes are damaged: this is no way to mend them.
        JournalFilesWrong: The folder does not hold exactly one journal.
    """
    reader, found = frames(storage)
    at: ReadFrame | None = None
    commands = before = 0
    for read in found:
        if read.frame.kind is not FrameKind.COMMANDS:
            continue
        if read.frame.first_sequence == sequence:
            at = read
        elif at is None and read.frame.first_sequence < sequence:
            before = read.frame.first_sequence
        commands += read.frame.count if at is not None else 0
    if at is None:
        last = reader.past.next_sequence - 1
        raise CannotCut(
            f"no frame begins with sequence {sequence}; the one before it begins with {before}, "
            f"the journal ends with {last}"
        )
    moved = [segment_name(number) for number in numbers(storage, from_first=False)]
    moved = [name for name in moved if name > segment_name(at.segment_number)]
    for name in reversed(moved):
        storage.move(name, kept)
    kept.sync_folder()
    storage.sync_folder()
    file = storage.open(segment_name(at.segment_number))
    try:
        length = file.size_bytes() - at.offset
    finally:
        file.close()
    cut = Cut("D", sequence, at.segment_number, at.offset, length, "cut by an operator")
    keep_lost(storage, cut)
    write_zeros(storage, cut)
    return Shortened(sequence, commands, at.segment_number, at.offset, moved)
