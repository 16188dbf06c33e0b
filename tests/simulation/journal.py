"""The engine's journal without its two threads: each write is an event of the world's loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.journal.layout import BLOCK_BYTES, FrameKind, as_words, block_count
from engine.journal.preparer import Preparer
from engine.journal.writer import Journal
from engine.ports.process import told
from engine.ports.storage import StorageLost
from tests.simulation.loop import NS
from tests.support.simulated_disk import PowerCut, SimulatedDisk

Job = tuple[NDArray[np.void], Callable[[], None]]


class SteppedPreparer(Preparer):
    """Makes the next segment as soon as it is wanted, and tries again each second."""

    def __init__(self, host: Host, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._host = host

    def start(self, *, ready: int, wanted: int) -> None:
        self._ready = ready
        self.want(wanted)

    def want(self, number: int) -> None:
        self._wanted = number
        self._try()

    def _try(self) -> None:
        if self._ready >= self._wanted or self._stopping or not self._host.is_alive:
            return
        try:
            self._retry_seconds = 0
            self._make(self._wanted)
        except (StorageLost, PowerCut) as error:
            self._end(f"making a segment failed: {told(error)}")
            return
        if self._ready < self._wanted:
            self._host.after_ns(NS, self._try)

    def wait_for(self, number: int) -> bool:
        return self._ready >= number

    def stop(self) -> None:
        self._stopping = True


class Host:
    """What a stepped journal needs of its process."""

    is_alive: bool

    def after_ns(self, delay_ns: int, callback: Callable[[], None]) -> None:
        """Call back after some time, if the process still lives then."""
        raise NotImplementedError

    def sync_ns(self) -> int:
        """Say how long the next write to disk takes."""
        raise NotImplementedError

    def before_write(self) -> None:
        """Have the disk fail, if it shall."""
        raise NotImplementedError


class SteppedJournal(Journal):
    """One write at a time, each taking its time."""

    def __init__(self, host: Host, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._host = host
        self._preparer = SteppedPreparer(
            host,
            self._storage,
            segment_bytes=options["segment_bytes"],
            end=self._end,
        )
        self._waiting: deque[Job] = deque()
        self._is_writing = False

    def start(self) -> None:
        self._preparer.start(ready=self._blank_number, wanted=self._segment_number + 1)
        if self._note:
            self._write(FrameKind.TAIL_LOSS, np.frombuffer(self._note, np.uint64).reshape(1, 16))

    def append(self, commands: NDArray[np.void], synced: Callable[[], None]) -> None:
        self._waiting.append((commands, synced))
        if not self._is_writing:
            self._begin()

    def _begin(self) -> None:
        self._is_writing = bool(self._waiting)
        if self._waiting:
            self._host.after_ns(self._host.sync_ns(), self._finish)

    def _finish(self) -> None:
        commands, synced = self._waiting[0]
        if not self._has_segment(block_count(len(commands))):
            self._host.after_ns(NS, self._finish)
            return
        self._waiting.popleft()
        try:
            self._host.before_write()
            self._write(FrameKind.COMMANDS, as_words(commands), synced)
        except BaseException as error:
            self._end(f"journal failed before sequence {self._next_sequence}: {told(error)}")
            return
        self._begin()

    def _has_segment(self, blocks: int) -> bool:
        """Tell whether a frame fits, or the segment that it would go to is there."""
        fits = self._offset + (blocks + 1) * BLOCK_BYTES <= self._segment_bytes
        return fits or self._preparer._ready > self._segment_number

    def leave_unsynced(self, disk: SimulatedDisk) -> None:
        """Write what was on its way to the disk, as far as the page cache, and tell nobody.

        One write is under way at a time: going to the next segment comes before the frame.
        """
        if not self._waiting:
            return
        commands, _ = self._waiting.popleft()
        blocks = block_count(len(commands))
        if not self._has_segment(blocks):
            return
        self._make_room(blocks)
        works, disk.sync_works = disk.sync_works, False
        try:
            self._write(FrameKind.COMMANDS, as_words(commands))
        finally:
            disk.sync_works = works

    def close(self) -> None:
        self._preparer.stop()
        self._file.close()
