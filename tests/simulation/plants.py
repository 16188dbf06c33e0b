"""Faults planted in the engine itself: a world that has one must break, or worlds see nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from engine.core.venue import Venue
from engine.journal.recovery import Recovery
from engine.sequencer import CommandArray, EventArray
from engine.snapshot import follower, store

ID_BITS = 32


class Forgetful:
    """A core that takes every id for a new one: it never answers a command a second time."""

    def __init__(self) -> None:
        self._venue = Venue()

    def __getattr__(self, name: str) -> Any:
        if name in ("dump", "restore"):
            raise AttributeError(name)
        return getattr(self._venue, name)

    def apply(self, commands: CommandArray) -> EventArray:
        """Apply commands under ids that nobody else has, and tell of them under their own."""
        changed = commands.view(np.uint64).copy().view(commands.dtype)
        has_id = changed["client_id_high"] != 0
        changed["client_id_high"][has_id] |= changed["sequence"][has_id] << np.uint64(ID_BITS)
        events = self._venue.apply(changed).copy()
        for name in ("client_id_high", "maker_client_id_high"):
            events[name] &= np.uint64((1 << ID_BITS) - 1)
        return events


class Anything:
    """Equal to every hash."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Put something else in a place, for a while."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def sync_off(world: Any) -> AbstractContextManager[None]:
    """A disk that says that it has synced, and has not."""
    for machine in world.machines:
        machine.disk("journal").sync_works = False
    return nullcontext()


def id_check_off(world: Any) -> AbstractContextManager[None]:
    """The id window is not asked."""
    for machine in world.machines:
        machine.make_venue = Forgetful
    return nullcontext()


def digest_check_off(world: Any) -> AbstractContextManager[None]:
    """A snapshot is taken over whatever its hash says."""
    return replaced(store, "body_hash", lambda parts: Anything())


def tail_not_synced(world: Any) -> AbstractContextManager[None]:
    """Recovery trusts what it reads in memory."""
    return replaced(Recovery, "_make_last", lambda *_: None)


def unproven_frames(world: Any) -> AbstractContextManager[None]:
    """Snapshots are also of the last frame, which may not be on disk."""
    return replaced(follower, "all_but_last", lambda items: items)


PLANTS: dict[str, Callable[[Any], AbstractContextManager[None]]] = {
    "sync off": sync_off,
    "id check off": id_check_off,
    "digest check off": digest_check_off,
    "tail not synced": tail_not_synced,
    "unproven frames": unproven_frames,
}
CANARY = "sync off"
SEEDS_MAX = 200
