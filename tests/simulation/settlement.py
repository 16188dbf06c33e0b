"""A stub of settlement: pays withdrawals out, and remembers every fill under its trade id."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import CommandKind
from tests.simulation.client import Broken, Client


class Settlement:
    """What settlement needs of a venue: fills and withdrawal steps, each once and in order."""

    def __init__(self, clients: Callable[[int], Client]) -> None:
        self._clients = clients
        self.fills: list[bytes] = []
        self.steps_seen = 0
        self.steps: list[bytes] = []
        self.paid: dict[int, int] = {}

    def on_fills(self, first: int, rows: NDArray[np.void]) -> None:
        """Take fills from a trade id on; one that was taken before is the same as then."""
        take(self.fills, first, rows, "fills of settlement")

    def on_steps(self, first: int, rows: NDArray[np.void]) -> None:
        """Take withdrawal steps; pay a hold once, and tell the venue under an id of its own."""
        known = len(self.steps)
        take(self.steps, first, rows, "withdrawals of settlement")
        for row in rows[max(0, known - first + 1) :]:
            withdrawal_id = int(row["withdrawal_id"])
            if row["cause"] == CommandKind.WITHDRAW_HOLD:
                self._pay(withdrawal_id, int(row["account_id"]))

    def _pay(self, withdrawal_id: int, account_id: int) -> None:
        if withdrawal_id in self.paid:
            raise Broken(f"a withdrawal is paid once: {withdrawal_id} was held again")
        kind = CommandKind.WITHDRAW_FINALIZE if withdrawal_id % 3 else CommandKind.WITHDRAW_RELEASE
        fields = {"kind": int(kind), "order_id": withdrawal_id}
        self.paid[withdrawal_id] = self._clients(account_id).send(fields)


def take(known: list[bytes], first: int, rows: NDArray[np.void], what: str) -> None:
    """Append rows of a numbered stream by their hashes.

    Raises:
        Broken: There is a gap, or a row is not what it was.
    """
    for number, row in enumerate(rows, first):
        hashed = hashlib.blake2b(row.tobytes(), digest_size=8).digest()
        if number > len(known) + 1:
            raise Broken(f"gap-free {what}: {len(known)} are known, then {number} came")
        if number == len(known) + 1:
            known.append(hashed)
        elif known[number - 1] != hashed:
            raise Broken(f"gap-free {what}: {number} is not what it was")
