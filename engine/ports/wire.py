"""The wire: what carries messages between nodes, one ordered stream of bytes objects each way.

Today gRPC carries everything that clients see, and the engine never asks it for anything. The
standby's link will be of this kind, so that a simulation can delay, drop and repeat its messages.
"""

from __future__ import annotations

from typing import Protocol


class WireClosed(Exception):
    """The other side is gone. Whether it took the last messages is not known."""


class Wire(Protocol):
    """One connection."""

    async def send(self, message: bytes) -> None:
        """Hand over a message; returning says nothing about its arrival.

        Raises:
            WireClosed: When the connection is known to be gone.
        """

    async def receive(self) -> bytes:
        """Return the next message, in the order of sending.

        Raises:
            WireClosed: When there will be none.
        """

    async def close(self) -> None:
        """End the connection."""
