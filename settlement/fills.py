"""A fill as settlement sees it: who owes what to whom."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FEE_ACCOUNT_ID = 0
"""The venue's own account: no participant has it, and every fee goes there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """A trade that is durable in the venue's journal.

    Amounts are atoms: `base_atoms` go from seller to buyer; the buyer pays `quote_atoms` and
    `buyer_fee_atoms`, the seller receives `quote_atoms` less `seller_fee_atoms`.
    """

    trade_id: int
    sequence: int
    time_ns: int
    market_id: int
    base_asset_id: int
    quote_asset_id: int
    buyer_account_id: int
    seller_account_id: int
    base_atoms: int
    quote_atoms: int
    buyer_fee_atoms: int
    seller_fee_atoms: int

    @property
    def fee_atoms(self) -> int:
        """What the venue takes from both sides, in quote atoms."""
        return self.buyer_fee_atoms + self.seller_fee_atoms


def fills_sha256(fills: Iterable[Fill]) -> bytes:
    """Return the hash of a batch's fills that its receipt holds.

    Over each fill in order: trade id, accounts of buyer and seller, assets, and the four amounts,
    each as 8 bytes, little-endian.
    """
    digest = hashlib.sha256()
    for fill in fills:
        for number in (
            fill.trade_id,
            fill.buyer_account_id,
            fill.seller_account_id,
            fill.base_asset_id,
            fill.quote_asset_id,
            fill.base_atoms,
            fill.quote_atoms,
            fill.buyer_fee_atoms,
            fill.seller_fee_atoms,
        ):
            digest.update(number.to_bytes(8, "little"))
    return digest.digest()


@dataclass(frozen=True, slots=True)
class Leg:
    """What one fill does to one account in one asset; positive atoms are received."""

    account_id: int
    asset_id: int
    atoms: int


def legs(fill: Fill) -> Iterator[Leg]:
    """Yield what the fill does to each account; per asset the atoms add up to zero."""
    base, quote = fill.base_asset_id, fill.quote_asset_id
    yield Leg(fill.buyer_account_id, base, fill.base_atoms)
    yield Leg(fill.seller_account_id, base, -fill.base_atoms)
    yield Leg(fill.buyer_account_id, quote, -fill.quote_atoms - fill.buyer_fee_atoms)
    yield Leg(fill.seller_account_id, quote, fill.quote_atoms - fill.seller_fee_atoms)
    yield Leg(FEE_ACCOUNT_ID, quote, fill.fee_atoms)
