"""Times, ids and pages as text: exact both ways, strict on the way in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ApiError, EdgeError
from gateway.ids import CLIENT_ID_MAX, client_id_text, parse_client_id, parse_order_id
from gateway.rest.pages import page_of
from gateway.times import TIME_NS_MAX, parse_time, time_text


@given(st.integers(0, TIME_NS_MAX))
def test_a_time_parses_back_to_the_same_nanosecond(time_ns: int) -> None:
    """No time is rounded: nine digits of a second go both ways."""
    assert parse_time("sent_time", time_text(time_ns)) == time_ns


def test_a_time_may_have_fewer_digits_and_either_way_to_say_utc() -> None:
    """What RFC 3339 allows for UTC is understood."""
    expected = 1_794_916_800 * 10**9
    for text in ("2026-11-17T12:00:00Z", "2026-11-17T12:00:00.0+00:00", "2026-11-17T12:00:00.00Z"):
        assert parse_time("t", text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-17",
        "2026-11-17T12:00:00",
        "2026-11-17T12:00:00+01:00",
        "2026-11-17 12:00:00Z",
        "2026-13-17T12:00:00Z",
        "2026-02-29T12:00:00Z",
        "2026-11-17T25:00:00Z",
        "2026-11-17T12:00:60Z",
        "2026-11-17T12:00:00.1234567890Z",
        "1969-12-31T23:59:59Z",
        "2263-01-01T00:00:00Z",
        "２026-11-17T12:00:00Z",
        "2026-11-17T12:00:00Z\n",
    ],
)
def test_text_that_is_no_time_in_utc_is_refused(text: str) -> None:
    """The error names the field and shows how a time is written."""
    with pytest.raises(ApiError) as caught:
        parse_time("sent_time", text)
    assert caught.value.kind.code == EdgeError.INVALID_TIME
    assert caught.value.field == "sent_time"


@given(st.integers(1, CLIENT_ID_MAX))
def test_a_client_id_is_the_same_128_bits_as_number_and_as_uuid(client_id: int) -> None:
    """Whichever way it is written, it is one id."""
    assert parse_client_id(str(client_id)) == client_id
    assert parse_client_id(client_id_text(client_id)) == client_id
    assert parse_client_id(client_id_text(client_id).upper()) == client_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "00",
        "01",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "١",
        str(CLIENT_ID_MAX + 1),
        "00000000-0000-0000-0000-000000000000",
        "0f4e6a5c7f3b4f0e9a672f7a3a1c9d10",
        "{0f4e6a5c-7f3b-4f0e-9a67-2f7a3a1c9d10}",
        "urn:uuid:0f4e6a5c-7f3b-4f0e-9a67-2f7a3a1c9d10",
        "0f4e6a5c-7f3b-4f0e-9a67-2f7a3a1c9d1g",
        "1\n",
        " 1",
    ],
)
def test_text_that_is_no_client_id_is_refused(text: str) -> None:
    """Zero, signs, spaces, other spellings of a UUID and other digits are no ids."""
    with pytest.raises(ApiError) as caught:
        parse_client_id(text)
    assert (caught.value.kind.code, caught.value.field) == (8, "client_id")


@pytest.mark.parametrize(
    ("text", "order_id"),
    [("1", 1), (str(2**64 - 1), 2**64 - 1), (str(2**64), None), ("0", None), ("x", None)],
)
def test_text_that_cannot_be_an_order_id_is_none(text: str, order_id: int | None) -> None:
    """It is no mistake to be explained: there simply is no such order."""
    assert parse_order_id(text) == order_id


@pytest.mark.slow
@given(st.sets(st.integers(1, 10**6), max_size=60), st.integers(1, 7))
def test_pages_hold_every_row_once(positions: set[int], size: int) -> None:
    """Following the tokens gives the whole list in order, and the last page has no token."""
    rows = sorted(positions, reverse=True)
    seen: list[int] = []
    token: str | None = ""
    while token is not None:
        page, token = page_of(rows, "rows", size, token, lambda row: row)
        assert len(page) <= size
        seen += page
    assert seen == rows


def test_a_token_that_was_not_given_out_is_refused() -> None:
    """A page never begins at a guess."""
    with pytest.raises(ApiError) as caught:
        page_of([3, 2, 1], "rows", 1, "AAAA", lambda row: row)
    assert caught.value.kind.code == EdgeError.INVALID_PAGE_TOKEN
