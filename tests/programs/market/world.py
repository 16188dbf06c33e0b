"""A chain in this process with the committed program, two mints and people with tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from solders.account import Account
from solders.compute_budget import set_compute_unit_limit
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata, TransactionMetadata

from realstack.chain.idl import Event
from realstack.chain.market import IDL, Batch, Delta, Market, Roles, Token

PROGRAM = Path(__file__).resolve().parents[3] / "programs" / "bin" / "market.so"
TOKEN_PROGRAM = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
TOKEN_2022_PROGRAM = Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")

EXIT_DELAY_SLOTS = 150
DEADLINE_SLOTS = 1_000
LAMPORTS = 10**12
WALLET_ATOMS = 10**12


class Refused(Exception):
    """A transaction failed; `code` is the program's own number, where it has one."""

    def __init__(self, failed: FailedTransactionMetadata) -> None:
        self.meta = failed.meta()
        self.text = str(failed.err())
        inner = getattr(failed.err(), "err", None)
        self.code: int | None = getattr(inner, "code", None)
        super().__init__(f"{self.text} {self.code} {self.meta.logs()}")

    @property
    def name(self) -> str:
        """The name of the program's error."""
        known = None if self.code is None else IDL.errors.get(self.code)
        return self.text if known is None else known[0]


def key(name: str) -> Keypair:
    """The same key for the same name, in every run."""
    return Keypair.from_seed(hashlib.sha256(name.encode()).digest())


def mint_data(decimals: int = 6, extensions: Sequence[tuple[int, bytes]] = ()) -> bytes:
    """The bytes of a mint without authorities, with Token-2022 extensions if there are any."""
    base = bytes(36) + (10**15).to_bytes(8, "little") + bytes([decimals, 1]) + bytes(36)
    if not extensions:
        return base
    tail = b"".join(
        kind.to_bytes(2, "little") + len(data).to_bytes(2, "little") + data
        for kind, data in extensions
    )
    return base + bytes(165 - len(base)) + b"\1" + tail


def token_account_data(mint: Pubkey, owner: Pubkey, atoms: int) -> bytes:
    """The bytes of a token account."""
    return bytes(mint) + bytes(owner) + atoms.to_bytes(8, "little") + bytes(36) + b"\1" + bytes(56)


class World:
    """The chain, and shorthand for what tests do on it."""

    def __init__(self) -> None:
        self.svm = LiteSVM()
        self.program = key("realstack.market")
        self.market = Market(self.program.pubkey())
        self.svm.add_program(self.program.pubkey(), PROGRAM.read_bytes())
        self.payer, self.authority = key("payer"), key("authority")
        self.settler, self.pauser = key("settler"), key("pauser")
        self.alice, self.bob, self.carol = key("alice"), key("bob"), key("carol")
        self.stranger = key("stranger")
        for person in (self.payer, self.stranger, self.alice):
            self.svm.airdrop(person.pubkey(), LAMPORTS)
        self.house, self.cash = (
            self.add_mint("house token"),
            self.add_mint("cash", program=TOKEN_PROGRAM),
        )
        self.next_batch_id = 1

    # --- what is there -----------------------------------------------------------------------

    def add_mint(
        self, name: str, data: bytes | None = None, program: Pubkey = TOKEN_PROGRAM
    ) -> Token:
        """Put a mint there."""
        token = Token(key(name).pubkey(), program)
        self.put(token.mint, data or mint_data(), program)
        return token

    def put(self, address: Pubkey, data: bytes, owner: Pubkey, lamports: int = 10**9) -> None:
        """Write an account past all rules."""
        self.svm.set_account(address, Account(lamports=lamports, data=data, owner=owner))

    def wallet(self, owner: Pubkey, token: Token, atoms: int = WALLET_ATOMS) -> Pubkey:
        """The token account of someone, made when it is not there."""
        seed = hashlib.sha256(bytes(owner) + bytes(token.mint)).hexdigest()
        address = key(seed).pubkey()
        if self.svm.get_account(address) is None:
            self.put(address, token_account_data(token.mint, owner, atoms), token.program)
        return address

    def atoms(self, address: Pubkey) -> int:
        """What lies in a token account."""
        account = self.svm.get_account(address)
        return 0 if account is None else int.from_bytes(account.data[64:72], "little")

    def vault_atoms(self, owner: Pubkey, token: Token) -> int:
        """What lies in a vault."""
        return self.atoms(self.market.vault(owner, token.mint)[0])

    def state(self, address: Pubkey) -> dict[str, object]:
        """Read an account of the program."""
        account = self.svm.get_account(address)
        assert account is not None
        return IDL.account(account.data)[1]

    @property
    def slot(self) -> int:
        """The slot that programs see."""
        return self.svm.get_clock().slot

    # --- what happens ------------------------------------------------------------------------

    def send(self, *instructions: Instruction, signers: Sequence[Keypair]) -> TransactionMetadata:
        """Run a transaction; the payer pays and signs."""
        limit = set_compute_unit_limit(1_400_000)
        blockhash = self.svm.latest_blockhash()
        message = Message.new_with_blockhash([limit, *instructions], self.payer.pubkey(), blockhash)
        found = {one.pubkey(): one for one in (self.payer, *signers)}
        needed = message.account_keys[: message.header.num_required_signatures]
        keys = [found[address] for address in needed]
        result = self.svm.send_transaction(VersionedTransaction(message, keys))
        self.svm.expire_blockhash()
        if isinstance(result, FailedTransactionMetadata):
            raise Refused(result)
        return result

    def events(self, meta: TransactionMetadata) -> list[Event]:
        """What the program told."""
        return IDL.read_events(meta.logs(), self.program.pubkey())

    def roles(self) -> Roles:
        """The roles of this world."""
        return Roles(self.settler.pubkey(), self.pauser.pubkey(), EXIT_DELAY_SLOTS)

    def initialize(self) -> TransactionMetadata:
        """Create the config."""
        instruction = self.market.initialize(
            payer=self.payer.pubkey(), authority=self.authority.pubkey(), roles=self.roles()
        )
        return self.send(instruction, signers=[self.authority, self.program])

    def register(self, token: Token) -> TransactionMetadata:
        """Accept a mint."""
        instruction = self.market.register_mint(
            payer=self.payer.pubkey(), authority=self.authority.pubkey(), token=token
        )
        return self.send(instruction, signers=[self.authority])

    def open(self, owner: Pubkey, token: Token) -> TransactionMetadata:
        """Make a vault."""
        instruction = self.market.open_vault(payer=self.payer.pubkey(), owner=owner, token=token)
        return self.send(instruction, signers=[])

    def deposit(self, owner: Keypair, token: Token, atoms: int) -> TransactionMetadata:
        """Put tokens into a vault."""
        source = self.wallet(owner.pubkey(), token)
        instruction = self.market.deposit(
            owner=owner.pubkey(), token=token, source=source, amount_atoms=atoms
        )
        return self.send(instruction, signers=[owner])

    def batch(self, *deltas: Delta, batch_id: int | None = None) -> Batch:
        """A batch with the next number."""
        if batch_id is None:
            batch_id = self.next_batch_id
            self.next_batch_id += 1
        fills_hash = hashlib.sha256(str(batch_id).encode()).digest()
        return Batch(batch_id, fills_hash, self.slot + DEADLINE_SLOTS, deltas)

    def settle_set(self, batch: Batch) -> TransactionMetadata:
        """Settle in the set form."""
        instruction = self.market.settle_set(
            payer=self.payer.pubkey(), settlement_authority=self.settler.pubkey(), batch=batch
        )
        return self.send(instruction, signers=[self.settler])

    def settle_clearing(self, batch: Batch) -> TransactionMetadata:
        """Settle in the clearing form."""
        instruction = self.market.settle_clearing(
            payer=self.payer.pubkey(), settlement_authority=self.settler.pubkey(), batch=batch
        )
        return self.send(instruction, signers=[self.settler])

    def withdrawal(
        self, owner: Keypair, token: Token, atoms: int, withdrawal_id: int = 1
    ) -> Instruction:
        """A withdrawal to the owner's wallet."""
        return self.market.withdraw(
            payer=self.payer.pubkey(),
            settlement_authority=self.settler.pubkey(),
            owner=owner.pubkey(),
            token=token,
            destination=self.wallet(owner.pubkey(), token),
            withdrawal_id=withdrawal_id,
            amount_atoms=atoms,
            deadline_slot=self.slot + DEADLINE_SLOTS,
        )

    def request_exit(self, owner: Keypair) -> TransactionMetadata:
        """Ask to leave."""
        instruction = self.market.request_exit(payer=self.payer.pubkey(), owner=owner.pubkey())
        return self.send(instruction, signers=[owner])

    def warp(self, slots: int) -> None:
        """Let slots pass."""
        self.svm.warp_to_slot(self.slot + slots)

    def set_up(self) -> None:
        """Config, both mints, vaults of three people with some of each token."""
        self.initialize()
        for token in (self.house, self.cash):
            self.register(token)
            self.open_and_fund(token)

    def open_and_fund(self, token: Token) -> None:
        """Make the vaults of three people and put tokens into them."""
        for person in (self.alice, self.bob, self.carol):
            self.open(person.pubkey(), token)
            self.deposit(person, token, 1_000_000)
