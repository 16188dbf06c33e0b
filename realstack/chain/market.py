"""The market program: addresses, and a builder for each of its instructions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from realstack.chain import idl

IDL = idl.load("market")

HOUSE_FEE = 0
HOUSE_CLEARING = 1
RECEIPT_BATCH = 0
RECEIPT_WITHDRAWAL = 1

MINTS_MAX = 20
EXIT_DELAY_SLOTS_MIN = 150
EXIT_DELAY_SLOTS_MAX = 1_512_000


@dataclass(frozen=True, slots=True)
class Roles:
    """Who may do what, and how long an exit takes."""

    settlement_authority: Pubkey
    pauser: Pubkey
    exit_delay_slots: int


@dataclass(frozen=True, slots=True)
class Token:
    """A mint and the token program that owns it."""

    mint: Pubkey
    program: Pubkey


@dataclass(frozen=True, slots=True)
class Delta:
    """Atoms of a token that an owner's vault gets (above zero) or gives (below)."""

    owner: Pubkey
    token: Token
    atoms: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What is settled at once: its number, the hash of its fills, and until when it may run."""

    batch_id: int
    fills_hash: bytes
    deadline_slot: int
    deltas: Sequence[Delta]


class Market:
    """The market program at one address."""

    def __init__(self, program_id: Pubkey = IDL.address) -> None:
        """Work out the addresses that do not depend on a participant."""
        self.program_id = program_id
        self.config, _ = self._find(b"config")
        self.authority, _ = self._find(b"authority")
        self._vaults: dict[tuple[Pubkey, Pubkey], tuple[Pubkey, int]] = {}

    def _find(self, *seeds: bytes) -> tuple[Pubkey, int]:
        return Pubkey.find_program_address(list(seeds), self.program_id)

    def vault(self, owner: Pubkey, mint: Pubkey) -> tuple[Pubkey, int]:
        """Return address and bump of a vault."""
        if (owner, mint) not in self._vaults:
            self._vaults[owner, mint] = self._find(b"vault", bytes(owner), bytes(mint))
        return self._vaults[owner, mint]

    def clearing_vault(self, mint: Pubkey) -> tuple[Pubkey, int]:
        """Return address and bump of a mint's clearing vault."""
        return self.vault(self.authority, mint)

    def fee_vault(self, mint: Pubkey) -> tuple[Pubkey, int]:
        """Return address and bump of a mint's fee vault; its owner is the config."""
        return self.vault(self.config, mint)

    def mint_record(self, mint: Pubkey) -> Pubkey:
        """Return the address of a mint's record."""
        return self._find(b"mint", bytes(mint))[0]

    def exit_address(self, owner: Pubkey) -> Pubkey:
        """Return the address of an owner's exit."""
        return self._find(b"exit", bytes(owner))[0]

    def receipt(self, kind: int, number: int) -> Pubkey:
        """Return the address of the receipt of a batch or a withdrawal."""
        seed = b"batch" if kind == RECEIPT_BATCH else b"withdrawal"
        return self._find(seed, number.to_bytes(8, "little"))[0]

    def _build(
        self,
        name: str,
        accounts: Mapping[str, Pubkey],
        arguments: Mapping[str, Any] | None = None,
        remaining: Sequence[AccountMeta] = (),
    ) -> Instruction:
        known = {"config": self.config, "vault_authority": self.authority, **accounts}
        return IDL.instruction(self.program_id, name, known, arguments or {}, remaining)

    def initialize(self, *, payer: Pubkey, authority: Pubkey, roles: Roles) -> Instruction:
        """Build the creation of the config; payer, authority and the program's key sign."""
        accounts = {"payer": payer, "authority": authority, "program": self.program_id}
        return self._build("initialize", accounts, _roles(roles))

    def set_roles(self, *, authority: Pubkey, roles: Roles) -> Instruction:
        """Build a change of roles; the authority signs."""
        return self._build("set_roles", {"authority": authority}, _roles(roles))

    def propose_authority(self, *, authority: Pubkey, proposed: Pubkey) -> Instruction:
        """Build the naming of the next authority; the present one signs."""
        arguments = {"proposed_authority": proposed}
        return self._build("propose_authority", {"authority": authority}, arguments)

    def accept_authority(self, *, proposed: Pubkey) -> Instruction:
        """Build the taking over; the next authority signs."""
        return self._build("accept_authority", {"proposed_authority": proposed})

    def set_paused(self, *, signer: Pubkey, paused: bool) -> Instruction:
        """Build a stop (pauser or authority signs) or a resumption (authority signs)."""
        return self._build("set_paused", {"signer": signer}, {"paused": paused})

    def register_mint(self, *, payer: Pubkey, authority: Pubkey, token: Token) -> Instruction:
        """Build the acceptance of a mint; payer and authority sign."""
        accounts = {
            "payer": payer,
            "authority": authority,
            "mint_record": self.mint_record(token.mint),
            "clearing_vault": self.clearing_vault(token.mint)[0],
            "fee_vault": self.fee_vault(token.mint)[0],
            **_token(token),
        }
        return self._build("register_mint", accounts)

    def open_vault(self, *, payer: Pubkey, owner: Pubkey, token: Token) -> Instruction:
        """Build the making of a vault; the payer signs."""
        accounts = {
            "payer": payer,
            "mint_record": self.mint_record(token.mint),
            "vault": self.vault(owner, token.mint)[0],
            **_token(token),
        }
        return self._build("open_vault", accounts, {"owner": owner})

    def deposit(
        self, *, owner: Pubkey, token: Token, source: Pubkey, amount_atoms: int
    ) -> Instruction:
        """Build a deposit; the owner signs."""
        vault, bump = self.vault(owner, token.mint)
        accounts = {"owner": owner, "source": source, "vault": vault, **_token(token)}
        arguments = {"amount_atoms": amount_atoms, "vault_bump": bump}
        return self._build("deposit", accounts, arguments)

    def settle_set(
        self, *, payer: Pubkey, settlement_authority: Pubkey, batch: Batch
    ) -> Instruction:
        """Build a settlement in the set form; payer and settlement authority sign."""
        tokens = _tokens(batch)
        remaining = [
            AccountMeta(address, is_signer=False, is_writable=False)
            for token in tokens
            for address in (token.mint, token.program)
        ]
        arguments, vaults = self._legs(batch, tokens)
        arguments["mint_count"] = len(tokens)
        accounts = self._head(payer, settlement_authority, batch)
        return self._build("settle_set", accounts, arguments, [*remaining, *vaults])

    def settle_clearing(
        self, *, payer: Pubkey, settlement_authority: Pubkey, batch: Batch
    ) -> Instruction:
        """Build a settlement in the clearing form; payer and settlement authority sign."""
        tokens = _tokens(batch)
        remaining: list[AccountMeta] = []
        bumps = bytearray()
        for token in tokens:
            vault, bump = self.clearing_vault(token.mint)
            remaining += [
                AccountMeta(token.mint, is_signer=False, is_writable=False),
                AccountMeta(token.program, is_signer=False, is_writable=False),
                AccountMeta(vault, is_signer=False, is_writable=True),
            ]
            bumps.append(bump)
        arguments, vaults = self._legs(batch, tokens)
        arguments["clearing_bumps"] = bytes(bumps)
        accounts = self._head(payer, settlement_authority, batch)
        return self._build("settle_clearing", accounts, arguments, [*remaining, *vaults])

    def _head(self, payer: Pubkey, authority: Pubkey, batch: Batch) -> dict[str, Pubkey]:
        return {
            "payer": payer,
            "settlement_authority": authority,
            "receipt": self.receipt(RECEIPT_BATCH, batch.batch_id),
        }

    def _legs(
        self, batch: Batch, tokens: Sequence[Token]
    ) -> tuple[dict[str, Any], list[AccountMeta]]:
        """Lay out participants and legs, both in the rising order that the program asks for."""
        places = {token: index for index, token in enumerate(tokens)}
        ordered = sorted(batch.deltas, key=lambda one: (bytes(one.owner), places[one.token]))
        participants: list[dict[str, Any]] = []
        legs, vaults = [], []
        for delta in ordered:
            if not participants or participants[-1]["owner"] != delta.owner:
                participants.append({"owner": delta.owner, "leg_count": 0})
            participants[-1]["leg_count"] += 1
            vault, bump = self.vault(delta.owner, delta.token.mint)
            place = places[delta.token]
            legs.append({"mint_index": place, "vault_bump": bump, "delta_atoms": delta.atoms})
            vaults.append(AccountMeta(vault, is_signer=False, is_writable=True))
        arguments: dict[str, Any] = {
            "batch_id": batch.batch_id,
            "fills_hash": batch.fills_hash,
            "deadline_slot": batch.deadline_slot,
            "participants": participants,
            "legs": legs,
        }
        return arguments, vaults

    def withdraw(
        self,
        *,
        payer: Pubkey,
        settlement_authority: Pubkey,
        owner: Pubkey,
        token: Token,
        destination: Pubkey,
        withdrawal_id: int,
        amount_atoms: int,
        deadline_slot: int,
    ) -> Instruction:
        """Build a withdrawal; payer, settlement authority and owner sign."""
        vault, bump = self.vault(owner, token.mint)
        accounts = {
            "payer": payer,
            "settlement_authority": settlement_authority,
            "owner": owner,
            "receipt": self.receipt(RECEIPT_WITHDRAWAL, withdrawal_id),
            "vault": vault,
            "destination": destination,
            **_token(token),
        }
        arguments = {
            "withdrawal_id": withdrawal_id,
            "amount_atoms": amount_atoms,
            "deadline_slot": deadline_slot,
            "vault_bump": bump,
        }
        return self._build("withdraw", accounts, arguments)

    def request_exit(self, *, payer: Pubkey, owner: Pubkey) -> Instruction:
        """Build the request to leave; payer and owner sign."""
        accounts = {"payer": payer, "owner": owner, "exit": self.exit_address(owner)}
        return self._build("request_exit", accounts)

    def exit(self, *, owner: Pubkey, token: Token, destination: Pubkey) -> Instruction:
        """Build the payment of a whole vault after the delay; the owner signs."""
        vault, bump = self.vault(owner, token.mint)
        accounts = {
            "owner": owner,
            "exit": self.exit_address(owner),
            "vault": vault,
            "destination": destination,
            **_token(token),
        }
        return self._build("exit", accounts, {"vault_bump": bump})

    def close_exit(self, *, owner: Pubkey) -> Instruction:
        """Build the end of an exit; the owner signs and gets the rent."""
        return self._build("close_exit", {"owner": owner, "exit": self.exit_address(owner)})

    def withdraw_house(
        self, *, authority: Pubkey, house: int, token: Token, destination: Pubkey, amount_atoms: int
    ) -> Instruction:
        """Build a payment from the fee or the clearing vault; the authority signs."""
        find = self.fee_vault if house == HOUSE_FEE else self.clearing_vault
        vault, bump = find(token.mint)
        accounts = {
            "authority": authority,
            "vault": vault,
            "destination": destination,
            **_token(token),
        }
        arguments = {"house": house, "amount_atoms": amount_atoms, "vault_bump": bump}
        return self._build("withdraw_house", accounts, arguments)

    def advance_mark(self, *, settlement_authority: Pubkey, kind: int, mark: int) -> Instruction:
        """Build the raising of a mark; the settlement authority signs."""
        accounts = {"settlement_authority": settlement_authority}
        return self._build("advance_mark", accounts, {"kind": kind, "mark": mark})

    def close_receipt(self, *, kind: int, number: int, payer: Pubkey) -> Instruction:
        """Build the closing of a receipt; no one has to sign."""
        return self._build("close_receipt", {"receipt": self.receipt(kind, number), "payer": payer})


def _roles(roles: Roles) -> dict[str, Any]:
    return {
        "settlement_authority": roles.settlement_authority,
        "pauser": roles.pauser,
        "exit_delay_slots": roles.exit_delay_slots,
    }


def _token(token: Token) -> dict[str, Pubkey]:
    return {"mint": token.mint, "token_program": token.program}


def _tokens(batch: Batch) -> list[Token]:
    """Return the tokens of a batch in the rising order of their mints."""
    return sorted({delta.token for delta in batch.deltas}, key=lambda token: bytes(token.mint))
