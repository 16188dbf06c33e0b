"""Transactions for a user's own signature: built here, signed elsewhere, sent by anyone.

Nothing here holds a key. A transaction comes out with empty places for signatures; each signer
fills its own place, in any order, and cannot change what the others signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import Message, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.transaction import VersionedTransaction

from realstack.chain.governance import Realm
from realstack.chain.limits import measure
from realstack.chain.market import Market, Token
from realstack.chain.merkle import Table
from realstack.chain.token import ASSOCIATED_PROGRAM, Dividend, associated_account

_CREATE_IDEMPOTENT = b"\1"


class SignatureRefused(ValueError):
    """A signature does not belong to the transaction, or a transaction is beyond a limit."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What the engine released: the settlement authority signs it too."""

    token: Token
    amount_atoms: int
    withdrawal_id: int
    deadline_slot: int
    settlement_authority: Pubkey


def unsigned(
    instructions: Sequence[Instruction], *, payer: Pubkey, blockhash: Hash
) -> VersionedTransaction:
    """Make a transaction whose places for signatures are empty.

    Raises:
        SignatureRefused: It is longer or locks more accounts than one transaction may.
    """
    message = Message.new_with_blockhash(list(instructions), payer, blockhash)
    places = [Signature.default()] * message.header.num_required_signatures
    transaction = VersionedTransaction.populate(message, places)
    exceeded = measure(transaction).exceeded()
    if exceeded:
        raise SignatureRefused(f"transaction: {', '.join(exceeded)}")
    return transaction


def signers_of(transaction: VersionedTransaction) -> list[Pubkey]:
    """Return who has to sign, in the order of the places; the first pays."""
    message = transaction.message
    return list(message.account_keys[: message.header.num_required_signatures])


def missing_signers(transaction: VersionedTransaction) -> list[Pubkey]:
    """Return who has not signed yet."""
    pairs = zip(signers_of(transaction), transaction.signatures, strict=True)
    return [address for address, signature in pairs if signature == Signature.default()]


def with_signature(
    transaction: VersionedTransaction, signer: Pubkey, signature: Signature
) -> VersionedTransaction:
    """Fill the place of a signer.

    Raises:
        SignatureRefused: The signer has no place, or the signature is of something else.
    """
    signers = signers_of(transaction)
    if signer not in signers:
        raise SignatureRefused(f"signer: {signer} has nothing to sign here")
    if not signature.verify(signer, to_bytes_versioned(transaction.message)):
        raise SignatureRefused(f"signature: is not {signer}'s over this transaction")
    places = list(transaction.signatures)
    places[signers.index(signer)] = signature
    return VersionedTransaction.populate(transaction.message, places)


def open_account(payer: Pubkey, owner: Pubkey, token: Token) -> Instruction:
    """Make the owner's associated account of a mint, unless it is there already."""
    metas = [
        AccountMeta(payer, is_signer=True, is_writable=True),
        AccountMeta(_account(owner, token), is_signer=False, is_writable=True),
        AccountMeta(owner, is_signer=False, is_writable=False),
        AccountMeta(token.mint, is_signer=False, is_writable=False),
        AccountMeta(SYSTEM_PROGRAM, is_signer=False, is_writable=False),
        AccountMeta(token.program, is_signer=False, is_writable=False),
    ]
    return Instruction(ASSOCIATED_PROGRAM, _CREATE_IDEMPOTENT, metas)


class WalletBuilder:
    """What a participant does with the own key; each method returns instructions in order."""

    def __init__(self, owner: Pubkey, market: Market | None = None) -> None:
        """Build for a wallet, which also pays the fees."""
        self.owner = owner
        self.market = market or Market()

    def deposit(self, token: Token, amount_atoms: int, *, vault_exists: bool) -> list[Instruction]:
        """Move tokens from the wallet's associated account to its vault, made when missing."""
        market, owner = self.market, self.owner
        move = market.deposit(
            owner=owner,
            token=token,
            source=_account(owner, token),
            amount_atoms=amount_atoms,
        )
        opening = market.open_vault(payer=owner, owner=owner, token=token)
        return [move] if vault_exists else [opening, move]

    def withdraw(self, release: Withdrawal) -> list[Instruction]:
        """Pay a release out to the wallet's associated account, made when it is missing."""
        pay = self.market.withdraw(
            payer=self.owner,
            settlement_authority=release.settlement_authority,
            owner=self.owner,
            token=release.token,
            destination=_account(self.owner, release.token),
            withdrawal_id=release.withdrawal_id,
            amount_atoms=release.amount_atoms,
            deadline_slot=release.deadline_slot,
        )
        return [open_account(self.owner, self.owner, release.token), pay]

    def request_exit(self) -> list[Instruction]:
        """Ask to leave without anyone's leave."""
        return [self.market.request_exit(payer=self.owner, owner=self.owner)]

    def exit(self, *tokens: Token) -> list[Instruction]:
        """Take everything out of the vaults of some tokens, after the delay."""
        steps = []
        for token in tokens:
            destination = _account(self.owner, token)
            steps.append(open_account(self.owner, self.owner, token))
            steps.append(self.market.exit(owner=self.owner, token=token, destination=destination))
        return steps

    def close_exit(self) -> list[Instruction]:
        """End an exit, so that trading can go on."""
        return [self.market.close_exit(owner=self.owner)]

    def vote(
        self, realm: Realm, proposal: int, choice: int, *, for_owner: Pubkey | None = None
    ) -> list[Instruction]:
        """Vote with the own deposit, or with that of someone who delegated it."""
        return [realm.cast_vote(self.owner, proposal, choice, owner=for_owner)]

    def claim(self, dividend: Dividend, table: Table, row: int) -> list[Instruction]:
        """Claim a dividend's row; the wallet's account of the money is made when it is missing.

        Raises:
            ValueError: The row is another wallet's.
        """
        if table.rows[row].wallet != self.owner:
            raise ValueError(f"row: {row} of the table is another wallet's")
        money = Token(dividend.mint, dividend.token_program)
        opening = open_account(self.owner, self.owner, money)
        return [opening, dividend.pay("claim_dividend", table, row)]


def _account(owner: Pubkey, token: Token) -> Pubkey:
    return associated_account(owner, token.mint, token.program)
