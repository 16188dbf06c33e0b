"""Make the next segment before it is needed, on a thread of its own.

Writing 64 MiB of zeros takes longer than many syncs, so it is never done while a batch waits. When
there is no room the node says so while much of the open segment is left: see `Journal.is_short`.
"""

from __future__ import annotations

import threading

from engine.journal.survey import PREPARED_NAME, segment_name
from engine.ports.process import End, told
from engine.ports.storage import Storage, StorageFull


class Preparer:
    """The thread that makes segments, always one ahead.

    Args:
        storage: The folder.
        segment_bytes: Length of a segment.
        end: Ends the process when the disk fails.
        retry_seconds: How long to wait when there was no room.
    """

    def __init__(
        self, storage: Storage, *, segment_bytes: int, end: End, retry_seconds: int = 1
    ) -> None:
        self._storage = storage
        self._segment_bytes = segment_bytes
        self._end = end
        self._retry_seconds = retry_seconds
        self._changed = threading.Condition()
        self._wanted = 0
        self._ready = 0
        self._stopping = False
        self._no_room = False
        self._thread = threading.Thread(target=self._run, name="journal-preparer", daemon=True)

    @property
    def no_room(self) -> bool:
        """Tell whether the last try found no room."""
        return self._no_room

    def start(self, *, ready: int, wanted: int) -> None:
        """Begin, knowing which segment is there already (0: none) and which one comes next."""
        self._ready = ready
        self._wanted = wanted
        self._thread.start()

    def want(self, number: int) -> None:
        """Ask for a segment; returns at once."""
        with self._changed:
            self._wanted = number
            self._changed.notify_all()

    def wait_for(self, number: int) -> bool:
        """Wait until a segment is there; no when the preparer was stopped before."""
        with self._changed:
            while self._ready < number and not self._stopping:
                self._changed.wait()
            return self._ready >= number

    def stop(self) -> None:
        """End the thread; a segment that is being made is finished first."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            while (number := self._next()) > 0:
                self._make(number)
        except BaseException as error:
            # Whatever it was, the disk is not what it should be, and nobody else would notice.
            self._end(f"making a segment failed: {told(error)}")

    def _next(self) -> int:
        """Wait for work; 0 when there will be none."""
        with self._changed:
            while self._ready >= self._wanted and not self._stopping:
                self._changed.wait()
            return 0 if self._stopping else self._wanted

    def _make(self, number: int) -> None:
        """Make one segment, or wait a while when there is no room."""
        try:
            self._storage.create_preallocated(PREPARED_NAME, self._segment_bytes)
        except StorageFull:
            with self._changed:
                self._no_room = True
                self._changed.notify_all()
                if not self._stopping:
                    self._changed.wait(self._retry_seconds)
            return
        self._storage.rename(PREPARED_NAME, segment_name(number))
        self._storage.sync_folder()
        with self._changed:
            self._no_room = False
            self._ready = number
            self._changed.notify_all()
