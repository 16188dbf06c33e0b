"""Failures of a real cluster, shown on request.

name               what the node does
drop               takes a transaction, answers with its signature, and never lands it
delay              lands a transaction `slots` later (if its blockhash still lives then)
duplicate          hands the same bytes to the cluster twice
lost-answer        lands a transaction and breaks the connection instead of answering
lagging-node       stands still until it is `slots` behind, then stays so far behind
rate-limit         answers every request with HTTP 429
wrong-genesis      names another genesis hash
expired-blockhash  hands out a blockhash that no block has any more
rolled-back-slot   drops the newest `slots` blocks at once (1: the open one)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from solders.pubkey import Pubkey


class FaultName(StrEnum):
    """The faults that can be asked for."""

    DROP = "drop"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    LOST_ANSWER = "lost-answer"
    LAGGING_NODE = "lagging-node"
    RATE_LIMIT = "rate-limit"
    WRONG_GENESIS = "wrong-genesis"
    EXPIRED_BLOCKHASH = "expired-blockhash"
    ROLLED_BACK_SLOT = "rolled-back-slot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault that is on.

    Attributes:
        name: Which.
        slots: Its size, for `delay`, `lagging-node` and `rolled-back-slot`.
        count: How often it still strikes; None for no end.
        set_slot: The open slot when it was set.
        last_slot: The last slot in which it strikes; None for no end.
        address: Only transactions that name this key are struck; None for all.
    """

    name: FaultName
    slots: int = 1
    count: int | None = None
    set_slot: int = 0
    last_slot: int | None = None
    address: Pubkey | None = None


class Faults:
    """The faults that are on, at most one of each name; a newer one replaces the older."""

    def __init__(self) -> None:
        """Start without faults."""
        self._active: dict[FaultName, Fault] = {}

    @property
    def active(self) -> list[Fault]:
        """The faults that are on."""
        return list(self._active.values())

    def set(self, fault: Fault) -> None:
        """Switch a fault on."""
        self._active[fault.name] = fault

    def clear(self, name: FaultName | None = None) -> None:
        """Switch one fault off, or all."""
        if name is None:
            self._active.clear()
        else:
            self._active.pop(name, None)

    def find(self, name: FaultName) -> Fault | None:
        """Find a fault that is on, without using it up."""
        return self._active.get(name)

    def strike(self, name: FaultName, keys: Sequence[Pubkey] = ()) -> Fault | None:
        """Find a fault that is on for these keys, and use it up by one."""
        fault = self._active.get(name)
        if fault is None or fault.address not in (None, *keys):
            return None
        if fault.count is None:
            return fault
        if fault.count > 1:
            self._active[name] = replace(fault, count=fault.count - 1)
        else:
            del self._active[name]
        return fault

    def slot_opened(self, slot: int) -> None:
        """End the faults whose last slot has passed."""
        for fault in self.active:
            if fault.last_slot is not None and slot > fault.last_slot:
                del self._active[fault.name]
