"""The comparison of the two cores, and that it would notice a difference."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.core.venue import Venue
from engine.reference.venue import ReferenceVenue
from tests.model.compare import Difference, compare
from tests.model.source import CommandSource


@pytest.mark.slow
def test_the_cores_agree_on_random_commands_that_reach_every_rule() -> None:
    """Events and digests are equal, and no command kind or reject is rarer than 0.1 %."""
    report = compare(Venue, commands=120_000, seed=20_240_607)
    assert [] == report.rare()


def test_the_same_seed_gives_the_same_commands() -> None:
    """A failing comparison is repeated by its seed."""
    batches = []
    for _ in range(2):
        source, venue = CommandSource(5), ReferenceVenue()
        source.learn(venue.apply(source.opening()))
        source.learn(venue.apply(source.take(200)))
        batches.append(source.take(200).tobytes())
    assert batches[0] == batches[1]


class FeeOffByOne(ReferenceVenue):
    """A venue whose 300th event differs in one bit."""

    def __init__(self) -> None:
        super().__init__()
        self._events = 0

    def apply(self, commands: NDArray[np.void]) -> NDArray[np.void]:
        """Change one bit of one event."""
        events = super().apply(commands)
        before, self._events = self._events, self._events + len(events)
        if before <= 300 < self._events:
            events[300 - before]["fee_atoms"] ^= 1
        return events


def test_one_wrong_bit_in_one_event_is_reported_with_its_command() -> None:
    """The report names the sequence, the command and both events."""
    with pytest.raises(Difference, match=r"events differ at sequence \d+ \(seed 3\)"):
        compare(FeeOffByOne, commands=2_000, seed=3)
