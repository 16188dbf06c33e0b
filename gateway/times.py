"""Times as RFC 3339 text with nanoseconds, always in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.errors import EdgeError, field_error
from realstack.times import NS_PER_SECOND, TIME_NS_MAX, InvalidTime, parse_time_ns

__all__ = ["NS_PER_SECOND", "TIME_NS_MAX", "parse_time", "time_text"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    try:
        return parse_time_ns(field, text)
    except InvalidTime as error:
        raise field_error(EdgeError.INVALID_TIME, error.field, error.rule) from error
