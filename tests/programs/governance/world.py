"""A chain in this process with the governance program, a mint of 10,000 atoms and its holders."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from solders.account import Account
from solders.compute_budget import set_compute_unit_limit
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata, TransactionMetadata

from realstack.chain.governance import IDL, Realm, Rules

PROGRAM = Path(__file__).resolve().parents[3] / "programs" / "bin" / "governance.so"
TOKEN_PROGRAM = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
SUPPLY_ATOMS = 10_000
RULES = Rules(
    quorum_bps=2_000,
    threshold_bps=5_000,
    proposal_atoms_min=100,
    voting_s=1_000,
    cool_off_s=100,
    hold_up_s=500,
    execution_s=2_000,
)
HOLDINGS_ATOMS = {"alice": 3_000, "bob": 3_000, "carol": 1_001, "dave": 0}
MINT_DATA = bytes(36) + SUPPLY_ATOMS.to_bytes(8, "little") + bytes([0, 1]) + bytes(36)


class Refused(Exception):
    """A transaction failed; `name` is the program's error, or what the runtime said."""

    def __init__(self, failed: FailedTransactionMetadata) -> None:
        self.meta = failed.meta()
        code = getattr(getattr(failed.err(), "err", None), "code", None)
        known = None if code is None else IDL.errors.get(code)
        self.name = str(failed.err()) if known is None else known[0]
        super().__init__(f"{self.name} {self.meta.logs()}")


def key(name: str) -> Keypair:
    """The same key for the same name, in every run."""
    return Keypair.from_seed(hashlib.sha256(name.encode()).digest())


def digest(name: str) -> bytes:
    """The same 32 bytes for the same name."""
    return hashlib.sha256(name.encode()).digest()


class World:
    """The chain, and shorthand for what tests do on it."""

    def __init__(self, **rules: int) -> None:
        self.svm = LiteSVM()
        people = ("payer", "creator", "veto", "stranger", *HOLDINGS_ATOMS)
        self.people = {name: key(name) for name in people}
        for one in self.people.values():
            self.svm.airdrop(one.pubkey(), 10**12)
        mint = key("mint").pubkey()
        self.realm = Realm(self.at("creator"), mint, TOKEN_PROGRAM)
        self.svm.add_program(self.realm.program_id, PROGRAM.read_bytes())
        self.put(mint, MINT_DATA, TOKEN_PROGRAM)
        for person, atoms in HOLDINGS_ATOMS.items():
            self.put_tokens(self.tokens(person), self.at(person), atoms)
        self.rules = replace(RULES, **rules)
        self.proposals = 0

    def at(self, name: str) -> Pubkey:
        """The address of a person."""
        return self.people[name].pubkey()

    def tokens(self, person: str) -> Pubkey:
        """The token account of a person."""
        return key(f"{person}'s tokens").pubkey()

    def put(self, address: Pubkey, data: bytes, owner: Pubkey) -> None:
        """Write an account past all rules."""
        self.svm.set_account(address, Account(lamports=10**9, data=data, owner=owner))

    def put_tokens(self, address: Pubkey, owner: Pubkey, atoms: int) -> None:
        """Write a token account past all rules."""
        data = bytes(self.realm.mint) + bytes(owner) + atoms.to_bytes(8, "little")
        self.put(address, data + bytes(36) + b"\1" + bytes(56), TOKEN_PROGRAM)

    def atoms(self, address: Pubkey) -> int:
        """What lies in a token account."""
        account = self.svm.get_account(address)
        assert account is not None
        return int.from_bytes(account.data[64:72], "little")

    def state(self, address: Pubkey) -> dict[str, Any]:
        """Read an account of the program."""
        account = self.svm.get_account(address)
        assert account is not None
        return IDL.account(account.data)[1]

    def proposal(self, index: int = 0) -> dict[str, Any]:
        """Read a proposal."""
        return self.state(self.realm.proposal(index))

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        clock = self.svm.get_clock()
        clock.unix_timestamp += seconds
        self.svm.set_clock(clock)

    def send(self, *instructions: Instruction) -> TransactionMetadata:
        """Run a transaction; everybody who has to signs."""
        limit = set_compute_unit_limit(1_400_000)
        payer = self.people["payer"]
        hash_now = self.svm.latest_blockhash()
        message = Message.new_with_blockhash([limit, *instructions], payer.pubkey(), hash_now)
        found = {one.pubkey(): one for one in self.people.values()}
        needed = message.account_keys[: message.header.num_required_signatures]
        transaction = VersionedTransaction(message, [found[address] for address in needed])
        result = self.svm.send_transaction(transaction)
        self.svm.expire_blockhash()
        if isinstance(result, FailedTransactionMetadata):
            raise Refused(result)
        return result

    def refusal(self, *instructions: Instruction) -> str:
        """The name of the error that a transaction gets; it must change nothing."""
        try:
            self.send(*instructions)
        except Refused as refused:
            return refused.name
        return "nothing was refused"

    # --- steps that most tests begin with ----------------------------------------------------

    def set_up(self, *depositors: str) -> World:
        """Make the realm; everybody has an account, and those named lock all they have."""
        self.send(self.realm.create(self.at("veto"), self.rules))
        self.send(*(self.realm.open_voter(self.at(person)) for person in HOLDINGS_ATOMS))
        for person in depositors:
            self.deposit(person, HOLDINGS_ATOMS[person])
        return self

    def deposit(self, person: str, atoms: int) -> None:
        """Lock tokens of a person."""
        self.send(self.realm.deposit(self.at(person), self.tokens(person), atoms))

    def withdraw(self, person: str, atoms: int) -> Instruction:
        """Take tokens back."""
        return self.realm.withdraw(self.at(person), self.tokens(person), atoms)

    def propose(self, person: str, *instructions: Instruction) -> int:
        """Make a proposal and open it; return its index."""
        wallet, index = self.at(person), self.proposals
        self.send(self.realm.create_proposal(wallet, index, digest("text"), instructions))
        self.send(self.realm.open_proposal(wallet, index))
        self.proposals += 1
        return index

    def vote(
        self, caster: str, choice: int, owner: str | None = None, index: int = 0
    ) -> Instruction:
        """Vote, or vote as the delegate of an owner."""
        whose = None if owner is None else self.at(owner)
        return self.realm.cast_vote(self.at(caster), index, choice, owner=whose)

    def finish_voting(self, index: int = 0) -> int:
        """Let voting and cool-off pass, count, and return the state."""
        self.wait(self.rules.voting_s + self.rules.cool_off_s)
        self.send(self.realm.count_votes(index))
        return int(self.proposal(index)["state"])

    def treasury_payment(self, atoms: int = 5) -> Instruction:
        """Give the realm's executing address tokens, and pay from them to alice."""
        treasury = key("treasury").pubkey()
        self.put_tokens(treasury, self.realm.authority, 1_000)
        metas = [
            AccountMeta(treasury, False, True),
            AccountMeta(self.tokens("alice"), False, True),
            AccountMeta(self.realm.authority, True, False),
        ]
        return Instruction(TOKEN_PROGRAM, b"\3" + atoms.to_bytes(8, "little"), metas)
