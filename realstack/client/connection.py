"""The connection to a venue: its options, what a failure means, and how long to wait after one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.rpc import error_details_pb2, status_pb2

from realstack.client.errors import (
    ClientError,
    FeedBroken,
    NotAuthenticated,
    NotRetained,
    PermissionRefused,
    RequestRefused,
    Unavailable,
)

T = TypeVar("T")

MESSAGE_BYTES_MAX = 256 << 20  # a ledger of a million balances is the largest answer
# gRPC's own waiting between attempts; short, because a restarted engine is back within a second.
RECONNECT_MS = (("initial", 50), ("min", 500), ("max", 1_000))
CHANNEL_OPTIONS: list[tuple[str, int]] = [
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    *((f"grpc.{name}_reconnect_backoff_ms", value) for name, value in RECONNECT_MS),
    # A peer that vanished without a word is noticed within half a minute.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # Two clients of one process may use different keys and must not share a connection's fate.
    ("grpc.use_local_subchannel_pool", 1),
]

# What says that the request itself is wrong: sending it again gives the same again.
PERMANENT = frozenset(
    (
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNIMPLEMENTED,
    )
)
# What a bug of the venue looks like; also what a cut connection may look like. Tried a few times.
DOUBTFUL = frozenset((grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL))
DOUBTFUL_ATTEMPTS_MAX = 8

# The venue's streams say every 2 s that they are alive: longer silence is a dead link.
SILENCE_SECONDS_MAX = 10.0

DETAILS_KEY = "grpc-status-details-bin"


def error_of(error: grpc.aio.AioRpcError) -> ClientError:
    """Translate a gRPC error, with the details that the venue adds to it."""
    status, message = error.code(), error.details() or ""
    if status not in PERMANENT | DOUBTFUL:
        return Unavailable(f"{status.name}: {message}")
    kinds: dict[grpc.StatusCode, type[RequestRefused]] = {
        grpc.StatusCode.UNAUTHENTICATED: NotAuthenticated,
        grpc.StatusCode.PERMISSION_DENIED: PermissionRefused,
        grpc.StatusCode.OUT_OF_RANGE: NotRetained,
    }
    reason, code, violations = details_of(error)
    return kinds.get(status, RequestRefused)(status, message, reason, violations, code)


def details_of(error: grpc.aio.AioRpcError) -> tuple[str, int, tuple[tuple[str, str], ...]]:
    """Return the name, the number and the field violations of an error, as far as there are any."""
    reason, code, violations = "", 0, []
    for key, value in error.trailing_metadata() or ():
        if key != DETAILS_KEY:
            continue
        for detail in status_pb2.Status.FromString(value).details:
            info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            if detail.Unpack(info):
                reason, code = str(info.reason), int(info.metadata.get("code", "0"))
            elif detail.Unpack(request):
                violations += [(str(v.field), str(v.description)) for v in request.field_violations]
    return reason, code, tuple(violations)


@dataclass
class Backoff:
    """How long to wait before the next attempt: doubled each time, with a random part."""

    first_seconds: float = 0.05
    longest_seconds: float = 1.0
    attempts: int = 0

    def reset(self) -> None:
        """Begin anew: something worked."""
        self.attempts = 0

    def next_seconds(self) -> float:
        """Return the next wait; half of it is random, so that many clients do not come at once."""
        longest = min(self.first_seconds * (1 << self.attempts), self.longest_seconds)
        self.attempts = min(self.attempts + 1, 30)
        return longest * random.uniform(0.5, 1.0)

    async def pause(self) -> None:
        """Wait."""
        await asyncio.sleep(self.next_seconds())


class Patience:
    """Decides whether a failed stream is begun anew."""

    def __init__(self) -> None:
        self.backoff = Backoff()
        self._doubtful = 0

    def progress(self) -> None:
        """Note that the stream works."""
        self.backoff.reset()
        self._doubtful = 0

    def check(self, error: grpc.aio.AioRpcError) -> None:
        """Raise the error if another attempt is of no use.

        Raises:
            ClientError: The request is wrong, or the venue fails again and again.
        """
        if error.code() in DOUBTFUL:
            self._doubtful += 1
        if error.code() in PERMANENT or self._doubtful > DOUBTFUL_ATTEMPTS_MAX:
            raise error_of(error) from error


async def follow(open_stream: Callable[[], Any]) -> AsyncGenerator[Any, None]:
    """Yield the messages of a stream, for ever: it is begun anew whenever it ends.

    Args:
        open_stream: Opens the call; it knows where to go on, because its caller has seen every
            message before.

    Raises:
        ClientError: Another attempt is of no use.
    """
    patience = Patience()
    while True:
        call = open_stream()
        try:
            while True:
                async with asyncio.timeout(SILENCE_SECONDS_MAX):
                    message = await call.read()
                if message is grpc.aio.EOF:
                    break
                patience.progress()
                yield message
        except TimeoutError:
            patience.backoff.reset()  # it has waited long enough
        except grpc.aio.AioRpcError as error:
            patience.check(error)
        finally:
            call.cancel()
        await patience.backoff.pause()


class Continuity:
    """Watches that a dense sequence goes on without a gap or a repeat."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._breaks = 0

    def breaks(self, expected: int, found: int) -> None:
        """Note a break; the stream is begun anew at what was expected.

        Raises:
            FeedBroken: It broke at the same place before.
        """
        self._breaks += 1
        if self._breaks > 1:
            raise FeedBroken(f"{self._name} {found} came where {expected} was expected, twice")

    def holds(self) -> None:
        """Note that it went on."""
        self._breaks = 0
