"""JSON as the RPC speaks it: exact decimals are written as plain numbers."""

from __future__ import annotations

import base64
import binascii
from decimal import Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode_json(value: object) -> bytes:
    """Write a value as JSON."""
    return _encoder.encode(value)


def decode_json(text: bytes | str) -> Any:
    """Read JSON; numbers with a fraction become exact decimals.

    Raises:
        msgspec.DecodeError: The text is no JSON.
    """
    return _decoder.decode(text)


def base64_text(data: bytes) -> str:
    """Write bytes in base 64."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Read base 64.

    Raises:
        ValueError: The text is no base 64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base 64: {error}") from error
