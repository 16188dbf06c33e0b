"""The intake: many calls, few submissions, every answer to whom it belongs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.core.commands import CommandKind
from engine.core.events import ANSWER, EVENT
from engine.rpc.intake import Intake, Waiter
from engine.rpc.records import pack
from engine.sequencer import Answer, Busy, Halted, NotTaken, Receiver


class Desk:
    """Takes submissions like a node; `kinds_refused` are refused as a short node does."""

    def __init__(self) -> None:
        self.room = 1 << 20
        self.kinds_refused: set[int] = set()
        self.taken: list[tuple[NDArray[np.void], Receiver]] = []

    def submit(self, commands: NDArray[np.void], receiver: Receiver) -> None:
        """Take or refuse commands."""
        if set(commands["kind"].tolist()) & self.kinds_refused:
            raise Halted("JOURNAL_SHORT")
        if len(commands) > self.room:
            raise Busy("full")
        self.room -= len(commands)
        self.taken.append((commands, receiver))

    def answer_all(self) -> None:
        """Answer each command with an event that carries its client id, after another event."""
        for commands, receiver in self.taken:
            events = np.zeros(2 * len(commands), EVENT)
            events["client_id_low"] = np.repeat(commands["client_id_low"], 2)
            events["flags"][1::2] = ANSWER
            receiver.released(Answer(1, len(commands), events))
        self.taken.clear()


@dataclass
class Call:
    """Records what it is told."""

    patient: bool = True
    answers: list[int] = field(default_factory=list)
    errors: list[NotTaken] = field(default_factory=list)

    def answered(self, answers: NDArray[np.void]) -> None:
        """Take answers."""
        assert (answers["flags"] == ANSWER).all()
        self.answers += answers["client_id_low"].tolist()

    def refused(self, error: NotTaken) -> None:
        """Take a refusal."""
        self.errors.append(error)


def records(*ids: int, kind: CommandKind = CommandKind.PLACE) -> bytes:
    """Make records with the given client ids."""
    return b"".join(pack(kind, client_id=(each, 0)) for each in ids)


async def test_calls_of_one_turn_share_a_submission_and_get_their_own_answers() -> None:
    """Each call is given the answers to its commands, in their order."""
    desk, calls = Desk(), [Call(), Call(), Call()]
    intake = Intake(desk)
    intake.add(records(1, 2), calls[0])
    intake.add(records(3), calls[1])
    intake.add(records(4, 5, 6), calls[2])
    await asyncio.sleep(0)
    assert [len(commands) for commands, _ in desk.taken] == [6]
    desk.answer_all()
    assert [call.answers for call in calls] == [[1, 2], [3], [4, 5, 6]]


async def test_a_submission_is_never_longer_than_a_batch_and_no_call_is_split() -> None:
    """4,096 commands go at once; what does not fit goes next."""
    desk, call = Desk(), Call()
    intake = Intake(desk)
    for _ in range(5):
        intake.add(records(*range(1_500)), call)
    await asyncio.sleep(0)
    assert [len(commands) for commands, _ in desk.taken] == [3_000, 3_000, 1_500]


async def test_a_full_queue_keeps_streams_in_order_and_refuses_those_that_do_not_wait() -> None:
    """Streams go on where they were when there is room; a unary call is told at once."""
    desk, stream, hasty, later = Desk(), Call(), Call(patient=False), Call()
    desk.room = 1
    intake = Intake(desk)
    intake.add(records(1, 2), stream)
    intake.add(records(3), hasty)
    await asyncio.sleep(0)
    assert desk.taken == []
    assert [type(error) for error in hasty.errors] == [Busy]
    intake.add(records(4), later)
    await asyncio.sleep(0)
    desk.room = 10
    intake.room_was_made()
    assert [commands["client_id_low"].tolist() for commands, _ in desk.taken] == [[1, 2, 4]]
    desk.answer_all()
    assert (stream.answers, hasty.answers, later.answers) == ([1, 2], [], [4])


async def test_a_cancel_passes_when_what_came_along_is_refused() -> None:
    """A node that is short of disk takes cancels only, whoever they arrived with."""
    desk, place, cancel, other = Desk(), Call(), Call(), Call()
    desk.kinds_refused = {CommandKind.PLACE}
    intake = Intake(desk)
    intake.add(records(1), place)
    intake.add(records(2, kind=CommandKind.CANCEL), cancel)
    intake.add(records(3), other)
    await asyncio.sleep(0)
    desk.answer_all()
    assert cancel.answers == [2]
    assert [type(error) for error in place.errors + other.errors] == [Halted, Halted]


async def test_a_queue_that_fills_up_in_the_middle_keeps_the_rest_in_order() -> None:
    """One by one, what was taken is taken and what was not waits in its place."""
    desk, place, first, second = Desk(), Call(), Call(), Call()
    desk.kinds_refused, desk.room = {CommandKind.PLACE}, 1
    intake = Intake(desk)
    intake.add(records(1), place)
    intake.add(records(2, kind=CommandKind.CANCEL), first)
    intake.add(records(3, kind=CommandKind.CANCEL), second)
    await asyncio.sleep(0)
    assert [type(error) for error in place.errors] == [Halted]
    desk.room = 5
    intake.room_was_made()
    desk.answer_all()
    assert (first.answers, second.answers) == ([2], [3])


async def test_a_caller_that_left_is_told_nothing_and_breaks_nothing() -> None:
    """An answer or a refusal for nobody is dropped."""
    waiter = Waiter()
    waiting = asyncio.ensure_future(waiter.answers())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    waiter.answered(np.zeros(1, EVENT))
    waiter.refused(Busy("full"))
