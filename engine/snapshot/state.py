"""What can be written to a snapshot and taken over from one: a venue, and the feeds behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from engine.core.invariants import check
from engine.sequencer import EventArray, Venue
from engine.snapshot import tree
from engine.snapshot.store import Snapshot


@runtime_checkable
class KeptVenue(Venue, Protocol):
    """A venue whose whole state can be written and taken over: the compiled core."""

    def dump(self) -> NDArray[np.uint8]:
        """Give the whole state."""

    def restore(self, state: NDArray[np.uint8]) -> None:
        """Take a whole state over, before the first command."""


@runtime_checkable
class KeptFeed(Protocol):
    """A feed whose state can be written and taken over."""

    def on_events(self, events: EventArray) -> None:
        """Take the next events, in order."""

    def state(self) -> tree.Tree:
        """Give what is kept."""

    def restore(self, state: tree.Tree) -> None:
        """Take over what another feed kept, before the first event."""


def take_over(snapshot: Snapshot, venue: KeptVenue, feeds: Sequence[KeptFeed]) -> None:
    """Give a new venue and its feeds the state of a snapshot.

    Raises:
        ValueError: They do not take it.
    """
    venue.restore(snapshot.core)
    check(venue.digest() == snapshot.header.digest, "a restored state has its snapshot's digest")
    kept = tree.unpack(snapshot.feeds)
    if len(kept) != len(feeds):
        raise ValueError(f"the snapshot is of {len(kept)} feeds, not {len(feeds)}")
    for feed, state in zip(feeds, kept, strict=True):
        feed.restore(state)
