"""The token program: its addresses, and its instructions built from what a caller knows."""

from __future__ import annotations

from typing import Any

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from realstack.chain import idl
from realstack.chain.merkle import Table

IDL = idl.load("token")

TOKEN_PROGRAM = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
TOKEN_2022_PROGRAM = Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
ASSOCIATED_PROGRAM = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")

MODE_OPEN = 0
MODE_MANAGED = 1
ROLE_ISSUER = 0
ROLE_COMPLIANCE = 1
ROLE_RECOVERY = 2
ROLE_APPROVERS = 3
"""The first approver's seat; the next ones follow."""


class Registry:
    """The token program at one address: every address that it derives."""

    def __init__(self, program_id: Pubkey = IDL.address) -> None:
        """Name the program."""
        self.program_id = program_id

    def _find(self, *seeds: bytes) -> Pubkey:
        return Pubkey.find_program_address(list(seeds), self.program_id)[0]

    def asset(self, creator: Pubkey, asset_id: bytes) -> Pubkey:
        """Return the address of an asset."""
        return self._find(b"asset", bytes(creator), asset_id)

    def mint(self, asset: Pubkey) -> Pubkey:
        """Return the address of an asset's mint."""
        return self._find(b"mint", bytes(asset))

    def document(self, asset: Pubkey, version: int) -> Pubkey:
        """Return the address of a document; versions begin at 1."""
        return self._find(b"document", bytes(asset), version.to_bytes(4, "little"))

    def investor(self, asset: Pubkey, identity: bytes) -> Pubkey:
        """Return the address of an identity."""
        return self._find(b"investor", bytes(asset), identity)

    def holder(self, asset: Pubkey, wallet: Pubkey) -> Pubkey:
        """Return the address of a wallet's entry on the allow-list."""
        return self._find(b"holder", bytes(asset), bytes(wallet))

    def issuance(self, asset: Pubkey, index: int) -> Pubkey:
        """Return the address of an issuance; they count from 0."""
        return self._find(b"issuance", bytes(asset), index.to_bytes(8, "little"))

    def dividend(self, asset: Pubkey, index: int) -> Pubkey:
        """Return the address of a dividend; they count from 0."""
        return self._find(b"dividend", bytes(asset), index.to_bytes(8, "little"))

    def dividend_vault(self, dividend: Pubkey) -> Pubkey:
        """Return the address of a dividend's money."""
        return self._find(b"vault", bytes(dividend))

    def build(self, name: str, accounts: dict[str, Pubkey], /, **arguments: Any) -> Instruction:
        """Build an instruction of the IDL.

        Args:
            name: The instruction.
            accounts: An address for each account that has no fixed one.
            arguments: A value for each argument.

        Raises:
            BorshError: An argument is missing, not known, or does not fit.
            KeyError: An account is missing, or there is no such instruction.
        """
        return IDL.instruction(self.program_id, name, accounts, arguments)


def associated_account(wallet: Pubkey, mint: Pubkey, token_program: Pubkey) -> Pubkey:
    """Return the address of a wallet's associated token account."""
    seeds = [bytes(wallet), bytes(token_program), bytes(mint)]
    return Pubkey.find_program_address(seeds, ASSOCIATED_PROGRAM)[0]


