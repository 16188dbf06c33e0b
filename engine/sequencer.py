"""One total order, one clock: commands become batches, and news leaves only when it is durable.

This module first says what goes in and what comes out; `Sequencer` follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

# Arrays of `engine.core.commands.COMMAND` and `engine.core.events.EVENT`; numpy has no type for one
# structured dtype, so the names carry it.
CommandArray = NDArray[np.void]
EventArray = NDArray[np.void]


class NotTaken(Exception):
    """The commands were not sequenced and never will be: a definite refusal, safe to send again."""


class Busy(NotTaken):
    """The queue is full; the same commands can be taken a little later."""


class Halted(NotTaken):
    """The sequencer takes nothing in this state; the message begins with the state's name."""


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


class Venue(Protocol):
    """What the sequencer and the node need of a venue; the rest is for readers."""

    sequence_last: int
    time_ns_last: int

    def apply(self, commands: CommandArray) -> EventArray:
        """Advance by stamped commands and return their events."""

    def digest(self) -> int:
        """Return the digest of the whole state."""

    def validate(self) -> None:
        """Raise BrokenInvariant when a rule on the state does not hold."""

    def __getattr__(self, name: str) -> Any:
        """Readers' queries: see the venue's class."""


Release = Callable[[Batch], None]
