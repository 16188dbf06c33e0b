"""Every error that the gateway answers: one registry, shared with the core and served as JSON.

Numbers below 1,001 are the core's reject codes; those of the doors are in `realstack.edge_errors`.
Each error says what it means for the caller's request:

    REJECTED    nothing changed, for certain
    UNKNOWN     the request may have taken effect; ask again with the same client id to find out
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from engine.core.rejects import Reject
from gateway.core_errors import CORE_ERRORS
from realstack.edge_errors import CLI_ONLY, GRPC_ONLY, EdgeError

__all__ = [
    "PROBLEM_TYPE",
    "REGISTRY",
    "ApiError",
    "EdgeError",
    "ErrorKind",
    "Outcome",
    "Problem",
    "field_error",
]

PROBLEM_TYPE = "application/problem+json"


class Outcome(StrEnum):
    """What became of a request."""

    ACCEPTED = "ACCEPTED"
    DUPLICATE = "DUPLICATE"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """A row of the registry."""

    code: int
    name: str
    status: int  # HTTP
    outcome: Outcome
    retryable: bool  # the very same request can succeed later
    meaning: str


# number -> (HTTP status, outcome, can the very same request succeed later, meaning)
_EDGE: dict[EdgeError, tuple[int, Outcome, bool, str]] = {
    EdgeError.MALFORMED_JSON: (400, Outcome.REJECTED, False, "the body is not JSON"),
    EdgeError.MALFORMED_HTTP: (
        400,
        Outcome.REJECTED,
        False,
        "this is no HTTP request, or its head is too large",
    ),
    EdgeError.REQUEST_TOO_SLOW: (
        408,
        Outcome.REJECTED,
        True,
        "the request did not come in time",
    ),
    EdgeError.INVALID_FIELD: (422, Outcome.REJECTED, False, "a field breaks its rule"),
    EdgeError.UNKNOWN_FIELD: (422, Outcome.REJECTED, False, "there is no such field here"),
    EdgeError.MISSING_FIELD: (422, Outcome.REJECTED, False, "a field that is needed is missing"),
    EdgeError.INVALID_TIME: (
        422,
        Outcome.REJECTED,
        False,
        "a time is written as in RFC 3339, in UTC, with at most nine digits of a second",
    ),
    EdgeError.INVALID_PAGE_TOKEN: (
        422,
        Outcome.REJECTED,
        False,
        "a page token comes from the answer before, of the same list",
    ),
    EdgeError.INVALID_UTF8: (400, Outcome.REJECTED, False, "text must be valid UTF-8"),
    EdgeError.NESTING_TOO_DEEP: (400, Outcome.REJECTED, False, "the JSON is nested too deeply"),
    EdgeError.BODY_TOO_LARGE: (413, Outcome.REJECTED, False, "the body is too large"),
    EdgeError.UNSUPPORTED_MEDIA_TYPE: (
        415,
        Outcome.REJECTED,
        False,
        "a body must be application/json",
    ),
    EdgeError.NOT_AUTHENTICATED: (401, Outcome.REJECTED, False, "a valid API key is needed"),
    EdgeError.WRONG_ROLE: (403, Outcome.REJECTED, False, "the API key's role may not do this"),
    EdgeError.NO_SUCH_PAGE: (404, Outcome.REJECTED, False, "there is nothing at this address"),
    EdgeError.METHOD_NOT_ALLOWED: (
        405,
        Outcome.REJECTED,
        False,
        "this address does not take this method",
    ),
    EdgeError.ORIGIN_REFUSED: (
        403,
        Outcome.REJECTED,
        False,
        "pages of other sites may not open this WebSocket",
    ),
    EdgeError.UNKNOWN_OPERATION: (
        422,
        Outcome.REJECTED,
        False,
        "a WebSocket message names its operation in op",
    ),
    EdgeError.UNKNOWN_CHANNEL: (422, Outcome.REJECTED, False, "there is no such channel"),
    EdgeError.NOT_SUBSCRIBED: (409, Outcome.REJECTED, False, "the channel is not subscribed to"),
    EdgeError.ALREADY_SUBSCRIBED: (
        409,
        Outcome.REJECTED,
        False,
        "the channel is subscribed to already",
    ),
    EdgeError.TOO_MANY_SUBSCRIPTIONS: (
        429,
        Outcome.REJECTED,
        False,
        "a connection has a limited number of subscriptions",
    ),
    EdgeError.TOO_MANY_CONNECTIONS: (
        503,
        Outcome.REJECTED,
        True,
        "the gateway has a limited number of connections",
    ),
    EdgeError.SLOW_CONSUMER: (
        503,
        Outcome.REJECTED,
        True,
        "the connection took its private messages too slowly and is cut; resume where it says",
    ),
    EdgeError.BUSY: (503, Outcome.REJECTED, True, "the venue's queue is full; nothing was done"),
    EdgeError.ENGINE_UNAVAILABLE: (
        503,
        Outcome.REJECTED,
        True,
        "the engine cannot be reached; nothing was done",
    ),
    EdgeError.HISTORY_UNAVAILABLE: (
        503,
        Outcome.REJECTED,
        True,
        "the market history cannot be reached",
    ),
    EdgeError.SETTLEMENT_UNAVAILABLE: (
        503,
        Outcome.REJECTED,
        True,
        "the settlement status cannot be reached",
    ),
    EdgeError.OUTCOME_UNKNOWN: (
        504,
        Outcome.UNKNOWN,
        True,
        "no answer came in time; the same request with the same client_id finds out what happened",
    ),
    EdgeError.INTERNAL: (500, Outcome.UNKNOWN, False, "the gateway has a fault; it is recorded"),
    EdgeError.AHEAD_OF_STREAM: (
        422,
        Outcome.REJECTED,
        True,
        "the stream cannot begin there yet: that point is still to come",
    ),
    EdgeError.NOT_RETAINED: (
        410,
        Outcome.REJECTED,
        False,
        "the stream cannot begin there any more: the venue no longer keeps that point",
    ),
}


def _registry() -> dict[int, ErrorKind]:
    rows = [
        ErrorKind(
            code=int(reject),
            name=reject.name,
            status=row.status,
            outcome=Outcome.REJECTED,
            retryable=reject.transient,
            meaning=row.meaning,
        )
        for reject, row in CORE_ERRORS.items()
    ]
    rows += [ErrorKind(int(edge), edge.name, *_EDGE[edge]) for edge in _EDGE]
    return {row.code: row for row in rows}


REGISTRY = _registry()


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An error as RFC 9457 describes it, with the venue's own members."""

    type: str
    title: str
    status: int
    detail: str
    code: int
    name: str
    outcome: Outcome
    retryable: bool
    as_of_seq: int | None = None
    field: str | None = None
    rule: str | None = None
    resume: int | None = None
    instance: str | None = None


