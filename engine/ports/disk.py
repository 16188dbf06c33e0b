"""The real disk: a folder of a local file system."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.core.invariants import check
from engine.ports.storage import Buffer, FolderInUse, Storage, StorageFull, StorageLost

ZEROS = bytes(1 << 20)  # one write of zero-filling: short enough not to hold up the journal's syncs
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def lost(doing: str) -> Iterator[None]:
    """Turn an error of the system into the one that ends the process."""
    try:
        yield
    except OSError as error:
        raise StorageLost(f"{doing}: {error}") from error


def write_all(file: int, offset: int, data: Buffer, flags: int) -> None:
    """Write everything, however little the system takes at a time (signals: Python goes on)."""
    rest = memoryview(data).cast("B")
    while rest:
        written = os.pwritev(file, [rest], offset, flags)
        if written == 0:
            raise OSError(errno.EIO, "a write took no bytes")
        rest = rest[written:]
        offset += written


class DiskFile:
    """An open file of a `DiskFolder`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with lost(f"open {path}"):
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def size_bytes(self) -> int:
        """Return the length."""
        with lost(f"size of {self._path}"):
            return os.fstat(self._file).st_size

    def read_at(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset`."""
        parts = []
        with lost(f"read {self._path} at {offset}"):
            while length > 0:
                part = os.pread(self._file, length, offset)
                if not part:
                    raise OSError(errno.EIO, f"the file ends at {offset}")
                parts.append(part)
                offset += len(part)
                length -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def write_at(self, offset: int, data: Buffer) -> None:
        """Write all of `data`."""
        with lost(f"write {self._path} at {offset}"):
            write_all(self._file, offset, data, 0)

    def write_synced(self, offset: int, data: Buffer) -> None:
        """Write all of `data` and return when it is on disk.

        In one system call where there is one: a thread that comes back from a call waits for the
        interpreter while another one computes, so each call less saves up to a switch interval.
        """
        if not hasattr(os, "RWF_DSYNC"):
            self.write_at(offset, data)
            self.sync()
            return
        with lost(f"write and sync {self._path} at {offset}"):
            write_all(self._file, offset, data, os.RWF_DSYNC)

    def sync(self) -> None:
        """Return when all that was written is on disk."""
        with lost(f"sync {self._path}"):
            if hasattr(os, "fdatasync"):
                os.fdatasync(self._file)
            else:
                os.fsync(self._file)

    def close(self) -> None:
        """Let go of the file."""
        with lost(f"close {self._path}"):
            os.close(self._file)


class DiskLock:
    """A lock on an open file: the kernel lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        with lost(f"open {path}"):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise FolderInUse(
                f"{path.parent} is in use by process {holder}: a folder has one engine at a time"
            ) from error
        with lost(f"write {path}"):
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another process have the folder."""
        os.close(self._file)


class DiskFolder:
    """A folder of a local file system, made when it is not there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.is_dir():
            with lost(f"make {path}"):
                path.mkdir(parents=True, exist_ok=True)
            sync_names(path.parent)

    def list(self) -> list[str]:
        """Return the names of everything in the folder, sorted."""
        with lost(f"list {self._path}"):
            return sorted(os.listdir(self._path))

    def create_preallocated(self, name: str, size_bytes: int) -> None:
        """Make a file of zeros that are really written, and make its name last."""
        path = self._path / name
        with lost(f"create {path}"):
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                fill(file, size_bytes)
            except OSError as error:
                path.unlink()
                if error.errno not in NO_ROOM:
                    raise
                raise StorageFull(f"{path}: no room for {size_bytes} bytes") from error
            finally:
                os.close(file)
        self.sync_folder()

    def open(self, name: str) -> DiskFile:
        """Open a file for reading and writing."""
        return DiskFile(self._path / name)

    def rename(self, old: str, new: str) -> None:
        """Give a file another name; a file that has that name already is never replaced."""
        if (self._path / new).exists():
            raise StorageLost(f"rename {self._path / old}: {new} exists")
        with lost(f"rename {self._path / old}"):
            os.rename(self._path / old, self._path / new)

    def remove(self, name: str) -> None:
        """Take a file out of the folder."""
        with lost(f"remove {self._path / name}"):
            os.unlink(self._path / name)

    def move(self, name: str, target: Storage) -> None:
        """Put a file into another folder; a file of that name there is never replaced."""
        check(isinstance(target, DiskFolder), "both folders are of the disk")
        if not isinstance(target, DiskFolder):
            return
        if name in target.list():
            raise StorageLost(f"move {self._path / name}: {target._path / name} exists")
        with lost(f"move {self._path / name}"):
            os.rename(self._path / name, target._path / name)

    def sync_folder(self) -> None:
        """Return when the names in the folder are on disk."""
        sync_names(self._path)

    def lock(self, name: str) -> DiskLock:
        """Hold the folder for this process."""
        return DiskLock(self._path / name)


def sync_names(path: Path) -> None:
    """Make the names in a folder last."""
    with lost(f"sync {path}"):
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def fill(file: int, size_bytes: int) -> None:
    """Reserve the room first, so that a full disk is known at once; then write zeros and sync.

    Reserved room alone is not enough: the first write to it would change the file's map, and the
    sync would have to write that too.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size_bytes)
    for offset in range(0, size_bytes, len(ZEROS)):
        part = memoryview(ZEROS)[: size_bytes - offset]
        write_all(file, offset, part, 0)
        os.fsync(file)
