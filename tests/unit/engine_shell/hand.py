"""A clock and a journal that a test moves by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.core.commands import COMMAND, CommandKind
from engine.sequencer import Answer, Batch, CommandArray, NotTaken, Sequencer, SequencerLimits
from tests.support.echo_venue import EchoVenue
from tests.support.journal import Endings

SECOND = 1_000_000_000
START_NS = 1_700_000_000 * SECOND


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.wall_ns = now_ns
        self.steady_ns = 0

    def now_ns(self) -> int:
        return self.wall_ns

    def elapsed_ns(self) -> int:
        return self.steady_ns

    def pass_ns(self, ns: int) -> None:
        """Let time go by, on both clocks."""
        self.wall_ns += ns
        self.steady_ns += ns

    def step_ns(self, ns: int) -> None:
        """Set the wall clock, as an operator or a bad time server does."""
        self.wall_ns += ns


class HandLog:
    """A journal whose syncs return when the test says so."""

    def __init__(self, *, commands_per_frame_max: int = 4096) -> None:
        self.commands_per_frame_max = commands_per_frame_max
        self.is_short = False
        self.refusal = ""
        self.batches: list[CommandArray] = []
        self.waiting: list[Callable[[], None]] = []

    def append(self, commands: CommandArray, synced: Callable[[], None]) -> None:
        self.batches.append(commands)
        self.waiting.append(synced)

    def sync(self) -> None:
        """Let the oldest batch be on disk."""
        self.waiting.pop(0)()


class Listener:
    """A receiver that writes down what it hears, with whatever else is heard in the test."""

    def __init__(self, name: str = "", heard: list[Any] | None = None) -> None:
        self.name = name
        self.heard: list[Any] = [] if heard is None else heard
        self.answers: list[Answer] = []
        self.errors: list[NotTaken] = []

    def released(self, answer: Answer) -> None:
        self.answers.append(answer)
        self.heard.append(self.name)

    def refused(self, error: NotTaken) -> None:
        self.errors.append(error)
        self.heard.append(self.name)


def orders(count: int, *, kind: CommandKind = CommandKind.PLACE) -> CommandArray:
    """Return unstamped commands."""
    commands = np.zeros(count, COMMAND)
    commands["kind"] = kind
    return commands


def quote(entries: int, *, said: int | None = None) -> CommandArray:
    """Return an unstamped header that says how many entries it has, and its entries."""
    commands = orders(entries + 1, kind=CommandKind.QUOTE_ENTRY)
    commands["kind"][0] = CommandKind.MASS_QUOTE
    commands["entry_count"][0] = entries if said is None else said
    return commands


class Desk:
    """A sequencer on an echo venue, with a clock and a journal moved by hand."""

    def __init__(
        self,
        *,
        limits: SequencerLimits | None = None,
        venue: EchoVenue | None = None,
        clock: HandClock | None = None,
        commands_per_frame_max: int = 4096,
    ) -> None:
        self.venue = venue or EchoVenue()
        self.clock = clock or HandClock()
        self.log = HandLog(commands_per_frame_max=commands_per_frame_max)
        self.endings = Endings()
        self.released: list[Batch] = []
        self.heard: list[Any] = []
        self.sequencer = Sequencer(
            self.venue, self.log, self.clock, self.release, end=self.endings, limits=limits
        )

    def release(self, batch: Batch) -> None:
        self.released.append(batch)
        self.heard.append(("batch", batch.first_sequence))

    def submit(self, count: int, name: str = "") -> Listener:
        listener = Listener(name, self.heard)
        self.sequencer.submit(orders(count), listener)
        return listener

    def batch_lengths(self) -> list[int]:
        return [len(batch) for batch in self.log.batches]
