"""One total order, one clock: commands become batches, and news leaves only when it is durable.

    submit -> queue -> [batch: stamp, apply] -> journal thread -> released -> receivers
                       on the loop              write, sync       on the loop

Natural batching: while a batch is on its way to the disk, arrivals gather, and they go together as
the next one. Alone, a command is a batch of its own and waits for nobody; under load a batch holds
up to 4,096 and the disk is asked as rarely as it can be.

Why nothing leaves early:

    1. order 7 trades against order 3, and the core knows at once;
    2. the fill reaches the buyer, who withdraws;
    3. the machine loses power before the sync;
    4. after the restart order 7 never existed, yet the money is gone.

So step 2 waits for the sync. The core runs ahead of the disk by at most two batches; answers, feeds
and reads do not.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND, COMMAND_BYTES, COMMAND_WORDS, ENTRY_KINDS, CommandKind
from engine.core.invariants import check
from engine.core.limits import COMMANDS_PER_BATCH_MAX, TIME_NS_MAX
from engine.ports.clock import Clock
from engine.ports.process import End, told

# Arrays of `engine.core.commands.COMMAND` and `engine.core.events.EVENT`; numpy has no type for one
# structured dtype, so the names carry it.
CommandArray = NDArray[np.void]
EventArray = NDArray[np.void]

DRIFT_PARTS = 1000  # a clock may be steered by a thousandth of the time that has passed
# They always lower what is at risk; a tick cancels what has expired.
CANCELS = (CommandKind.CANCEL, CommandKind.CANCEL_ALL, CommandKind.TICK)


_HEADERS_FIRST = min(ENTRY_KINDS)
ENTRIES = tuple(ENTRY_KINDS.values())


def groups_are_whole(kinds: NDArray[np.uint8], entry_counts: NDArray[np.uint32]) -> bool:
    """Tell whether every header has its entries behind it, and every entry its header before it.

    A batch would cut a group that is not whole: its entries would mean another thing on replay.
    """
    if kinds.max() < _HEADERS_FIRST:
        return True
    at = 0
    while at < len(kinds):
        kind, first = int(kinds[at]), at + 1
        if kind in ENTRIES:
            return False
        at = first
        if kind in ENTRY_KINDS:
            at += int(entry_counts[first - 1])
            entry_kind = ENTRY_KINDS[CommandKind(kind)]
            if at > len(kinds) or (kinds[first:at] != entry_kind).any():
                return False
    return True


class NotTaken(Exception):
    """The commands were not sequenced and never will be: a definite refusal, safe to send again."""


class Busy(NotTaken):
    """The queue is full; the same commands can be taken a little later."""


class Halted(NotTaken):
    """The sequencer does not take this in its state; the message begins with the state's name."""


class Closed(NotTaken):
    """The node is closing or closed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one submission did, once it is durable.

    Attributes:
        first_sequence: Sequence of the submission's first command; the others follow without gap.
        count: Number of commands.
        events: All events of these commands in their order, each command's ANSWER among them.
    """

    first_sequence: int
    count: int
    events: EventArray


class Receiver(Protocol):
    """Who submitted: exactly one of the two is called, once, on the loop, and must not raise."""

    def released(self, answer: Answer) -> None:
        """Take the answer: its commands are durable."""

    def refused(self, error: NotTaken) -> None:
        """Learn that commands that had been queued were not sequenced and never will be."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What became durable together: one frame of the journal.

    Attributes:
        first_sequence: Sequence of the first command.
        commands: The stamped commands, read-only by agreement.
        events: Their events, read-only by agreement.
    """

    first_sequence: int
    commands: CommandArray
    events: EventArray


Release = Callable[[Batch], None]


class Venue(Protocol):
    """What the sequencer and the node need of a venue; the rest is for readers."""

    @property
    def sequence_last(self) -> int:
        """Sequence of the last command that was applied."""

    @property
    def time_ns_last(self) -> int:
        """Time of that command."""

    def apply(self, commands: CommandArray) -> EventArray:
        """Advance by stamped commands and return their events, in an array of its own."""

    def next_due_ns(self) -> int:
        """Return the time of the earliest expiry, NEVER_NS when there is none."""

    def digest(self) -> int:
        """Return the digest of the whole state."""

    def validate(self) -> None:
        """Raise BrokenInvariant when a rule on the state does not hold."""


class CommandLog(Protocol):
    """What the sequencer needs of a journal."""

    @property
    def commands_per_frame_max(self) -> int:
        """The longest batch that can be appended."""

    @property
    def is_short(self) -> bool:
        """Whether room is kept for cancels, because there is no more."""

    @property
    def refusal(self) -> str:
        """Why nothing is taken now, beginning with the state's name; empty when it is."""

    def append(self, commands: CommandArray, synced: Callable[[], None]) -> None:
        """Take a batch at once; call `synced` from any thread when it is on disk, in order."""


