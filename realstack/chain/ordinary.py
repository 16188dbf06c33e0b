"""The few instructions of Solana's own programs that a participant's transactions hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM

from realstack.chain.moves import Move, written
from realstack.chain.token import ASSOCIATED_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM

COMPUTE_PROGRAM = Pubkey.from_string("ComputeBudget111111111111111111111111111111")
COMPUTE_UNITS_PER_INSTRUCTION = 200_000
COMPUTE_UNITS_MAX = 1_400_000
SOL = Pubkey.default()
_SOL_DECIMALS = 9
_MICRO = 1_000_000
_UNIT_LIMIT, _UNIT_PRICE = 2, 3
_SYSTEM_TRANSFER = (2).to_bytes(4, "little")
# Those without a mint (transfer, burn) are left unknown: they hide what the amount is of.
_TRANSFER_CHECKED, _BURN_CHECKED = 12, 15

Told = tuple[str, str, str, tuple[Move, ...]]
"""Program, instruction, sentence, moves."""


class Names(Protocol):
    """How addresses and amounts are shown."""

    def name(self, address: Pubkey) -> str:
        """Return how an address is shown."""
        ...

    def amount(self, atoms: int, mint: Pubkey) -> str:
        """Return how an amount is shown."""
        ...


def explain(step: Instruction, names: Names) -> Told | None:
    """Tell what an instruction does; None when it is none of these."""
    data, keys = bytes(step.data), [meta.pubkey for meta in step.accounts]
    if step.program_id == COMPUTE_PROGRAM:
        return _compute(data)
    if step.program_id == SYSTEM_PROGRAM:
        return _system(data, keys, names)
    if step.program_id == ASSOCIATED_PROGRAM and data in (b"", b"\0", b"\1") and len(keys) == 6:
        payer, account, owner, mint = (names.name(key) for key in keys[:4])
        text = f"Make the token account {account} of {owner} for {mint}; {payer} pays for it."
        return "associated-token", "create", text, ()
    if step.program_id in (TOKEN_PROGRAM, TOKEN_2022_PROGRAM):
        return _token(data, keys, names)
    return None


def _compute(data: bytes) -> Told | None:
    if data[:1] == bytes([_UNIT_LIMIT]) and len(data) == 5:
        text = f"Use at most {int.from_bytes(data[1:], 'little')} units of computing."
        return "compute-budget", "set_limit", text, ()
    if data[:1] == bytes([_UNIT_PRICE]) and len(data) == 9:
        price = written(int.from_bytes(data[1:], "little"), 6)
        return "compute-budget", "set_price", f"Pay {price} lamports per unit of computing.", ()
    return None


def _system(data: bytes, keys: Sequence[Pubkey], names: Names) -> Told | None:
    if data[:4] != _SYSTEM_TRANSFER or len(data) != 12 or len(keys) != 2:
        return None
    lamports = int.from_bytes(data[4:], "little")
    amount = written(lamports, _SOL_DECIMALS)
    text = f"Send {amount} SOL from {names.name(keys[0])} to {names.name(keys[1])}."
    return "system", "transfer", text, (Move(SOL, lamports, keys[0], keys[1]),)


def _token(data: bytes, keys: Sequence[Pubkey], names: Names) -> Told | None:
    if data[:1] == bytes([_TRANSFER_CHECKED]) and len(data) == 10 and len(keys) >= 4:
        atoms, (source, mint, target) = int.from_bytes(data[1:9], "little"), keys[:3]
        amount = names.amount(atoms, mint)
        text = f"Send {amount} from {names.name(source)} to {names.name(target)}."
        return "spl-token", "transfer_checked", text, (Move(mint, atoms, source, target),)
    if data[:1] == bytes([_BURN_CHECKED]) and len(data) == 10 and len(keys) >= 3:
        atoms, (source, mint) = int.from_bytes(data[1:9], "little"), keys[:2]
        text = f"Destroy {names.amount(atoms, mint)} in {names.name(source)}."
        return "spl-token", "burn_checked", text, (Move(mint, atoms, source, None),)
    return None


def priority_fee_lamports(steps: Sequence[Instruction]) -> int:
    """Return the priority fee that a transaction's instructions offer, rounded up."""
    limit, price = None, 0
    for step in steps:
        data = bytes(step.data)
        if step.program_id == COMPUTE_PROGRAM and data[:1] == bytes([_UNIT_LIMIT]):
            limit = int.from_bytes(data[1:5], "little")
        if step.program_id == COMPUTE_PROGRAM and data[:1] == bytes([_UNIT_PRICE]):
            price = int.from_bytes(data[1:9], "little")
    if limit is None:
        limit = COMPUTE_UNITS_PER_INSTRUCTION * len(steps)
    return -(-min(limit, COMPUTE_UNITS_MAX) * price // _MICRO)
