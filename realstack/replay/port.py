"""The venue as a replay needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from engine.core.commands import Side
from realstack.replay.plan import NamedFill, Wave

Queues = dict[tuple[Side, int], dict[int, int]]
"""Orders of each level by side and price: the recording's order ids, first in the queue first, with
the lots that are open."""


class BookLevel(NamedTuple):
    """A price level with the number of its orders."""

    price_ticks: int
    quantity_lots: int
    order_count: int


@dataclass(slots=True)
class Report:
    """What the venue did with a wave.

    Attributes:
        fills: The trades that it made, in order.
        refusals: Commands that it did not take, in words.
    """

    fills: list[NamedFill] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


class VenuePort(Protocol):
    """A venue with a market of its own for the replay."""

    async def send(self, wave: Wave) -> Report:
        """Send a wave and wait until all of it is answered."""

    async def levels(self, side: Side, depth: int) -> Sequence[BookLevel]:
        """Return the best levels of a side after everything sent; a depth of 0 means all."""

    async def queues(self) -> Queues:
        """Return the queue of every level, after everything sent, of orders that were recorded."""

    async def open_queues(self) -> Queues:
        """Return the same as the venue itself lists it at this moment."""
