"""The clients' own record of what the venue told them, on disk before anything is concluded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

Ack = dict[str, Any]


class AckSink(Protocol):
    """Where answers go."""

    def add(self, ack: Ack) -> None:
        """Take an answer."""

    def sync(self) -> None:
        """Put what was taken on disk."""


class AckFile:
    """One JSON line an answer, synced as they come."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        self._waiting: list[bytes] = []

    def add(self, ack: Ack) -> None:
        """Take an answer; `sync` puts it on disk."""
        self._waiting.append(json.dumps(ack).encode() + b"\n")

    def sync(self) -> None:
        """Write and sync what waits."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            os.write(self._fd, b"".join(waiting))
            os.fdatasync(self._fd)

    def close(self) -> None:
        """Sync and close."""
        self.sync()
        os.close(self._fd)


def read_acks(path: Path) -> Iterator[Ack]:
    """Read the answers back in the order in which they came."""
    with path.open("rb") as file:
        for line in file:
            yield json.loads(line)
