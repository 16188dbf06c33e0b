"""What a transaction would change, asked of a node before anybody signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.account import Account
from solders.message import MessageV0, MessageV1
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from realstack.chain.preview import Known
from realstack.chain.token import TOKEN_2022_PROGRAM, TOKEN_PROGRAM

_TOKEN_ACCOUNT_BYTES = 165
_ACCOUNT_TYPE_ACCOUNT = 2


@dataclass(frozen=True, slots=True)
class Change:
    """The tokens of an account before and after; the account of an owner, of a mint."""

    account: Pubkey
    owner: Pubkey
    mint: Pubkey
    before_atoms: int
    after_atoms: int

    def text(self, known: Known) -> str:
        """Say it for people."""
        difference = self.after_atoms - self.before_atoms
        amount = known.amount(abs(difference), self.mint)
        left = known.amount(self.after_atoms, self.mint)
        verb = "gets" if difference > 0 else "loses"
        return f"{known.name(self.account)} {verb} {amount} and then has {left}."


@dataclass(frozen=True, slots=True)
class Simulation:
    """How a transaction would end.

    Attributes:
        error: Why it would fail, in the node's words; empty when it would not.
        changes: Token accounts whose amount would change.
        compute_units: What it would take.
        fee_lamports: What the node would charge; None when it does not know the blockhash.
        logs: What the programs would say.
    """

    error: str
    changes: tuple[Change, ...]
    compute_units: int
    fee_lamports: int | None
    logs: tuple[str, ...]


async def simulate(client: AsyncClient, transaction: VersionedTransaction) -> Simulation:
    """Ask a node; nobody has to have signed, and nothing is sent.

    Accounts of lookup tables are not compared, only those that the message names.
    """
    message = transaction.message
    addresses = list(message.account_keys)
    before = (await client.get_multiple_accounts(addresses, Confirmed)).value
    answer = (
        await client.simulate_transaction(
            transaction, commitment=Confirmed, accounts_addresses=addresses
        )
    ).value
    fee = None
    if not isinstance(message, MessageV1):
        # The library's own type leaves out the plain message, which it sends as well.
        fee = (await client.get_fee_for_message(cast(MessageV0, message), Confirmed)).value
    failed = answer.err is not None
    after = [] if failed else list(answer.accounts or [])
    return Simulation(
        error=str(answer.err) if failed else "",
        changes=tuple(_changes(addresses, before, after)),
        compute_units=answer.units_consumed or 0,
        fee_lamports=fee,
        logs=tuple(answer.logs or ()),
    )


def _changes(
    addresses: Sequence[Pubkey],
    before: Sequence[Account | None],
    after: Sequence[Account | None],
) -> list[Change]:
    changes = []
    for address, old, new in zip(addresses, before, after, strict=False):
        was, now = token_account(old), token_account(new)
        owner_mint = now or was
        if owner_mint is None:
            continue
        before_atoms = 0 if was is None else was[2]
        after_atoms = 0 if now is None else now[2]
        if before_atoms != after_atoms:
            owner, mint, _ = owner_mint
            changes.append(Change(address, owner, mint, before_atoms, after_atoms))
    return changes


def token_account(account: Account | None) -> tuple[Pubkey, Pubkey, int] | None:
    """Read owner, mint and atoms of a token account of either token program; None for others."""
    if account is None or account.owner not in (TOKEN_PROGRAM, TOKEN_2022_PROGRAM):
        return None
    data = bytes(account.data)
    is_long = account.owner == TOKEN_2022_PROGRAM and len(data) > _TOKEN_ACCOUNT_BYTES
    is_account = is_long and data[_TOKEN_ACCOUNT_BYTES] == _ACCOUNT_TYPE_ACCOUNT
    if len(data) != _TOKEN_ACCOUNT_BYTES and not is_account:
        return None
    owner, mint = Pubkey.from_bytes(data[32:64]), Pubkey.from_bytes(data[:32])
    return owner, mint, int.from_bytes(data[64:72], "little")
