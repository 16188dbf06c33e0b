"""A replay finds what differs: planted faults show, each with its row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as changed

import pytest

from engine.core.commands import Side
from engine.reference.venue import ReferenceVenue
from realstack.replay.check import LobsterCheck, MboCheck, differences, queue_differences
from realstack.replay.lobster import BookRow, Level, Message, MessageType
from realstack.replay.lobster_plan import plan_lobster
from realstack.replay.mbo import MboRecording, Record, RecordKind
from realstack.replay.mbo_plan import plan_mbo
from realstack.replay.plan import Plan, Step
from realstack.replay.run import DIFFERENCES_KEPT_MAX, Tally, replay
from tests.unit.replay.direct import DirectVenue

BUY, SELL = Side.BUY, Side.SELL


def message(kind: int, order_id: int, lots: int, price: int, side: Side = BUY) -> Message:
    """Make a message."""
    return Message(1, 0, MessageType(kind), order_id, lots, price, side)


def row(ask_lots: int, *bids: tuple[int, int]) -> BookRow:
    """Make a row of three levels a side."""
    return BookRow(1, (Level(101, ask_lots),), tuple(Level(*level) for level in bids), 3)


MESSAGES = [
    message(1, 11, 4, 99),
    message(1, 12, 6, 99),
    message(4, 11, 3, 99),
    message(2, 12, 1, 99),
    message(4, 55, 2, 101, SELL),
]
ROWS = [
    row(5, (99, 4)),
    row(5, (99, 10)),
    row(5, (99, 7)),
    row(5, (99, 6)),
    row(3, (99, 6)),
]


async def replayed(messages: Sequence[Message], rows: Sequence[BookRow]) -> Tally:
    """Replay messages on the reference core."""
    venue = DirectVenue(ReferenceVenue(), 100)
    tally = await replay(plan_lobster(messages, rows), venue, LobsterCheck(rows))
    venue.core.validate()
    return tally


async def test_a_true_recording_is_equal_in_every_row() -> None:
    """Fills are named: two with orders that were seen and one with the seed of its level."""
    tally = await replayed(MESSAGES, ROWS)
    assert Tally(rows=5, equal=5, fills=2, filled_lots=5, named=2, named_seen=1) == tally


async def test_a_wrong_quantity_in_a_row_is_a_difference_of_that_row() -> None:
    """It is not mended: the rows after it are equal again because the file is right there."""
    wrong = [*ROWS[:2], row(5, (99, 8)), *ROWS[3:]]
    tally = await replayed(MESSAGES, wrong)
    assert (5, 4) == (tally.rows, tally.equal)
    assert ["row 3: bid level 1 is 99 x 7, recorded is 99 x 8"] == tally.differences


async def test_a_level_too_many_is_a_difference() -> None:
    """The venue must hold nothing beside what the row shows."""
    wrong = [*ROWS[:4], BookRow(1, (), (Level(99, 6),), 3)]
    tally = await replayed(MESSAGES, wrong)
    assert ["row 5: ask level 1 is 101 x 3, recorded is missing"] == tally.differences


async def test_an_execution_against_price_time_priority_is_a_difference() -> None:
    """The recording names the second order of the queue; the venue trades the first."""
    wrong = [*MESSAGES[:2], message(4, 12, 3, 99), *MESSAGES[3:]]
    tally = await replayed(wrong, ROWS)
    expected = "row 3: trades are 3 at 99 with recorded 11, recorded are 3 at 99 with recorded 12"
    assert [expected] == tally.differences
    assert (2, 1) == (tally.fills, tally.named)


async def test_a_message_that_cannot_be_followed_is_a_difference() -> None:
    """The plan says what is wrong with it, and the book then differs or not."""
    tally = await replayed([*MESSAGES[:4], message(4, 55, 9, 101, SELL)], ROWS)
    assert "row 5: seed 1 has 5 left, the message says 9" == tally.differences[0]
    assert 4 == tally.equal


async def test_a_refused_command_is_a_difference() -> None:
    """The venue's code is said."""
    plan = plan_lobster(MESSAGES, ROWS)
    first = plan.steps[0]
    more = changed(first.waves[0][0], quantity_lots=5)
    doubled = Plan(plan.seeds, [first, Step(2, ((more,),))])
    tally = await replay(doubled, DirectVenue(ReferenceVenue(), 100), None)
    assert ["row 2: DUPLICATE_WITH_DIFFERENT_BODY"] == tally.differences