class ApiError(Exception):
    """A request ends with an error of the registry.

    Attributes:
        code: Its number.
        kind: The row of the registry.
        detail: What happened, in words, for this request.
        field: The field that broke a rule, if one did.
        rule: The rule.
        as_of_seq: The venue sequence of a refusal by the core.
        resume: Where a cut stream goes on.
    """

    def __init__(
        self,
        code: EdgeError | Reject,
        detail: str = "",
        *,
        field: str | None = None,
        rule: str | None = None,
        as_of_seq: int | None = None,
        resume: int | None = None,
    ) -> None:
        self.code = code
        self.kind = REGISTRY[int(code)]
        self.detail = detail or (f"{field}: {rule}" if field and rule else self.kind.meaning)
        self.field = field
        self.rule = rule
        self.as_of_seq = as_of_seq
        self.resume = resume
        super().__init__(f"{self.kind.name} ({self.kind.code}): {self.detail}")

    def inside(self, place: str) -> ApiError:
        """Return the same error with its field named from further out, such as `order.price`."""
        if self.field is None or self.rule is None:
            return self
        return ApiError(
            self.code, field=f"{place}.{self.field}", rule=self.rule, as_of_seq=self.as_of_seq
        )

    def problem(self, instance: str | None = None) -> Problem:
        """Return the error as it is answered.

        Args:
            instance: The request's own address, when there is one.
        """
        kind = self.kind
        return Problem(
            type=f"/v1/errors#{kind.name}",
            title=kind.meaning,
            status=kind.status,
            detail=self.detail,
            code=kind.code,
            name=kind.name,
            outcome=kind.outcome,
            retryable=kind.retryable,
            as_of_seq=self.as_of_seq,
            field=self.field,
            rule=self.rule,
            resume=self.resume,
            instance=instance,
        )


def field_error(code: EdgeError | Reject, field: str, rule: str) -> ApiError:
    """Return the error of one field that breaks one rule."""
    return ApiError(code, field=field, rule=rule)


if set(_EDGE) != set(EdgeError) - GRPC_ONLY - CLI_ONLY:
    raise ImportError("every error of the gateway must have its row")
