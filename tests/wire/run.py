"""Puts every case to every door and judges what comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.wire.doors import DOORS, Sender
from tests.wire.scene import Scene, State
from tests.wire.table import Case, Door, Impossible, Outcome, Try, judge

PROCESSES_AT_ONCE = 3  # a command line takes most of a second to start


@dataclass(frozen=True, slots=True)
class Row:
    """What became of a case at a door.

    Attributes:
        outcome: What came back; nothing where the door cannot be told.
        faults: What is wrong with it.
    """

    case: str
    door: Door
    outcome: Outcome | None
    faults: tuple[str, ...] = ()
    reason: str = ""


class Watch:
    """Compares the venue with what it was, after every case."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._lock = threading.Lock()
        self._before = scene.state()

    def faults(self) -> list[str]:
        """Return what has changed since the last look."""
        with self._lock:
            before, self._before = self._before, self._scene.state()
            return changes(before, self._before)


def changes(before: State, after: State) -> list[str]:
    """Name what differs between two states."""
    names = ("digest", "orders", "balances")
    return [
        f"changed the {name}" for name in names if getattr(before, name) != getattr(after, name)
    ]


def run(scene: Scene, cases: Iterable[Case], doors: Iterable[Door]) -> Iterator[Row]:
    """Yield what becomes of each case at each door, the doors one after another."""
    watch = Watch(scene)
    listed = list(cases)
    for door in doors:
        sender = DOORS[door](scene)

        def tried(case: Case, door: Door = door, sender: Sender = sender) -> Row:
            return attempt(case, door, sender, watch)

        if door is Door.CLI:
            # Nothing may ever change, so several can be under way when the venue is looked at.
            with ThreadPoolExecutor(PROCESSES_AT_ONCE) as pool:
                yield from pool.map(tried, listed)
        else:
            yield from map(tried, listed)


def attempt(case: Case, door: Door, sender: Sender, watch: Watch) -> Row:
    """Put one case to one door."""
    entry = case.doors[door]
    if isinstance(entry, Impossible):
        return Row(case.name, door, None, reason=entry.reason)
    outcome = reached(lambda: sender.send(entry.ask, entry.party))
    return Row(case.name, door, outcome, tuple(faults_of(entry, outcome) + watch.faults()))


def faults_of(entry: Try, outcome: Outcome) -> list[str]:
    """Return what is wrong with what came back."""
    return judge(entry.refusal, outcome)


def reached(send: Callable[[], Outcome]) -> Outcome:
    """Send, and say so when there was no answer at all."""
    try:
        return send()
    except OSError as error:
        return Outcome(False, "no answer", rule=repr(error))
