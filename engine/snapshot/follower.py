"""Follow a journal that another process writes, and write snapshots of what it says.

    look:  read what is new, all frames but the last one
           (a frame that has another behind it is on disk: the writer syncs one before the next)
    write: the state at that place, as a snapshot
    then:  segments that only the snapshots before the older one needed go to the archive

It never touches a byte of the journal, and it may be stopped at any moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from engine.core.invariants import check
from engine.core.limits import COMMANDS_PER_BATCH_MAX
from engine.journal.batches import one
from engine.journal.layout import FrameKind
from engine.journal.reader import Position, Reader, ReadFrame
from engine.ports.storage import Buffer, Storage
from engine.snapshot import store, tree
from engine.snapshot.archive import JoinedFolder, archive_before
from engine.snapshot.build import build_hash
from engine.snapshot.layout import SnapshotHeader, body_hash
from engine.snapshot.start import choose, venue_of
from engine.snapshot.state import KeptFeed, KeptVenue, take_over

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """The folders of an engine's data."""

    journal: Storage
    snapshots: Storage
    archive: Storage


@dataclass(frozen=True, slots=True)
class Written:
    """A snapshot that was written."""

    name: str
    sequence: int
    file_bytes: int
    archived: list[int]


def placed(reader: Reader) -> Iterator[tuple[ReadFrame, Position]]:
    """Yield frames with the place behind each."""
    for frame in reader.frames():
        yield frame, reader.position


def all_but_last(items: Iterable[T]) -> Iterator[T]:
    """Yield the items that have another one behind them."""
    held: list[T] = []
    for item in items:
        yield from held
        held = [item]


class Follower:
    """What a venue and its feeds know up to a place in the journal.

    Args:
        folders: Of the engine's data.
        venue: A new one.
        feeds: New ones.
        build: What its snapshots say they are of.
    """

    def __init__(
        self,
        folders: Folders,
        venue: KeptVenue,
        feeds: Sequence[KeptFeed],
        build: Callable[[], bytes] = build_hash,
    ) -> None:
        self._folders = folders
        self._journal = JoinedFolder(folders.journal, folders.archive)
        self._venue = venue
        self._feeds = feeds
        self._build = build()
        self._position: Position | None = None
        choice = choose(folders.snapshots, self._journal, self._build)
        if choice.snapshot is not None:
            take_over(choice.snapshot, venue, feeds)
            self._position = choice.snapshot.header.position
        self.written_sequence = venue.sequence_last

    @property
    def sequence(self) -> int:
        """The last command that was followed."""
        return self._venue.sequence_last

    def look(self) -> int:
        """Follow what is new; return how many commands that was.

        Raises:
            JournalDamaged, JournalFilesWrong: The journal cannot be read now. While another process
                writes it, half a write may look like that: the next look begins where this one
                began to fail.
        """
        before = self.sequence
        reader = Reader(self._journal, start=self._position)
        waiting: list[tuple[ReadFrame, Position]] = []
        commands = 0
        for read in all_but_last(placed(reader)):
            if commands + len(read[0].records) > COMMANDS_PER_BATCH_MAX:
                self._take(waiting)
                waiting, commands = [], 0
            waiting.append(read)
            commands += len(read[0].records)
        self._take(waiting)
        return self.sequence - before

    def _take(self, reads: list[tuple[ReadFrame, Position]]) -> None:
        """Apply frames together and stand behind the last one."""
        batches = [frame.records for frame, _ in reads if frame.frame.kind == FrameKind.COMMANDS]
        if batches:
            events = self._venue.apply(one(batches))
            for feed in self._feeds:
                feed.on_events(events)
        if reads:
            self._position = reads[-1][1]

    def write(self) -> Written | None:
        """Write a snapshot of what was followed; nothing when that was written already.

        Raises:
            StorageFull: There is no room; the snapshots before are as they were.
            StorageLost: The disk failed.
        """
        if self._position is None or self.sequence <= self.written_sequence:
            return None
        core = self._venue.dump()
        parts: list[Buffer] = [core.data, *tree.pack([feed.state() for feed in self._feeds])]
        header = SnapshotHeader(
            venue_id=venue_of(self._journal),
            build=self._build,
            position=self._position,
            digest=self._venue.digest(),
            core_bytes=len(core),
            feeds_bytes=sum(map(len, parts)) - len(core),
            body_hash=body_hash(parts),
        )
        check(header.sequence == self.sequence, "a snapshot is of the place that was followed to")
        name = store.write(self._folders.snapshots, header, parts)
        self.written_sequence = self.sequence
        return Written(name, self.sequence, header.file_bytes, self._archive())

    def _archive(self) -> list[int]:
        """Archive the segments that neither of two good snapshots needs."""
        needed = []
        for name in store.newest_first(self._folders.snapshots):
            try:
                needed.append(store.read_header(self._folders.snapshots, name))
            except store.SnapshotBad:
                return []
        if len(needed) < store.KEPT:
            return []
        oldest = min(header.position.segment_number for header in needed)
        return archive_before(self._folders.journal, self._folders.archive, oldest)
