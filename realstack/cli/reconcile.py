"""`realstack reconcile`: compare the ledger with the chain."""

from __future__ import annotations

from collections.abc import Sequence

from settlement import reconciler


def main(arguments: Sequence[str]) -> int:
    """Compare and return the exit status; the command itself belongs to settlement."""
    return reconciler.main(arguments)
