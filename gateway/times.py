"""Times as RFC 3339 text with nanoseconds, always in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from gateway.errors import EdgeError, field_error

NS_PER_SECOND = 1_000_000_000
TIME_NS_MAX = (1 << 63) - 1  # in the year 2262

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)", re.ASCII
)
_RULE = "must be UTC like 2026-11-24T09:30:00.123456789Z"


def time_text(time_ns: int) -> str:
    """Return a time as text with nine digits of a second."""
    seconds, part = divmod(time_ns, NS_PER_SECOND)
    moment = _EPOCH + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{part:09d}Z"


def parse_time(field: str, text: str) -> int:
    """Return a time in nanoseconds since 1970 UTC, exactly.

    Raises:
        ApiError: When the text is no time in UTC, or lies outside of what is carried.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise field_error(EdgeError.INVALID_TIME, field, _RULE)
    *numbers, part = match.groups()
    try:
        moment = datetime(*(int(number) for number in numbers), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError as error:
        raise field_error(EdgeError.INVALID_TIME, field, f"{_RULE}: {error}") from error
    since = moment - _EPOCH
    whole_seconds = since.days * 86_400 + since.seconds
    time_ns = whole_seconds * NS_PER_SECOND + int((part or "").ljust(9, "0"))
    if not 0 <= time_ns <= TIME_NS_MAX:
        raise field_error(EdgeError.INVALID_TIME, field, "must lie between 1970 and 2262")
    return time_ns
