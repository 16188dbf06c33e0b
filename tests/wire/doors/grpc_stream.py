"""The Trade stream of gRPC: single commands, and batches as columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc

from engine.core.commands import CommandKind
from realstack.trading.v1 import trading_pb2
from tests.wire.doors.wire_fields import (
    TRADE,
    fill,
    good_fields,
    outcome_of_answer,
    outcome_of_error,
    outcome_of_reject,
)
from tests.wire.scene import CALL_SECONDS, Scene
from tests.wire.table import Action, Ask, Command, Message, Outcome, Party

KINDS = {
    Action.PLACE: CommandKind.PLACE,
    Action.CANCEL: CommandKind.CANCEL,
    Action.REPLACE: CommandKind.REPLACE,
    Action.CANCEL_ALL: CommandKind.CANCEL_ALL,
}
BYTE_COLUMNS = frozenset(("side", "order_type", "time_in_force", "self_trade_prevention", "flags"))
MASK_64 = (1 << 64) - 1


class Singles:
    """Sends one message on a Trade stream of its own; commands one by one."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        unlimited = (("grpc.max_send_message_length", -1),)
        self._channel = grpc.insecure_channel(scene.venue.engine.address, options=unlimited)

    def send(self, ask: Ask, party: Party) -> Outcome:
        """Send it and return the first thing that comes back."""
        if isinstance(ask, Command):
            ask = Message(self.message(ask))
        if not isinstance(ask, Message):
            raise TypeError(f"this door cannot be told {type(ask).__name__}")
        trade: Any = self._channel.stream_stream(TRADE)
        metadata = self._scene.metadata(party)
        call = trade(iter([self._bytes(ask)]), metadata=metadata, timeout=CALL_SECONDS)
        try:
            answers = [trading_pb2.TradeResponse.FromString(data) for data in call]
        except grpc.RpcError as error:
            return outcome_of_error(error)
        if len(answers) != 1:
            return Outcome(False, f"{len(answers)} answers")
        return outcome_of_response(answers[0])

    def message(self, command: Command) -> Mapping[str, object]:
        """Return the fields of the request that carries a command."""
        return {command.action.value: good_fields(command)}

    def _bytes(self, message: Message) -> bytes:
        if isinstance(message.request, bytes):
            return message.request
        request = trading_pb2.TradeRequest()
        fill(request, message.request, self._scene)
        return request.SerializeToString()


class Batches(Singles):
    """The same with commands as columns of one row."""

    def message(self, command: Command) -> Mapping[str, object]:
        """Return the columns of a command."""
        columns: dict[str, object] = {"kind": bytes([KINDS[command.action]])}
        for name, given in good_fields(command).items():
            value = self._scene.value(given)
            if name == "post_only":
                columns["flags"] = bytes([value])
            elif name in BYTE_COLUMNS:
                columns[name] = bytes([value])
            elif name.endswith("client_id"):
                columns[f"{name}_low"] = [value & MASK_64]
                columns[f"{name}_high"] = [value >> 64]
            else:
                columns[name] = [value]
        return {"batch": columns}


def outcome_of_response(response: trading_pb2.TradeResponse) -> Outcome:
    """Return what an answer says; one of a batch has a number and no words of its own."""
    if response.WhichOneof("outcome") == "answer":
        return outcome_of_answer(response.answer)
    answers = response.answers
    if answers.status != bytes([trading_pb2.ANSWER_STATUS_REJECTED]):
        return Outcome(True, f"row {list(answers.status)}")
    return outcome_of_reject("row REJECTED", int.from_bytes(answers.reject_code, "little"))
