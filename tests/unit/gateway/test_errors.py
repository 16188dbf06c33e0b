"""The registry of errors, and how other parts' errors become its own."""

from __future__ import annotations

import grpc
import msgspec
import pytest

from engine.core.rejects import Reject
from gateway.core_errors import CORE_ERRORS
from gateway.errors import REGISTRY, ApiError, EdgeError, Outcome, field_error
from gateway.refusals import (
    FIELD_CHARACTERS_MAX,
    engine_refusal,
    json_refusal,
    number_refusal,
    rejected,
    service_refusal,
    shown,
    unknown_order,
)
from gateway.schemas.requests import PlaceOrder
from realstack.client import (
    ClientError,
    FeedBroken,
    InvalidInput,
    InvalidNumber,
    NotAuthenticated,
    NotRetained,
    NotSent,
    PermissionRefused,
    RequestRefused,
    Unavailable,
)
from realstack.edge_errors import CLI_ONLY, GRPC_ONLY


def test_every_error_that_the_gateway_can_answer_has_a_row() -> None:
    """The core's rejects and the doors' errors, each with its own number and name."""
    expected = {int(reject) for reject in Reject if reject} | {
        int(edge) for edge in EdgeError if edge not in GRPC_ONLY | CLI_ONLY
    }
    assert set(REGISTRY) == expected
    assert len({row.name for row in REGISTRY.values()}) == len(REGISTRY)
    assert all(400 <= row.status < 600 and row.meaning for row in REGISTRY.values())


def test_a_refusal_by_the_core_says_what_the_core_says_about_trying_again() -> None:
    """Whether the same command can succeed later is the core's knowledge."""
    for reject in CORE_ERRORS:
        assert REGISTRY[int(reject)].retryable is reject.transient
        assert REGISTRY[int(reject)].outcome is Outcome.REJECTED


def test_only_what_may_have_taken_effect_is_unknown() -> None:
    """UNKNOWN is for answers that never came and for faults; all else changed nothing."""
    unknown = {row.name for row in REGISTRY.values() if row.outcome is Outcome.UNKNOWN}
    assert unknown == {"OUTCOME_UNKNOWN", "INTERNAL"}


def test_a_problem_carries_number_name_field_rule_and_outcome() -> None:
    """The form is that of RFC 9457, with the venue's own members."""
    error = field_error(Reject.INVALID_PRICE, "price", "must be on the tick")
    problem = msgspec.to_builtins(error.problem(instance="/v1/orders"))
    assert problem == {
        "type": "/v1/errors#INVALID_PRICE",
        "title": CORE_ERRORS[Reject.INVALID_PRICE].meaning,
        "status": 422,
        "detail": "price: must be on the tick",
        "code": 15,
        "name": "INVALID_PRICE",
        "outcome": "REJECTED",
        "retryable": False,
        "field": "price",
        "rule": "must be on the tick",
        "instance": "/v1/orders",
    }


@pytest.mark.parametrize("reject", CORE_ERRORS)
def test_a_lawful_refusal_has_the_sequence_of_its_command(reject: Reject) -> None:
    """All but "no such order" tell where in the venue's order they were refused."""
    error = rejected(reject, 77)
    assert error.kind.code == int(reject)
    assert error.as_of_seq == (None if reject is Reject.UNKNOWN_ORDER else 77)


def test_no_such_order_is_one_error_whatever_the_reason() -> None:
    """A missing order and another's are told in the same words."""
    assert rejected(Reject.UNKNOWN_ORDER, 5).problem() == unknown_order().problem()


