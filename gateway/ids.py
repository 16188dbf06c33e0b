"""Ids as text: the client's own, 128 bits, and the venue's order ids, 64 bits."""

from __future__ import annotations

import re
import uuid

from engine.core.rejects import Reject
from gateway.errors import field_error

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,38}", re.ASCII)

CLIENT_ID_MAX = (1 << 128) - 1
ORDER_ID_MAX = (1 << 64) - 1
_CLIENT_ID_RULE = "must be a UUID, or a whole number from 1 to 2^128 - 1 as text"


def parse_client_id(text: str, field: str = "client_id") -> int:
    """Return the 128 bits of a client id.

    Raises:
        ApiError: When the text is neither a UUID nor a number that fits.
    """
    if _UUID.fullmatch(text):
        number = uuid.UUID(text).int
    elif _NUMBER.fullmatch(text):
        number = int(text)
    else:
        number = 0
    if not 0 < number <= CLIENT_ID_MAX:
        raise field_error(Reject.INVALID_CLIENT_ID, field, _CLIENT_ID_RULE)
    return number


def client_id_text(client_id: int) -> str:
    """Return a client id as a UUID."""
    return str(uuid.UUID(int=client_id))


def parse_order_id(text: str) -> int | None:
    """Return an order id, or nothing when the text cannot be one: then there is no such order."""
    if _NUMBER.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number <= ORDER_ID_MAX else None
