"""Plain values and arrays as bytes: what feeds keep, without running any code when it is read.

A tree is made of dicts with text keys, lists, whole numbers, text, truth values, None, and arrays
of bytes. The bytes are the length of the description, the description in JSON, then the arrays; an
array stands in the description as `{"": [length, items' length]}`, in the order of the arrays.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.invariants import check

LENGTH = struct.Struct("<Q")
ARRAY_KEY = ""

Tree = Any  # the checker has no name for what the docstring says


def pack(tree: Tree) -> list[bytes | memoryview]:
    """Return the parts of a tree's bytes."""
    arrays: list[memoryview] = []
    text = json.dumps(_plain(tree, arrays), separators=(",", ":")).encode()
    return [LENGTH.pack(len(text)), text, *arrays]


def _plain(value: Tree, arrays: list[memoryview]) -> Tree:
    """Replace arrays by their lengths, and put their bytes aside."""
    if isinstance(value, np.ndarray):
        flat = np.ascontiguousarray(value).reshape(-1)
        arrays.append(flat.view(np.uint8).data)
        return {ARRAY_KEY: [len(flat), flat.dtype.itemsize]}
    if isinstance(value, dict):
        check(ARRAY_KEY not in value and all(isinstance(key, str) for key in value), "text keys")
        return {key: _plain(item, arrays) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, arrays) for item in value]
    check(value is None or isinstance(value, int | str), "a tree has plain values and arrays")
    return value


def unpack(data: NDArray[np.uint8]) -> Tree:
    """Return a tree; its arrays are rows of bytes, views of `data`.

    Raises:
        ValueError: It is not one.
    """
    if len(data) < LENGTH.size:
        raise ValueError("a tree begins with a length")
    (length,) = LENGTH.unpack(data[: LENGTH.size].tobytes())
    start = LENGTH.size + length
    text = data[LENGTH.size : start].tobytes()
    reader = _Reader(data, start)
    tree = reader.value(json.loads(text))
    if reader.at != len(data):
        raise ValueError("a tree ends with its last array")
    return tree


class _Reader:
    """Puts arrays back in their order."""

    def __init__(self, data: NDArray[np.uint8], at: int) -> None:
        self._data = data
        self.at = at

    def value(self, plain: Tree) -> Tree:
        if isinstance(plain, list):
            return [self.value(item) for item in plain]
        if not isinstance(plain, dict):
            return plain
        if ARRAY_KEY in plain:
            return self._array(*plain[ARRAY_KEY])
        return {key: self.value(item) for key, item in plain.items()}

    def _array(self, count: int, item_bytes: int) -> NDArray[np.void]:
        end = self.at + count * item_bytes
        raw = self._data[self.at : end]
        if len(raw) != count * item_bytes:
            raise ValueError("an array ends before its length")
        self.at = end
        return raw.view(f"V{item_bytes}")
