"""Segments that no start needs any more: moved to a folder of their own, never deleted.

A start needs the segments from the older of the two snapshots on. The ones before are the record of
the venue, and what a start replays when no snapshot is good; see `JoinedFolder`.
"""

from __future__ import annotations

from engine.journal.errors import JournalFilesWrong
from engine.journal.survey import SEGMENT_NAME, segment_name
from engine.ports.storage import Storage, StorageFile, StorageLock


def archive_before(journal: Storage, archive: Storage, segment_number: int) -> list[int]:
    """Move the segments with a smaller number, oldest first; return their numbers.

    A crash may leave one in both folders; it is then the same file, and the next call finishes.
    """
    found = [int(match[1]) for name in journal.list() if (match := SEGMENT_NAME.fullmatch(name))]
    old = [number for number in sorted(found) if number < segment_number]
    for number in old:
        name = segment_name(number)
        if name in archive.list():
            if not same_bytes(journal, archive, name):
                raise JournalFilesWrong(
                    case="J", detail=f"{name} is in the archive too, with other content"
                )
            journal.remove(name)
        else:
            journal.move(name, archive)
        archive.sync_folder()
        journal.sync_folder()
    return old


def same_bytes(left: Storage, right: Storage, name: str) -> bool:
    """Compare a file of two folders."""
    return whole(left, name) == whole(right, name)


def whole(storage: Storage, name: str) -> bytes:
    """Read a file."""
    file = storage.open(name)
    try:
        return file.read_at(0, file.size_bytes())
    finally:
        file.close()


class JoinedFolder:
    """The journal with its archive, as one folder: what a full replay reads.

    Only sealed segments are in the archive, so whatever is changed is changed in the journal.
    """

    def __init__(self, journal: Storage, archive: Storage) -> None:
        self._journal = journal
        self._archive = archive

    def list(self) -> list[str]:
        """Return the names of both."""
        archived = [name for name in self._archive.list() if SEGMENT_NAME.fullmatch(name)]
        return sorted({*self._journal.list(), *archived})

    def _of(self, name: str) -> Storage:
        return self._journal if name in self._journal.list() else self._archive

    def open(self, name: str) -> StorageFile:
        """Open a file of either."""
        return self._of(name).open(name)

    def create_preallocated(self, name: str, size_bytes: int) -> None:
        """Make a file in the journal."""
        self._journal.create_preallocated(name, size_bytes)

    def rename(self, old: str, new: str) -> None:
        """Rename a file of the journal."""
        self._journal.rename(old, new)

    def remove(self, name: str) -> None:
        """Remove a file of the journal."""
        self._journal.remove(name)

    def move(self, name: str, target: Storage) -> None:
        """Move a file of the journal."""
        self._journal.move(name, target)

    def sync_folder(self) -> None:
        """Make the journal's names last."""
        self._journal.sync_folder()

    def lock(self, name: str) -> StorageLock:
        """Hold the journal."""
        return self._journal.lock(name)
