"""Errors of other parts as errors of the registry: of JSON, numbers, engine and services."""

from __future__ import annotations

import re

import grpc
import msgspec

from engine.core.limits import TRAIL_PPM_MAX
from engine.core.rejects import Reject
from gateway.core_errors import CORE_ERRORS
from gateway.errors import ApiError, EdgeError, field_error
from realstack.client import (
    ClientError,
    InvalidInput,
    NotAuthenticated,
    NotRetained,
    NotSent,
    OutcomeUnknown,
    PermissionRefused,
    Rejected,
    RequestRefused,
    Unavailable,
)
from realstack.client.arguments import TAG_MAX
from realstack.order_text import FIELD_REJECTS, MAX_AGE_MS_MAX
from realstack.units import InvalidNumber

_PATH = re.compile(r" - at `\$(?:\.|\[\.\.\.\])?([^`]*)`\Z")
_UNKNOWN = re.compile(r"\AObject contains unknown field `([^`]*)`")
_MISSING = re.compile(r"\AObject missing required field `([^`]*)`")
_WHAT_JSON_HAS = re.compile(r"\AExpected `([^`]*)`(?:, got `([^`]*)`)?")

# The codes that the core has for these fields; any other field has INVALID_FIELD.
FIELD_CODES: dict[str, Reject] = FIELD_REJECTS | {
    "market": Reject.UNKNOWN_MARKET,
    "asset": Reject.UNKNOWN_ASSET,
    "side": Reject.INVALID_SIDE,
    "type": Reject.INVALID_ORDER_TYPE,
    "time_in_force": Reject.INVALID_TIME_IN_FORCE,
    "self_trade_prevention": Reject.INVALID_SELF_TRADE_PREVENTION,
    "client_id": Reject.INVALID_CLIENT_ID,
    "order_client_id": Reject.INVALID_CLIENT_ID,
}
_NUMBERS = frozenset(
    (
        "price",
        "trigger_price",
        "trail",
        "quantity",
        "display_quantity",
        "minimum_quantity",
        "amount",
    )
)
_CHOICES = {
    "side": "must be buy or sell",
    "type": "must be limit, market, stop, stop_limit, trailing_stop or market_by_amount",
    "time_in_force": "must be gtc, ioc, fok, day, gtd, at_open or at_close",
    "trigger_source": "must be last_trade, best_quote or reference",
    "trail_ppm": f"must be a whole number from 1 to {TRAIL_PPM_MAX}",
    "max_age_ms": f"must be a whole number from 1 to {MAX_AGE_MS_MAX}",
    "tag": f"must be a whole number from 1 to {TAG_MAX}",
    "self_trade_prevention": "must be none, cancel_taker, cancel_maker, cancel_both or decrement",
}
FIELD_CHARACTERS_MAX = 64  # of a name that is shown back


def shown(name: str) -> str:
    """Return a name from a request as it may be shown: short, and without control characters."""
    printable = "".join(character if character.isprintable() else "?" for character in name)
    if len(printable) <= FIELD_CHARACTERS_MAX:
        return printable
    return printable[:FIELD_CHARACTERS_MAX] + "..."


def json_refusal(error: msgspec.MsgspecError | UnicodeDecodeError | RecursionError) -> ApiError:
    """Return the error for a body that is no JSON, or not of the asked form."""
    if isinstance(error, UnicodeDecodeError):
        return ApiError(EdgeError.INVALID_UTF8, f"byte {error.start} is not valid UTF-8")
    if isinstance(error, RecursionError):
        return ApiError(EdgeError.NESTING_TOO_DEEP)
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return ApiError(EdgeError.MALFORMED_JSON, text)
    path = _PATH.search(text)
    inside = path[1] if path else ""
    if match := _UNKNOWN.match(text):
        name = shown(_joined(inside, match[1]))
        return field_error(EdgeError.UNKNOWN_FIELD, name, "there is no such field here")
    if match := _MISSING.match(text):
        return field_error(EdgeError.MISSING_FIELD, _joined(inside, match[1]), "must be given")
    return _wrong_value(inside, text[: path.start()] if path else text)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _wrong_value(path: str, text: str) -> ApiError:
    """Return the error of a field whose value has the wrong type or is none of the choices."""
    if not path:
        return ApiError(EdgeError.INVALID_FIELD, f"the body: {text}", field="", rule=text)
    field = path.rpartition(".")[2]
    code = FIELD_CODES.get(field, EdgeError.INVALID_FIELD)
    types = _WHAT_JSON_HAS.match(text)
    if field in _NUMBERS and (types is None or types[2] in ("int", "float", None)):
        rule = 'must be decimal text in quotes, such as "12.50", not a JSON number'
    elif types is not None and types[2]:
        rule = f"must be {types[1]}, not {types[2]}"
    else:
        rule = _CHOICES.get(field, text)
    return field_error(code, path, rule)


def number_refusal(error: InvalidNumber, field: str | None = None) -> ApiError:
    """Return the error for a number that is not exact, positive, on its step and in range."""
    return field_error(error.code, field or error.field, error.rule)


def engine_refusal(error: ClientError) -> ApiError:
    """Return the error for what the engine, or the way to it, did not do."""
    if isinstance(error, Rejected):
        return rejected(error.code, error.answer.sequence)
    if isinstance(error, OutcomeUnknown):
        return ApiError(EdgeError.OUTCOME_UNKNOWN)
    if isinstance(error, InvalidInput):
        return field_error(error.code, error.field, error.rule)
    if isinstance(error, NotAuthenticated):
        return ApiError(EdgeError.NOT_AUTHENTICATED)
    if isinstance(error, PermissionRefused):
        return ApiError(EdgeError.WRONG_ROLE)
    if isinstance(error, NotRetained):
        return ApiError(EdgeError.NOT_RETAINED, str(error))
    if isinstance(error, RequestRefused):
        for field, rule in error.violations[:1]:
            return field_error(EdgeError.INVALID_FIELD, field, rule)
        return ApiError(EdgeError.INVALID_FIELD, str(error))
    if isinstance(error, NotSent | Unavailable):
        return ApiError(EdgeError.ENGINE_UNAVAILABLE)
    return ApiError(EdgeError.OUTCOME_UNKNOWN, str(error))


def rejected(code: Reject, sequence: int) -> ApiError:
    """Return the error for a lawful refusal by the core.

    Args:
        code: The core's reason.
        sequence: The venue sequence of the refused command.
    """
    row = CORE_ERRORS[code]
    if code is Reject.UNKNOWN_ORDER:
        return unknown_order()
    rule = row.meaning if row.field else None
    return ApiError(code, field=row.field, rule=rule, as_of_seq=sequence)


def unknown_order() -> ApiError:
    """Return the one error for every order that is not the caller's to see or change.

    Nothing in it tells a missing order from another's, not even a sequence.
    """
    row = CORE_ERRORS[Reject.UNKNOWN_ORDER]
    return ApiError(Reject.UNKNOWN_ORDER, field=row.field, rule=row.meaning)


def service_refusal(error: grpc.aio.AioRpcError, away: EdgeError) -> ApiError:
    """Return the error for a service behind the gateway that refused or is away.

    Args:
        error: What the call ended with.
        away: The error of this service when it cannot be reached.
    """
    if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
        field, _, rule = (error.details() or "").partition(": ")
        field = field.removesuffix("_ns")  # a time is text here, with its unit in it
        code = EdgeError.INVALID_PAGE_TOKEN if field == "page_token" else EdgeError.INVALID_FIELD
        return field_error(code, field, rule or "breaks a rule")
    return ApiError(away)
