"""The venue on this machine: a folder, a journal, a core, and the feeds that follow it.

    node = await Node.open(folder, venue_factory=Venue, feeds=[executions, book, ...])

    node.submit(commands, receiver)      # -> None; unstamped COMMAND array, 1 to 4,096 long
        Raises Busy, Halted or Closed (all NotTaken: definitely not sequenced). Later exactly one of
        receiver.released(Answer) or receiver.refused(NotTaken) is called, on the loop. Answers come
        in the order of submission. One submission is one unit: it is never split over two frames.
        The node keeps the array: do not change it afterwards.
    answer = await node.execute(commands)            # the same for one caller that waits
    sequence, value = await node.read(query)         # query(venue) at `sequence`, told when durable
    await node.durable(sequence)                     # wait until that sequence is durable

    node.venue                   # the core; runs ahead of the disk, so read it through `read`
    node.applied_sequence        # last sequence the core has applied
    node.durable_sequence        # last sequence on disk: what may be told
    node.subscribe_released(callback) -> unsubscribe # callback(Batch), in order, each once
    node.statistics() -> NodeStatistics              # frozen, integers
    await node.close()                               # drains, syncs, unlocks

A feed has `on_events(events: NDArray[EVENT]) -> None`. It sees every event from sequence 1 on, in
order, at replay and later when released; the borders of the calls mean nothing (a replay may bring
many commands at once). The order for a released batch is: feeds in their order, subscribers in
theirs, then the receivers. `Answer`, `Batch`, `Receiver` and the errors are in `engine.sequencer`.

All of it lives on the thread of one asyncio loop. A feed, subscriber or receiver that raises is a
bug and ends the process.

The folder: `engine.lock` is held by the one process that has it open, `journal/` is its memory.
`snapshots/` and `archive/` belong to the process that follows it (`engine.snapshot`): a start goes
on from the newest good snapshot when the venue and all feeds can take it over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import structlog

from engine.core.commands import COMMAND_BYTES
from engine.core.invariants import BrokenInvariant, check
from engine.journal.ahead import ReadAhead
from engine.journal.batches import joined
from engine.journal.reader import Position
from engine.journal.recovery import SEGMENT_BYTES_DEFAULT, Recovery, Tail, new_venue_id
from engine.journal.writer import Journal, JournalStatistics
from engine.ports.clock import Clock, SystemClock
from engine.ports.disk import DiskFolder
from engine.ports.process import End, end_process, told
from engine.ports.storage import Storage, StorageLock
from engine.sequencer import (
    Answer,
    Batch,
    CommandArray,
    CommandLog,
    EventArray,
    NotTaken,
    Receiver,
    Sequencer,
    SequencerLimits,
    SequencerStatistics,
    Venue,
)
from engine.snapshot.archive import JoinedFolder
from engine.snapshot.build import build_hash
from engine.snapshot.start import choose
from engine.snapshot.state import KeptFeed, KeptVenue, take_over
from engine.ticker import Ticker

LOCK_NAME = "engine.lock"
JOURNAL_NAME = "journal"
SNAPSHOTS_NAME = "snapshots"
ARCHIVE_NAME = "archive"

V = TypeVar("V", bound=Venue)
T = TypeVar("T")

log = structlog.get_logger("engine.node")


class Feed(Protocol):
    """What follows the events; its whole state is a function of them, so a replay restores it."""

    def on_events(self, events: EventArray) -> None:
        """Take the next events, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOptions:
    """What an operator may set.

    Attributes:
        accept_tail_loss: Take a damaged last frame of the journal as lost, once, and record it.
        segment_bytes: Length of new journal segments.
        limits: Of the sequencer.
        read_ahead: Frames that a thread reads ahead of the core at the start; 0: none does.
    """

    accept_tail_loss: bool = False
    segment_bytes: int = SEGMENT_BYTES_DEFAULT
    limits: SequencerLimits = field(default_factory=SequencerLimits)
    read_ahead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatistics:
    """What a node has done since it was opened, and where it stands."""

    venue_id: str
    replayed_commands: int
    replay_ns: int
    sequencer: SequencerStatistics
    journal: JournalStatistics


