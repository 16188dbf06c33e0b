"""An engine's data on simulated disks: a journal of random commands, and snapshots of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.core.venue import Venue
from engine.feed.feeds import Feeds
from engine.feed.limits import FeedLimits
from engine.ports.storage import Storage
from engine.snapshot.archive import JoinedFolder
from engine.snapshot.follower import Folders, Follower
from tests.model.source import CommandSource
from tests.support.journal import BLOCK, OpenJournal
from tests.support.simulated_disk import SimulatedDisk

SEGMENT = 64 * BLOCK
FEW = FeedLimits(private_rows_max=1 << 13, book_rows_max=1 << 12, status_rows_max=1 << 12)


@dataclass
class Known:
    """A venue and its feeds, with what follows them."""

    venue: Venue = field(default_factory=Venue)

    def __post_init__(self) -> None:
        self.feeds = Feeds(self.venue.markets, FEW)

    def apply(self, commands: NDArray[np.void]) -> NDArray[np.void]:
        """Do what a node does at a replay."""
        events = self.venue.apply(commands)
        self.feeds.on_events(events)
        return events


class Data:
    """The disks of one engine, and a venue that knows what was written."""

    def __init__(self, seed: int = 1, *, segment_bytes: int = SEGMENT) -> None:
        self.journal = SimulatedDisk()
        self.snapshots = SimulatedDisk()
        self.archive = SimulatedDisk()
        self.segment_bytes = segment_bytes
        self.known = Known()
        self.digests: dict[int, int] = {}
        self.proven_sequence = 0  # of the frame before the last one
        self._source = CommandSource(seed)
        self._batches = self._commands()

    def _commands(self) -> Iterator[NDArray[np.void]]:
        yield self._source.opening()
        while True:
            yield self._source.take(50)

    def write(self, batches: int) -> None:
        """Append so many batches to the journal, and know what they do."""
        everything = JoinedFolder(self.journal, self.archive)
        opened = OpenJournal(everything, segment_bytes=self.segment_bytes)
        for _ in range(batches):
            commands = next(self._batches)
            self.proven_sequence = self.known.venue.sequence_last
            self._source.learn(self.known.apply(commands))
            self.digests[self.known.venue.sequence_last] = self.known.venue.digest()
            last = self.known.venue.sequence_last
            opened.journal.append(commands, lambda last=last: opened._tell(last))  # type: ignore[misc]
            opened.next_sequence = last + 1
            opened.wait_for(last)
        number = opened.journal.statistics().segment_number + 1
        opened.journal._preparer.wait_for(number)
        opened.close()

    @property
    def folders(self) -> Folders:
        """The folders as a follower gets them."""
        return Folders(journal=self.journal, snapshots=self.snapshots, archive=self.archive)

    def follower(self, build: bytes = bytes(16)) -> tuple[Follower, Known]:
        """Make a follower, and what it fills."""
        known = Known()
        return Follower(self.folders, known.venue, [known.feeds], lambda: build), known

    def snapshot(self) -> str:
        """Follow and write a snapshot; return its name."""
        follower, _ = self.follower()
        follower.look()
        written = follower.write()
        assert written is not None
        return written.name


def flip(storage: Storage, name: str, bit: int) -> None:
    """Change one bit of a file of a simulated disk."""
    assert isinstance(storage, SimulatedDisk)
    storage.flip(name, bit // 8, bit % 8)
