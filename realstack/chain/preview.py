"""What a transaction would do, in plain language, before it is signed.

Every instruction is told. One that is not known, or not exactly as its program takes it, is said to
be unknown: who signs then trusts whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0, MessageV1
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from realstack.chain import governance, market, ordinary, sentences, token
from realstack.chain.idl import Idl
from realstack.chain.moves import Move, batch_moves, written

LAMPORTS_PER_SIGNATURE = 5_000
SOL_DECIMALS = 9
_WORDS: dict[str, tuple[str, ...]] = {
    "choice": ("no", "yes", "abstain"),
    "house": ("fees", "clearing"),
    "mode": ("which anyone may pass on", "which only the program moves"),
    "kind": ("batches", "withdrawals"),
    "role": ("issuer", "compliance", "recovery"),
}


@dataclass(frozen=True, slots=True)
class Mint:
    """What a person calls a mint, and where its point is."""

    symbol: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of addresses; what is not in here is shown as it is.

    Attributes:
        mints: Symbol and decimals of mints, from the chain or a list that is trusted.
        names: Names of addresses, such as the person's own wallet.
        programs: Where the programs are, and the IDL and sentences of each.
        tables: Lookup tables that the transaction uses.
    """

    mints: Mapping[Pubkey, Mint] = field(default_factory=dict)
    names: Mapping[Pubkey, str] = field(default_factory=dict)
    programs: Mapping[Pubkey, tuple[str, Idl, Mapping[str, sentences.Sentence]]] = field(
        default_factory=lambda: PROGRAMS
    )
    tables: Sequence[AddressLookupTableAccount] = ()

    def name(self, address: Pubkey) -> str:
        """Return how an address is shown."""
        known = self.names.get(address)
        return str(address) if known is None else f"{known} ({address})"

    def amount(self, atoms: int, mint: Pubkey) -> str:
        """Return an amount in units, or in atoms when the mint is not known."""
        known = self.mints.get(mint)
        if known is None:
            return f"{atoms} atoms of the unknown mint {mint}"
        return f"{written(atoms, known.decimals)} {known.symbol}"


