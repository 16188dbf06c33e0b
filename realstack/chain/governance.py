"""The governance program: its addresses, its instructions, and the hash of what is voted on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from realstack.chain import idl

IDL = idl.load("governance")

DRAFT, VOTING, SUCCEEDED, DEFEATED, COMPLETED, VETOED, CANCELLED = range(7)
NO, YES, ABSTAIN = range(3)
WHOLE_BPS = 10_000
_SIGNER = 1
_WRITABLE = 2


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a realm; shares in basis points, times in seconds."""

    quorum_bps: int
    threshold_bps: int
    proposal_atoms_min: int
    voting_s: int
    cool_off_s: int
    hold_up_s: int
    execution_s: int


def flags_of(instruction: Instruction) -> bytes:
    """Return a byte per account: 1 when it signs, 2 when it changes, 3 when both."""
    return bytes(
        (_SIGNER if meta.is_signer else 0) | (_WRITABLE if meta.is_writable else 0)
        for meta in instruction.accounts
    )


def instruction_hash(instruction: Instruction) -> bytes:
    """Return the hash that a proposal holds for an instruction that it would run.

    Over program, number of accounts, flags, length of data, data, and the accounts' addresses.
    """
    parts = [
        bytes(instruction.program_id),
        len(instruction.accounts).to_bytes(4, "little"),
        flags_of(instruction),
        len(instruction.data).to_bytes(4, "little"),
        bytes(instruction.data),
        *(bytes(meta.pubkey) for meta in instruction.accounts),
    ]
    return hashlib.sha256(b"".join(parts)).digest()


