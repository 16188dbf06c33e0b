"""The disk, as one folder of files of fixed length. See `disk.py` for the real one.

What an implementation promises, and no more:

- Written bytes are on disk once `sync`, or `write_synced`, has returned; before, any of the written
  sectors of 512 bytes may be there or not. A sector is never half written.
- A file is in the folder after a crash once `sync_folder`, or `create_preallocated`, has returned.
- After `StorageLost` nobody knows what is on disk: the process ends, and no call is tried again.
"""

from __future__ import annotations

from typing import Protocol

SECTOR_BYTES = 512  # the smallest unit that a disk writes whole

Buffer = bytes | memoryview


class StorageLost(Exception):
    """A write, a sync or a read failed: what the disk holds is not known."""


class StorageFull(Exception):
    """There is no room for a new file. Nothing was changed; it may succeed later."""


class FolderInUse(Exception):
    """Another process holds the folder's lock."""


class StorageFile(Protocol):
    """An open file."""

    def size_bytes(self) -> int:
        """Return the length."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset`.

        Raises:
            StorageLost: When the disk does not give them, or the file ends before.
        """

    def write_at(self, offset: int, data: Buffer) -> None:
        """Write all of `data` inside the file's length.

        Raises:
            StorageLost: When not all could be written.
        """

    def write_synced(self, offset: int, data: Buffer) -> None:
        """Write all of `data` and return when it is on disk: `write_at`, then `sync`.

        Raises:
            StorageLost: When it failed, be it once and for a moment.
        """

    def sync(self) -> None:
        """Return when all that was written is on disk.

        Raises:
            StorageLost: When it failed, be it once and for a moment.
        """

    def close(self) -> None:
        """Let go of the file."""


class StorageLock(Protocol):
    """A held lock; it also ends with the process, however that ends."""

    def release(self) -> None:
        """Let another process have the folder."""


class Storage(Protocol):
    """A folder."""

    def list(self) -> list[str]:
        """Return the names of everything in the folder, sorted."""

    def create_preallocated(self, name: str, size_bytes: int) -> None:
        """Make a file of zeros that are really written, so that later syncs change no metadata.

        Raises:
            StorageFull: When there is no room; the file is then not there.
            StorageLost: When the disk failed.
        """

    def open(self, name: str) -> StorageFile:
        """Open a file for reading and writing."""

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, lasting once `sync_folder` has returned."""

    def remove(self, name: str) -> None:
        """Take a file out of the folder, lasting once `sync_folder` has returned."""

    def move(self, name: str, target: Storage) -> None:
        """Put a file into another folder of the same disk, under its name.

        It is in one of the two after a crash, or in both until both folders are synced.
        """

    def sync_folder(self) -> None:
        """Return when the names in the folder are on disk."""

    def lock(self, name: str) -> StorageLock:
        """Hold the folder for this process, by a file of that name.

        Raises:
            FolderInUse: When another process holds it.
        """