def decode(body: bytes) -> ApiError:
    with pytest.raises((msgspec.MsgspecError, UnicodeDecodeError, RecursionError)) as caught:
        msgspec.json.decode(body, type=PlaceOrder)
    return json_refusal(caught.value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "code", "field", "rule"),
    [
        (b"{", 1_001, None, None),
        (b"{}", 1_004, "market", "must be given"),
        (b'{"markt":1}', 1_003, "markt", "there is no such field here"),
        (b'{"market":1}', 11, "market", "must be str, not int"),
        (b'{"side":"b"}', 3, "side", "must be buy or sell"),
        (b'{"post_only":1}', 7, "post_only", "must be bool, not int"),
        (b"7", 1_002, "", "Expected `object`, got `int`"),
        (b'{"market":"\xff"}', 1_007, None, None),
    ],
)
def test_a_wrong_body_names_field_and_rule(
    body: bytes, code: int, field: str | None, rule: str | None
) -> None:
    """What the decoder says becomes a number, a field and a rule in words."""
    error = decode(body)
    assert (error.kind.code, error.field, error.rule) == (code, field, rule)


@pytest.mark.parametrize("number", [b"1", b"1.5", b"1e400", b"9" * 400])
def test_a_json_number_is_no_price(number: bytes) -> None:
    """Prices are text: a JSON number may have lost digits before it came here."""
    error = decode(b'{"price":' + number + b"}")
    assert (error.kind.code, error.field) == (15, "price")
    assert error.rule == 'must be decimal text in quotes, such as "12.50", not a JSON number'


def test_too_deep_a_nesting_has_its_own_number() -> None:
    """The decoder's own limit is answered, not raised."""
    assert json_refusal(RecursionError()).kind.code == EdgeError.NESTING_TOO_DEEP


def test_a_name_that_is_shown_back_is_short_and_printable() -> None:
    """What a request calls a field cannot break a log line or a page."""
    assert shown("a\nb\u202ec\x00") == "a?b?c?"
    assert len(shown("x" * 500)) == FIELD_CHARACTERS_MAX + 3


def test_a_wrong_number_keeps_its_code_and_rule() -> None:
    """The units say what is wrong; the gateway adds nothing."""
    error = number_refusal(InvalidNumber("price", "x", "must be 5", Reject.INVALID_PRICE))
    assert (error.kind.code, error.field, error.rule) == (15, "price", "must be 5")


def refused(kind: type[RequestRefused], code: grpc.StatusCode) -> RequestRefused:
    return kind(code, "words", "REASON")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("side", "x", "must be buy", Reject.INVALID_SIDE), 3),
        (NotSent("away"), EdgeError.ENGINE_UNAVAILABLE),
        (Unavailable("away"), EdgeError.ENGINE_UNAVAILABLE),
        (refused(NotAuthenticated, grpc.StatusCode.UNAUTHENTICATED), EdgeError.NOT_AUTHENTICATED),
        (refused(PermissionRefused, grpc.StatusCode.PERMISSION_DENIED), EdgeError.WRONG_ROLE),
        (refused(NotRetained, grpc.StatusCode.OUT_OF_RANGE), EdgeError.NOT_RETAINED),
        (FeedBroken("a gap"), EdgeError.OUTCOME_UNKNOWN),
    ],
)
def test_what_the_engine_did_not_do_has_a_number(error: ClientError, code: int) -> None:
    """Every way in which a call to the engine fails is one of the registry."""
    assert engine_refusal(error).kind.code == code


@pytest.mark.parametrize(
    ("status", "details", "code", "field"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, "page_token: wrong", 1_006, "page_token"),
        (grpc.StatusCode.INVALID_ARGUMENT, "page_size: at most 5", 1_002, "page_size"),
        (grpc.StatusCode.UNAVAILABLE, "away", 1_025, None),
        (grpc.StatusCode.DEADLINE_EXCEEDED, None, 1_025, None),
    ],
)
def test_a_service_that_refuses_is_told_from_one_that_is_away(
    status: grpc.StatusCode, details: str | None, code: int, field: str | None
) -> None:
    """A field that the service refuses is the caller's mistake, its absence is not."""
    error = grpc.aio.AioRpcError(status, grpc.aio.Metadata(), grpc.aio.Metadata(), details)
    found = service_refusal(error, EdgeError.HISTORY_UNAVAILABLE)
    assert (found.kind.code, found.field) == (code, field)
