"""Who holds a mint's tokens: a snapshot at a finalized slot, for dividends and votes."""

from __future__ import annotations

from dataclasses import dataclass

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Finalized
from solana.rpc.models import MemcmpOpts
from solders.pubkey import Pubkey

from realstack.chain.simulate import token_account

ATTEMPTS_MAX = 20


class SnapshotMoved(Exception):
    """The node went on while it was asked, as often as was tried; ask again."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The holders of a mint at the end of a finalized slot.

    Attributes:
        slot: The slot.
        supply_atoms: All tokens of the mint; equal to the sum of the holdings.
        holdings: Wallet and atoms, rising by the wallet's bytes; nobody with nothing.
    """

    slot: int
    supply_atoms: int
    holdings: tuple[tuple[Pubkey, int], ...]


async def snapshot(client: AsyncClient, mint: Pubkey, token_program: Pubkey) -> Snapshot:
    """Read every token account of a mint, all as of one finalized slot.

    A node answers one question from one slot, and does not name that slot for this one. So the
    slot and the supply are read before and after, and only an answer between two equal ones counts.

    Raises:
        SnapshotMoved: The finalized slot never stood still for three questions.
        ValueError: The holdings are not the supply: the node leaves accounts out.
    """
    for _ in range(ATTEMPTS_MAX):
        earlier = await client.get_token_supply(mint, Finalized)
        listed = await client.get_program_accounts(
            token_program, Finalized, "base64", filters=[MemcmpOpts(offset=0, bytes=str(mint))]
        )
        later = await client.get_token_supply(mint, Finalized)
        if earlier.context.slot == later.context.slot:
            break
    else:
        raise SnapshotMoved(f"the finalized slot moved {ATTEMPTS_MAX} times")
    held: dict[Pubkey, int] = {}
    for keyed in listed.value:
        found = token_account(keyed.account)
        if found is not None and found[1] == mint and found[2]:
            held[found[0]] = held.get(found[0], 0) + found[2]
    supply_atoms = int(earlier.value.amount)
    total_atoms = sum(held.values())
    if total_atoms != supply_atoms:
        raise ValueError(f"holders: {total_atoms} atoms are held, the supply is {supply_atoms}")
    ordered = sorted(held.items(), key=lambda entry: bytes(entry[0]))
    return Snapshot(earlier.context.slot, supply_atoms, tuple(ordered))
