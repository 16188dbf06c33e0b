"""HTTP/1.1 and WebSocket by hand: what is none, and what breaks their rules."""

from __future__ import annotations

import base64
import random


def upgrade(path: bytes) -> bytes:
    """Write what asks for a WebSocket."""
    return head(
        b"connection: upgrade",
        b"upgrade: websocket",
        b"sec-websocket-version: 13",
        b"sec-websocket-key: " + base64.b64encode(bytes(16)),
        method=b"GET",
        path=path,
    )


def head(*lines: bytes, method: bytes = b"POST", path: bytes = b"/v1/orders") -> bytes:
    """Write the head of a request."""
    first = method + b" " + path + b" HTTP/1.1"
    return b"\r\n".join((first, b"host: localhost", *lines, b"", b""))


MALFORMED = {
    "random lines": b"\x80" + random.Random(3).randbytes(4_096) + b"\r\n\r\n",
    "zeros": bytes(4_096),
    "a TLS hello": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(160),
    "a path with a NUL": head(path=b"/v1/orders/\0"),
    "a path with a line break": head(path=b"/v1/orders\r\nx-api-key: x"),
    "a path of bytes": head(path=b"/v1/\xff\xfe"),
    "a header with a NUL": head(b"x-api-key: a\0b"),
    "a header with a bare line break": head(b"x-api-key: a\rb"),
    "a header name with a space": head(b"x-api-key : a"),
    "a header without a name": head(b": a"),
    "no host": b"GET /v1/status HTTP/1.1\r\n\r\n",
    "two hosts": head(b"host: elsewhere"),
    "two lengths": head(b"content-length: 5", b"content-length: 6") + b"hello!",
    "a negative length": head(b"content-length: -1"),
    "a length of words": head(b"content-length: many"),
    "a coding that is unknown": head(b"transfer-encoding: zip"),
    "a chunk of no size": head(b"transfer-encoding: chunked") + b"\r\n\r\n",
    "a chunk of too many digits": head(b"transfer-encoding: chunked") + b"f" * 100 + b"\r\n",
    "a header of 100 KB": head(b"x-big: " + b"a" * 100_000),
    "ten thousand headers": head(*(b"x-%d: a" % index for index in range(10_000))),
    "a path of 100 KB": head(path=b"/" + b"a" * 100_000),
}


def frame(opcode: int, payload: bytes, *, is_last: bool = True, is_masked: bool = True) -> bytes:
    """Write a WebSocket frame; the mask is zero, so that the payload stays as it is."""
    first = bytes((0x80 * is_last | opcode,))
    mask_bit, mask = (0x80, bytes(4)) if is_masked else (0, b"")
    if len(payload) < 126:
        size = bytes((mask_bit | len(payload),))
    elif len(payload) < 1 << 16:
        size = bytes((mask_bit | 126,)) + len(payload).to_bytes(2, "big")
    else:
        size = bytes((mask_bit | 127,)) + len(payload).to_bytes(8, "big")
    return first + size + mask + payload


FRAMES = {
    "no mask": frame(1, b'{"op":"ping"}', is_masked=False),
    "a reserved kind": frame(3, b"x"),
    "a reserved bit": b"\xc1" + frame(1, b"x")[1:],
    "a length of 2^63": b"\x81\xff" + b"\xff" * 8 + bytes(4),
    "a ping of 126 bytes": frame(9, b"x" * 126),
    "a ping in parts": frame(9, b"x", is_last=False),
    "a continuation of nothing": frame(0, b"x"),
    "a message inside another": frame(1, b"x", is_last=False) + frame(1, b"y"),
    "a closing of one byte": frame(8, b"x"),
    "a closing with an unknown code": frame(8, b"\x00\x01"),
    "random bytes": random.Random(4).randbytes(4_096),
}
