"""A journal under test: commands that say who they are, and who was told that they are safe."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND, CommandKind
from engine.journal.recovery import Recovery, Tail
from engine.journal.writer import Journal
from engine.ports.clock import SystemClock
from engine.ports.storage import Storage

VENUE_ID = bytes(range(16))
BLOCK = 4096
SEGMENT = 8 * BLOCK  # header, six blocks of frames, seal
DEADLINE_SECONDS = 20


def make_commands(first_sequence: int, count: int, *, seed: int = 0) -> NDArray[np.void]:
    """Return stamped commands with every byte of their bodies in use, and times that rise."""
    commands = np.zeros(count, COMMAND)
    words = commands.view(np.uint64).reshape(count, 16)
    words[:] = np.random.default_rng([seed, first_sequence, count]).integers(
        1, 1 << 63, (count, 16), np.uint64
    )
    commands["sequence"] = np.arange(first_sequence, first_sequence + count)
    commands["time_ns"] = 1_000 + np.arange(first_sequence, first_sequence + count)
    commands["kind"] = CommandKind.PLACE
    return commands


def joined(batches: list[NDArray[np.void]]) -> NDArray[np.void]:
    """Join batches as words; numpy joins structs into packed ones of another layout."""
    words = [batch.view(np.uint64) for batch in batches]
    return np.concatenate([np.zeros(0, np.uint64), *words]).view(COMMAND)


class Endings:
    """Stands for the end of the process: remembers why."""

    def __init__(self, told: threading.Condition | None = None) -> None:
        self.reasons: list[str] = []
        self.happened = threading.Event()
        self._told = told or threading.Condition()

    def __call__(self, reason: str) -> None:
        with self._told:
            self.reasons.append(reason)
            self.happened.set()
            self._told.notify_all()


class OpenJournal:
    """A journal opened for writing, as the node opens it, without loop and venue.

    Attributes:
        recovered: All commands that were read.
        tail: What recovery said.
        acknowledged: The last sequence that was told to be on disk.
    """

    def __init__(
        self, storage: Storage, *, segment_bytes: int = SEGMENT, accept_tail_loss: bool = False
    ) -> None:
        recovery = Recovery(
            storage,
            segment_bytes=segment_bytes,
            accept_tail_loss=accept_tail_loss,
            make_venue_id=lambda: VENUE_ID,
        )
        self.recovered = joined(list(recovery.batches()))
        self.tail: Tail = recovery.finish()
        self._told = threading.Condition()
        self.endings = Endings(self._told)
        self.journal = Journal(
            storage,
            self.tail,
            clock=SystemClock(),
            end=self.endings,
            segment_bytes=segment_bytes,
            retry_seconds=0,
        )
        self.acknowledged = self.tail.past.next_sequence - 1
        self.next_sequence = self.tail.past.next_sequence
        self.journal.start()

    def append(self, count: int) -> None:
        """Hand over the next `count` commands; returns at once."""
        commands = make_commands(self.next_sequence, count)
        self.next_sequence += count
        last = self.next_sequence - 1
        self.journal.append(commands, lambda: self._tell(last))

    def _tell(self, sequence: int) -> None:
        with self._told:
            self.acknowledged = sequence
            self._told.notify_all()

    def write(self, *counts: int) -> None:
        """Append batches and wait until the last one is acknowledged."""
        for count in counts:
            self.append(count)
        self.wait_for(self.next_sequence - 1)

    def wait_for(self, sequence: int) -> None:
        """Wait until a sequence is acknowledged."""
        assert self.wait_for_either(sequence), f"{sequence}: {self.endings.reasons}"

    def wait_for_either(self, sequence: int) -> bool:
        """Wait until a sequence is acknowledged, or the process would have ended: then no."""

        def decided() -> bool:
            return self.acknowledged >= sequence or bool(self.endings.reasons)

        with self._told:
            assert self._told.wait_for(decided, DEADLINE_SECONDS), "the journal does nothing"
            return self.acknowledged >= sequence

    def wait_for_no_room(self) -> None:
        """Wait until making the next segment has found a full disk."""
        preparer = self.journal._preparer
        with preparer._changed:
            assert preparer._changed.wait_for(lambda: preparer.no_room, DEADLINE_SECONDS)

    def wait_for_end(self) -> str:
        """Wait until the process would have ended, and return why."""
        assert self.endings.happened.wait(DEADLINE_SECONDS)
        return self.endings.reasons[0]

    def close(self) -> None:
        """Close as a node does."""
        self.journal.close()

    def abandon(self) -> None:
        """End the threads of a journal whose process would have ended."""
        self.journal._preparer.stop()
        self.journal._jobs.put(None)
        self.journal._thread.join(DEADLINE_SECONDS)


def written(storage: Storage, *counts: int, segment_bytes: int = SEGMENT) -> None:
    """Write a new journal of these batches, or go on with the one that is there, and close it.

    The segment made ahead is there when this returns.
    """
    opened = OpenJournal(storage, segment_bytes=segment_bytes)
    opened.write(*counts)
    opened.journal._preparer.wait_for(opened.journal.statistics().segment_number + 1)
    opened.close()


def read_all(storage: Storage) -> NDArray[np.void]:
    """Return all commands of a journal, changing nothing."""
    return joined(list(Recovery(storage).batches()))


def same(left: NDArray[np.void], right: NDArray[np.void]) -> bool:
    """Compare commands byte for byte."""
    return left.tobytes() == right.tobytes()
