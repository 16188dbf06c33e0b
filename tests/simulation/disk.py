"""A machine's folder as one process sees it: a process that is dead does nothing to it any more."""

from __future__ import annotations

from collections.abc import Callable

from engine.ports.storage import Buffer, Storage
from tests.support.simulated_disk import (
    PowerCut,
    SimulatedDisk,
    SimulatedFile,
    SimulatedLock,
)


class ProcessFile:
    """An open file of a `ProcessFolder`."""

    def __init__(self, file: SimulatedFile, check_alive: Callable[[], None]) -> None:
        self._file = file
        self._check_alive = check_alive

    def size_bytes(self) -> int:
        self._check_alive()
        return self._file.size_bytes()

    def read_at(self, offset: int, length: int) -> bytes:
        self._check_alive()
        return self._file.read_at(offset, length)

    def write_at(self, offset: int, data: Buffer) -> None:
        self._check_alive()
        self._file.write_at(offset, data)

    def write_synced(self, offset: int, data: Buffer) -> None:
        self._check_alive()
        self._file.write_synced(offset, data)

    def sync(self) -> None:
        self._check_alive()
        self._file.sync()

    def close(self) -> None:
        self._file.close()


class ProcessFolder:
    """`Storage` on a machine's disk, for as long as a process lives."""

    def __init__(self, disk: SimulatedDisk, is_alive: Callable[[], bool]) -> None:
        self.disk = disk
        self._is_alive = is_alive

    def _check_alive(self) -> None:
        if not self._is_alive():
            raise PowerCut("the process is dead")

    def list(self) -> list[str]:
        self._check_alive()
        return self.disk.list()

    def create_preallocated(self, name: str, size_bytes: int) -> None:
        self._check_alive()
        self.disk.create_preallocated(name, size_bytes)

    def open(self, name: str) -> ProcessFile:
        self._check_alive()
        return ProcessFile(self.disk.open(name), self._check_alive)

    def rename(self, old: str, new: str) -> None:
        self._check_alive()
        self.disk.rename(old, new)

    def remove(self, name: str) -> None:
        self._check_alive()
        self.disk.remove(name)

    def move(self, name: str, target: Storage) -> None:
        self._check_alive()
        assert isinstance(target, ProcessFolder)
        self.disk.move(name, target.disk)

    def sync_folder(self) -> None:
        self._check_alive()
        self.disk.sync_folder()

    def lock(self, name: str) -> SimulatedLock:
        self._check_alive()
        return self.disk.lock(name)
