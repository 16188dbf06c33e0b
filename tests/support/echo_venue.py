"""The smallest venue: it answers every command, keeps a sum of them, and can be told to break."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND_WORDS
from engine.core.events import ANSWER, EVENT, EventKind
from engine.core.invariants import check
from engine.core.limits import NEVER_NS

MASK = (1 << 64) - 1


class EchoVenue:
    """One ACCEPTED event for each command; the digest is a sum over all bytes in order."""

    def __init__(self, *, breaks_at: int = 0) -> None:
        self.sequence_last = 0
        self.time_ns_last = 0
        self.applied: list[int] = []
        self._breaks_at = breaks_at
        self._sum = 0

    def apply(self, commands: NDArray[np.void]) -> NDArray[np.void]:
        """Answer stamped commands, which must follow without a gap and in the order of time."""
        sequences, times = commands["sequence"].tolist(), commands["time_ns"].tolist()
        for sequence, time_ns in zip(sequences, times, strict=True):
            check(sequence == self.sequence_last + 1, "sequences have no gap")
            check(time_ns > self.time_ns_last, "time rises")
            check(sequence != self._breaks_at, "this command breaks the venue")
            self.sequence_last, self.time_ns_last = sequence, time_ns
        self.applied += sequences
        for row in commands.view(np.uint64).reshape(-1, COMMAND_WORDS):
            self._sum = (self._sum * 31 + int(row.sum(dtype=np.uint64))) & MASK
        events = np.zeros(len(commands), EVENT)
        events["sequence"] = commands["sequence"]
        events["time_ns"] = commands["time_ns"]
        events["kind"] = EventKind.ACCEPTED
        events["flags"] = ANSWER
        return events

    def next_due_ns(self) -> int:
        """Nothing is ever due."""
        return NEVER_NS

    def digest(self) -> int:
        """Return the sum."""
        return self._sum

    def validate(self) -> None:
        """There is nothing that could be wrong."""
