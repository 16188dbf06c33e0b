"""HTTP/2 by hand: frames as RFC 9113 lays them out, headers as RFC 7541 writes them plainly."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from hpack import Decoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
LITERAL, INDEXED_LITERAL = b"\x00", b"\x40"
FIRST_DYNAMIC_INDEX = 62
FRAME_HEAD_BYTES = 9
MASK_PREFIX_7 = 0x7F


class Kind(IntEnum):
    """Types of frames."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Write a frame: length in 24 bits, type, flags, stream, payload."""
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags))
    return head + stream.to_bytes(4, "big") + payload


def opening() -> bytes:
    """Write what a client begins with."""
    return PREFACE + frame(Kind.SETTINGS, 0, 0)


def number(value: int) -> bytes:
    """Write a number with a prefix of seven bits."""
    if value < MASK_PREFIX_7:
        return bytes((value,))
    rest, out = value - MASK_PREFIX_7, bytearray((MASK_PREFIX_7,))
    while rest >= 0x80:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def field(name: bytes, value: bytes, how: bytes = LITERAL) -> bytes:
    """Write a header field without any compression."""
    return how + number(len(name)) + name + number(len(value)) + value


def call_head(path: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """Write the header block of a gRPC call."""
    fields = (
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path),
        (b":authority", b"localhost"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
        *more,
    )
    return b"".join(field(name, value) for name, value in fields)


def headers(stream: int, block: bytes, flags: int = END_HEADERS) -> bytes:
    """Write a HEADERS frame."""
    return frame(Kind.HEADERS, flags, stream, block)


def message(
    stream: int, data: bytes, *, compressed: bool = False, flags: int = END_STREAM
) -> bytes:
    """Write a gRPC message as DATA frames of at most 16 KiB."""
    body = bytes((compressed,)) + len(data).to_bytes(4, "big") + data
    parts = [body[start : start + 16_384] for start in range(0, len(body), 16_384)]
    last = len(parts) - 1
    return b"".join(
        frame(Kind.DATA, flags if index == last else 0, stream, part)
        for index, part in enumerate(parts)
    )


def statuses(received: bytes) -> list[bytes]:
    """Return every `grpc-status` that a server told."""
    return values(received, b"grpc-status")


def messages(received: bytes) -> list[bytes]:
    """Return every `grpc-message` that a server told."""
    return values(received, b"grpc-message")


def values(received: bytes, wanted: bytes) -> list[bytes]:
    """Return a header's values, however the server compressed them (RFC 7541)."""
    decoder = Decoder()
    return [
        bytes(value)
        for block in header_blocks(received)
        for name, value in decoder.decode(block, raw=True)
        if name == wanted
    ]


def header_blocks(received: bytes) -> Iterator[bytes]:
    """Give the whole header blocks of a server, which pads nothing, in their order."""
    block = b""
    while len(received) >= FRAME_HEAD_BYTES:
        end = FRAME_HEAD_BYTES + int.from_bytes(received[:3], "big")
        kind, flags, payload = received[3], received[4], received[FRAME_HEAD_BYTES:end]
        if len(received) < end:
            return
        if kind in (Kind.HEADERS, Kind.CONTINUATION):
            block += payload
            if flags & END_HEADERS:
                yield block
                block = b""
        received = received[end:]