class _Waiting:
    """A receiver for one caller that waits."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def released(self, answer: Answer) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def refused(self, error: NotTaken) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(frozen=True, slots=True)
class Replayed(Generic[V]):
    """A venue and its feeds that have applied a whole journal, and where that ends.

    Attributes:
        venue: The core.
        feeds: What follows the events.
        storage: The journal's folder.
        tail: Where the next frame goes.
        commands: How many were replayed.
        replay_ns: How long that took.
    """

    venue: V
    feeds: Sequence[Feed]
    storage: Storage
    tail: Tail
    commands: int
    replay_ns: int


class Node(Generic[V]):
    """An open venue. Made by `open`; see the head of this module for all that it offers."""

    def __init__(
        self,
        replayed: Replayed[V],
        journal: Journal,
        sequencer: Sequencer,
        fan: _Fan,
        lock: StorageLock,
        ticker: Ticker,
        leads: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self.venue = replayed.venue
        self._replayed = replayed
        self._journal = journal
        self._sequencer = sequencer
        self._fan = fan
        self._lock = lock
        self._ticker = ticker
        self._leads = leads

    @classmethod
    async def open(
        cls,
        folder: Path,
        *,
        venue_factory: Callable[[], V],
        feeds: Sequence[Feed] = (),
        options: NodeOptions | None = None,
        clock: Clock | None = None,
        open_folder: Callable[[Path], Storage] = DiskFolder,
        open_journal: Callable[..., Journal] = Journal,
        end: End = end_process,
    ) -> Node[V]:
        """Lock the folder, replay its journal through a new venue and the feeds, and begin.

        Args:
            folder: The engine's data; made when it is not there.
            venue_factory: Makes the venue in its first state.
            feeds: What follows the events.
            options: See `NodeOptions`.
            clock: The machine's, unless another is given.
            open_folder: Opens a folder of the disk, unless another is given.
            open_journal: Opens the journal for writing; a simulation has one without threads.
            end: Ends the process.

        Raises:
            FolderInUse: Another process has it open.
            JournalDamaged: Acknowledged commands cannot be read; see its runbook.
            JournalFilesWrong: The folder does not hold one whole journal.
            StorageFull: No room for a new journal's first segment.
            StorageLost: The disk failed.
        """
        options = options or NodeOptions()
        clock = clock or SystemClock()
        lock = open_folder(folder).lock(LOCK_NAME)
        try:
            replayed = await replay_folder(
                folder, venue_factory(), feeds, options, clock, open_folder, end
            )
            journal = open_journal(
                replayed.storage,
                replayed.tail,
                clock=clock,
                end=end,
                segment_bytes=options.segment_bytes,
            )
            journal.start()
        except BaseException:
            lock.release()
            raise
        return cls.lead(replayed, journal, journal, lock, options=options, clock=clock, end=end)

    @classmethod
    def lead(
        cls,
        replayed: Replayed[V],
        journal: Journal,
        log: CommandLog,
        lock: StorageLock,
        *,
        options: NodeOptions,
        clock: Clock,
        end: End,
        leads: Callable[[], Awaitable[None]] | None = None,
    ) -> Node[V]:
        """Take commands for a venue that has applied all of its journal.

        Args:
            replayed: The venue, its feeds and its journal's end.
            journal: Open for writing.
            log: What the sequencer appends to: the journal, or what stands before it.
            lock: Of the folder.
            options: See `NodeOptions`.
            clock: Gives commands their times.
            end: Ends the process.
            leads: Waits until this node is sure that no other one leads; not needed alone.
        """
        fan = _Fan(replayed.feeds)
        sequencer = Sequencer(
            replayed.venue, log, clock, fan.release, end=end, limits=options.limits
        )
        ticker = Ticker(replayed.venue.next_due_ns, sequencer.submit, clock)
        fan.subscribe(lambda batch: ticker.look())
        ticker.look()
        return cls(replayed, journal, sequencer, fan, lock, ticker, leads)

    def submit(self, commands: CommandArray, receiver: Receiver) -> None:
        """Queue unstamped commands as one unit; see `Sequencer.submit`."""
        self._sequencer.submit(commands, receiver)

    async def execute(self, commands: CommandArray) -> Answer:
        """Submit commands and wait until they are durable.

        A caller that is cancelled while it waits does not take its commands back.

        Raises:
            NotTaken: They were not sequenced and never will be.
        """
        waiting = _Waiting()
        self._sequencer.submit(commands, waiting)
        return await waiting.answer

    async def read(self, query: Callable[[V], T]) -> tuple[int, T]:
        """Ask the venue now, and tell the answer when all it rests on is durable.

        Args:
            query: Called at once; it must not keep the venue, and its value must not be a view of
                the venue's own memory.

        Returns:
            The sequence that the answer is of, and the answer.
        """
        value = query(self.venue)
        sequence = self.applied_sequence
        await self.durable(sequence)
        if self._leads is not None:
            await self._leads()  # a node that was paused may have been followed by another
        return sequence, value

    async def durable(self, sequence: int) -> None:
        """Wait until a sequence is durable; see `Sequencer.durable`."""
        await self._sequencer.durable(sequence)

    @property
    def applied_sequence(self) -> int:
        """The last sequence that the core has applied."""
        return self._sequencer.applied_sequence

    @property
    def durable_sequence(self) -> int:
        """The last sequence on disk: what may be told."""
        return self._sequencer.durable_sequence

    def subscribe_released(self, callback: Callable[[Batch], None]) -> Callable[[], None]:
        """Have every batch from now on told to `callback`; returns what ends that."""
        return self._fan.subscribe(callback)

    def statistics(self) -> NodeStatistics:
        """Return a frozen record."""
        return NodeStatistics(
            venue_id=self._replayed.tail.venue_id.hex(),
            replayed_commands=self._replayed.commands,
            replay_ns=self._replayed.replay_ns,
            sequencer=self._sequencer.statistics(),
            journal=self._journal.statistics(),
        )

    async def close(self) -> None:
        """Take nothing more, release what was taken, let go of the folder."""
        self._ticker.close()
        await self._sequencer.close()
        await asyncio.to_thread(self._journal.close)
        self._lock.release()


class _Fan:
    """Who is told of a released batch, in order."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds = feeds
        self._subscribers: list[Callable[[Batch], None]] = []

    def subscribe(self, callback: Callable[[Batch], None]) -> Callable[[], None]:
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def release(self, batch: Batch) -> None:
        for feed in self._feeds:
            feed.on_events(batch.events)
        for subscriber in tuple(self._subscribers):
            subscriber(batch)


