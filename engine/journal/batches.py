"""Joining short batches of commands, because neither the core nor the feeds mind, and both gain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from engine.core.limits import COMMANDS_PER_BATCH_MAX


def joined(batches: Iterable[NDArray[np.void]]) -> Iterator[NDArray[np.void]]:
    """Join short batches into longer ones of at most 4,096 commands."""
    waiting: list[NDArray[np.void]] = []
    count = 0
    for batch in batches:
        if waiting and count + len(batch) > COMMANDS_PER_BATCH_MAX:
            yield one(waiting)
            waiting, count = [], 0
        waiting.append(batch)
        count += len(batch)
    if waiting:
        yield one(waiting)


def one(batches: list[NDArray[np.void]]) -> NDArray[np.void]:
    """Join batches as words: numpy would copy structs field by field."""
    if len(batches) == 1:
        return batches[0]
    words = np.concatenate([batch.view(np.uint64) for batch in batches])
    return words.view(batches[0].dtype)
