"""A state that is dumped and restored goes on as if nothing had happened.

The source of commands reaches every kind of state that the core has, so a field, a list or a table
that a dump forgets shows as another event or another digest.
"""

from __future__ import annotations

import random

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.core.invariants import BrokenInvariant
from engine.core.venue import Venue
from engine.sequencer import ENTRIES
from tests.model.source import CommandSource

COMMANDS = 12_000
BATCH_MAX = 200


def restored(venue: Venue) -> Venue:
    """Give a new venue with the state of another."""
    copy = Venue()
    copy.restore(venue.dump())
    return copy


def border(batch: NDArray[np.void], at: int) -> int:
    """Give the next place where a batch may be cut: a compound command stays whole."""
    while batch["kind"][at] in ENTRIES:
        at += 1
    return at


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_restored_state_goes_on_with_the_same_events(seed: int) -> None:
    """At random points of random commands a copy takes the place of the venue, again and again."""
    points = random.Random(seed)
    source, venue, copy = CommandSource(seed), Venue(), Venue()
    batch = source.opening()
    restores = 0
    while venue.sequence_last < COMMANDS:
        events = venue.apply(batch)
        assert events.tobytes() == copy.apply(batch).tobytes()
        source.learn(events)
        if points.random() < 0.2:
            copy = restored(copy)
            restores += 1
            assert venue.digest() == copy.digest() == copy.digest_scan()
            copy.validate()
        batch = source.take(points.randint(1, BATCH_MAX))
    assert restores > 10
    assert venue.digest() == copy.digest() == copy.digest_scan()
    assert np.array_equal(venue.dump(), copy.dump())


def test_the_bytes_follow_from_the_commands_alone() -> None:
    """Batches and questions asked in between leave no trace."""
    source, venue, other = CommandSource(4), Venue(), Venue()
    batch = source.opening()
    for _ in range(40):
        source.learn(venue.apply(batch))
        for half in np.split(batch, [border(batch, len(batch) // 2)]):
            other.apply(half)
            other.digest()
        batch = source.take(100)
    assert np.array_equal(venue.dump(), other.dump())


def test_what_is_not_a_whole_state_is_refused() -> None:
    """A cut, longer or foreign dump gives an error, and the venue is of no use afterwards."""
    venue = Venue()
    source = CommandSource(5)
    batch = source.opening()
    for _ in range(5):
        source.learn(venue.apply(batch))
        batch = source.take(200)
    state = venue.dump()
    cuts = [*range(0, len(state), len(state) // 97), len(state) - 1]
    wrong = [state[:cut] for cut in cuts] + [np.append(state, np.uint8(0))]
    other_layout = state.copy()
    other_layout[0] ^= 1
    for bad in [*wrong, other_layout]:
        target = Venue()
        with pytest.raises(ValueError, match="of another build, or not whole"):
            target.restore(bad)
        with pytest.raises(BrokenInvariant, match="restored whole"):
            target.apply(batch)


def test_a_state_is_restored_into_a_new_venue_only() -> None:
    """What a venue already knows is never mixed with a state."""
    venue = Venue()
    venue.apply(CommandSource(6).opening())
    with pytest.raises(BrokenInvariant, match="into a new venue"):
        venue.restore(Venue().dump())


def test_an_empty_venue_is_a_state_too() -> None:
    """The first snapshot may come before the first command."""
    copy = restored(Venue())
    assert copy.digest() == Venue().digest()
    source = CommandSource(7)
    assert (
        Venue().apply(source.opening()).tobytes()
        == copy.apply(CommandSource(7).opening()).tobytes()
    )
