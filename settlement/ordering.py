"""Which payments may be sent now, so that no custody account is ever asked for what it lacks.

In trade order, one after the other, every account always has enough: the ledger saw to that. Sent
out of order, a payment may need tokens that an earlier one has yet to bring. So a payment may go
when for each account that it takes from

- the account holds enough even if nothing more arrives: its finalized balance, less all that is
  under way out of it, less all that earlier payments still have to take; or
- no earlier payment that brings it tokens is still to come. Then it has what it had in trade
  order, and if that is not enough the simulation says so.

Payments that touch different accounts go side by side. The clearing vaults, which the transactions
of a window share, are custody accounts like any other here: as far as the float reaches, those
transactions go side by side too, and beyond that in the order that the window was packed in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from settlement.payments import Move, Payment
from settlement.states import TO_SEND, State

Vault = tuple[int, int]
"""Account id and asset id of a custody account."""

Place = tuple[int, int]
"""Place in trade order: order key, then payment id."""


@dataclass(frozen=True, slots=True)
class PendingMove:
    """One transfer of a payment whose effect is not final yet."""

    payment_id: int
    state: State
    order_key: int
    asset_id: int
    from_account_id: int
    to_account_id: int | None
    amount_atoms: int

    @property
    def place(self) -> Place:
        """Where its payment stands in trade order."""
        return (self.order_key, self.payment_id)


def debits(payment: Payment) -> dict[Vault, int]:
    """Return what a payment takes in all, by custody account: it brings before it takes."""
    return {vault: -atoms for vault, atoms in _changes(payment.moves).items() if atoms < 0}


def _changes(moves: Iterable[Move | PendingMove]) -> dict[Vault, int]:
    """Return what moves that are made together change, by custody account."""
    found: dict[Vault, int] = defaultdict(int)
    for move in moves:
        found[(move.from_account_id, move.asset_id)] -= move.amount_atoms
        if move.to_account_id is not None:
            found[(move.to_account_id, move.asset_id)] += move.amount_atoms
    return found


class Admission:
    """Decides about payments one by one; those let through count as under way from then on."""

    def __init__(self, pending: Iterable[PendingMove], balances: Mapping[Vault, int]) -> None:
        """Take the state of the world.

        Args:
            pending: All moves that are not final, read before the balances: what became final in
                between is then counted twice, never not at all.
            balances: Finalized balances of the custody accounts to be taken from.
        """
        self._balances = balances
        self._under_way: dict[Vault, int] = defaultdict(int)
        self._waiting_debits: dict[Vault, list[tuple[Place, int]]] = defaultdict(list)
        self._coming_credits: dict[Vault, list[Place]] = defaultdict(list)
        together: dict[int, list[PendingMove]] = defaultdict(list)
        for move in pending:
            together[move.payment_id].append(move)
        for moves in together.values():
            self._count(moves[0].place, moves[0].state, _changes(moves))

    def _count(self, place: Place, state: State, changes: Mapping[Vault, int]) -> None:
        for vault, atoms in changes.items():
            if atoms > 0 and state is not State.CONFIRMED:
                self._coming_credits[vault].append(place)
            elif atoms < 0 and state in TO_SEND:
                self._waiting_debits[vault].append((place, -atoms))
            elif atoms < 0:
                self._under_way[vault] -= atoms

    def admit(self, payment: Payment) -> bool:
        """Tell whether a payment may be sent now; if so, count it as under way."""
        place = (payment.order_key, payment.payment_id)
        taken = debits(payment)
        if not all(self._is_free(vault, place, atoms) for vault, atoms in taken.items()):
            return False
        for vault, atoms in taken.items():
            self._under_way[vault] += atoms
            waiting = self._waiting_debits[vault]
            self._waiting_debits[vault] = [each for each in waiting if each[0] != place]
        return True

    def _is_free(self, vault: Vault, place: Place, atoms: int) -> bool:
        earlier = sum(waiting for other, waiting in self._waiting_debits[vault] if other < place)
        spare = self._balances.get(vault, 0) - self._under_way[vault] - earlier
        return spare >= atoms or all(other >= place for other in self._coming_credits[vault])
