"""A folder in memory that forgets what was not synced, the moment its power is cut.

Which faults the journal must survive, zone by zone:

    the last frame, not yet synced    any of its sectors may be there or not: it is cut
    anything synced                   it is there; when it changed, the node must stop
    a name, folder not synced         it may be there or not

Faults that a test can ask for: sectors that survive a power cut one by one, a sync that fails once,
a sync that does nothing, a sync that takes as long as the test likes, a full disk, and the end of
the machine at the n-th change of the disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.ports.storage import SECTOR_BYTES, FolderInUse, Storage, StorageFull, StorageLost

HOLD_SECONDS_MAX = 20

# Called for each sector (or block) that was written and not synced: does it survive?
Survives = Callable[[str, int], bool]


class PowerCut(BaseException):
    """The machine has no power any more; nothing after this happened."""


@dataclass(slots=True)
class Content:
    """A file's bytes as programs see them, and as they are on disk."""

    seen: bytearray
    on_disk: bytearray
    dirty: set[int] = field(default_factory=set)

    def write(self, offset: int, data: bytes | memoryview) -> None:
        raw = memoryview(data).cast("B")
        end = offset + len(raw)
        if end > len(self.seen):
            raise StorageLost("a write behind the end of the file")
        self.seen[offset:end] = raw
        self.dirty.update(range(offset // SECTOR_BYTES, -(-end // SECTOR_BYTES)))

    def keep(self, sector: int) -> None:
        place = slice(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES)
        self.on_disk[place] = self.seen[place]

    def sync(self) -> None:
        for sector in self.dirty:
            self.keep(sector)
        self.dirty.clear()


class SimulatedLock:
    """The lock of a `SimulatedDisk`."""

    def __init__(self, disk: SimulatedDisk, name: str) -> None:
        self._disk = disk
        self._name = name
        disk.locks.add(name)

    def release(self) -> None:
        self._disk.locks.discard(self._name)


class SimulatedDisk:
    """One folder. Also `Storage`, see `engine.ports.storage`."""

    def __init__(self) -> None:
        self.names: dict[str, Content] = {}
        self.names_on_disk: dict[str, Content] = {}
        self.locks: set[str] = set()
        self.syncs = 0
        self.changes = 0
        self.fail_sync_number = 0  # the n-th sync from the start fails, once
        self.sync_works = True
        self.has_room = True
        self.power_cut_at = 0  # before the n-th change of the disk
        self._free = threading.Event()
        self._free.set()
        self.sync_waits = threading.Semaphore(0)  # released by each sync that begins while held

    # --- what tests ask for ----------------------------------------------------------------------

    def hold_syncs(self) -> None:
        """Let no sync return until `free_syncs`."""
        self._free.clear()

    def free_syncs(self) -> None:
        """Let syncs return."""
        self._free.set()

    def power_cut(self, survives: Survives | None = None, *, unit: int = SECTOR_BYTES) -> None:
        """Leave only what is on disk, and of the rest what `survives` says, in place.

        Args:
            survives: Asked for each unit that was written and not synced; none survives without.
            unit: 512 bytes or 4 KiB: what the disk writes whole.
        """
        for name, content in self.names_on_disk.items():
            for sector in sorted(content.dirty):
                if survives is not None and survives(name, sector * SECTOR_BYTES // unit):
                    content.keep(sector)
            content.seen = bytearray(content.on_disk)
            content.dirty.clear()
        self.names = dict(self.names_on_disk)
        self.locks.clear()
        self.power_cut_at = 0
        self._free.set()

    def put(self, name: str, data: bytes) -> None:
        """Put a file on the disk as it is."""
        content = Content(bytearray(data), bytearray(data))
        self.names[name] = self.names_on_disk[name] = content

    def get(self, name: str) -> bytes:
        """Return a file's bytes as programs see them."""
        return bytes(self.names[name].seen)

    def flip(self, name: str, offset: int, bit: int) -> None:
        """Change one bit of a file, on disk and off."""
        content = self.names[name]
        content.seen[offset] ^= 1 << bit
        content.on_disk[offset] ^= 1 << bit

    def copy(self) -> SimulatedDisk:
        """Return a disk with the same files, all of them on disk, and no faults."""
        twin = SimulatedDisk()
        for name in self.names:
            twin.put(name, self.get(name))
        return twin

    def copy_on_disk(self) -> SimulatedDisk:
        """Return what a machine would find that lost its power now."""
        twin = SimulatedDisk()
        for name, content in self.names_on_disk.items():
            twin.put(name, bytes(content.on_disk))
        return twin

    # --- what programs ask for -------------------------------------------------------------------

    def change(self) -> None:
        """Count a change of the disk, and end the machine when its time has come."""
        self.changes += 1
        if self.power_cut_at and self.changes >= self.power_cut_at:
            raise PowerCut(f"at change {self.changes}")

    def sync_content(self, content: Content) -> None:
        """Bring a file's bytes to the disk, or fail as the test wants."""
        self.change()
        self.syncs += 1
        number = self.syncs
        if not self._free.is_set():
            self.sync_waits.release()
            if not self._free.wait(HOLD_SECONDS_MAX):
                raise StorageLost("a test held a sync too long")
        if number == self.fail_sync_number:
            content.dirty.clear()  # as Linux does: the pages count as clean, the bytes are lost
            raise StorageLost("sync: input/output error")
        if self.sync_works:
            content.sync()

    def list(self) -> list[str]:
        return sorted(self.names)

    def create_preallocated(self, name: str, size_bytes: int) -> None:
        if name in self.names:
            raise StorageLost(f"create {name}: it exists")
        if not self.has_room:
            raise StorageFull(f"create {name}: no room for {size_bytes} bytes")
        self.change()
        self.put(name, bytes(size_bytes))

    def open(self, name: str) -> SimulatedFile:
        if name not in self.names:
            raise StorageLost(f"open {name}: not there")
        return SimulatedFile(self, self.names[name])

    def rename(self, old: str, new: str) -> None:
        if new in self.names:
            raise StorageLost(f"rename {old}: {new} exists")
        self.change()
        self.names[new] = self.names.pop(old)

    def remove(self, name: str) -> None:
        self.change()
        del self.names[name]

    def move(self, name: str, target: Storage) -> None:
        assert isinstance(target, SimulatedDisk)
        if name in target.names:
            raise StorageLost(f"move {name}: it exists")
        self.change()
        target.names[name] = self.names.pop(name)

    def sync_folder(self) -> None:
        self.change()
        self.names_on_disk = dict(self.names)

    def lock(self, name: str) -> SimulatedLock:
        if name in self.locks:
            raise FolderInUse(f"{name} is held")
        return SimulatedLock(self, name)


class SimulatedFile:
    """An open file of a `SimulatedDisk`."""

    def __init__(self, disk: SimulatedDisk, content: Content) -> None:
        self._disk = disk
        self._content = content

    def size_bytes(self) -> int:
        return len(self._content.seen)

    def read_at(self, offset: int, length: int) -> bytes:
        data = bytes(self._content.seen[offset : offset + length])
        if len(data) != length:
            raise StorageLost(f"the file ends at {offset + len(data)}")
        return data

    def write_at(self, offset: int, data: bytes | memoryview) -> None:
        self._disk.change()
        self._content.write(offset, data)

    def write_synced(self, offset: int, data: bytes | memoryview) -> None:
        self.write_at(offset, data)
        self.sync()

    def sync(self) -> None:
        self._disk.sync_content(self._content)

    def close(self) -> None:
        """Nothing to let go of."""
