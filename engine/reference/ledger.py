"""The trading ledger: balances move only through these methods."""

from __future__ import annotations

from engine.core.invariants import check
from engine.reference.state import Balance


class Ledger:
    """Free, locked and held atoms by account and asset."""

    def __init__(self) -> None:
        self._balances: dict[tuple[int, int], Balance] = {}

    def balance(self, account_id: int, asset_id: int) -> Balance:
        """Give the balance, made empty on first use."""
        return self._balances.setdefault((account_id, asset_id), Balance())

    def items(self) -> list[tuple[tuple[int, int], Balance]]:
        """List the balances that are not all zero, by account and asset."""
        return sorted(
            (key, balance)
            for key, balance in self._balances.items()
            if balance.free or balance.locked or balance.held
        )

    def credit(self, account_id: int, asset_id: int, atoms: int) -> None:
        """Add to the free balance."""
        check(atoms >= 0, "a credit is not negative")
        self.balance(account_id, asset_id).free += atoms

    def lock(self, account_id: int, asset_id: int, atoms: int) -> None:
        """Move from free to locked; the caller has checked that free covers it."""
        balance = self.balance(account_id, asset_id)
        check(0 <= atoms <= balance.free, "a lock is covered by the free balance")
        balance.free -= atoms
        balance.locked += atoms

    def unlock(self, account_id: int, asset_id: int, atoms: int) -> None:
        """Move from locked back to free."""
        balance = self.balance(account_id, asset_id)
        check(0 <= atoms <= balance.locked, "no more is unlocked than is locked")
        balance.locked -= atoms
        balance.free += atoms

    def spend(self, account_id: int, asset_id: int, atoms: int) -> None:
        """Take atoms out of the locked balance."""
        balance = self.balance(account_id, asset_id)
        check(0 <= atoms <= balance.locked, "no more is spent than is locked")
        balance.locked -= atoms

    def hold(self, account_id: int, asset_id: int, atoms: int) -> None:
        """Move from free to held."""
        balance = self.balance(account_id, asset_id)
        check(0 < atoms <= balance.free, "a hold is covered by the free balance")
        balance.free -= atoms
        balance.held += atoms

    def release(self, account_id: int, asset_id: int, atoms: int) -> None:
        """Move from held back to free."""
        balance = self.balance(account_id, asset_id)
        check(0 < atoms <= balance.held, "no more is released than is held")
        balance.held -= atoms
        balance.free += atoms

    def finalize(self, account_id: int, asset_id: int, atoms: int) -> None:
        """Take held atoms out of the ledger."""
        balance = self.balance(account_id, asset_id)
        check(0 < atoms <= balance.held, "no more is finalized than is held")
        balance.held -= atoms