def share_up(atoms: int, bps: int) -> int:
    """Return a share of an amount, rounded up: 7 tokens at 50 % are 4."""
    return -(-atoms * bps // WHOLE_BPS)


def passes(yes: int, no: int, abstain: int, *, supply: int, rules: Rules) -> bool:
    """Tell whether votes carry a proposal: quorum, threshold, and no tie; as the program counts."""
    decided = yes + no
    has_quorum = decided + abstain >= share_up(supply, rules.quorum_bps)
    return has_quorum and yes >= share_up(decided, rules.threshold_bps) and yes > no


class Realm:
    """A realm of the governance program: addresses and instructions."""

    def __init__(
        self,
        creator: Pubkey,
        mint: Pubkey,
        token_program: Pubkey,
        program_id: Pubkey = IDL.address,
    ) -> None:
        """Name the realm.

        Args:
            creator: Who makes it; part of its address.
            mint: The mint whose tokens vote.
            token_program: The mint's program.
            program_id: The governance program.
        """
        self.program_id = program_id
        self.creator = creator
        self.mint = mint
        self.token_program = token_program
        self.address = self._find(b"realm", bytes(creator), bytes(mint))
        self.vault = self._find(b"vault", bytes(self.address))
        self.authority = self._find(b"authority", bytes(self.address))

    def _find(self, *seeds: bytes) -> Pubkey:
        return Pubkey.find_program_address(list(seeds), self.program_id)[0]

    def voter(self, wallet: Pubkey) -> Pubkey:
        """Return the address of a wallet's account in the realm."""
        return self._find(b"voter", bytes(self.address), bytes(wallet))

    def proposal(self, index: int) -> Pubkey:
        """Return the address of a proposal; they count from 0."""
        return self._find(b"proposal", bytes(self.address), index.to_bytes(8, "little"))

    def vote(self, proposal: Pubkey, wallet: Pubkey) -> Pubkey:
        """Return the address of the vote of a wallet's deposit."""
        return self._find(b"vote", bytes(proposal), bytes(self.voter(wallet)))

    def _build(
        self,
        name: str,
        accounts: dict[str, Pubkey],
        remaining: Sequence[AccountMeta] = (),
        /,
        **arguments: Any,
    ) -> Instruction:
        mine = {
            "realm": self.address,
            "vault": self.vault,
            "mint": self.mint,
            "token_program": self.token_program,
        }
        accounts = {**mine, **accounts}
        return IDL.instruction(self.program_id, name, accounts, arguments, remaining)

    def create(self, veto_authority: Pubkey, rules: Rules) -> Instruction:
        """Make the realm; its creator signs."""
        accounts = {"creator": self.creator}
        return self._build("create_realm", accounts, veto_authority=veto_authority, **asdict(rules))

    def change(
        self, by: Pubkey, *, authority: Pubkey, veto_authority: Pubkey, rules: Rules
    ) -> Instruction:
        """Change roles and rules."""
        arguments = {"authority": authority, "veto_authority": veto_authority, **asdict(rules)}
        return self._build("set_realm", {"authority": by}, (), **arguments)

    def open_voter(self, wallet: Pubkey) -> Instruction:
        """Make a wallet's account."""
        return self._build("open_voter", {"wallet": wallet, "voter": self.voter(wallet)})

    def deposit(self, wallet: Pubkey, source: Pubkey, atoms: int) -> Instruction:
        """Lock tokens from a token account of the wallet."""
        accounts = {"wallet": wallet, "voter": self.voter(wallet), "source": source}
        return self._build("deposit", accounts, atoms=atoms)

    def withdraw(self, wallet: Pubkey, destination: Pubkey, atoms: int) -> Instruction:
        """Take tokens back to a token account."""
        accounts = {"wallet": wallet, "voter": self.voter(wallet), "destination": destination}
        return self._build("withdraw", accounts, atoms=atoms)

    def delegation(self, name: str, wallet: Pubkey, delegate: Pubkey) -> Instruction:
        """`delegate` to a wallet, or `undelegate` from it."""
        voters = {"voter": self.voter(wallet), "delegate_voter": self.voter(delegate)}
        return self._build(name, {"wallet": wallet, **voters})

    def create_proposal(
        self, wallet: Pubkey, index: int, text_hash: bytes, instructions: Sequence[Instruction] = ()
    ) -> Instruction:
        """Make the proposal that gets an index: the number of proposals before it."""
        accounts = {"wallet": wallet, "voter": self.voter(wallet), "proposal": self.proposal(index)}
        return self._build(
            "create_proposal",
            accounts,
            description_hash=text_hash,
            instruction_hashes=[instruction_hash(one) for one in instructions],
        )

    def open_proposal(self, wallet: Pubkey, index: int) -> Instruction:
        """Open a draft to votes."""
        accounts = {"wallet": wallet, "voter": self.voter(wallet), "proposal": self.proposal(index)}
        return self._build("open_proposal", accounts)

    def cancel_proposal(self, wallet: Pubkey, index: int) -> Instruction:
        """Give a proposal up."""
        return self._build("cancel_proposal", {"wallet": wallet, "proposal": self.proposal(index)})

    def cast_vote(
        self, caster: Pubkey, index: int, choice: int, *, owner: Pubkey | None = None
    ) -> Instruction:
        """Vote with one's own deposit, or as the delegate of `owner` with the owner's."""
        wallet, proposal = owner or caster, self.proposal(index)
        accounts = {
            "wallet": caster,
            "voter": self.voter(wallet),
            "proposal": proposal,
            "vote": self.vote(proposal, wallet),
        }
        return self._build("cast_vote", accounts, choice=choice)

    def veto(self, veto_authority: Pubkey, index: int, reasons_hash: bytes) -> Instruction:
        """Stop a proposal."""
        accounts = {"veto_authority": veto_authority, "proposal": self.proposal(index)}
        return self._build("veto_proposal", accounts, reasons_hash=reasons_hash)

    def count_votes(self, index: int) -> Instruction:
        """Count the votes of a proposal."""
        return self._build("count_votes", {"proposal": self.proposal(index)})

    def execute(self, index: int, shown: Instruction) -> Instruction:
        """Run the next instruction of a proposal that passed, showing it.

        The executing address of the realm signs inside; nobody signs for it here.
        """
        accounts = {"proposal": self.proposal(index), "target_program": shown.program_id}
        metas = [
            AccountMeta(
                meta.pubkey, meta.is_signer and meta.pubkey != self.authority, meta.is_writable
            )
            for meta in shown.accounts
        ]
        return self._build(
            "execute", accounts, metas, flags=flags_of(shown), data=bytes(shown.data)
        )
