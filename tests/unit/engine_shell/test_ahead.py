"""A journal that is read ahead comes as it would without: in order, whole, with its errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from engine.journal.ahead import ReadAhead

DEPTH = 4
SECONDS = 10


class Damaged(Exception):
    """Something that reading may meet."""


def numbers(count: int, *, then: Exception | None = None) -> Iterator[int]:
    """Count, then fail."""
    yield from range(count)
    if then is not None:
        raise then


@pytest.mark.parametrize("count", [0, 1, DEPTH, 1_000])
def test_everything_comes_in_order(count: int) -> None:
    """However much is read ahead."""
    ahead = ReadAhead(numbers(count), DEPTH)
    assert list(ahead) == list(range(count))
    ahead.close()


def test_an_error_comes_after_what_was_read_before_it() -> None:
    """What is whole is applied before a start stops at damage."""
    seen: list[int] = []
    ahead = ReadAhead(numbers(7, then=Damaged("here")), DEPTH)
    with pytest.raises(Damaged, match="here"):
        for each in ahead:
            seen.append(each)
    assert seen == list(range(7))


def test_no_more_is_read_than_the_depth_before_somebody_asks() -> None:
    """Memory is bounded, and a start that stops stops the reading."""
    read: list[int] = []
    has_read = threading.Condition()

    def source() -> Iterator[int]:
        for number in range(1_000_000):
            with has_read:
                read.append(number)
                has_read.notify_all()
            yield number

    ahead = ReadAhead(source(), DEPTH)
    assert next(iter(ahead)) == 0
    with has_read:
        assert has_read.wait_for(lambda: len(read) == DEPTH + 2, SECONDS)  # one waits to be put
    ahead.close()
    assert len(read) <= 2 * DEPTH + 4