async def replay_folder(
    folder: Path,
    venue: V,
    feeds: Sequence[Feed],
    options: NodeOptions,
    clock: Clock,
    open_folder: Callable[[Path], Storage],
    end: End,
    make_venue_id: Callable[[], bytes] = new_venue_id,
) -> Replayed[V]:
    """Bring a new venue and its feeds to the end of a locked folder's journal; see `Node.open`."""
    storage = open_folder(folder / JOURNAL_NAME)
    started_ns = clock.elapsed_ns()
    everything = JoinedFolder(storage, open_folder(folder / ARCHIVE_NAME))
    start = _take_over(open_folder(folder / SNAPSHOTS_NAME), everything, venue, feeds)
    from_sequence = venue.sequence_last
    recovery = Recovery(
        everything,
        segment_bytes=options.segment_bytes,
        accept_tail_loss=options.accept_tail_loss,
        start=start,
        make_venue_id=make_venue_id,
    )
    await _replay(recovery, venue, feeds, end, options.read_ahead)
    commands, replay_ns = venue.sequence_last - from_sequence, clock.elapsed_ns() - started_ns
    tail = recovery.finish()
    _report(tail, venue, commands, replay_ns)
    check(venue.sequence_last == tail.past.next_sequence - 1, "the replay was complete")
    return Replayed(venue, feeds, storage, tail, commands, replay_ns)


def _take_over(
    snapshots: Storage, journal: Storage, venue: Venue, feeds: Sequence[Feed]
) -> Position | None:
    """Go on from the newest good snapshot; nothing when there is none that all can take over."""
    kept = [feed for feed in feeds if isinstance(feed, KeptFeed)]
    if not isinstance(venue, KeptVenue) or len(kept) != len(feeds):
        return None
    choice = choose(snapshots, journal, build_hash())
    for passed in choice.passed:
        log.warning("snapshot passed over", name=passed.name, why=passed.why)
    if choice.snapshot is None:
        return None
    take_over(choice.snapshot, venue, kept)
    header = choice.snapshot.header
    log.info("snapshot taken over", sequence=header.sequence, digest=f"{header.digest:032x}")
    return header.position


async def _replay(
    recovery: Recovery, venue: Venue, feeds: Sequence[Feed], end: End, read_ahead: int
) -> None:
    """Apply the whole journal; a bug in it ends the process as it would in a running one."""
    ahead = ReadAhead(recovery.batches(), read_ahead) if read_ahead else None
    try:
        for commands in joined(ahead or recovery.batches()):
            events = venue.apply(commands)
            for feed in feeds:
                feed.on_events(events)
            await asyncio.sleep(0)
        venue.validate()
    except BrokenInvariant as error:
        end(f"bug in the replay at or after sequence {venue.sequence_last}: {told(error)}")
        raise
    finally:
        if ahead is not None:
            ahead.close()


def _report(tail: Tail, venue: Venue, commands: int, replay_ns: int) -> None:
    """Say what was read, and every byte that was set to zero."""
    for cut in tail.cuts:
        log.warning(
            "journal cut",
            case=cut.case,
            sequence=cut.sequence,
            segment=cut.segment_number,
            offset=cut.offset,
            bytes=cut.length,
            detail=cut.detail,
        )
    log.info(
        "journal replayed",
        venue_id=tail.venue_id.hex(),
        epoch=tail.epoch,
        sequence=venue.sequence_last,
        digest=f"{venue.digest():032x}",
        bytes=commands * COMMAND_BYTES,
        commands_per_second=commands * 1_000_000_000 // max(replay_ns, 1),
    )
