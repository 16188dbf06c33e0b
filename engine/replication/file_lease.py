"""The lease in a file: for two nodes on one machine, and for tests."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from engine.ports.lease import LeaseRecord, LeaseUnknown, Versioned


class _Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    epoch: int
    leader: str
    standby: str
    sequence: int


class FileLeaseStore:
    """A JSON file, replaced whole; a lock file beside it makes compare-and-set one step.

    Args:
        path: Of the record; its folder must be there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> Versioned:
        """Read the record."""
        return await asyncio.to_thread(self._read)

    async def replace(self, version: str, record: LeaseRecord) -> bool:
        """Write the record if the file still holds that version."""
        return await asyncio.to_thread(self._replace, version, record)

    async def close(self) -> None:
        """Nothing is held open."""

    def _read(self) -> Versioned:
        try:
            stored = msgspec.json.decode(self._path.read_bytes(), type=_Stored)
        except FileNotFoundError:
            return Versioned("", None)
        except (OSError, msgspec.DecodeError) as error:
            raise LeaseUnknown(f"{self._path}: {error}") from error
        record = LeaseRecord(
            epoch=stored.epoch,
            leader=stored.leader,
            standby=stored.standby,
            sequence=stored.sequence,
        )
        return Versioned(str(stored.version), record)

    def _replace(self, version: str, record: LeaseRecord) -> bool:
        try:
            with self._locked():
                found = self._read()
                if found.version != version:
                    return False
                self._write(int(version or 0) + 1, record)
                return True
        except OSError as error:
            raise LeaseUnknown(f"{self._path}: {error}") from error

    def _write(self, version: int, record: LeaseRecord) -> None:
        stored = _Stored(version, record.epoch, record.leader, record.standby, record.sequence)
        new = self._path.with_suffix(".new")
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, msgspec.json.encode(stored))
            os.fsync(file)
        finally:
            os.close(file)
        os.rename(new, self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        path = self._path.with_suffix(".lock")
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)
