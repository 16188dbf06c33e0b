"""Netting: what a set of fills comes to, per account and asset, and the transfers that make it so.

For n accounts with a net other than zero in an asset there are at most n - 1 transfers: each one
brings at least one account to zero, and the last brings two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.core.invariants import check
from settlement.fills import Fill, legs

Nets = dict[int, dict[int, int]]
"""Atoms by account by asset; accounts whose net is zero are left out."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Tokens that go from one participant's custody account to another's."""

    asset_id: int
    from_account_id: int
    to_account_id: int
    amount_atoms: int


def add_fill(nets: Nets, fill: Fill) -> None:
    """Add what a fill does to `nets`."""
    for leg in legs(fill):
        accounts = nets.setdefault(leg.asset_id, {})
        atoms = accounts.get(leg.account_id, 0) + leg.atoms
        if atoms:
            accounts[leg.account_id] = atoms
        else:
            accounts.pop(leg.account_id, None)


def net(fills: Iterable[Fill]) -> Nets:
    """Return what the fills come to, zero-sum per asset."""
    nets: Nets = {}
    for fill in fills:
        add_fill(nets, fill)
    for accounts in nets.values():
        check(sum(accounts.values()) == 0, "the nets of an asset add up to zero")
    return nets


def transfers(nets: Nets) -> list[Transfer]:
    """Return the transfers that bring every account its net, by asset and then by size."""
    found: list[Transfer] = []
    for asset_id in sorted(nets):
        found += transfers_of_asset(asset_id, nets[asset_id])
    return found


def transfers_of_asset(asset_id: int, accounts: Mapping[int, int]) -> list[Transfer]:
    """Pair the largest debtors with the largest creditors; equal sizes go by account id."""
    debtors = sorted((atoms, account) for account, atoms in accounts.items() if atoms < 0)
    creditors = sorted((-atoms, account) for account, atoms in accounts.items() if atoms > 0)
    found: list[Transfer] = []
    debtor = creditor = 0
    owed_atoms = due_atoms = 0
    while debtor < len(debtors):
        owed_atoms = owed_atoms or -debtors[debtor][0]
        check(creditor < len(creditors), "debts and claims of an asset are equal")
        due_atoms = due_atoms or -creditors[creditor][0]
        amount_atoms = min(owed_atoms, due_atoms)
        found.append(Transfer(asset_id, debtors[debtor][1], creditors[creditor][1], amount_atoms))
        owed_atoms -= amount_atoms
        due_atoms -= amount_atoms
        debtor += owed_atoms == 0
        creditor += due_atoms == 0
    check(creditor == len(creditors), "debts and claims of an asset are equal")
    return found
