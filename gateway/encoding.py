"""JSON text of answers and messages, and the WebSocket frame that carries one."""

from __future__ import annotations

import msgspec

_ENCODER = msgspec.json.Encoder()
_FINAL_TEXT = 0x81  # RFC 6455, 5.2: the only frame of a text message
_LENGTH_16, _LENGTH_64 = 126, 127


def json_text(value: object) -> str:
    """Encode a struct, dict or list as JSON text."""
    return _ENCODER.encode(value).decode()


def text_frame(text: str) -> bytes:
    """Encode a text message as one unmasked frame."""
    data = text.encode()
    length = len(data)
    if length < _LENGTH_16:
        return bytes((_FINAL_TEXT, length)) + data
    if length < 1 << 16:
        return bytes((_FINAL_TEXT, _LENGTH_16)) + length.to_bytes(2, "big") + data
    return bytes((_FINAL_TEXT, _LENGTH_64)) + length.to_bytes(8, "big") + data
