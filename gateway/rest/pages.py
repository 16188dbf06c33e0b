"""Pages of lists that the gateway keeps itself, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from gateway.errors import EdgeError, field_error
from gateway.limits import PAGE_SIZE_DEFAULT
from services._base.pages import InvalidPageToken, decode_page_token, encode_page_token

T = TypeVar("T")


def page_of(
    rows: Sequence[T],
    scope: str,
    page_size: int,
    page_token: str,
    position: Callable[[T], int],
) -> tuple[list[T], str | None]:
    """Return a page and the token of the next one.

    Args:
        rows: All rows, with falling positions.
        scope: The list and its filters; a token fits no other.
        page_size: Zero for the default.
        page_token: From the answer before, or empty.
        position: Gives a row's place in the list.

    Raises:
        ApiError: INVALID_PAGE_TOKEN.
    """
    count = page_size or PAGE_SIZE_DEFAULT
    if page_token:
        try:
            before = decode_page_token(scope, page_token)
        except InvalidPageToken as error:
            raise field_error(EdgeError.INVALID_PAGE_TOKEN, "page_token", str(error)) from error
        rows = [row for row in rows if position(row) < before]
    page = list(rows[:count])
    has_more = len(rows) > count
    return page, encode_page_token(scope, position(page[-1])) if has_more else None