async def test_differences_are_counted_beyond_those_that_are_kept() -> None:
    """A recording of another stock does not fill the screen."""
    rows = [row(7, (99, 1))] * 50
    messages = [MESSAGES[0], *[message(5, 0, 0, 0)] * 49]
    tally = await replayed(messages, [ROWS[0], *rows[1:]])
    assert DIFFERENCES_KEPT_MAX == len(tally.differences)
    assert 98 == tally.difference_count


def record(kind: RecordKind, order_id: int, lots: int = 1, side: Side = SELL) -> Record:
    """Make a record at one price a side."""
    price = 101 if side is SELL else 99
    return Record(1, kind, order_id, side, price, lots, is_snapshot=False, is_last=True)


SNAPSHOT = tuple(record(RecordKind.ADD, order_id, 5) for order_id in (8, 9, 16, 17))
EVENTS = (
    (record(RecordKind.FILL, 8, 2), record(RecordKind.MODIFY, 8, 3)),
    (record(RecordKind.CANCEL, 9, 2),),
    (record(RecordKind.MODIFY, 16, 6),),
    (record(RecordKind.ADD, 3, 1, BUY),),
)


async def mbo_replayed(recording: MboRecording, checked: MboRecording) -> Tally:
    """Replay a recording on the reference core, compared with another."""
    venue = DirectVenue(ReferenceVenue(), 100)
    return await replay(plan_mbo(recording), venue, MboCheck(checked))


async def test_a_true_market_by_order_recording_is_equal_after_every_event() -> None:
    """Levels, order counts and queues; the order list at the beginning and at the end."""
    recording = MboRecording("ES", 1, SNAPSHOT, EVENTS, 0)
    tally = await mbo_replayed(recording, recording)
    assert Tally(rows=4, equal=4, fills=1, filled_lots=2, named=1, named_seen=1) == tally


@pytest.mark.parametrize(
    ("snapshot", "events", "said"),
    [
        (SNAPSHOT[:3], EVENTS, "before row 1: ask level 1 is 101 x 20 x 4, recorded is 101 x 15"),
        (
            (SNAPSHOT[1], SNAPSHOT[0], *SNAPSHOT[2:]),
            EVENTS,
            "before row 1: queue of ask 101, place 1: order 8 x 5, recorded order 9 x 5",
        ),
        (
            SNAPSHOT,
            (*EVENTS[:2], (record(RecordKind.MODIFY, 16, 4),), EVENTS[3]),
            "row 3: ask level 1 is 101 x 17 x 4, recorded is 101 x 15 x 4",
        ),
    ],
)
async def test_a_book_or_a_queue_that_differs_is_found(
    snapshot: tuple[Record, ...], events: tuple[tuple[Record, ...], ...], said: str
) -> None:
    """Also a queue in another order, whose level looks the same from outside."""
    sent = MboRecording("ES", 1, SNAPSHOT, EVENTS, 0)
    tally = await mbo_replayed(sent, MboRecording("ES", 1, snapshot, events, 0))
    assert tally.differences[0].startswith(said)


def test_equal_levels_and_queues_have_no_differences() -> None:
    """The order within a queue counts, the order of the levels does not."""
    assert [] == differences("bid", [(1, 2)], [(1, 2)])
    queues = {(BUY, 1): {7: 1, 8: 1}, (BUY, 2): {9: 1}}
    assert [] == queue_differences(queues, dict(reversed(queues.items())))
    turned = {**queues, (BUY, 1): {8: 1, 7: 1}}
    assert 1 == len(queue_differences(queues, turned))


def test_a_missing_end_of_a_queue_is_named() -> None:
    """The place where the shorter queue ends."""
    found = queue_differences({(BUY, 1): {7: 1, 8: 2}}, {(BUY, 1): {7: 1}})
    assert ["queue of bid 1, place 2: no order, recorded order 8 x 2"] == found
