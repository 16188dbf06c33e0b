"""Joining record arrays without changing their layout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def join(parts: Sequence[NDArray[np.void]], dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """Join arrays of one record dtype.

    `np.concatenate` would promote a dtype whose fields overlap to a packed one of another size.

    Args:
        parts: Arrays of `dtype`, each of one dimension.
        dtype: COMMAND, EVENT or a view dtype.

    Returns:
        A new array with the records of all parts, in order.
    """
    raw = np.dtype((np.void, dtype.itemsize))
    blank = np.empty(0, dtype=raw)
    return np.concatenate([blank, *(part.view(raw) for part in parts)]).view(dtype)
