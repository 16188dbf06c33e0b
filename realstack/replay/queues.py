"""The queue of each level, kept up from what a venue reports of every order."""

from __future__ import annotations

from engine.core.commands import Side
from realstack.replay.port import Queues


class QueueBook:
    """Orders by number in the queues of their levels."""

    def __init__(self) -> None:
        self.queues: Queues = {}
        self._places: dict[int, tuple[Side, int]] = {}

    def rest(self, number: int, side: Side, price_ticks: int, leaves_lots: int) -> None:
        """Put an order at the back of a level, wherever it was before."""
        self.remove(number)
        self._places[number] = (side, price_ticks)
        self.queues.setdefault((side, price_ticks), {})[number] = leaves_lots

    def resize(self, number: int, leaves_lots: int) -> None:
        """Set what is left of an order, in its place; with nothing left it goes."""
        if leaves_lots == 0:
            self.remove(number)
        elif number in self._places:
            self.queues[self._places[number]][number] = leaves_lots

    def remove(self, number: int) -> None:
        """Take an order out, if it is there."""
        place = self._places.pop(number, None)
        if place is None:
            return
        del self.queues[place][number]
        if not self.queues[place]:
            del self.queues[place]
