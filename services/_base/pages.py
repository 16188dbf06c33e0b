"""Opaque page tokens: where a list goes on, bound to the list that it was made for."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib

# version u8 · CRC32 of the scope u32 · position u64, little-endian, in base64url without padding.
_TOKEN = struct.Struct("<BIQ")
_VERSION = 1
_TEXT_CHARACTERS = 18  # 13 bytes in base64 without padding


class InvalidPageToken(ValueError):
    """The token is not one that this list gave out."""


def encode_page_token(scope: str, position: int) -> str:
    """Make the token of the page that begins after `position`.

    Args:
        scope: The list and its filters in words; a token fits no other list.
        position: Key of the last row of the page before, 0 to 2^64 - 1.
    """
    token = _TOKEN.pack(_VERSION, zlib.crc32(scope.encode()), position)
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def decode_page_token(scope: str, token: str) -> int:
    """Return the position that a token of this list stands for.

    Raises:
        InvalidPageToken: When the text is no token, or one of another list or other filters.
    """
    if len(token) != _TEXT_CHARACTERS:
        raise InvalidPageToken("a page token comes from the answer before")
    try:
        data = base64.b64decode(token + "==", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidPageToken("a page token comes from the answer before") from error
    version, scope_crc, position = _TOKEN.unpack(data)
    if version != _VERSION or scope_crc != zlib.crc32(scope.encode()):
        raise InvalidPageToken("this page token belongs to another list or other filters")
    return int(position)


def page_size(asked: int, *, default: int, limit: int) -> int:
    """Return the number of rows of a page: the default for 0.

    Raises:
        ValueError: When more than `limit` rows were asked for.
    """
    if asked > limit:
        raise ValueError(f"at most {limit:,}")
    return asked or default
