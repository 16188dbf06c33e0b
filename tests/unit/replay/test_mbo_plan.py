"""Market-by-order records become steps: fills as IOCs, what restates them left out."""

from __future__ import annotations

from itertools import count, pairwise

from engine.core.commands import CommandKind, Side, TimeInForce
from realstack.replay.mbo import MboRecording, Record, RecordKind
from realstack.replay.mbo_plan import in_waves, one_by_one, plan_mbo
from realstack.replay.plan import Action, NamedFill, OrderName, Origin, Plan

BUY, SELL = Side.BUY, Side.SELL
PLACE, CANCEL, REPLACE = CommandKind.PLACE, CommandKind.CANCEL, CommandKind.REPLACE
numbers = count(1)


def record(
    kind: RecordKind, order_id: int, lots: int = 1, price: int = 100, side: Side = SELL
) -> Record:
    """Make a record."""
    return Record(
        next(numbers), kind, order_id, side, price, lots, is_snapshot=False, is_last=False
    )


def planned(snapshot: list[Record], *events: list[Record]) -> Plan:
    """Plan a recording."""
    return plan_mbo(MboRecording("ESM4", 1, tuple(snapshot), tuple(map(tuple, events)), 0))


def sent(plan: Plan, step: int) -> list[Action]:
    """Return the actions of a step, in order."""
    return [action for wave in plan.steps[step].waves for action in wave]


def recorded(order_id: int) -> OrderName:
    """Name an order that the recording names."""
    return OrderName(Origin.RECORDED, order_id)


def ioc(number: int, lots: int) -> Action:
    """Make the order that takes what was filled."""
    name = OrderName(Origin.EXECUTION, number)
    return Action(PLACE, name, BUY, 100, lots, TimeInForce.IOC)


def test_orders_of_a_level_are_seeded_in_the_order_of_their_queue() -> None:
    """Accounts send at the same time, so an order of another account waits for the next wave."""
    ids = [8, 16, 9, 24, 17]  # accounts 1, 1, 2, 1, 2
    snapshot = [record(RecordKind.CLEAR, 0), *(record(RecordKind.ADD, one) for one in ids)]
    snapshot.append(record(RecordKind.ADD, 10, price=101))
    waves = [[action.order.number for action in wave] for wave in planned(snapshot).seeds]
    assert [[8, 16, 10], [9], [24], [17]] == waves


def test_waves_keep_the_order_within_every_level() -> None:
    """Whatever the accounts, an order's wave is not before that of the one it stands behind."""
    actions = [
        Action(PLACE, recorded(number * 7 % 31), BUY, 100 + number % 3, 1) for number in range(200)
    ]
    waves = in_waves(actions)
    for price in (100, 101, 102):
        queue = [action for action in actions if action.price_ticks == price]
        placed = [(w, a) for w, wave in enumerate(waves) for a in wave if a.price_ticks == price]
        assert queue == [action for _, action in placed]
        for (wave, action), (next_wave, following) in pairwise(placed):
            assert next_wave > wave or action.order.account == following.order.account


def test_live_actions_arrive_one_after_the_other() -> None:
    """Only neighbours of one account travel together."""
    actions = [Action(CANCEL, recorded(number), BUY) for number in (8, 16, 9, 24)]
    expected = [[8, 16], [9], [24]]
    assert expected == [[a.order.number for a in wave] for wave in one_by_one(actions)]


def test_a_fill_is_an_ioc_and_the_cancel_that_restates_it_is_skipped() -> None:
    """The trade record and the cancel of the filled order say nothing more."""
    plan = planned(
        [record(RecordKind.ADD, 5)],
        [
            record(RecordKind.TRADE, 77, side=BUY),
            record(RecordKind.FILL, 5),
            record(RecordKind.CANCEL, 5),
        ],
    )
    assert [ioc(1, 1)] == sent(plan, 0)
    assert (NamedFill(ioc(1, 1).order, recorded(5), 100, 1),) == plan.steps[0].fills


