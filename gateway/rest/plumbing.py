"""What happens around every request: keys first, then the form of the request, then its errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
    ValidationException,
)
from litestar.handlers import BaseRouteHandler

from engine.core.rejects import Reject
from gateway.errors import PROBLEM_TYPE, ApiError, EdgeError, field_error
from gateway.limits import BODY_BYTES_MAX, NESTING_MAX, QUERY_BYTES_MAX
from gateway.order_entry import Caller
from gateway.refusals import json_refusal, shown
from gateway.service import Gateway

Connection = ASGIConnection[Any, Any, Any, Any]

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_NOT_STORED = {**SECURITY_HEADERS, "Cache-Control": "no-store"}
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_STATUS_TOO_LARGE = 413
BODY = "data"  # what the framework calls the body among a handler's parameters

log = structlog.get_logger()


def gateway_of(connection: Connection) -> Gateway:
    """Return the gateway that serves a connection."""
    gateway: Gateway = connection.app.state.gateway
    return gateway


def presented_key(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the API key of a request: `X-API-Key`, or `Authorization: Bearer`; exactly one.

    Two different keys are none: it must never depend on their order whose request it is.
    """
    found = []
    for name, value in headers:
        lower = name.lower()
        if lower == b"x-api-key":
            found.append(value)
        elif lower == b"authorization" and value[:7].lower() == b"bearer ":
            found.append(value[7:].strip())
    if len(found) != 1:
        return None
    return found[0].decode("latin-1")


def needs_member(connection: Connection, _: BaseRouteHandler) -> None:
    """Let only a member's key through; the caller is kept for the handler.

    Raises:
        ApiError: NOT_AUTHENTICATED, WRONG_ROLE.
    """
    caller = gateway_of(connection).authenticate(presented_key(connection.scope["headers"]))
    caller.need_member()
    connection.state.caller = caller


def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    """Return the caller that the guard has found."""
    caller: Caller = request.state.caller
    return caller


def provide_gateway(request: Request[Any, Any, Any]) -> Gateway:
    """Return the gateway."""
    return gateway_of(request)


async def check_form(request: Request[Any, Any, Any]) -> None:
    """Refuse a request whose form is wrong, before anything of it is used.

    Raises:
        ApiError: The query or the body breaks a rule.
    """
    check_query(request)
    body = await request.body()
    if body:
        check_body(body, request.headers.get("content-type", ""))
    decoder = body_decoder(request.route_handler)
    if decoder is None:
        return
    if not body:
        raise ApiError(
            EdgeError.MISSING_FIELD, "a JSON body is needed", field="", rule="must be given"
        )
    try:
        # The framework reads a body leniently: "true" for true. Here it must be what it is.
        decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise json_refusal(error) from error


def check_query(request: Request[Any, Any, Any]) -> None:
    """Refuse parameters that the address does not take, or takes once.

    Raises:
        ApiError: BODY_TOO_LARGE, INVALID_UTF8, UNKNOWN_FIELD, INVALID_FIELD.
    """
    if len(request.scope["query_string"]) > QUERY_BYTES_MAX:
        raise ApiError(EdgeError.BODY_TOO_LARGE, f"the query has at most {QUERY_BYTES_MAX:,} bytes")
    allowed = query_names(request.route_handler)
    seen = set()
    for name, value in request.query_params.multi_items():
        if name not in allowed:
            rule = "there is no such parameter here"
            raise field_error(EdgeError.UNKNOWN_FIELD, shown(name), rule)
        if name in seen:
            raise field_error(EdgeError.INVALID_FIELD, name, "must be given once")
        if "\ufffd" in value:
            raise ApiError(EdgeError.INVALID_UTF8, f"{name} is not valid UTF-8", field=name)
        seen.add(name)


_DECODERS: dict[str, msgspec.json.Decoder[Any] | None] = {}


def body_decoder(handler: BaseRouteHandler) -> msgspec.json.Decoder[Any] | None:
    """Return what decodes the body that a handler takes, if it takes one."""
    key = f"{handler}"
    if key not in _DECODERS:
        field = handler.parsed_fn_signature.parameters.get("data")
        _DECODERS[key] = None if field is None else msgspec.json.Decoder(field.annotation)
    return _DECODERS[key]


_QUERY_NAMES: dict[str, frozenset[str]] = {}
_NOT_QUERY = frozenset(("gateway", "caller", "request", "data", "return"))


def query_names(handler: BaseRouteHandler) -> frozenset[str]:
    """Return the names of the query parameters that a handler takes."""
    key = f"{handler}"
    names = _QUERY_NAMES.get(key)
    if names is None:
        parameters = set(handler.parsed_fn_signature.parameters)
        paths = "".join(handler.paths)
        in_path = {name for name in parameters if f"{{{name}:" in paths}
        names = _QUERY_NAMES[key] = frozenset(parameters - in_path - _NOT_QUERY)
    return names


