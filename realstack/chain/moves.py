"""What moves: amounts with an exact point, and the legs of a settled batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solders.pubkey import Pubkey


@dataclass(frozen=True, slots=True)
class Move:
    """Tokens that leave an account or reach one.

    Attributes:
        mint: Their mint; the default address for SOL.
        atoms: How many; None: all that there are.
        source: What they leave; None when they are made, or it is told elsewhere.
        target: What they reach; None when they are destroyed, or it is told elsewhere.
    """

    mint: Pubkey
    atoms: int | None
    source: Pubkey | None
    target: Pubkey | None


def written(atoms: int, decimals: int) -> str:
    """Write an amount in units, exactly: 1_500_000 with six decimals is ``1.5``."""
    sign, digits = ("-" if atoms < 0 else ""), str(abs(atoms)).rjust(decimals + 1, "0")
    whole, part = digits[: len(digits) - decimals], digits[len(digits) - decimals :].rstrip("0")
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


def batch_moves(
    name: str, arguments: Mapping[str, Any], rest: Sequence[Pubkey]
) -> tuple[Move, ...] | None:
    """Return what each participant of a batch gives and gets; None when it does not add up.

    Args:
        name: `settle_set` or `settle_clearing`.
        arguments: Those of the instruction.
        rest: The accounts behind the named ones: mints with their programs (and clearing vaults),
            then a vault per leg.
    """
    is_set = name == "settle_set"
    width = 2 if is_set else 3
    count = arguments["mint_count"] if is_set else len(arguments["clearing_bumps"])
    participants, legs = arguments["participants"], arguments["legs"]
    owners = [one["owner"] for one in participants for _ in range(one["leg_count"])]
    if len(owners) != len(legs) or len(rest) != count * width + len(legs):
        return None
    if any(leg["mint_index"] >= count for leg in legs):
        return None
    moves = []
    for owner, leg in zip(owners, legs, strict=True):
        mint, atoms = rest[leg["mint_index"] * width], leg["delta_atoms"]
        source, target = (owner, None) if atoms < 0 else (None, owner)
        moves.append(Move(mint, abs(atoms), source, target))
    return tuple(moves)
