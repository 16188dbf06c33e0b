"""Tables of amounts as the programs check them: SHA-256 Merkle trees with proofs of one length.

Rows are hashed with the address of the account that the table belongs to, so that a proof is worth
nothing anywhere else; the tree is filled up with zero blocks to a power of two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from solders.pubkey import Pubkey

ROWS_MAX = 1 << 14
_EMPTY = bytes(32)


@dataclass(frozen=True, slots=True)
class Row:
    """Who is to have how much."""

    wallet: Pubkey
    atoms: int


class Table:
    """Rows under one root."""

    def __init__(self, account: Pubkey, rows: Sequence[Row]) -> None:
        """Hash the rows.

        Args:
            account: The issuance or dividend that the table belongs to.
            rows: 1 to 16,384 rows, each above zero.

        Raises:
            ValueError: There are too few or too many rows, or one is not above zero.
        """
        if not 1 <= len(rows) <= ROWS_MAX:
            raise ValueError(f"rows: a table has 1 to {ROWS_MAX} rows, not {len(rows)}")
        if any(row.atoms <= 0 for row in rows):
            raise ValueError("atoms: every row of a table is above zero")
        self.rows = tuple(rows)
        leaves = [_leaf(account, index, row) for index, row in enumerate(rows)]
        width = 1 << (len(leaves) - 1).bit_length()
        self._levels = [leaves + [_EMPTY] * (width - len(leaves))]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            pairs = zip(below[::2], below[1::2], strict=True)
            self._levels.append([_node(left, right) for left, right in pairs])

    @property
    def root(self) -> bytes:
        """The root, 32 bytes."""
        return self._levels[-1][0]

    @property
    def total_atoms(self) -> int:
        """The sum of the rows."""
        return sum(row.atoms for row in self.rows)

    def proof(self, index: int) -> list[bytes]:
        """Return the blocks beside the way from a row to the root."""
        return [level[(index >> depth) ^ 1] for depth, level in enumerate(self._levels[:-1])]


def _leaf(account: Pubkey, index: int, row: Row) -> bytes:
    parts = bytes(account) + index.to_bytes(4, "little") + bytes(row.wallet)
    return hashlib.sha256(b"\0" + parts + row.atoms.to_bytes(8, "little")).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def largest_remainder(total_atoms: int, holdings_atoms: Sequence[int]) -> list[int]:
    """Split an amount in proportion to holdings, to the last atom.

    Each gets the whole part of its share; the atoms left over go one each to the largest
    remainders, the earlier row first among equals (Hamilton's method).

    Raises:
        ValueError: A number is below zero, or no one holds anything.
    """
    held_atoms = sum(holdings_atoms)
    if total_atoms < 0 or held_atoms <= 0 or min(holdings_atoms) < 0:
        raise ValueError("holdings: numbers are not below zero, and their sum is above it")
    parts = [divmod(total_atoms * holding, held_atoms) for holding in holdings_atoms]
    shares = [whole for whole, _ in parts]
    order = sorted(range(len(parts)), key=lambda place: (-parts[place][1], place))
    for place in order[: total_atoms - sum(shares)]:
        shares[place] += 1
    return shares
