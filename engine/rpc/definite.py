"""Runs one command for a service whose answers carry no reject: a refusal becomes a status."""

from __future__ import annotations

from typing import Any

import grpc

from engine.core.commands import CommandKind
from engine.core.events import EventKind
from engine.core.rejects import Reject
from engine.rpc.details import detail, field_and_rule
from engine.rpc.errors import EdgeError
from engine.rpc.intake import Intake, Waiter
from engine.rpc.records import pack

_CODES: dict[Reject, grpc.StatusCode] = {
    Reject.ALREADY_DEFINED: grpc.StatusCode.ALREADY_EXISTS,
    Reject.DUPLICATE_WITH_DIFFERENT_BODY: grpc.StatusCode.ALREADY_EXISTS,
    Reject.UNKNOWN_ACCOUNT: grpc.StatusCode.NOT_FOUND,
    Reject.UNKNOWN_ASSET: grpc.StatusCode.NOT_FOUND,
    Reject.UNKNOWN_WITHDRAWAL: grpc.StatusCode.NOT_FOUND,
    Reject.INSUFFICIENT_FUNDS: grpc.StatusCode.FAILED_PRECONDITION,
    Reject.BALANCE_TOO_LARGE: grpc.StatusCode.FAILED_PRECONDITION,
    Reject.SENT_TIME_IN_FUTURE: grpc.StatusCode.FAILED_PRECONDITION,
    Reject.ID_TOO_OLD: grpc.StatusCode.FAILED_PRECONDITION,
}


async def run_definite(intake: Intake, kind: CommandKind, **fields: Any) -> Any:
    """Run a command and give its answering event.

    Raises:
        EdgeError: When the core refuses it; `ErrorInfo.reason` is the reject's name, and its
            metadata has `code`, `sequence` and `transient`.
        NotTaken: When it was definitely not run.
    """
    waiter = Waiter()
    intake.add(pack(kind, **fields), waiter)
    event = (await waiter.answers())[0]
    if event["kind"] != EventKind.REJECTED:
        return event
    reject = Reject(int(event["code"]))
    field, rule = field_and_rule(detail(reject))
    raise EdgeError(
        _CODES.get(reject, grpc.StatusCode.INVALID_ARGUMENT),
        reject.name,
        f"{reject.name}: {detail(reject)}",
        violations=((field, rule),) if field else (),
        metadata={
            "sequence": str(int(event["sequence"])),
            "transient": str(reject.transient).lower(),
        },
    )
