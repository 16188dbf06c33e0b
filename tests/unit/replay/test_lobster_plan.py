"""LOBSTER messages become steps: what is sent, what is seeded, and what is left as it differs."""

from __future__ import annotations

from engine.core.commands import CommandKind, Side, TimeInForce
from realstack.replay.lobster import BookRow, Level, Message, MessageType
from realstack.replay.lobster_plan import plan_lobster
from realstack.replay.plan import Action, NamedFill, OrderName, Origin

BUY, SELL = Side.BUY, Side.SELL
PLACE, CANCEL, REPLACE = CommandKind.PLACE, CommandKind.CANCEL, CommandKind.REPLACE


def message(kind: MessageType, order_id: int, lots: int, price: int, side: Side) -> Message:
    """Make a message."""
    return Message(1, 0, kind, order_id, lots, price, side)


def new(order_id: int, lots: int, price: int, side: Side = BUY) -> Message:
    """Make a message about a new order."""
    return message(MessageType.NEW, order_id, lots, price, side)


def row(asks: dict[int, int], bids: dict[int, int], depth: int = 2) -> BookRow:
    """Make a row of a book from prices and sizes."""
    sides = ([Level(price, lots) for price, lots in levels.items()] for levels in (asks, bids))
    ask_levels, bid_levels = map(tuple, sides)
    return BookRow(1, ask_levels, bid_levels, depth)


def recorded(order_id: int) -> OrderName:
    """Name an order that the recording names."""
    return OrderName(Origin.RECORDED, order_id)


def seed(number: int) -> OrderName:
    """Name a seed."""
    return OrderName(Origin.SEED, number)


def test_the_first_book_is_seeded_less_the_first_message() -> None:
    """Row 1 contains message 1 already, which is then sent on its own."""
    plan = plan_lobster([new(11, 4, 99)], [row({101: 5}, {99: 10})])
    first = (Action(PLACE, seed(1), BUY, 99, 6), Action(PLACE, seed(2), SELL, 101, 5))
    assert (first,) == plan.seeds
    assert ((Action(PLACE, recorded(11), BUY, 99, 4),),) == plan.steps[0].waves
    assert 0 == plan.seeded


def test_a_level_that_the_first_message_makes_is_not_seeded() -> None:
    """Nothing is left of it once the message is taken away."""
    plan = plan_lobster([new(11, 4, 99)], [row({101: 5}, {99: 4})])
    assert ((Action(PLACE, seed(1), SELL, 101, 5),),) == plan.seeds


def test_what_a_first_execution_took_is_seeded_too() -> None:
    """The book before an execution held what it took."""
    execution = message(MessageType.EXECUTION, 8, 3, 99, BUY)
    plan = plan_lobster([execution], [row({101: 5}, {99: 4})])
    assert Action(PLACE, seed(1), BUY, 99, 7) == plan.seeds[0][0]
    assert 1 == len(plan.steps[0].fills)


def test_orders_go_to_eight_accounts_by_id_executions_to_a_ninth_and_seeds_to_a_tenth() -> None:
    """An order's account is its id modulo eight, the first being account 1."""
    assert [1, 2, 8, 1] == [recorded(order_id).account for order_id in (8, 9, 15, 16)]
    assert 9 == OrderName(Origin.EXECUTION, 1).account
    assert 10 == seed(1).account


def test_a_reduction_replaces_by_less_and_a_cancel_takes_the_rest() -> None:
    """What is left keeps its place in the queue: less quantity at the same price."""
    book = row({101: 5}, {99: 10})
    messages = [
        new(11, 10, 99),
        message(MessageType.REDUCE, 11, 3, 99, BUY),
        message(MessageType.CANCEL, 11, 7, 99, BUY),
    ]
    plan = plan_lobster(messages, [book, row({101: 5}, {99: 7}), row({101: 5}, {})])
    assert ((Action(REPLACE, recorded(11), BUY, 99, 7),),) == plan.steps[1].waves
    assert ((Action(CANCEL, recorded(11), BUY),),) == plan.steps[2].waves


def test_a_replace_after_an_execution_counts_what_is_filled() -> None:
    """The quantity of a replace is the new total, what is filled included."""
    messages = [
        new(11, 10, 99),
        message(MessageType.EXECUTION, 11, 4, 99, BUY),
        message(MessageType.REDUCE, 11, 1, 99, BUY),
    ]
    plan = plan_lobster(messages, None)
    assert ((Action(REPLACE, recorded(11), BUY, 99, 9),),) == plan.steps[2].waves


def test_an_execution_is_an_ioc_of_the_other_side_that_names_its_maker() -> None:
    """It takes that size at that price from the order that the message names."""
    plan = plan_lobster([new(11, 10, 99), message(MessageType.EXECUTION, 11, 4, 99, BUY)], None)
    taker = OrderName(Origin.EXECUTION, 1)
    sent = Action(PLACE, taker, SELL, 99, 4, TimeInForce.IOC)
    assert ((sent,),) == plan.steps[1].waves
    assert (NamedFill(taker, recorded(11), 99, 4),) == plan.steps[1].fills


