"""What is compared after each step: the venue's book with what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.core.commands import Side
from realstack.replay.lobster import BookRow
from realstack.replay.mbo import MboRecording, Record
from realstack.replay.mbo_book import RecordedBook
from realstack.replay.plan import NamedFill
from realstack.replay.port import BookLevel, Queues, VenuePort

SIDE_NAMES = {Side.SELL: "ask", Side.BUY: "bid"}


class Check(Protocol):
    """Compares a venue with a recording; each method returns the differences, in words."""

    async def begin(self, port: VenuePort) -> list[str]:
        """Compare the book that the recording begins with."""

    async def after(self, row: int, port: VenuePort) -> list[str]:
        """Compare the book after a row, from 1."""

    async def end(self, port: VenuePort) -> list[str]:
        """Compare what the venue itself lists at the end."""


class LobsterCheck:
    """The recorded rows: price and size of each level; further levels must not be there."""

    def __init__(self, rows: Sequence[BookRow]) -> None:
        self._rows = rows

    async def begin(self, port: VenuePort) -> list[str]:
        """Compare nothing: no row shows the book before the first message."""
        return []

    async def after(self, row: int, port: VenuePort) -> list[str]:
        """Compare all recorded levels of both sides."""
        recorded = self._rows[row - 1]
        found = []
        for side, name in SIDE_NAMES.items():
            levels = await port.levels(side, 0)
            shown = [(level.price_ticks, level.quantity_lots) for level in levels]
            found += differences(name, [tuple(level) for level in recorded.side(side)], shown)
        return found

    async def end(self, port: VenuePort) -> list[str]:
        """Compare nothing: the last row has been compared."""
        return []


class MboCheck:
    """The book that the records tell: levels with order counts, and each level's queue."""

    def __init__(self, recording: MboRecording) -> None:
        self.book = RecordedBook(recording.snapshot)
        self._events: Sequence[Sequence[Record]] = recording.events

    async def begin(self, port: VenuePort) -> list[str]:
        """Compare the snapshot, with the venue's own list of orders too."""
        return await self._compare(port) + await self._compare_list(port)

    async def after(self, row: int, port: VenuePort) -> list[str]:
        """Compare levels and queues after an event."""
        for record in self._events[row - 1]:
            self.book.apply(record)
        return await self._compare(port)

    async def end(self, port: VenuePort) -> list[str]:
        """Compare the venue's own list of orders."""
        return await self._compare_list(port)

    async def _compare(self, port: VenuePort) -> list[str]:
        found = []
        for side, name in SIDE_NAMES.items():
            levels: Sequence[BookLevel] = await port.levels(side, 0)
            found += differences(name, self.book.levels(side), levels)
        return found + queue_differences(self.book.queues, await port.queues())

    async def _compare_list(self, port: VenuePort) -> list[str]:
        return queue_differences(self.book.queues, await port.open_queues())


def differences(
    name: str, recorded: Sequence[tuple[int, ...]], found: Sequence[tuple[int, ...]]
) -> list[str]:
    """Return the first level of a side that differs."""
    if list(recorded) == list(found):
        return []
    for index in range(max(len(recorded), len(found))):
        expected = recorded[index] if index < len(recorded) else None
        seen = found[index] if index < len(found) else None
        if expected != seen:
            return [f"{name} level {index + 1} is {shown(seen)}, recorded is {shown(expected)}"]
    return []


def shown(level: tuple[int, ...] | None) -> str:
    """Print a level, or that there is none."""
    return "missing" if level is None else " x ".join(map(str, level))


def queue_differences(recorded: Queues, found: Queues) -> list[str]:
    """Return the first level whose queue differs."""
    if recorded == found and all(
        list(queue) == list(found[place]) for place, queue in recorded.items()
    ):
        return []
    for place in sorted(recorded.keys() | found.keys()):
        expected, seen = (list(queues.get(place, {}).items()) for queues in (recorded, found))
        if expected != seen:
            side, price = place
            at = next(
                (i for i, pair in enumerate(zip(expected, seen, strict=False)) if len({*pair}) > 1),
                min(len(expected), len(seen)),
            )
            return [
                f"queue of {SIDE_NAMES[side]} {price}, place {at + 1}: "
                f"{order_shown(seen, at)}, recorded {order_shown(expected, at)}"
            ]
    return []


def order_shown(queue: Sequence[tuple[int, int]], index: int) -> str:
    """Print an order of a queue, or that there is none."""
    if index >= len(queue):
        return "no order"
    order_id, lots = queue[index]
    return f"order {order_id} x {lots}"


def fill_differences(recorded: Sequence[NamedFill], found: Sequence[NamedFill]) -> list[str]:
    """Return what differs between the trades that were recorded and those made, in order."""
    if list(recorded) == list(found):
        return []
    return [f"trades are {fills_shown(found)}, recorded are {fills_shown(recorded)}"]


def fills_shown(fills: Sequence[NamedFill]) -> str:
    """Print trades."""
    words = (f"{f.quantity_lots} at {f.price_ticks} with {f.maker}" for f in fills)
    return ", ".join(words) or "none"
