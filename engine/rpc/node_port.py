"""What the servers need of a node; `engine.node.Node` is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.sequencer import Batch, Receiver

T = TypeVar("T")


class NodePort(Protocol):
    """A venue that takes commands, tells what is durable, and answers reads at a sequence."""

    def submit(self, commands: NDArray[np.void], receiver: Receiver) -> None:
        """Queue commands; raises NotTaken when they are not taken."""

    async def read(self, query: Callable[[Any], T]) -> tuple[int, T]:
        """Ask the venue; the answer and its sequence are told when that sequence is durable."""

    def subscribe_released(self, callback: Callable[[Batch], None]) -> Callable[[], None]:
        """Be told of each released batch; returns what ends that."""

    @property
    def applied_sequence(self) -> int:
        """The last sequence that the core has applied."""

    @property
    def durable_sequence(self) -> int:
        """The last sequence that is durable."""

    @property
    def venue(self) -> Any:
        """The core; runs ahead of what is durable."""

    def statistics(self) -> Any:
        """Where the node stands; `sequencer.queue_commands` is what waits."""