def test_a_message_about_an_order_never_seen_belongs_to_the_seed_of_its_level() -> None:
    """The seed stands for all orders of the level that were there before."""
    book = row({101: 5}, {99: 10})
    messages = [
        new(11, 4, 99),
        message(MessageType.CANCEL, 7, 2, 99, BUY),
        message(MessageType.EXECUTION, 6, 4, 99, BUY),
    ]
    plan = plan_lobster(messages, [book, row({101: 5}, {99: 8}), row({101: 5}, {99: 4})])
    assert ((Action(REPLACE, seed(1), BUY, 99, 4),),) == plan.steps[1].waves
    assert seed(1) == plan.steps[2].fills[0].maker


def test_what_lies_beyond_the_recorded_levels_is_cancelled() -> None:
    """It can change unseen, so it must not stay."""
    messages = [new(11, 4, 97), new(12, 1, 98)]
    rows = [row({101: 5}, {99: 2, 97: 4}), row({101: 5}, {99: 2, 98: 1})]
    plan = plan_lobster(messages, rows)
    expected = (
        (Action(PLACE, recorded(12), BUY, 98, 1),),
        (Action(CANCEL, recorded(11), BUY),),
    )
    assert expected == plan.steps[1].waves


def test_a_level_that_comes_into_view_is_seeded_by_one_order() -> None:
    """The level behind the last one shows when one before it goes."""
    messages = [new(11, 4, 99), message(MessageType.CANCEL, 11, 4, 99, BUY)]
    rows = [row({101: 5}, {99: 4, 98: 1}), row({101: 5}, {98: 1, 96: 9})]
    plan = plan_lobster(messages, rows)
    assert (Action(PLACE, seed(3), BUY, 96, 9),) == plan.steps[1].waves[1]
    assert 1 == plan.seeded


def test_a_level_that_appears_inside_the_view_is_not_seeded() -> None:
    """Such a level has a message; without one the comparison must say so."""
    messages = [new(11, 4, 99), message(MessageType.HIDDEN_EXECUTION, 0, 0, 0, BUY)]
    rows = [row({101: 5}, {99: 4, 97: 1}), row({101: 5}, {99: 4, 98: 9})]
    plan = plan_lobster(messages, rows)
    sent = [action for wave in plan.steps[1].waves for action in wave]
    assert [CANCEL] == [action.kind for action in sent]
    assert 0 == plan.seeded


def test_a_quantity_is_never_mended() -> None:
    """A level that the row shows with another size stays as the messages made it."""
    messages = [new(11, 4, 99), message(MessageType.HIDDEN_EXECUTION, 0, 0, 0, BUY)]
    rows = [row({101: 5}, {99: 4, 97: 1}), row({101: 6}, {99: 3, 97: 2})]
    plan = plan_lobster(messages, rows)
    assert () == plan.steps[1].waves


def test_an_order_cancelled_out_of_view_belongs_to_the_seed_when_its_level_returns() -> None:
    """Its id was seen, but what stands for it now is the seed."""
    messages = [
        new(11, 4, 97),
        new(12, 1, 98),
        message(MessageType.CANCEL, 12, 1, 98, BUY),
        message(MessageType.CANCEL, 11, 4, 97, BUY),
    ]
    wide, narrow = row({101: 5}, {99: 2, 97: 4}), row({101: 5}, {99: 2, 98: 1})
    plan = plan_lobster(messages, [wide, narrow, wide, row({101: 5}, {99: 2})])
    assert (Action(PLACE, seed(3), BUY, 97, 4),) == plan.steps[2].waves[1]
    assert ((Action(CANCEL, seed(3), BUY),),) == plan.steps[3].waves


def test_a_message_that_cannot_be_followed_is_a_problem_of_its_step() -> None:
    """More than an order has, an order twice, or one of a level that is not there."""
    book = row({101: 5}, {99: 4})
    messages = [
        new(11, 4, 99),
        new(11, 4, 99),
        message(MessageType.EXECUTION, 11, 9, 99, BUY),
        message(MessageType.CANCEL, 5, 9, 98, BUY),
    ]
    plan = plan_lobster(messages, [book] * 4)
    expected = [
        "",
        "order 11 is new a second time",
        "recorded 11 has 4 left, the message says 9",
        "no order for message about 5",
    ]
    assert expected == [step.problem for step in plan.steps]


def test_without_a_book_file_unseen_orders_are_left_out() -> None:
    """There is nothing that says where to seed; how many are left out is said."""
    plan = plan_lobster([new(11, 4, 99), message(MessageType.CANCEL, 5, 9, 98, BUY)], None)
    assert [1, 0] == [len(step.waves) for step in plan.steps]
    assert ["", ""] == [step.problem for step in plan.steps]
    assert plan.notes[0].startswith("no book file (--check): 1 messages")


def test_messages_are_counted_by_what_they_mean() -> None:
    """Reductions and cancels count together; what is not on the visible book is told apart."""
    kinds = [1, 2, 3, 3, 4, 5, 5, 6, 7]
    messages = [message(MessageType(kind), 1, 1, 1, BUY) for kind in kinds]
    expected = {"new": 1, "cancels": 3, "executions": 1, "hidden": 2, "other": 2}
    assert expected == plan_lobster(messages, None).counts
