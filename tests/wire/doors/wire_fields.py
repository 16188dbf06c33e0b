"""Fields of cases to protobuf messages, and answers and errors of gRPC to outcomes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from engine.core.rejects import Reject
from engine.rpc.details import detail, field_and_rule
from realstack.trading.v1 import trading_pb2
from tests.wire.scene import Scene, client_id
from tests.wire.table import Action, Command, Outcome

DETAILS_KEY = "grpc-status-details-bin"
TRADE = "/realstack.trading.v1.TradingService/Trade"


def fill(message: Message, fields: Mapping[str, object], scene: Scene) -> None:
    """Set the fields of a message; a client id is given as a number."""
    for name, given in fields.items():
        value = scene.value(given)
        if isinstance(value, Mapping):
            inner: Message = getattr(message, name)
            inner.SetInParent()
            fill(inner, value, scene)
        elif isinstance(value, list):
            rows = getattr(message, name)
            for each in value:
                if isinstance(each, Mapping):
                    fill(rows.add(), each, scene)
                else:
                    rows.append(scene.value(each))
        elif name.endswith("client_id"):
            getattr(message, name).CopyFrom(client_id(value))
        else:
            setattr(message, name, value)


def good_fields(command: Command) -> dict[str, object]:
    """Return a command's fields, those that it does not give with good values."""
    identity = {"client_id": uuid.uuid4().int, "sent_time_ns": time.time_ns()}
    good: dict[Action, dict[str, object]] = {
        Action.PLACE: {
            **identity,
            "market_id": 1,
            "side": 1,
            "order_type": 1,
            "time_in_force": 1,
            "price_ticks": 10_000,
            "quantity_lots": 1_000,
        },
        Action.CANCEL: {},
        Action.REPLACE: {"price_ticks": 9_000, "quantity_lots": 1_000},
        Action.CANCEL_ALL: {},
        Action.WITHDRAW: {**identity, "asset_id": 1, "amount_atoms": 1_000_000},
    }
    return good[command.action] | dict(command.fields)


def outcome_of_answer(answer: trading_pb2.Answer) -> Outcome:
    """Return what a durable answer says."""
    status = trading_pb2.AnswerStatus.Name(answer.status).removeprefix("ANSWER_STATUS_")
    if answer.status != trading_pb2.ANSWER_STATUS_REJECTED:
        return Outcome(True, status)
    return outcome_of_reject(status, answer.reject_code, answer.detail)


def outcome_of_reject(status: str, code: int, words: str | None = None) -> Outcome:
    """Return what a reject code says; without words, those that belong to the number."""
    field, rule = field_and_rule(detail(code) if words is None else words)
    return Outcome(False, status, code, Reject(code).name, field, rule)


def outcome_of_error(error: grpc.RpcError) -> Outcome:
    """Return what a status says, with its details; without details, gRPC's own number."""
    told: Any = error
    status: grpc.StatusCode = told.code()
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for key, value in told.trailing_metadata() or ():
        if key == DETAILS_KEY:
            for each in status_pb2.Status.FromString(value).details:
                each.Unpack(info)
                each.Unpack(bad)
    violation = bad.field_violations[0] if bad.field_violations else None
    if not info.reason:
        return Outcome(False, status.name, status.value[0], status.name, "", told.details())
    return Outcome(
        accepted=False,
        status=status.name,
        code=int(info.metadata["code"]) if "code" in info.metadata else None,
        name=info.reason,
        field=violation.field if violation else "",
        rule=violation.description if violation else told.details(),
    )