class State(Enum):
    """What the sequencer does with commands."""

    RUNNING = "takes them"
    CLOCK_JUMPED = "refuses them: the machine's time jumped; set it right and restart"
    CLOCK_BEHIND_JOURNAL = "refuses them: the journal is ahead of the machine's time; set it right"
    CLOSING = "finishes those it took"
    CLOSED = "is closed"
    ENDED = "met a bug: the process ends"


@dataclass(frozen=True, slots=True, kw_only=True)
class SequencerLimits:
    """How much waits, how far the core runs ahead, and what a clock may do.

    Attributes:
        queue_commands_max: Commands that wait; more are `Busy`.
        queue_bytes_max: Bytes of waiting commands and of events that wait for the disk.
        batches_ahead_max: Batches that are applied and not yet durable.
        ahead_commands_min: With a batch on its way, the next one goes only when it is this long:
            smaller ones gather, so that they share a sync.
        clock_jump_ns_max: Of the wall clock against the steady one, beyond steering.
    """

    queue_commands_max: int = 65_536
    queue_bytes_max: int = 64 << 20
    batches_ahead_max: int = 2
    ahead_commands_min: int = 256
    clock_jump_ns_max: int = 10_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SequencerStatistics:
    """Where the sequencer stands, and what it has done since it started."""

    state: State
    applied_sequence: int
    durable_sequence: int
    time_ns_last: int
    queue_commands: int
    queue_bytes: int
    batches: int
    batch_commands_max: int
    busy_refusals: int


class Timekeeper:
    """Gives commands their times: strictly increasing, near the clock, never after a jump.

    Args:
        clock: The machine's.
        time_ns_last: Of the last command in the journal.
        jump_ns_max: See `SequencerLimits.clock_jump_ns_max`.
    """

    def __init__(self, clock: Clock, *, time_ns_last: int, jump_ns_max: int) -> None:
        self._clock = clock
        self._jump_ns_max = jump_ns_max
        self._now_ns = clock.now_ns()
        self._elapsed_ns = clock.elapsed_ns()
        self.time_ns_last = time_ns_last

    def is_behind(self) -> bool:
        """Tell whether the journal is further ahead of the clock than a clock may step."""
        return self.time_ns_last - self._now_ns > self._jump_ns_max

    def stamp(self, count: int) -> int:
        """Return the time of the first of `count` commands; the others follow one by one.

        A clock that stands still or goes back a little gives the last time plus one.

        Raises:
            Halted: When the clock jumped, forward or back, or left the range of times. No time was
                given; a jump must expire no order.
        """
        now_ns, elapsed_ns = self._clock.now_ns(), self._clock.elapsed_ns()
        passed_ns = elapsed_ns - self._elapsed_ns
        jump_ns = now_ns - self._now_ns - passed_ns
        if abs(jump_ns) > self._jump_ns_max + passed_ns // DRIFT_PARTS:
            raise Halted(f"{State.CLOCK_JUMPED.name}: by {jump_ns} ns")
        first_ns = max(self.time_ns_last + 1, now_ns)
        if first_ns + count > TIME_NS_MAX:
            raise Halted(f"{State.CLOCK_JUMPED.name}: to {now_ns} ns, past the last time there is")
        self._now_ns, self._elapsed_ns = now_ns, elapsed_ns
        self.time_ns_last = first_ns + count - 1
        return first_ns


