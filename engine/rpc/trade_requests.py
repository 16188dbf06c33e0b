"""What one message of a Trade stream asks for, whichever front it came through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND_BYTES
from engine.core.events import EVENT_BYTES
from engine.rpc.answers import answer
from engine.rpc.columns import answer_batch, batch_records
from engine.rpc.errors import invalid
from engine.rpc.methods import decode
from engine.rpc.records import (
    cancel_all_record,
    cancel_record,
    disconnect_record,
    mass_quote_records,
    place_record,
    replace_record,
)
from engine.sequencer import NotTaken
from realstack.trading.v1 import trading_pb2

_ID_BYTES = slice(16, 32)  # of a command record: its client id


class Answered(Protocol):
    """A stream that waits for answers."""

    def reply(self, count: int, response: trading_pb2.TradeResponse) -> None:
        """Take the answer to one message of `count` commands."""

    def refuse(self, count: int, error: NotTaken) -> None:
        """Learn that a message of `count` commands was not taken: the stream ends."""


@dataclass(frozen=True, slots=True)
class Session:
    """What to run when the stream is lost, if anything: a record."""

    when_lost: bytes | None


@dataclass(frozen=True, slots=True)
class Commands:
    """Records to run, and who answers them."""

    records: bytes
    reply: Reply


def read_request(data: bytes, account_id: int, stream: Answered) -> Commands | Session:
    """Read a message.

    Raises:
        EdgeError: When it is malformed, with the field and the rule.
    """
    request = cast("trading_pb2.TradeRequest", decode(trading_pb2.TradeRequest, data))
    kind = request.WhichOneof("command")
    if kind == "batch":
        records = batch_records(request.batch, account_id).tobytes()
        return Commands(records, _Batch(stream, len(records) // COMMAND_BYTES))
    if kind == "session":
        lost = disconnect_record(request.session, account_id)
        return Session(lost if request.session.cancel_on_disconnect else None)
    if kind is None:
        kinds = "place, cancel, replace, cancel_all, batch, session, mass_quote"
        raise invalid("command", f"one of {kinds} is required")
    records = _SINGLES[kind](request, account_id)
    ids = records[_ID_BYTES]
    low, high = (int.from_bytes(half, "little") for half in (ids[:8], ids[8:]))
    return Commands(records, _Single(stream, len(records) // COMMAND_BYTES, (low, high)))


class Reply:
    """Waits for the answer to one message of a stream."""

    patient = True

    def __init__(self, stream: Answered, count: int) -> None:
        self.stream = stream
        self.count = count

    def answered(self, answers: NDArray[np.void]) -> None:
        """Queue the reply."""
        self.stream.reply(self.count, self.response(answers))

    def response(self, answers: NDArray[np.void]) -> trading_pb2.TradeResponse:
        """Make the reply from the answering events."""
        raise NotImplementedError

    def refused(self, error: NotTaken) -> None:
        """End the stream."""
        self.stream.refuse(self.count, error)


class _Single(Reply):
    def __init__(self, stream: Answered, count: int, client_id: tuple[int, int]) -> None:
        super().__init__(stream, count)
        self._client_id = client_id

    def response(self, answers: NDArray[np.void]) -> trading_pb2.TradeResponse:
        event = answers.tobytes()[:EVENT_BYTES]
        return trading_pb2.TradeResponse(answer=answer(event, self._client_id))


class _Batch(Reply):
    def response(self, answers: NDArray[np.void]) -> trading_pb2.TradeResponse:
        return trading_pb2.TradeResponse(answers=answer_batch(answers))


_SINGLES: dict[str, Callable[[trading_pb2.TradeRequest, int], bytes]] = {
    "place": lambda request, account_id: place_record(request.place, account_id, "place"),
    "cancel": lambda request, account_id: cancel_record(request.cancel, account_id, "cancel"),
    "replace": lambda request, account_id: replace_record(request.replace, account_id, "replace"),
    "mass_quote": lambda request, account_id: mass_quote_records(
        request.mass_quote, account_id, "mass_quote"
    ),
    "cancel_all": lambda request, account_id: cancel_all_record(
        request.cancel_all, account_id, "cancel_all"
    ),
}