def check_body(body: bytes, content_type: str) -> None:
    """Refuse a body that is too large, no JSON text, or nested too deeply.

    Raises:
        ApiError: BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, INVALID_UTF8, NESTING_TOO_DEEP.
    """
    if len(body) > BODY_BYTES_MAX:
        raise body_too_large()
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise ApiError(EdgeError.UNSUPPORTED_MEDIA_TYPE)
    check_json_text(body)


def check_json_text(body: bytes) -> None:
    """Refuse text that is not UTF-8 or is nested too deeply.

    Raises:
        ApiError: INVALID_UTF8, NESTING_TOO_DEEP.
    """
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise json_refusal(error) from error
    if body.count(b"[") + body.count(b"{") <= NESTING_MAX:
        return  # too few brackets to be nested too deeply
    depth = 0
    for match in _BRACKETS.finditer(_STRINGS.sub(b"", body)):
        depth += 1 if match[0] in b"[{" else -1
        if depth > NESTING_MAX:
            raise ApiError(EdgeError.NESTING_TOO_DEEP, f"at most {NESTING_MAX} levels")


def body_too_large() -> ApiError:
    """Return the error for a body beyond the limit."""
    return ApiError(EdgeError.BODY_TOO_LARGE, f"a body has at most {BODY_BYTES_MAX:,} bytes")


def add_headers(response: Response[Any]) -> Response[Any]:
    """Add to every answer what keeps a browser safe."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def answer_error(request: Request[Any, Any, Any], error: ApiError) -> Response[bytes]:
    """Answer an error of the registry."""
    problem = error.problem(instance=request.scope["path"])
    if problem.as_of_seq is None and error.kind.code != Reject.UNKNOWN_ORDER:
        problem.as_of_seq = gateway_of(request).as_of_sequence()
    headers = dict(_NOT_STORED)
    if error.kind.code == EdgeError.NOT_AUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="realstack"'
    return Response(
        content=msgspec.json.encode(problem),
        status_code=error.kind.status,
        media_type=PROBLEM_TYPE,
        headers=headers,
    )


def answer_framework_error(
    request: Request[Any, Any, Any], error: HTTPException
) -> Response[bytes]:
    """Answer an error that the framework found."""
    response = answer_error(request, framework_refusal(error))
    if isinstance(error, MethodNotAllowedException):
        response.headers.update(error.headers or {})
    return response


def framework_refusal(error: HTTPException) -> ApiError:
    """Return the error of the registry for one of the framework's."""
    if isinstance(error, NotFoundException):
        return ApiError(EdgeError.NO_SUCH_PAGE)
    if isinstance(error, MethodNotAllowedException):
        return ApiError(EdgeError.METHOD_NOT_ALLOWED)
    if error.status_code == _STATUS_TOO_LARGE:
        return body_too_large()
    cause = error.__cause__
    if isinstance(cause, SerializationException):
        cause = cause.__cause__
    if isinstance(cause, msgspec.MsgspecError | UnicodeDecodeError | RecursionError):
        refusal = json_refusal(cause)
        is_body = (refusal.code, refusal.field) == (EdgeError.MISSING_FIELD, BODY)
        return body_needed() if is_body else refusal
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        for found in error.extra:
            return parameter_refusal(found)
    return ApiError(EdgeError.INVALID_FIELD, error.detail)


def body_needed() -> ApiError:
    """Return the error for a request without the body that it needs."""
    return ApiError(EdgeError.MISSING_FIELD, "a JSON body is needed")


def parameter_refusal(found: Any) -> ApiError:
    """Return the error for a parameter that the framework found wrong."""
    name = str(found.get("key", ""))
    message = str(found.get("message", "breaks its rule"))
    if name == BODY:
        return body_needed()
    code = EdgeError.MISSING_FIELD if "required" in message.lower() else EdgeError.INVALID_FIELD
    return field_error(code, name, message[0].lower() + message[1:])


def answer_fault(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a fault of the gateway: it is recorded, and nothing of it is told."""
    log.error("fault", path=request.scope["path"], exc_info=error)
    return answer_error(request, ApiError(EdgeError.INTERNAL))


ErrorHandler = Callable[[Request[Any, Any, Any], Any], Response[bytes]]

ERROR_HANDLERS: dict[int | type[Exception], ErrorHandler] = {
    ApiError: answer_error,
    HTTPException: answer_framework_error,
    Exception: answer_fault,
}