def test_a_modify_that_restates_a_partial_fill_is_skipped() -> None:
    """It says what is left, which the venue knows already; later totals count what is filled."""
    plan = planned(
        [record(RecordKind.ADD, 5, 10)],
        [record(RecordKind.FILL, 5, 4), record(RecordKind.MODIFY, 5, 6)],
        [record(RecordKind.MODIFY, 5, 3)],
    )
    assert [ioc(1, 4)] == sent(plan, 0)
    assert [Action(REPLACE, recorded(5), SELL, 100, 7)] == sent(plan, 1)


def test_a_modify_beyond_what_it_restates_is_sent() -> None:
    """The order was filled and then got another price in the same event."""
    plan = planned(
        [record(RecordKind.ADD, 5, 10)],
        [record(RecordKind.FILL, 5, 4), record(RecordKind.MODIFY, 5, 6, price=103)],
    )
    assert [ioc(1, 4), Action(REPLACE, recorded(5), SELL, 103, 10)] == sent(plan, 0)


def test_a_cancel_beyond_what_it_restates_is_sent() -> None:
    """One record may tell of a fill and of a cancel of what was left."""
    plan = planned(
        [record(RecordKind.ADD, 5, 10)],
        [record(RecordKind.FILL, 5, 4), record(RecordKind.CANCEL, 5, 10)],
    )
    assert [ioc(1, 4), Action(CANCEL, recorded(5), SELL)] == sent(plan, 0)


def test_cancels_of_other_orders_go_before_the_fills() -> None:
    """An order that was cancelled in the event must not be traded in the place of the named one."""
    plan = planned(
        [record(RecordKind.ADD, 5), record(RecordKind.ADD, 6)],
        [record(RecordKind.FILL, 6), record(RecordKind.CANCEL, 5), record(RecordKind.CANCEL, 6)],
    )
    assert [Action(CANCEL, recorded(5), SELL), ioc(1, 1)] == sent(plan, 0)


def test_a_cancel_of_an_order_added_in_the_event_stays_behind_it() -> None:
    """Only orders that the event does not touch otherwise are cancelled early."""
    plan = planned([], [record(RecordKind.ADD, 5), record(RecordKind.CANCEL, 5)])
    assert [PLACE, CANCEL] == [action.kind for action in sent(plan, 0)]


def test_a_smaller_cancel_reduces() -> None:
    """What is left keeps its place."""
    plan = planned([record(RecordKind.ADD, 5, 10)], [record(RecordKind.CANCEL, 5, 4)])
    assert [Action(REPLACE, recorded(5), SELL, 100, 6)] == sent(plan, 0)


def test_a_modify_that_changes_nothing_is_not_sent() -> None:
    """The order keeps its place either way."""
    plan = planned([record(RecordKind.ADD, 5, 10)], [record(RecordKind.MODIFY, 5, 10)])
    assert [] == sent(plan, 0)


def test_clearing_the_book_cancels_every_order() -> None:
    """A live clear record empties both sides."""
    snapshot = [record(RecordKind.ADD, 5), record(RecordKind.ADD, 6, price=90, side=BUY)]
    plan = planned(snapshot, [record(RecordKind.CLEAR, 0)])
    assert [recorded(5), recorded(6)] == [action.order for action in sent(plan, 0)]


def test_a_record_that_cannot_be_followed_is_a_problem_of_its_step() -> None:
    """An order twice, or one that is not there or too small."""
    plan = planned(
        [record(RecordKind.ADD, 5)],
        [record(RecordKind.ADD, 5)],
        [record(RecordKind.CANCEL, 6)],
        [record(RecordKind.MODIFY, 6)],
        [record(RecordKind.FILL, 5, 2)],
    )
    said = [step.problem.partition(": ")[2] for step in plan.steps]
    expected = [
        "recorded 5 is there already",
        "no order 6 of 1 lots or more",
        "no order 6 of 1 lots or more",
        "no order 5 of 2 lots or more",
    ]
    assert expected == said


def test_records_are_counted_by_kind() -> None:
    """Only live records count; kinds without any are left out."""
    plan = planned(
        [record(RecordKind.ADD, 5)], [record(RecordKind.FILL, 5), record(RecordKind.CANCEL, 5)]
    )
    assert {"cancel": 1, "fill": 1} == plan.counts
    assert 1 == plan.seeded
