"""`realstack settlement`: look at settlement, explain a trade, retry or park a batch."""

from __future__ import annotations

from collections.abc import Sequence

from settlement import operations


def main(arguments: Sequence[str]) -> int:
    """Carry out and return the exit status; the command itself belongs to settlement."""
    return operations.main(arguments)