@dataclass(frozen=True, slots=True)
class _Submission:
    """Commands that wait, and who wants to know."""

    words: NDArray[np.uint64]
    receiver: Receiver


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A batch that is applied and not yet durable."""

    batch: Batch
    submissions: list[_Submission]


class Sequencer:
    """The one writer of a venue. Everything but the journal's thread runs on one asyncio loop.

    Args:
        venue: The core, at the last sequence of the journal.
        journal: Takes the batches.
        clock: Gives the time.
        release: Called with each batch once it is durable, in order, before its receivers.
        end: Ends the process on a bug.
        limits: See `SequencerLimits`.
    """

    def __init__(
        self,
        venue: Venue,
        journal: CommandLog,
        clock: Clock,
        release: Release,
        *,
        end: End,
        limits: SequencerLimits | None = None,
    ) -> None:
        self._venue = venue
        self._journal = journal
        self._release = release
        self._end = end
        self._limits = limits or SequencerLimits()
        self._loop = asyncio.get_running_loop()
        self._timekeeper = Timekeeper(
            clock,
            time_ns_last=venue.time_ns_last,
            jump_ns_max=self._limits.clock_jump_ns_max,
        )
        behind = self._timekeeper.is_behind()
        self._state = State.CLOCK_BEHIND_JOURNAL if behind else State.RUNNING
        self._batch_max = min(COMMANDS_PER_BATCH_MAX, journal.commands_per_frame_max)
        self._queue: deque[_Submission] = deque()
        self._queue_commands = 0
        self._held_bytes = 0
        self._ahead: deque[_Ahead] = deque()
        self._is_scheduled = False
        self._durable_waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._idle_waiters: list[asyncio.Future[None]] = []
        self._waiters_made = 0
        self._batches = 0
        self._batch_commands_max = 0
        self._busy_refusals = 0
        self.applied_sequence = venue.sequence_last
        self.durable_sequence = venue.sequence_last

    # --- taking commands -------------------------------------------------------------------------

    def submit(self, commands: CommandArray, receiver: Receiver) -> None:
        """Queue unstamped commands as one unit; returns at once.

        Args:
            commands: A contiguous COMMAND array, which must not change any more.
            receiver: Told once, when they are durable or definitely refused.

        Raises:
            Busy: Too much waits.
            Halted: The state, or a journal short of room, does not allow them.
            Closed: The sequencer is closing.
            ValueError: Not a COMMAND array, empty, or longer than a batch.
        """
        count = len(commands)
        if commands.dtype is not COMMAND and commands.dtype != COMMAND:
            raise ValueError(f"commands: a COMMAND array is needed, not {commands.dtype}")
        if not 0 < count <= self._batch_max:
            raise ValueError(f"commands: 1 to {self._batch_max} are taken at once, not {count}")
        if not groups_are_whole(commands["kind"], commands["entry_count"]):
            raise ValueError("commands: a header and its entries are taken at once, or not at all")
        self._check_open(commands)
        waiting = self._queue_commands + count
        if (
            waiting > self._limits.queue_commands_max
            or waiting * COMMAND_BYTES + self._held_bytes > self._limits.queue_bytes_max
        ):
            self._busy_refusals += 1
            raise Busy(f"{self._queue_commands} commands wait; {count} more are not taken now")
        words = np.ascontiguousarray(commands).view(np.uint64).reshape(count, COMMAND_WORDS)
        self._queue.append(_Submission(words, receiver))
        self._queue_commands = waiting
        if not self._is_scheduled and self._may_go():
            self._is_scheduled = True
            self._loop.call_soon(self._turn)

    def _check_open(self, commands: CommandArray) -> None:
        """Refuse what the state does not allow."""
        if self._state is not State.RUNNING:
            raise self._refusal()
        if refusal := self._journal.refusal:
            raise Halted(refusal)
        if self._journal.is_short and not np.isin(commands["kind"], CANCELS).all():
            raise Halted("JOURNAL_SHORT: the disk is full; only cancels are taken until it is not")

    def _refusal(self) -> NotTaken:
        if self._state in (State.CLOSING, State.CLOSED):
            return Closed(f"{self._state.name}: the node {self._state.value}")
        return Halted(f"{self._state.name}: the node {self._state.value}")

    # --- batches ---------------------------------------------------------------------------------

    def _may_go(self) -> bool:
        """Tell whether the commands that wait may become a batch now."""
        if not self._queue or not self._ahead:
            return bool(self._queue)
        long = self._queue_commands >= min(self._limits.ahead_commands_min, self._batch_max)
        return long and len(self._ahead) < self._limits.batches_ahead_max

    def _turn(self) -> None:
        """Make batches; called by the loop after a submission."""
        self._is_scheduled = False
        self._guarded(self._advance)

    def _guarded(self, step: Callable[[], None]) -> None:
        """Take a step; the loop would only log what it raises, and go on with unknown state."""
        if self._state is State.ENDED:
            return
        try:
            step()
        except BaseException as error:
            self._state = State.ENDED
            self._end(
                f"bug at or after sequence {self.applied_sequence + 1} "
                f"(venue at {self._venue.sequence_last}): {told(error)}"
            )

    def _advance(self) -> None:
        while self._may_go():
            submissions = self._take_batch()
            try:
                first_ns = self._timekeeper.stamp(sum(len(item.words) for item in submissions))
            except Halted as error:
                self._halt(State.CLOCK_JUMPED, submissions, error)
                return
            self._sequence(submissions, first_ns)

    def _take_batch(self) -> list[_Submission]:
        """Take submissions from the front of the queue, whole ones, as many as fit a batch."""
        taken = [self._queue.popleft()]
        count = len(taken[0].words)
        while self._queue and count + len(self._queue[0].words) <= self._batch_max:
            taken.append(self._queue.popleft())
            count += len(taken[-1].words)
        self._queue_commands -= count
        return taken

    def _sequence(self, submissions: list[_Submission], first_ns: int) -> None:
        """Stamp a batch, apply it, hand it to the journal."""
        words = np.concatenate([item.words for item in submissions])
        count = len(words)
        first = self.applied_sequence + 1
        words[:, 0] = np.arange(first, first + count, dtype=np.uint64)
        words[:, 1] = np.arange(first_ns, first_ns + count, dtype=np.uint64)
        commands = words.reshape(-1).view(COMMAND)
        events = self._venue.apply(commands)
        last = first + count - 1
        check(self._venue.sequence_last == last, "the core applied the whole batch")
        missing = count - len(events)  # entries are answered with their header
        has_answers = missing <= 0 or missing <= np.isin(commands["kind"], ENTRIES).sum()
        check(bool(has_answers), "every command has an answer")
        self.applied_sequence = last
        self._ahead.append(_Ahead(Batch(first, commands, events), submissions))
        self._held_bytes += events.nbytes
        self._batches += 1
        self._batch_commands_max = max(self._batch_commands_max, count)
        self._journal.append(commands, self._tell_synced)

    def _halt(self, state: State, taken: list[_Submission], error: Halted) -> None:
        """Take nothing any more, and refuse what waits: none of it was stamped or applied."""
        self._state = state
        waiting = [*taken, *self._queue]
        self._queue.clear()
        self._queue_commands = 0
        for item in waiting:
            item.receiver.refused(error)
        self._wake_idle()

    # --- release ---------------------------------------------------------------------------------

    def _tell_synced(self) -> None:
        """Come from the journal's thread to the loop."""
        self._loop.call_soon_threadsafe(self._guarded, self._synced)

    def _synced(self) -> None:
        """Release the oldest batch: it is durable."""
        done = self._ahead.popleft()
        batch = done.batch
        check(batch.first_sequence == self.durable_sequence + 1, "batches are released in order")
        self.durable_sequence += len(batch.commands)
        self._held_bytes -= batch.events.nbytes
        if not self._ahead:
            self._advance()  # first of all, or the disk would stand still during the release
        self._release(batch)
        self._answer(done)
        self._wake_durable()
        self._advance()
        self._wake_idle()

    def _answer(self, done: _Ahead) -> None:
        """Give each receiver its part of the batch's events."""
        batch, submissions = done.batch, done.submissions
        first, events = batch.first_sequence, batch.events
        if len(submissions) == 1:
            submissions[0].receiver.released(Answer(first, len(batch.commands), events))
            return
        counts = np.array([len(item.words) for item in submissions], np.uint64)
        starts = np.cumsum(counts) - counts + np.uint64(first)
        places = [*np.searchsorted(events["sequence"], starts).tolist(), len(events)]
        for index, (item, start) in enumerate(zip(submissions, starts.tolist(), strict=True)):
            part = events[places[index] : places[index + 1]]
            item.receiver.released(Answer(start, len(item.words), part))

    # --- waiting ---------------------------------------------------------------------------------

    async def durable(self, sequence: int) -> None:
        """Wait until a sequence is durable; one of the future is waited for until it comes.

        Raises:
            Closed: When the sequencer closes before.
        """
        if sequence <= self.durable_sequence:
            return
        if self._state is State.CLOSED:
            raise self._refusal()
        waiter = self._loop.create_future()
        self._waiters_made += 1
        heapq.heappush(self._durable_waiters, (sequence, self._waiters_made, waiter))
        await waiter

    async def drain(self) -> None:
        """Wait until nothing waits and all that was applied is durable and released."""
        while self._queue or self._ahead:
            waiter = self._loop.create_future()
            self._idle_waiters.append(waiter)
            await waiter

    async def close(self) -> None:
        """Take nothing more, finish what was taken, and end all waiting."""
        self._state = State.CLOSING
        await self.drain()
        self._state = State.CLOSED
        for _, _, waiter in self._durable_waiters:
            if not waiter.done():
                waiter.set_exception(self._refusal())
        self._durable_waiters.clear()

    def _wake_durable(self) -> None:
        waiters = self._durable_waiters
        while waiters and waiters[0][0] <= self.durable_sequence:
            waiter = heapq.heappop(waiters)[2]
            if not waiter.done():
                waiter.set_result(None)

    def _wake_idle(self) -> None:
        if self._queue or self._ahead:
            return
        for waiter in self._idle_waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._idle_waiters.clear()

    @property
    def state(self) -> State:
        """What the sequencer does with commands now."""
        return self._state

    def statistics(self) -> SequencerStatistics:
        """Return a frozen record."""
        return SequencerStatistics(
            state=self._state,
            applied_sequence=self.applied_sequence,
            durable_sequence=self.durable_sequence,
            time_ns_last=self._timekeeper.time_ns_last,
            queue_commands=self._queue_commands,
            queue_bytes=self._queue_commands * COMMAND_BYTES + self._held_bytes,
            batches=self._batches,
            batch_commands_max=self._batch_commands_max,
            busy_refusals=self._busy_refusals,
        )
