"""Times as RFC 3339 text in UTC to nanoseconds since 1970, exactly."""

from __future__ import annotations

import re
from datetime import UTC, datetime

NS_PER_SECOND = 1_000_000_000
TIME_NS_MAX = (1 << 63) - 1  # in the year 2262

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)", re.ASCII
)
_RULE = "must be UTC like 2026-11-24T09:30:00.123456789Z"


class InvalidTime(ValueError):
    """A text that is no time in UTC, or lies outside of what is carried.

    Attributes:
        field: The field it was given for.
        rule: The rule that it breaks, in words.
    """

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


def parse_time_ns(field: str, text: str) -> int:
    """Return a time in nanoseconds since 1970 UTC, exactly.

    Raises:
        InvalidTime: The text is no time in UTC, or lies outside of what is carried.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise InvalidTime(field, _RULE)
    *numbers, part = match.groups()
    try:
        moment = datetime(*(int(number) for number in numbers), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError as error:
        raise InvalidTime(field, f"{_RULE}: {error}") from error
    since = moment - _EPOCH
    whole_seconds = since.days * 86_400 + since.seconds
    time_ns = whole_seconds * NS_PER_SECOND + int((part or "").ljust(9, "0"))
    if not 0 <= time_ns <= TIME_NS_MAX:
        raise InvalidTime(field, "must lie between 1970 and 2262")
    return time_ns
