"""Numbers of what the venue's doors refuse by themselves, before or beside the core.

One list for all doors, so that a number means the same wherever it is met: REST and WebSocket
answer it as `code`, gRPC as `code` in the metadata of `google.rpc.ErrorInfo`, the command line as
`code` of its verdict. Numbers below 1,001 are the core's (`engine.core.rejects`). A number is never
reused.
"""

from __future__ import annotations

from enum import IntEnum, unique

from engine.core.rejects import Reject


@unique
class EdgeError(IntEnum):
    """Errors of the doors."""

    MALFORMED_JSON = 1_001
    INVALID_FIELD = 1_002
    UNKNOWN_FIELD = 1_003
    MISSING_FIELD = 1_004
    INVALID_TIME = 1_005
    INVALID_PAGE_TOKEN = 1_006
    INVALID_UTF8 = 1_007
    NESTING_TOO_DEEP = 1_008
    BODY_TOO_LARGE = 1_009
    UNSUPPORTED_MEDIA_TYPE = 1_010
    NOT_AUTHENTICATED = 1_011
    WRONG_ROLE = 1_012
    NO_SUCH_PAGE = 1_013
    METHOD_NOT_ALLOWED = 1_014
    ORIGIN_REFUSED = 1_015
    UNKNOWN_OPERATION = 1_016
    UNKNOWN_CHANNEL = 1_017
    NOT_SUBSCRIBED = 1_018
    ALREADY_SUBSCRIBED = 1_019
    TOO_MANY_SUBSCRIPTIONS = 1_020
    TOO_MANY_CONNECTIONS = 1_021
    SLOW_CONSUMER = 1_022
    BUSY = 1_023
    ENGINE_UNAVAILABLE = 1_024
    HISTORY_UNAVAILABLE = 1_025
    SETTLEMENT_UNAVAILABLE = 1_026
    OUTCOME_UNKNOWN = 1_027
    INTERNAL = 1_028
    NOT_RETAINED = 1_029
    MALFORMED = 1_030
    HALTED = 1_031
    CLOSED = 1_032
    AHEAD_OF_STREAM = 1_033
    TOO_MANY_STREAMS = 1_034
    WRONG_USAGE = 1_035
    MISSING_SETTING = 1_036
    FEED_BROKEN = 1_037
    TOO_MANY_CALLS = 1_038
    REQUEST_TOO_SLOW = 1_039
    MALFORMED_HTTP = 1_040
    INVALID_RECORDING = 1_041


# gRPC alone: what is no protobuf message, an engine that stops, too many calls.
GRPC_ONLY = frozenset(
    (
        EdgeError.MALFORMED,
        EdgeError.HALTED,
        EdgeError.CLOSED,
        EdgeError.TOO_MANY_STREAMS,
        EdgeError.TOO_MANY_CALLS,
    )
)
# The command line and the SDK behind it alone.
CLI_ONLY = frozenset(
    (
        EdgeError.WRONG_USAGE,
        EdgeError.MISSING_SETTING,
        EdgeError.FEED_BROKEN,
        EdgeError.INVALID_RECORDING,
    )
)


def number_of(name: str) -> int:
    """Return the number of an error by its name, the core's rejects included.

    Raises:
        KeyError: There is no error of this name.
    """
    return int(Reject[name] if name in Reject.__members__ else EdgeError[name])


if min(EdgeError) <= 1_000 or set(EdgeError.__members__) & set(Reject.__members__):
    raise ImportError("the core's errors and the doors' must not meet")
