"""Refusals at the edge: a gRPC status with machine-readable details.

Three kinds of "no", never mixed: a malformed or forbidden call is a status (here), a lawful refusal
by the core is a value in the answer (`engine.rpc.details`), a bug ends the process.
"""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from engine.sequencer import Busy, Halted, NotTaken
from realstack.edge_errors import number_of

DOMAIN = "realstack"
DETAILS_KEY = "grpc-status-details-bin"
RETRY_AFTER_NS = 20_000_000  # a full queue is empty again after a few syncs


class EdgeError(Exception):
    """The call ends with this status.

    Attributes:
        code: The gRPC status code.
        reason: `ErrorInfo.reason`, the name of an error in `realstack.edge_errors` or of a reject.
        message: The same for people.
        violations: (field, rule) pairs of a malformed request.
        metadata: `ErrorInfo.metadata`; `code`, the number of the reason, is added to it.
        retry_after_ns: When the same call can succeed, if waiting is all it takes.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        *,
        violations: tuple[tuple[str, str], ...] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after_ns: int = 0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.violations = violations
        self.metadata = {"code": str(number_of(reason)), **(metadata or {})}
        self.retry_after_ns = retry_after_ns

    def details(self) -> bytes:
        """Encode the google.rpc.Status that travels in the trailing metadata."""
        number: int = self.code.value[0]
        status = status_pb2.Status(code=number, message=self.message)
        status.details.add().Pack(
            error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata)
        )
        if self.violations:
            bad = error_details_pb2.BadRequest()
            for field, rule in self.violations:
                bad.field_violations.add(field=field, description=rule, reason=self.reason)
            status.details.add().Pack(bad)
        if self.retry_after_ns:
            delay = Duration()
            delay.FromNanoseconds(self.retry_after_ns)
            status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
        encoded: bytes = status.SerializeToString()
        return encoded


def invalid(field: str, rule: str, reason: str = "INVALID_FIELD") -> EdgeError:
    """Refuse a malformed request, naming the field and the rule that it breaks."""
    return EdgeError(
        grpc.StatusCode.INVALID_ARGUMENT, reason, f"{field}: {rule}", violations=((field, rule),)
    )


def not_taken(error: NotTaken) -> EdgeError:
    """Say that a command was definitely not run, and whether it can be sent again."""
    if isinstance(error, Busy):
        return EdgeError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "BUSY",
            "the queue is full; nothing was done, send the same again",
            metadata={"retryable": "true"},
            retry_after_ns=RETRY_AFTER_NS,
        )
    reason = "HALTED" if isinstance(error, Halted) else "CLOSED"
    message = str(error) or "the engine is closing"
    return EdgeError(grpc.StatusCode.UNAVAILABLE, reason, f"{message}; nothing was done")


def out_of_range(field: str, rule: str, reason: str, **metadata: int) -> EdgeError:
    """Refuse a place in a stream that cannot be served, with the places that can."""
    return EdgeError(
        grpc.StatusCode.OUT_OF_RANGE,
        reason,
        f"{field}: {rule}",
        violations=((field, rule),),
        metadata={name: str(value) for name, value in metadata.items()},
    )


def check_not_ahead(field: str, wanted: int, last: int, what: str) -> None:
    """Refuse to begin a stream after what is next.

    Raises:
        EdgeError: `wanted` is more than one past `last`, the venue's last `what`.
    """
    if wanted > last + 1:
        rule = f"{wanted} is ahead of the venue's last {what}, {last}"
        raise out_of_range(field, rule, "AHEAD_OF_STREAM", last=last)


def slow_consumer(resume: int) -> EdgeError:
    """End a private stream whose reader is too slow, with the place to go on from."""
    return EdgeError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "SLOW_CONSUMER",
        f"SLOW_CONSUMER resume={resume}",
        metadata={"resume": str(resume)},
    )


def too_many_streams(limit: int) -> EdgeError:
    """Refuse one more Trade stream of an account."""
    return EdgeError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "TOO_MANY_STREAMS",
        f"an account has at most {limit} Trade streams at once",
        metadata={"limit": str(limit)},
    )


def closing() -> EdgeError:
    """End a stream because the engine stops; what was answered holds."""
    return EdgeError(grpc.StatusCode.UNAVAILABLE, "CLOSED", "the engine is closing")