class Asset:
    """An asset and its mint: instructions with every derived address filled in."""

    def __init__(self, registry: Registry, address: Pubkey, token_program: Pubkey) -> None:
        """Name the asset.

        Args:
            registry: The program.
            address: The asset's account.
            token_program: The program of its mint.
        """
        self.registry = registry
        self.address = address
        self.token_program = token_program
        self.mint = registry.mint(address)

    def token_account(self, wallet: Pubkey) -> Pubkey:
        """Return a wallet's associated account of the mint."""
        return associated_account(wallet, self.mint, self.token_program)

    def _build(self, name: str, accounts: dict[str, Pubkey], /, **arguments: Any) -> Instruction:
        mine = {"asset": self.address, "mint": self.mint, "token_program": self.token_program}
        return self.registry.build(name, {**mine, **accounts}, **arguments)

    def _party(self, wallet: Pubkey, identity: bytes, prefix: str = "") -> dict[str, Pubkey]:
        return {
            f"{prefix}investor": self.registry.investor(self.address, identity),
            f"{prefix}holder": self.registry.holder(self.address, wallet),
        }

    def create_mint(self, issuer: Pubkey, *, decimals: int, mode: int, uri: str) -> Instruction:
        """Make the mint: `mode` is `MODE_OPEN` or `MODE_MANAGED`."""
        accounts = {"issuer": issuer}
        return self._build("create_mint", accounts, decimals=decimals, mode=mode, uri=uri)

    def add_document(
        self, issuer: Pubkey, version: int, *, kind: int, hash: bytes, uri: str
    ) -> Instruction:
        """Add the document that becomes `version`: the number of documents plus one."""
        accounts = {"issuer": issuer, "document": self.registry.document(self.address, version)}
        return self._build("add_document", accounts, kind=kind, hash=hash, uri=uri)

    def register_investor(
        self, compliance: Pubkey, identity: bytes, *, country: int, lock_up_until_s: int, cap: int
    ) -> Instruction:
        """Register an identity; `cap` is in atoms, over all its wallets."""
        investor = self.registry.investor(self.address, identity)
        return self._build(
            "register_investor",
            {"compliance": compliance, "investor": investor},
            identity=identity,
            country=country,
            lock_up_until_s=lock_up_until_s,
            cap_atoms=cap,
        )

    def register_wallet(self, compliance: Pubkey, identity: bytes, wallet: Pubkey) -> Instruction:
        """Put a wallet of an identity on the allow-list."""
        accounts = {"compliance": compliance, "wallet": wallet, **self._party(wallet, identity)}
        return self._build("register_wallet", accounts)

    def propose_issuance(self, issuer: Pubkey, index: int, table: Table) -> Instruction:
        """Propose to issue what a table says."""
        accounts = {"issuer": issuer, "issuance": self.registry.issuance(self.address, index)}
        return self._build(
            "propose_issuance",
            accounts,
            root=table.root,
            rows=len(table.rows),
            total_atoms=table.total_atoms,
        )

    def approve_issuance(self, approver: Pubkey, index: int, root: bytes) -> Instruction:
        """Approve the issuance of the table with that root."""
        accounts = {"approver": approver, "issuance": self.registry.issuance(self.address, index)}
        return self._build("approve_issuance", accounts, root=root)

    def issue(self, index: int, table: Table, row: int, identity: bytes) -> Instruction:
        """Issue a row to the associated account of its wallet, which belongs to `identity`."""
        wallet = table.rows[row].wallet
        accounts = {
            "issuance": self.registry.issuance(self.address, index),
            "token_account": self.token_account(wallet),
            **self._party(wallet, identity),
        }
        return self._build(
            "issue", accounts, index=row, atoms=table.rows[row].atoms, proof=table.proof(row)
        )

    def move(
        self,
        signers: dict[str, Pubkey],
        source: tuple[Pubkey, bytes],
        destination: tuple[Pubkey, bytes],
        **arguments: Any,
    ) -> Instruction:
        """Move tokens between associated accounts of (wallet, identity) pairs.

        A transfer when `signers` is the owner, a forced one when they are recovery and compliance.
        """
        accounts = {
            **signers,
            "source": self.token_account(source[0]),
            "destination": self.token_account(destination[0]),
            **self._party(*source, "source_"),
            **self._party(*destination, "destination_"),
        }
        name = "transfer" if "owner" in signers else "forced_transfer"
        return self._build(name, accounts, **arguments)

    def on_account(
        self,
        name: str,
        signers: dict[str, Pubkey],
        wallet: Pubkey,
        identity: bytes,
        **arguments: Any,
    ) -> Instruction:
        """Freeze, thaw, burn or force the burning of a wallet's associated account."""
        accounts = {"token_account": self.token_account(wallet), **self._party(wallet, identity)}
        return self._build(name, {**signers, **accounts}, **arguments)

    def by_compliance(self, name: str, compliance: Pubkey, **arguments: Any) -> Instruction:
        """Pause, or block countries."""
        return self._build(name, {"compliance": compliance}, **arguments)

    def hand_over(self, holder: Pubkey, following: Pubkey, role: int) -> Instruction:
        """Hand a role over; both sign."""
        return self._build("hand_over", {"holder": holder, "next": following}, role=role)


class Dividend:
    """A dividend of an asset, paid in some mint."""

    def __init__(self, asset: Asset, index: int, mint: Pubkey, token_program: Pubkey) -> None:
        """Name the dividend and its money."""
        self.asset = asset
        self.mint = mint
        self.token_program = token_program
        self.address = asset.registry.dividend(asset.address, index)
        self.vault = asset.registry.dividend_vault(self.address)

    def _build(self, name: str, accounts: dict[str, Pubkey], /, **arguments: Any) -> Instruction:
        mine = {
            "dividend": self.address,
            "vault": self.vault,
            "payment_mint": self.mint,
            "payment_token_program": self.token_program,
        }
        return self.asset.registry.build(name, {**mine, **accounts}, **arguments)

    def account_of(self, wallet: Pubkey) -> Pubkey:
        """Return a wallet's associated account of the money's mint."""
        return associated_account(wallet, self.mint, self.token_program)

    def create(
        self, issuer: Pubkey, table: Table, *, funded_atoms: int, snapshot_slot: int, expires_s: int
    ) -> Instruction:
        """Pay in from the issuer's associated account."""
        return self._build(
            "create_dividend",
            {"issuer": issuer, "asset": self.asset.address, "source": self.account_of(issuer)},
            root=table.root,
            rows=len(table.rows),
            total_atoms=table.total_atoms,
            funded_atoms=funded_atoms,
            snapshot_slot=snapshot_slot,
            expires_s=expires_s,
        )

    def pay(self, name: str, table: Table, row: int) -> Instruction:
        """Pay a row: `claim_dividend`, signed by its wallet, or `push_dividend`, by anyone."""
        wallet = table.rows[row].wallet
        accounts = {"wallet": wallet, "destination": self.account_of(wallet)}
        atoms, proof = table.rows[row].atoms, table.proof(row)
        return self._build(name, accounts, index=row, atoms=atoms, proof=proof)

    def close(self, issuer: Pubkey) -> Instruction:
        """Give what is left back to the issuer's associated account."""
        accounts = {
            "issuer": issuer,
            "asset": self.asset.address,
            "destination": self.account_of(issuer),
        }
        return self._build("close_dividend", accounts)
