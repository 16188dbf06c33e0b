"""Borsh as the IDL names its types: whole numbers, truth values, keys, bytes, lists, records.

A record is a dict from field to value; a `pubkey` is a `Pubkey`; `bytes` and arrays of `u8` are
`bytes`. Floats have no place in what the programs take, and are refused like any unknown type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from solders.pubkey import Pubkey

Types = Mapping[str, Sequence[tuple[str, Any]]]
"""The fields of each record, by its name."""

_INTEGERS = {f"{sign}{8 * size}": (size, sign == "i") for size in (1, 2, 4, 8, 16) for sign in "iu"}
_KEY_BYTES = 32


class BorshError(ValueError):
    """A value does not fit its type, or bytes are not what the type says."""


def encode(kind: Any, value: Any, types: Types) -> bytes:
    """Lay out a value.

    Args:
        kind: A type as the IDL writes it: a name, or an object such as ``{"vec": "u8"}``.
        value: The value.
        types: Records that `kind` may name.

    Raises:
        BorshError: The value does not fit.
    """
    if isinstance(kind, str):
        return _encode_plain(kind, value)
    if "vec" in kind:
        items = [encode(kind["vec"], item, types) for item in value]
        return len(items).to_bytes(4, "little") + b"".join(items)
    if "option" in kind:
        return b"\0" if value is None else b"\1" + encode(kind["option"], value, types)
    if "array" in kind:
        item, length = kind["array"]
        if len(value) != length:
            raise BorshError(f"an array of {length} items cannot be made of {len(value)}")
        return b"".join(encode(item, one, types) for one in value)
    if "defined" in kind:
        return encode_record(kind["defined"]["name"], value, types)
    raise BorshError(f"no such type: {kind}")


def encode_record(name: str, value: Mapping[str, Any], types: Types) -> bytes:
    """Lay out a record; every field has to be there, and no other."""
    fields = types[name]
    names = {field for field, _ in fields}
    if value.keys() != names:
        raise BorshError(f"{name} has the fields {sorted(names)}, not {sorted(value)}")
    return b"".join(encode(kind, value[field], types) for field, kind in fields)


def _encode_plain(kind: str, value: Any) -> bytes:
    if kind in _INTEGERS:
        size, signed = _INTEGERS[kind]
        if not isinstance(value, int) or isinstance(value, bool):
            raise BorshError(f"{value!r} is no whole number")
        try:
            return value.to_bytes(size, "little", signed=signed)
        except OverflowError as error:
            raise BorshError(f"{value} does not fit {kind}") from error
    if kind == "bool":
        return b"\1" if value else b"\0"
    if kind == "pubkey":
        return bytes(value)
    if kind in ("bytes", "string"):
        data = value.encode() if kind == "string" else bytes(value)
        return len(data).to_bytes(4, "little") + data
    raise BorshError(f"no such type: {kind}")


class Reader:
    """Reads values from the front of some bytes."""

    def __init__(self, data: bytes, types: Types) -> None:
        """Begin at the first byte."""
        self._data = data
        self._at = 0
        self._types = types

    def take(self, length: int) -> bytes:
        """Take some bytes.

        Raises:
            BorshError: There are not that many left.
        """
        end = self._at + length
        if end > len(self._data):
            raise BorshError(f"{end} bytes are needed, there are {len(self._data)}")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def finish(self) -> None:
        """Refuse bytes that are left over."""
        if self._at != len(self._data):
            raise BorshError(f"{len(self._data) - self._at} bytes are left over")

    def record(self, name: str) -> dict[str, Any]:
        """Read a record."""
        return {field: self.value(kind) for field, kind in self._types[name]}

    def value(self, kind: Any) -> Any:
        """Read a value of a type."""
        if isinstance(kind, str):
            return self._plain(kind)
        if "vec" in kind:
            return [self.value(kind["vec"]) for _ in range(self._plain("u32"))]
        if "option" in kind:
            return self.value(kind["option"]) if self._plain("bool") else None
        if "array" in kind:
            item, length = kind["array"]
            if item == "u8":
                return self.take(length)
            return [self.value(item) for _ in range(length)]
        if "defined" in kind:
            return self.record(kind["defined"]["name"])
        raise BorshError(f"no such type: {kind}")

    def _plain(self, kind: str) -> Any:
        if kind in _INTEGERS:
            size, signed = _INTEGERS[kind]
            return int.from_bytes(self.take(size), "little", signed=signed)
        if kind == "bool":
            byte = self.take(1)[0]
            if byte > 1:
                raise BorshError(f"{byte} is no truth value")
            return byte == 1
        if kind == "pubkey":
            return Pubkey.from_bytes(self.take(_KEY_BYTES))
        if kind in ("bytes", "string"):
            data = self.take(int.from_bytes(self.take(4), "little"))
            return data.decode() if kind == "string" else data
        raise BorshError(f"no such type: {kind}")
