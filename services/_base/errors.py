"""Refusals of a gRPC call: a status, the field and the rule, as `google.rpc` error details."""

from __future__ import annotations

from typing import NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from realstack.edge_errors import number_of

DOMAIN = "realstack"

_NUMBERS = {
    grpc.StatusCode.INVALID_ARGUMENT: code_pb2.INVALID_ARGUMENT,
    grpc.StatusCode.UNAUTHENTICATED: code_pb2.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED: code_pb2.PERMISSION_DENIED,
    grpc.StatusCode.UNAVAILABLE: code_pb2.UNAVAILABLE,
}


async def refuse(
    context: grpc.aio.ServicerContext[object, object],
    code: grpc.StatusCode,
    reason: str,
    rule: str,
    *,
    field: str = "",
) -> NoReturn:
    """End the call with a status that a program can read.

    Args:
        context: The call.
        code: One of INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED, UNAVAILABLE.
        reason: Name of an error in `realstack.edge_errors`, which numbers it.
        rule: The rule that was broken, in words.
        field: The field that broke it, if one did.

    Raises:
        grpc.aio.AbortError: Always.
    """
    number = {"code": str(number_of(reason))}
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=number)
    details = [_packed(info)]
    if field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=rule)
        details.append(_packed(error_details_pb2.BadRequest(field_violations=[violation])))
    message = f"{field}: {rule}" if field else rule
    status = status_pb2.Status(code=_NUMBERS[code], message=message, details=details)
    await context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort_with_status does not return")


def _packed(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed
