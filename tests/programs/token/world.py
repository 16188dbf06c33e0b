"""A chain in this process with the token programs, an asset, investors and a mint of money."""

from __future__ import annotations

import hashlib
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

from realstack.chain.merkle import Row, Table
from realstack.chain.token import (
    ASSOCIATED_PROGRAM,
    IDL,
    MODE_OPEN,
    TOKEN_2022_PROGRAM,
    TOKEN_PROGRAM,
    Asset,
    Dividend,
    Registry,
    associated_account,
)

PROGRAM = Path(__file__).resolve().parents[3] / "programs" / "bin" / "token.so"
SYSTEM_PROGRAM = Pubkey.default()
LAMPORTS = 10**12
MONEY_ATOMS = 10**12
CAP_ATOMS = 10**9
GERMANY, FRANCE = 276, 250


class Refused(Exception):
    """A transaction failed; `name` is the program's error, or what the runtime said."""

    def __init__(self, failed: FailedTransactionMetadata) -> None:
        self.meta = failed.meta()
        inner = getattr(failed.err(), "err", None)
        code = getattr(inner, "code", None)
        known = None if code is None else IDL.errors.get(code)
        self.name = str(failed.err()) if known is None else known[0]
        super().__init__(f"{self.name} {self.meta.logs()}")


def key(name: str) -> Keypair:
    """The same key for the same name, in every run."""
    return Keypair.from_seed(hashlib.sha256(name.encode()).digest())


def digest(name: str) -> bytes:
    """The same 32 bytes for the same name."""
    return hashlib.sha256(name.encode()).digest()


def changed(instruction: Instruction, place: int, address: Pubkey) -> Instruction:
    """The same instruction with another account at a place."""
    metas = list(instruction.accounts)
    metas[place] = AccountMeta(address, metas[place].is_signer, metas[place].is_writable)
    return Instruction(instruction.program_id, instruction.data, metas)


def unsigned(instruction: Instruction, place: int) -> Instruction:
    """The same instruction without the signature of the account at a place."""
    metas = list(instruction.accounts)
    metas[place] = AccountMeta(metas[place].pubkey, False, metas[place].is_writable)
    return Instruction(instruction.program_id, instruction.data, metas)


def mint_data_of_money() -> bytes:
    """The bytes of a mint with six decimals and no authorities."""
    return bytes(36) + (10**15).to_bytes(8, "little") + bytes([6, 1]) + bytes(36)


class World:
    """The chain, and shorthand for what tests do on it."""

    def __init__(self, token_program: Pubkey = TOKEN_2022_PROGRAM, mode: int = MODE_OPEN) -> None:
        self.svm = LiteSVM()
        self.registry = Registry()
        self.svm.add_program(self.registry.program_id, PROGRAM.read_bytes())
        people = ("payer", "issuer", "compliance", "recovery", "stranger", "alice", "bob", "carol")
        self.people = {name: key(name) for name in people}
        self.approvers = [key(f"approver {place}") for place in range(3)]
        for person in self.people.values():
            self.svm.airdrop(person.pubkey(), LAMPORTS)
        self.mode = mode
        self.asset_id = digest("a house")
        address = self.registry.asset(self.at("issuer"), self.asset_id)
        self.asset = Asset(self.registry, address, token_program)
        self.money = self.add_money()
        self.issuances = 0

    def at(self, name: str) -> Pubkey:
        """The address of a person."""
        return self.people[name].pubkey()

    def add_money(self) -> Pubkey:
        """Put a mint of SPL Token there, and give everyone an account of it."""
        mint = key("money").pubkey()
        self.put(mint, mint_data_of_money(), TOKEN_PROGRAM)
        for person in self.people:
            atoms = MONEY_ATOMS if person == "issuer" else 0
            address = associated_account(self.at(person), mint, TOKEN_PROGRAM)
            data = bytes(mint) + bytes(self.at(person)) + atoms.to_bytes(8, "little")
            self.put(address, data + bytes(36) + b"\1" + bytes(56), TOKEN_PROGRAM)
        return mint

    def put(self, address: Pubkey, data: bytes, owner: Pubkey, lamports: int = 10**9) -> None:
        """Write an account past all rules."""
        self.svm.set_account(address, Account(lamports=lamports, data=data, owner=owner))

    def state(self, address: Pubkey) -> dict[str, Any]:
        """Read an account of the program."""
        account = self.svm.get_account(address)
        assert account is not None
        return IDL.account(account.data)[1]

    def atoms(self, address: Pubkey) -> int:
        """What lies in a token account."""
        account = self.svm.get_account(address)
        assert account is not None
        return int.from_bytes(account.data[64:72], "little")

    def holding(self, person: str) -> int:
        """How many tokens of the asset a person has."""
        return self.atoms(self.asset.token_account(self.at(person)))

    def money_of(self, person: str) -> int:
        """How much money a person has."""
        return self.atoms(associated_account(self.at(person), self.money, TOKEN_PROGRAM))

    def is_frozen(self, person: str) -> bool:
        """Whether a person's account of the asset is frozen."""
        account = self.svm.get_account(self.asset.token_account(self.at(person)))
        assert account is not None
        return account.data[108] == 2

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        clock = self.svm.get_clock()
        clock.unix_timestamp += seconds
        clock.slot += seconds
        self.svm.set_clock(clock)

    @property
    def now_s(self) -> int:
        """The time that programs see."""
        return self.svm.get_clock().unix_timestamp

    def send(self, *instructions: Instruction) -> TransactionMetadata:
        """Run a transaction; everybody who has to signs."""
        limit = set_compute_unit_limit(1_400_000)
        payer = self.people["payer"]
        hash_now = self.svm.latest_blockhash()
        message = Message.new_with_blockhash([limit, *instructions], payer.pubkey(), hash_now)
        found = {one.pubkey(): one for one in [*self.people.values(), *self.approvers]}
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

    def register(self, **changes: Any) -> Instruction:
        """Register the asset: two of three approve."""
        accounts = {"issuer": self.at("issuer"), "asset": self.asset.address}
        arguments: dict[str, Any] = {
            "asset_id": self.asset_id,
            "name": "House at the Lake",
            "symbol": "LAKE",
            "metadata_hash": digest("metadata"),
            "compliance": self.at("compliance"),
            "recovery": self.at("recovery"),
            "threshold": 2,
            "approvers": [one.pubkey() for one in self.approvers],
        }
        return self.registry.build("register_asset", accounts, **{**arguments, **changes})

    def create_mint(self) -> Instruction:
        """Make the mint with three decimals."""
        uri = "https://example.org/lake.json"
        return self.asset.create_mint(self.at("issuer"), decimals=3, mode=self.mode, uri=uri)

    def open_account(self, person: str) -> Instruction:
        """Make a person's associated account of the asset's mint."""
        metas = [
            AccountMeta(self.at("payer"), True, True),
            AccountMeta(self.asset.token_account(self.at(person)), False, True),
            AccountMeta(self.at(person), False, False),
            AccountMeta(self.asset.mint, False, False),
            AccountMeta(SYSTEM_PROGRAM, False, False),
            AccountMeta(self.asset.token_program, False, False),
        ]
        return Instruction(ASSOCIATED_PROGRAM, b"\1", metas)

    def admit(self, person: str, **changes: Any) -> list[Instruction]:
        """Register a person with a wallet that has the person's name."""
        compliance, identity = self.at("compliance"), digest(person)
        terms: dict[str, Any] = {"country": GERMANY, "lock_up_until_s": 0, "cap": CAP_ATOMS}
        return [
            self.asset.register_investor(compliance, identity, **{**terms, **changes}),
            self.asset.register_wallet(compliance, identity, self.at(person)),
            self.open_account(person),
        ]

    def set_up(self) -> None:
        """An asset with its mint; alice and bob admitted."""
        self.send(self.register())
        self.send(self.create_mint())
        for person in ("alice", "bob"):
            self.send(*self.admit(person))

    def table(self, *rows: tuple[str, int]) -> Table:
        """The table of the next issuance."""
        account = self.registry.issuance(self.asset.address, self.issuances)
        return Table(account, [Row(self.at(person), atoms) for person, atoms in rows])

    def propose(self, table: Table, approvals: int = 2) -> int:
        """Propose an issuance and let so many approve it; return its index."""
        index = self.issuances
        self.send(self.asset.propose_issuance(self.at("issuer"), index, table))
        for approver in self.approvers[:approvals]:
            self.send(self.asset.approve_issuance(approver.pubkey(), index, table.root))
        self.issuances += 1
        return index

    def issue(self, *rows: tuple[str, int]) -> None:
        """Issue a table that two approved."""
        table = self.table(*rows)
        index = self.propose(table)
        for row, (person, _) in enumerate(rows):
            self.send(self.asset.issue(index, table, row, digest(person)))

    def dividend(self, index: int = 0) -> Dividend:
        """A dividend in money."""
        return Dividend(self.asset, index, self.money, TOKEN_PROGRAM)
