"""Reads a journal ahead of who applies it: what is read next is checked while the core works.

Hashing and reading from disk let the interpreter go, and so does the core: on two processors a
replay takes as long as the slower of the two, not as both.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

T = TypeVar("T")

_WAIT_SECONDS = 0.05  # tidy: float-ok how soon a reader notices that nobody wants more


class ReadAhead(Generic[T]):
    """An iterator that is read by a thread of its own, so many elements ahead.

    Elements and errors come as they would without it. Close it when not all of it is wanted.

    Args:
        source: What to read; nothing else may read it any more.
        depth: How many elements are read before they are asked for.
    """

    def __init__(self, source: Iterator[T], depth: int) -> None:
        self._source = source
        self._queue: Queue[T | _End] = Queue(depth)
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._read, name="journal reader", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        """Give the elements."""
        while True:
            item = self._queue.get()
            if isinstance(item, _End):
                self._thread.join()
                if item.error is not None:
                    raise item.error
                return
            yield item

    def close(self) -> None:
        """Read no more."""
        self._is_closed.set()
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=_WAIT_SECONDS)
            except Empty:
                continue
        self._thread.join()

    def _read(self) -> None:
        try:
            for item in self._source:
                if not self._put(item):
                    return
        except BaseException as error:
            self._put(_End(error))
        else:
            self._put(_End(None))

    def _put(self, item: T | _End) -> bool:
        """Hand an element over; tell whether anybody wants it."""
        while not self._is_closed.is_set():
            try:
                self._queue.put(item, timeout=_WAIT_SECONDS)
            except Full:
                continue
            return True
        return False


class _End:
    """Follows the last element, with the error that ended the reading, if one did."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error
