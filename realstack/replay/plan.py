"""What a replay sends: orders under names of their own, in steps; and the book as planned.

Names instead of the venue's ids: a plan is complete before anything is sent, because every order is
addressed by the client id that is made from its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from engine.core.commands import CommandKind, Side, TimeInForce

ORDER_ACCOUNTS = 8  # recorded orders go to these by id
EXECUTION_ACCOUNT = 9  # sends every execution
SEED_ACCOUNT = 10  # owns what stands for orders that the recording does not show
ACCOUNTS = 10


class Origin(IntEnum):
    """Where an order comes from."""

    RECORDED = 1  # numbered by the recording's order id
    SEED = 2  # numbered from 1; stands for the orders of a level that were not seen
    EXECUTION = 3  # numbered from 1; takes what the recording says was taken


class OrderName(NamedTuple):
    """An order of the replay."""

    origin: Origin
    number: int

    @property
    def account(self) -> int:
        """The account of the replay, from 1, that sends it."""
        if self.origin is Origin.RECORDED:
            return self.number % ORDER_ACCOUNTS + 1
        return SEED_ACCOUNT if self.origin is Origin.SEED else EXECUTION_ACCOUNT

    def __str__(self) -> str:
        return f"{self.origin.name.lower()} {self.number}"


@dataclass(frozen=True, slots=True)
class Action:
    """One command: place, cancel, or replace (quantity: the new total, what is filled included)."""

    kind: CommandKind
    order: OrderName
    side: Side
    price_ticks: int = 0
    quantity_lots: int = 0
    time_in_force: TimeInForce = TimeInForce.GTC


class NamedFill(NamedTuple):
    """A trade between two orders, at the maker's price."""

    taker: OrderName
    maker: OrderName
    price_ticks: int
    quantity_lots: int


Wave = tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One message or event of the recording.

    Attributes:
        row: Its number in the recording, from 1.
        waves: Actions. Those of a wave and one account arrive in their order, those of several
            accounts in any; a wave is sent when the one before it is answered.
        fills: The trades that the recording names.
        problem: Why the recording could not be followed here, or empty.
    """

    row: int
    waves: tuple[Wave, ...]
    fills: tuple[NamedFill, ...] = ()
    problem: str = ""


@dataclass(slots=True)
class Plan:
    """A whole replay.

    Attributes:
        seeds: Waves that make the book that the recording begins with.
        steps: One a row.
        counts: How many messages or records of each kind there are.
        seeded: Orders that stand for a level that came into view.
        notes: What a reader of the result should know.
    """

    seeds: tuple[Wave, ...] = ()
    steps: list[Step] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    seeded: int = 0
    notes: list[str] = field(default_factory=list)

    def actions(self) -> Iterable[Action]:
        """Iterate over everything that is sent, in order."""
        for wave in self.seeds:
            yield from wave
        for step in self.steps:
            for wave in step.waves:
                yield from wave


@dataclass(slots=True)
class PlannedOrder:
    """A working order as it stands in the plan."""

    name: OrderName
    side: Side
    price_ticks: int
    quantity_lots: int
    filled_lots: int = 0

    @property
    def leaves_lots(self) -> int:
        """What is still open."""
        return self.quantity_lots - self.filled_lots


class PlannedBook:
    """The working orders of a plan, each change giving the action that makes it."""

    def __init__(self) -> None:
        self._orders: dict[OrderName, PlannedOrder] = {}
        self._levels: dict[Side, dict[int, dict[OrderName, PlannedOrder]]] = {
            Side.BUY: {},
            Side.SELL: {},
        }

    def find(self, name: OrderName) -> PlannedOrder | None:
        """Return a working order."""
        return self._orders.get(name)

    def orders(self) -> list[PlannedOrder]:
        """Return all working orders."""
        return list(self._orders.values())

    def prices(self, side: Side) -> list[int]:
        """Return the prices of a side, in no order."""
        return list(self._levels[side])

    def level(self, side: Side, price_ticks: int) -> list[PlannedOrder]:
        """Return the orders of a level."""
        return list(self._levels[side].get(price_ticks, {}).values())

    def place(self, name: OrderName, side: Side, price_ticks: int, quantity_lots: int) -> Action:
        """Rest a new order."""
        self._rest(PlannedOrder(name, side, price_ticks, quantity_lots))
        return Action(CommandKind.PLACE, name, side, price_ticks, quantity_lots)

    def reduce(self, order: PlannedOrder, lots: int) -> Action:
        """Cancel part of an order, or all when nothing would be left."""
        if lots >= order.leaves_lots:
            return self.cancel(order)
        return self.replace(order, order.price_ticks, order.leaves_lots - lots)

    def cancel(self, order: PlannedOrder) -> Action:
        """Cancel what is left of an order."""
        self._drop(order)
        return Action(CommandKind.CANCEL, order.name, order.side)

    def replace(self, order: PlannedOrder, price_ticks: int, leaves_lots: int) -> Action:
        """Give an order another price or another open quantity."""
        self._drop(order)
        order.price_ticks = price_ticks
        order.quantity_lots = order.filled_lots + leaves_lots
        self._rest(order)
        return Action(CommandKind.REPLACE, order.name, order.side, price_ticks, order.quantity_lots)

    def take(
        self, taker: OrderName, maker: PlannedOrder, price_ticks: int, lots: int
    ) -> tuple[Action, NamedFill]:
        """Trade part of a resting order against an order that is filled or cancelled at once."""
        maker.filled_lots += lots
        if maker.leaves_lots == 0:
            self._drop(maker)
        side = Side.SELL if maker.side is Side.BUY else Side.BUY
        action = Action(CommandKind.PLACE, taker, side, price_ticks, lots, TimeInForce.IOC)
        return action, NamedFill(taker, maker.name, price_ticks, lots)

    def _rest(self, order: PlannedOrder) -> None:
        self._orders[order.name] = order
        self._levels[order.side].setdefault(order.price_ticks, {})[order.name] = order

    def _drop(self, order: PlannedOrder) -> None:
        del self._orders[order.name]
        level = self._levels[order.side][order.price_ticks]
        del level[order.name]
        if not level:
            del self._levels[order.side][order.price_ticks]
