"""From calls to the sequencer: what arrives within one turn of the loop becomes one submission.

    1. a call hands over its records and goes on reading;
    2. at the end of the turn all that came is submitted as one array, at most 4,096 long;
    3. when it is durable, each call is given its own answers, in the order of its commands.

A client that disconnects between 1 and 3 changes nothing: what was handed over runs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND, COMMAND_BYTES
from engine.core.events import ANSWER, EVENT, EVENT_BYTES
from engine.core.invariants import check
from engine.core.limits import COMMANDS_PER_BATCH_MAX
from engine.rpc.records import answers_to
from engine.sequencer import Answer, Busy, NotTaken, Receiver

_RAW_EVENT = np.dtype(f"V{EVENT_BYTES}")
_RETRY_SECONDS = 1  # only if no release tells sooner that the queue has room


class Submitter(Protocol):
    """What the intake needs of a node."""

    def submit(self, commands: NDArray[np.void], receiver: Receiver) -> None:
        """Queue commands; see `engine.node`."""


class Sink(Protocol):
    """A call that waits for answers."""

    patient: bool
    """Whether it waits when the queue is full; else it is refused with Busy."""

    def answered(self, answers: NDArray[np.void]) -> None:
        """Take the answering events, one a command in order; a compound command has one."""

    def refused(self, error: NotTaken) -> None:
        """Learn that none of the commands was run nor will be."""


@dataclass(frozen=True, slots=True)
class _Part:
    records: bytes
    count: int
    answers: int
    sink: Sink


class _Submission:
    """Shares one answer out to the calls that it came from."""

    def __init__(self, parts: list[_Part]) -> None:
        self._parts = parts

    def released(self, answer: Answer) -> None:
        """Give each call its own answers."""
        answers = answering(answer, sum(part.answers for part in self._parts))
        start = 0
        for part in self._parts:
            part.sink.answered(answers[start : start + part.answers])
            start += part.answers

    def refused(self, error: NotTaken) -> None:
        """Tell each call that nothing was done."""
        for part in self._parts:
            part.sink.refused(error)


def answering(answer: Answer, count: int) -> NDArray[np.void]:
    """Give the answering events of a submission, which are `count`, in order."""
    events = answer.events
    chosen = np.flatnonzero(events["flags"] & ANSWER)
    check(len(chosen) == count, "every command has exactly one answer")
    return np.ascontiguousarray(events).view(_RAW_EVENT)[chosen].view(EVENT)


class Intake:
    """Gathers commands of all calls and submits them in the order of arrival."""

    def __init__(self, node: Submitter) -> None:
        self._node = node
        self._waiting: deque[_Part] = deque()
        self._is_scheduled = False
        self._retry: asyncio.TimerHandle | None = None

    def add(self, records: bytes, sink: Sink) -> None:
        """Take a call's records, 1 to 4,096 of them."""
        count = len(records) // COMMAND_BYTES
        check(1 <= count <= COMMANDS_PER_BATCH_MAX, "a call's records fit in one submission")
        self._waiting.append(_Part(records, count, answers_to(records), sink))
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def room_was_made(self) -> None:
        """Submit what had to wait because the queue was full."""
        if self._waiting and not self._is_scheduled:
            self._flush()

    def _flush(self) -> None:
        self._is_scheduled = False
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        while self._waiting:
            unsent = self._submit(self._next_parts())
            if unsent:
                self._put_back(unsent)
                return

    def _next_parts(self) -> list[_Part]:
        parts: list[_Part] = []
        count = 0
        while self._waiting and count + self._waiting[0].count <= COMMANDS_PER_BATCH_MAX:
            parts.append(self._waiting.popleft())
            count += parts[-1].count
        return parts

    def _submit(self, parts: list[_Part]) -> list[_Part]:
        """Submit parts as one; give those that a full queue did not take."""
        data = b"".join(part.records for part in parts)
        submission = _Submission(parts)
        try:
            self._node.submit(np.frombuffer(data, COMMAND), submission)
        except Busy:
            return parts
        except NotTaken as error:
            if len(parts) == 1:
                submission.refused(error)
                return []
            # A node that is short of disk takes cancels only: what happened to come along with a
            # cancel must not take it down.
            for place, part in enumerate(parts):
                if self._submit([part]):
                    return parts[place:]
        return []

    def _put_back(self, unsent: list[_Part]) -> None:
        """Keep what may wait, in its place; refuse what may not."""
        unsent += self._waiting
        self._waiting = deque(part for part in unsent if part.sink.patient)
        for part in unsent:
            if not part.sink.patient:
                part.sink.refused(Busy("the queue is full"))
        if self._waiting:
            loop = asyncio.get_running_loop()
            self._retry = loop.call_later(_RETRY_SECONDS, self.room_was_made)


class Waiter:
    """A call that waits for its answers in place."""

    patient = False

    def __init__(self) -> None:
        self._future: asyncio.Future[NDArray[np.void]] = asyncio.get_running_loop().create_future()

    def answered(self, answers: NDArray[np.void]) -> None:
        """Take the answers, unless the caller has gone."""
        if not self._future.done():
            self._future.set_result(answers)

    def refused(self, error: NotTaken) -> None:
        """Take the refusal, unless the caller has gone."""
        if not self._future.done():
            self._future.set_exception(error)

    async def answers(self) -> NDArray[np.void]:
        """Wait for the answers.

        When the caller stops waiting (its deadline passed, it disconnected), the outcome of its
        commands is unknown to it: they run all the same, and the same client ids tell.

        Raises:
            NotTaken: When the commands were definitely not run.
        """
        return await self._future
