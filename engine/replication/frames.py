"""A leader's frames for its standby: the newest from memory, older ones from the disk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import structlog

from engine.journal.errors import JournalDamaged, JournalFilesWrong
from engine.journal.layout import BLOCK_BYTES, FrameKind, block_count
from engine.journal.reader import Reader
from engine.journal.survey import segment_name
from engine.journal.writer import WrittenFrame
from engine.ports.storage import Storage

KEPT_BYTES_MAX = 64 << 20
PAUSE_SECONDS = timedelta(milliseconds=10).total_seconds()  # a sync later there is more to read
MESSAGE_BYTES_MAX = 4 << 20  # of frames that go together

_log = structlog.get_logger("engine.replication")


class Frames:
    """What was written, from any sequence on, as it comes.

    Args:
        storage: The journal's folder, with its archive.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._loop = asyncio.get_running_loop()
        self._kept: deque[WrittenFrame] = deque()
        self._kept_bytes = 0
        self._came = asyncio.Event()
        self.last_sequence = 0

    def on_frame(self, frame: WrittenFrame) -> None:
        """Take a frame from the journal's thread."""
        self._loop.call_soon_threadsafe(self._keep, frame)

    def _keep(self, frame: WrittenFrame) -> None:
        self._kept.append(frame)
        self._kept_bytes += len(frame.data)
        while self._kept_bytes > KEPT_BYTES_MAX and len(self._kept) > 1:
            self._kept_bytes -= len(self._kept.popleft().data)
        if frame.count:
            self.last_sequence = frame.first_sequence + frame.count - 1
            self._came.set()

    def wake(self) -> None:
        """Have every follower look, also when nothing was written."""
        self._came.set()

    async def wait(self) -> None:
        """Wait for the next frame, or for `wake`."""
        self._came.clear()
        await self._came.wait()

    def newest(self, from_sequence: int) -> tuple[list[bytes], int] | None:
        """Give frames from memory and the next sequence; nothing when they are only on disk."""
        if from_sequence > self.last_sequence:
            return [], from_sequence
        if not self._kept or self._kept[0].first_sequence > from_sequence:
            return None
        found: list[bytes] = []
        size = 0
        for frame in self._kept:
            if frame.first_sequence < from_sequence:
                continue
            if found and size + len(frame.data) > MESSAGE_BYTES_MAX:
                break
            found.append(frame.data)
            size += len(frame.data)
            from_sequence = frame.first_sequence + frame.count
        return found, from_sequence

    async def older(self, from_sequence: int) -> AsyncIterator[tuple[list[bytes], int]]:
        """Give frames from the disk, up to what is synced now; none when it must be tried again.

        Half a write of the journal's thread may look like damage: the next reading sees it whole.
        """
        parts = messages(self._storage, from_sequence)
        while True:
            try:
                part = await asyncio.to_thread(next, parts, None)
            except (JournalDamaged, JournalFilesWrong) as error:
                _log.warning("journal_unreadable_now", error=str(error))
                part = None
            if part is None:
                break
            yield part
        await asyncio.sleep(PAUSE_SECONDS)


def messages(storage: Storage, from_sequence: int) -> Iterator[tuple[list[bytes], int]]:
    """Read the frames of a journal from a sequence on, as byte strings, some megabytes together.

    Raises:
        JournalDamaged: Acknowledged bytes are damaged.
        JournalFilesWrong: The folder does not hold one journal.
    """
    found: list[bytes] = []
    size, next_sequence = 0, from_sequence
    for read in Reader(storage).frames():
        frame = read.frame
        if frame.first_sequence < from_sequence:
            continue
        length = block_count(frame.count) * BLOCK_BYTES
        file = storage.open(segment_name(read.segment_number))
        try:
            found.append(file.read_at(read.offset, length))
        finally:
            file.close()
        size += length
        if frame.kind is FrameKind.COMMANDS:
            next_sequence = frame.first_sequence + frame.count
        if size > MESSAGE_BYTES_MAX:
            yield found, next_sequence
            found, size = [], 0
    if found:
        yield found, next_sequence