PROGRAMS: Mapping[Pubkey, tuple[str, Idl, Mapping[str, sentences.Sentence]]] = {
    market.IDL.address: ("market", market.IDL, sentences.MARKET),
    token.IDL.address: ("token", token.IDL, sentences.TOKEN),
    governance.IDL.address: ("governance", governance.IDL, sentences.GOVERNANCE),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One instruction.

    Attributes:
        program: The name of its program, or its address.
        instruction: Its name; empty when it is unknown.
        text: What it does.
        moves: Tokens and coins that it moves.
        inside: What it runs in turn, for a proposal that is carried out.
    """

    program: str
    instruction: str
    text: str
    moves: tuple[Move, ...] = ()
    inside: tuple[Line, ...] = ()

    @property
    def is_known(self) -> bool:
        """Tell whether all of it is known."""
        return bool(self.instruction) and all(line.is_known for line in self.inside)


@dataclass(frozen=True, slots=True)
class Preview:
    """A transaction: who signs, what it costs, what it does."""

    payer: Pubkey
    signers: tuple[Pubkey, ...]
    fee_lamports: int
    lines: tuple[Line, ...]

    @property
    def is_known(self) -> bool:
        """Tell whether every instruction is known."""
        return all(line.is_known for line in self.lines)

    def text(self, known: Known) -> list[str]:
        """Return it for people, line by line."""
        told = [line for one in self.lines for line in _told(one, "")]
        fee = f"Fee: at most {written(self.fee_lamports, SOL_DECIMALS)} SOL, "
        told.append(f"{fee}paid by {known.name(self.payer)}.")
        told.append(f"Signed by: {', '.join(known.name(one) for one in self.signers)}.")
        if not self.is_known:
            told.append("Do not sign unless you trust whoever wrote it: not all of it is known.")
        return told


def preview(transaction: VersionedTransaction, known: Known) -> Preview:
    """Tell what a transaction would do; it may be signed or not."""
    message = transaction.message
    steps = instructions_of(transaction, known.tables)
    signers = tuple(message.account_keys[: message.header.num_required_signatures])
    priority = ordinary.priority_fee_lamports(steps)
    if isinstance(message, MessageV1):
        priority += int(getattr(message.config, "priority_fee", 0) or 0)
    return Preview(
        payer=signers[0],
        signers=signers,
        fee_lamports=LAMPORTS_PER_SIGNATURE * len(signers) + priority,
        lines=tuple(explain(step, known) for step in steps),
    )


def instructions_of(
    transaction: VersionedTransaction, tables: Sequence[AddressLookupTableAccount] = ()
) -> list[Instruction]:
    """Return a transaction's instructions with full accounts.

    An account in a table that is not given becomes the default address, so that the instruction
    that names it is told as unknown or refused by its program.
    """
    message = transaction.message
    keys = list(message.account_keys)
    if isinstance(message, MessageV0):
        found = {table.key: table.addresses for table in tables}
        lookups = message.address_table_lookups
        for indexes in ("writable_indexes", "readonly_indexes"):
            for lookup in lookups:
                addresses = found.get(lookup.account_key, [])
                for index in bytes(getattr(lookup, indexes)):
                    is_there = index < len(addresses)
                    keys.append(addresses[index] if is_there else Pubkey.default())
    signed = message.header.num_required_signatures
    return [
        Instruction(
            keys[step.program_id_index],
            bytes(step.data),
            [AccountMeta(keys[one], one < signed, False) for one in bytes(step.accounts)],
        )
        for step in message.instructions
    ]


def explain(step: Instruction, known: Known) -> Line:
    """Tell what one instruction does."""
    if step.program_id not in known.programs:
        told = ordinary.explain(step, known)
        if told is not None:
            return Line(*told)
        return _unknown(str(step.program_id), "Call a program that is not known")
    program, idl, table = known.programs[step.program_id]
    read = idl.read_instruction(step)
    if read is None:
        return _unknown(program, f"Call the {program} program in a way that is not known")
    name, accounts, arguments, rest = read
    sentence = table[name]
    moves = _moves(sentence, accounts, arguments)
    if name in ("settle_set", "settle_clearing"):
        settled = batch_moves(name, arguments, [meta.pubkey for meta in rest])
        if settled is None:
            return _unknown(program, "Settle a batch whose accounts do not fit its legs")
        moves = settled
    inside = (_inside(arguments, accounts, rest, known),) if name == "execute" else ()
    words = _words(sentence, accounts, arguments, known)
    details = [_leg(move, known) for move in moves] if name.startswith("settle_") else []
    return Line(program, name, " ".join([sentence.text.format_map(words), *details]), moves, inside)


def _unknown(program: str, what: str) -> Line:
    return Line(program, "", f"UNKNOWN: {what}. It may do anything that your signature allows.")


def _moves(
    sentence: sentences.Sentence, accounts: Mapping[str, Pubkey], arguments: Mapping[str, Any]
) -> tuple[Move, ...]:
    if not sentence.source and not sentence.target:
        return ()
    atoms = arguments[sentence.amount] if sentence.amount else None
    mint = accounts[sentence.mint]
    return (Move(mint, atoms, accounts.get(sentence.source), accounts.get(sentence.target)),)


def _leg(move: Move, known: Known) -> str:
    amount = known.amount(move.atoms or 0, move.mint)
    if move.target is None:
        return f"{known.name(move.source or move.mint)} gives {amount}."
    return f"{known.name(move.target)} gets {amount}."


def _words(
    sentence: sentences.Sentence,
    accounts: Mapping[str, Pubkey],
    arguments: Mapping[str, Any],
    known: Known,
) -> dict[str, str]:
    words = {f"{name}_argument": _word(name, value, known) for name, value in arguments.items()}
    words |= {name: _word(name, value, known) for name, value in arguments.items()}
    words |= {name: known.name(address) for name, address in accounts.items()}
    for mint in ("mint", "payment_mint"):
        if mint in accounts and accounts[mint] in known.mints:
            words[mint] = f"{known.mints[accounts[mint]].symbol} ({accounts[mint]})"
    if sentence.amount:
        words["amount"] = known.amount(arguments[sentence.amount], accounts[sentence.mint])
    return words


def _word(name: str, value: Any, known: Known) -> str:
    """Write a value for people, by its argument's name where that says what it is."""
    if isinstance(value, Pubkey):
        return known.name(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return ", ".join(_word("", one, known) for one in value) or "none"
    if isinstance(value, str):
        # A person must not take what a name contains for another line of the preview.
        return repr(value)
    if name in _WORDS:
        words = _WORDS[name]
        return words[value] if 0 <= value < len(words) else f"number {value}"
    if name.endswith("_bps"):
        return f"{written(value, 2)} %"
    if name in ("lock_up_until_s", "expires_s"):
        return _time(value)
    return str(value)


def _time(value: int) -> str:
    if value == 0:
        return "no time"
    try:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{value} s after 1970"


def _inside(
    arguments: Mapping[str, Any],
    accounts: Mapping[str, Pubkey],
    rest: Sequence[AccountMeta],
    known: Known,
) -> Line:
    """Tell what a proposal runs: the program, flags and bytes that its hash is over."""
    flags = arguments["flags"]
    if len(flags) != len(rest):
        return _unknown("governance", "Run an instruction whose accounts do not fit its flags")
    metas = [
        AccountMeta(meta.pubkey, bool(flag & 1), bool(flag & 2))
        for meta, flag in zip(rest, flags, strict=True)
    ]
    return explain(Instruction(accounts["target_program"], arguments["data"], metas), known)


def _told(line: Line, indent: str) -> list[str]:
    inside = [told for one in line.inside for told in _told(one, f"{indent}  ")]
    return [f"{indent}{line.text}", *inside]
