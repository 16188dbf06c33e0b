"""LOBSTER messages to steps.

The recording shows ten levels a side and nothing of what happens beyond them. So after each message

1. what the plan holds beyond the recorded tenth level is cancelled: it can change unseen;
2. a level that came into view without a message is seeded whole, by one order.

A level comes into view only beyond the worst level of the row before, or where that row had room.
Anything else that differs stays as it is, for the comparison to find: quantities are never mended.
A message about an order that the plan does not hold belongs to the seed of its level.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from engine.core.commands import CommandKind, Side
from realstack.replay.lobster import BookRow, Level, Message, MessageType
from realstack.replay.plan import (
    Action,
    NamedFill,
    OrderName,
    Origin,
    Plan,
    PlannedBook,
    PlannedOrder,
    Step,
    Wave,
)

SIDES = (Side.BUY, Side.SELL)
OUTSIDE_BOOK = frozenset((MessageType.HIDDEN_EXECUTION, MessageType.CROSS_TRADE, MessageType.HALT))


def plan_lobster(messages: Sequence[Message], rows: Sequence[BookRow] | None) -> Plan:
    """Translate messages to steps.

    Args:
        messages: The recording.
        rows: The recorded book after each message. Without it nothing is seeded, and messages about
            orders that were not seen are left out.
    """
    plan = Plan(counts=count(messages))
    planner = _Planner(rows)
    if messages and rows:
        plan.seeds = (planner.seed_before(messages[0], rows[0]),)
    for index, message in enumerate(messages):
        plan.steps.append(planner.step(index, message))
    plan.seeded = planner.seeded
    if rows is None:
        plan.notes.append(
            f"no book file (--check): {planner.unseen} messages about orders from before the "
            "recording are left out"
        )
    return plan


def count(messages: Sequence[Message]) -> dict[str, int]:
    """Return how many messages there are by what they mean for the book."""
    kinds = Counter(message.kind for message in messages)
    return {
        "new": kinds[MessageType.NEW],
        "cancels": kinds[MessageType.REDUCE] + kinds[MessageType.CANCEL],
        "executions": kinds[MessageType.EXECUTION],
        "hidden": kinds[MessageType.HIDDEN_EXECUTION],
        "other": kinds[MessageType.CROSS_TRADE] + kinds[MessageType.HALT],
    }


def beyond(side: Side, price_ticks: int, than_ticks: int) -> bool:
    """Tell whether a price is farther from the other side than another."""
    return price_ticks < than_ticks if side is Side.BUY else price_ticks > than_ticks


def undone(message: Message, levels: Sequence[Level]) -> list[Level]:
    """Return the levels of the message's side as they were before it."""
    change = -message.quantity_lots if message.kind is MessageType.NEW else message.quantity_lots
    quantities = dict(levels)
    quantities[message.price_ticks] = quantities.get(message.price_ticks, 0) + change
    return [Level(price, lots) for price, lots in quantities.items() if lots > 0]


class _Planner:
    """The state of a translation."""

    def __init__(self, rows: Sequence[BookRow] | None) -> None:
        self.book = PlannedBook()
        self.seeded = 0
        self.unseen = 0
        self._rows = rows
        self._seeds = 0
        self._takers = 0
        self._seed_of: dict[tuple[Side, int], OrderName] = {}

    def seed_before(self, message: Message, row: BookRow) -> Wave:
        """Make the book that the first message met: row 1 contains that message already."""
        actions: list[Action] = []
        for side in SIDES:
            levels: Sequence[Level] = row.side(side)
            if message.kind not in OUTSIDE_BOOK and message.side is side:
                levels = undone(message, levels)
            actions += [self._seed(side, level) for level in levels]
        return tuple(actions)

    def step(self, index: int, message: Message) -> Step:
        """Translate one message."""
        actions, fills, problem = self._follow(message)
        waves = [tuple(actions)] if actions else []
        if self._rows is not None:
            before = self._rows[index - 1] if index else None
            tidied = self._tidy(before, self._rows[index])
            if tidied:
                waves.append(tidied)
        return Step(index + 1, tuple(waves), fills, problem)

    def _follow(self, message: Message) -> tuple[list[Action], tuple[NamedFill, ...], str]:
        """Do what the message says."""
        if message.kind in OUTSIDE_BOOK:
            return [], (), ""
        name = OrderName(Origin.RECORDED, message.order_id)
        lots = message.quantity_lots
        if message.kind is MessageType.NEW:
            if self.book.find(name) is not None:
                return [], (), f"order {message.order_id} is new a second time"
            return [self.book.place(name, message.side, message.price_ticks, lots)], (), ""
        order = self._order_of(message, name)
        if order is None:
            if self._rows is None:
                self.unseen += 1
                return [], (), ""
            return [], (), f"no order for message about {message.order_id}"
        if lots > order.leaves_lots:
            return [], (), f"{order.name} has {order.leaves_lots} left, the message says {lots}"
        if message.kind is MessageType.EXECUTION:
            self._takers += 1
            taker = OrderName(Origin.EXECUTION, self._takers)
            action, fill = self.book.take(taker, order, message.price_ticks, lots)
            return [action], (fill,), ""
        return [self.book.reduce(order, lots)], (), ""

    def _order_of(self, message: Message, name: OrderName) -> PlannedOrder | None:
        """Return the order that a message is about, or the seed of its level."""
        order = self.book.find(name)
        if order is not None:
            return order
        seed = self._seed_of.get((message.side, message.price_ticks))
        return None if seed is None else self.book.find(seed)

    def _tidy(self, before: BookRow | None, after: BookRow) -> Wave:
        """Cancel what lies beyond the recorded levels, and seed what came into view."""
        actions: list[Action] = []
        for side in SIDES:
            levels = after.side(side)
            held = set(self.book.prices(side))
            if len(levels) == after.depth:
                worst = levels[-1].price_ticks
                for price in sorted(held):
                    if beyond(side, price, worst):
                        actions += map(self.book.cancel, self.book.level(side, price))
            if before is None:
                continue
            actions += [
                self._seed(side, level)
                for level in levels
                if level.price_ticks not in held and came_into_view(side, level, before)
            ]
        self.seeded += sum(1 for action in actions if action.kind is CommandKind.PLACE)
        return tuple(actions)

    def _seed(self, side: Side, level: Level) -> Action:
        self._seeds += 1
        name = OrderName(Origin.SEED, self._seeds)
        self._seed_of[side, level.price_ticks] = name
        return self.book.place(name, side, level.price_ticks, level.quantity_lots)


def came_into_view(side: Side, level: Level, before: BookRow) -> bool:
    """Tell whether a level could not be seen in the row before."""
    levels = before.side(side)
    return len(levels) < before.depth or beyond(side, level.price_ticks, levels[-1].price_ticks)
