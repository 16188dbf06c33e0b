"""The lease: one small record outside both nodes that says who leads.

It changes by compare-and-set alone. It is asked when a role changes and never while
orders are matched: losing it for a minute stops no trading; it only keeps roles as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class LeaseUnknown(Exception):
    """The store gave no answer. A write may have been done or not: only reading again can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRecord:
    """Who leads.

    Attributes:
        epoch: Of the leader; rises with each new one.
        leader: Name of the node that leads.
        standby: Name of the node that may take over; empty when the leader is alone, and then
            nobody may.
        sequence: The leader's last command when the record was written: whoever leads on has it.
    """

    epoch: int
    leader: str
    standby: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Versioned:
    """What the store holds.

    Attributes:
        version: Given back to change exactly this; empty for a store that was never written.
        record: Nothing when it was never written.
    """

    version: str
    record: LeaseRecord | None


class LeaseStore(Protocol):
    """Where the record lies."""

    async def read(self) -> Versioned:
        """Read it.

        Raises:
            LeaseUnknown: No answer.
        """

    async def replace(self, version: str, record: LeaseRecord) -> bool:
        """Write the record if the store still holds that version; tell whether it was written.

        Raises:
            LeaseUnknown: No answer; it may have been written.
        """

    async def close(self) -> None:
        """Let go of it."""
