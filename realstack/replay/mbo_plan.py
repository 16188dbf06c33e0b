"""Market-by-order records to steps.

The snapshot becomes limit orders that reach each level in the order of its queue. Of a live event,
cancels of orders that are not filled in it go first; then, in their order, each F becomes an IOC
from the other side, A a limit order, M a replace, C with less than the whole a replace too. T is
skipped, and so is the C or M that restates what a fill took off an order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from engine.core.commands import Side
from realstack.replay.mbo import MboRecording, Record, RecordKind
from realstack.replay.plan import (
    Action,
    NamedFill,
    OrderName,
    Origin,
    Plan,
    PlannedBook,
    Step,
    Wave,
)


def plan_mbo(recording: MboRecording) -> Plan:
    """Translate a recording to steps, one an event."""
    planner = _Planner()
    plan = Plan(counts=count(recording))
    plan.seeds = planner.seed(recording.snapshot)
    plan.seeded = sum(map(len, plan.seeds))
    plan.steps = [planner.step(row, event) for row, event in enumerate(recording.events, 1)]
    if recording.incomplete:
        plan.notes.append(
            f"{recording.incomplete} records after the last complete event are left out"
        )
    return plan


def count(recording: MboRecording) -> dict[str, int]:
    """Return how many live records there are of each kind."""
    kinds = Counter(record.kind for event in recording.events for record in event)
    return {kind.name.lower(): kinds[kind] for kind in RecordKind if kinds[kind]}


def in_waves(actions: Iterable[Action]) -> tuple[Wave, ...]:
    """Put actions into waves so that those of one level arrive in their order.

    Actions of one account and wave keep their order; so an order goes into the wave of the one
    before it in its level when both have the same account, else into the next.
    """
    waves: list[list[Action]] = []
    ends: dict[tuple[Side, int], tuple[int, int]] = {}  # level -> wave and account of its last
    for action in actions:
        level, account = (action.side, action.price_ticks), action.order.account
        wave, last_account = ends.get(level, (0, account))
        wave += last_account != account
        ends[level] = (wave, account)
        if wave == len(waves):
            waves.append([])
        waves[wave].append(action)
    return tuple(map(tuple, waves))


def one_by_one(actions: Sequence[Action]) -> tuple[Wave, ...]:
    """Put actions into waves so that all arrive in their order."""
    waves: list[list[Action]] = []
    for action in actions:
        if not waves or waves[-1][-1].order.account != action.order.account:
            waves.append([])
        waves[-1].append(action)
    return tuple(map(tuple, waves))


class _Planner:
    """The state of a translation."""

    def __init__(self) -> None:
        self.book = PlannedBook()
        self._takers = 0

    def seed(self, snapshot: Sequence[Record]) -> tuple[Wave, ...]:
        """Make the book that the recording begins with."""
        actions = []
        for record in snapshot:
            if record.kind is RecordKind.ADD:
                name = OrderName(Origin.RECORDED, record.order_id)
                actions.append(
                    self.book.place(name, record.side, record.price_ticks, record.quantity_lots)
                )
        return in_waves(actions)

    def step(self, row: int, event: Sequence[Record]) -> Step:
        """Translate one event."""
        work = _Event(self.book, self._takers)
        for record in early_first(event):
            work.follow(record)
        self._takers = work.takers
        return Step(row, one_by_one(work.actions), tuple(work.fills), "; ".join(work.problems))


def early_first(event: Sequence[Record]) -> list[Record]:
    """Return the records of an event, cancels of orders that it does not touch otherwise first."""
    touched = Counter(record.order_id for record in event)
    early = [r for r in event if r.kind is RecordKind.CANCEL and touched[r.order_id] == 1]
    numbers = {record.number for record in early}
    return early + [record for record in event if record.number not in numbers]


class _Event:
    """The translation of one event."""

    def __init__(self, book: PlannedBook, takers: int) -> None:
        self.book = book
        self.takers = takers
        self.actions: list[Action] = []
        self.fills: list[NamedFill] = []
        self.problems: list[str] = []
        self._restated: Counter[int] = Counter()  # filled lots by order that a C or M restates

    def follow(self, record: Record) -> None:
        """Translate one record."""
        match record.kind:
            case RecordKind.CLEAR:
                self.actions += map(self.book.cancel, self.book.orders())
            case RecordKind.ADD:
                self._add(record)
            case RecordKind.CANCEL:
                self._cancel(record)
            case RecordKind.MODIFY:
                self._modify(record)
            case RecordKind.FILL:
                self._fill(record)

    def _add(self, record: Record) -> None:
        name = OrderName(Origin.RECORDED, record.order_id)
        if self.book.find(name) is not None:
            self.problems.append(f"record {record.number}: {name} is there already")
            return
        self.actions.append(
            self.book.place(name, record.side, record.price_ticks, record.quantity_lots)
        )

    def _cancel(self, record: Record) -> None:
        restated = min(self._restated[record.order_id], record.quantity_lots)
        self._restated[record.order_id] -= restated
        lots = record.quantity_lots - restated
        if lots == 0:
            return
        order = self.book.find(OrderName(Origin.RECORDED, record.order_id))
        if order is None:
            self._unknown(record)
        else:
            self.actions.append(self.book.reduce(order, lots))

    def _modify(self, record: Record) -> None:
        order = self.book.find(OrderName(Origin.RECORDED, record.order_id))
        gone = order is None and self._restated[record.order_id] == 0
        del self._restated[record.order_id]
        if gone:
            self._unknown(record)
        elif order is not None and (order.price_ticks, order.leaves_lots) != (
            record.price_ticks,
            record.quantity_lots,
        ):
            # What only restates a fill, or changes nothing, is what the order is already.
            self.actions.append(self.book.replace(order, record.price_ticks, record.quantity_lots))

    def _fill(self, record: Record) -> None:
        order = self.book.find(OrderName(Origin.RECORDED, record.order_id))
        if order is None or order.leaves_lots < record.quantity_lots:
            self._unknown(record)
            return
        self.takers += 1
        taker = OrderName(Origin.EXECUTION, self.takers)
        action, fill = self.book.take(taker, order, record.price_ticks, record.quantity_lots)
        self.actions.append(action)
        self.fills.append(fill)
        self._restated[record.order_id] += record.quantity_lots

    def _unknown(self, record: Record) -> None:
        rule = f"no order {record.order_id} of {record.quantity_lots} lots or more"
        self.problems.append(f"record {record.number} ({record.kind.name.lower()}): {rule}")
