"""JSON text of answers and messages."""

from __future__ import annotations

import msgspec

_ENCODER = msgspec.json.Encoder()


def json_text(value: object) -> str:
    """Encode a struct, dict or list as JSON text."""
    return _ENCODER.encode(value).decode()
