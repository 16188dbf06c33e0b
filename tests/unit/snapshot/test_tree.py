"""What feeds keep becomes bytes and comes back the same."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.invariants import BrokenInvariant
from engine.snapshot.tree import Tree, pack, unpack


def there_and_back(tree: Tree) -> Tree:
    """Pack a tree and read it again."""
    return unpack(np.frombuffer(b"".join(pack(tree)), np.uint8))


@pytest.mark.parametrize(
    "tree",
    [None, True, 0, -1, 1 << 90, "", "text", [], {}, [1, [2, {"a": None}]], {"a": {"b": [False]}}],
)
def test_plain_values_come_back(tree: Tree) -> None:
    """Whole numbers have any size: sums of prices times lots do not fit into 64 bits."""
    assert tree == there_and_back(tree)


def test_arrays_come_back_as_rows_of_bytes_in_their_places() -> None:
    """Also empty ones, and several of one length."""
    tree = {"a": np.arange(3), "b": [np.zeros(0, np.int64), np.arange(5, dtype=np.uint8)], "c": 7}
    back = there_and_back(tree)
    assert back["a"].tobytes() == np.arange(3).tobytes()
    assert 8 == back["a"].dtype.itemsize
    assert 0 == len(back["b"][0])
    assert b"\0\1\2\3\4" == back["b"][1].tobytes()
    assert 7 == back["c"]


def test_what_is_no_tree_is_refused_when_written() -> None:
    """A float, an object or a key that is no text is a bug of the feed."""
    for tree in (1.5, {1: 2}, [object()], {"": 1}):
        with pytest.raises(BrokenInvariant):
            pack(tree)


def test_what_is_no_tree_is_refused_when_read() -> None:
    """Cut anywhere, or longer than it says."""
    data = np.frombuffer(b"".join(pack({"a": np.arange(4), "b": 1})), np.uint8)
    for cut in range(len(data)):
        with pytest.raises(ValueError, match=r".+"):
            unpack(data[:cut])
    with pytest.raises(ValueError, match="ends with its last array"):
        unpack(np.append(data, np.uint8(0)))
