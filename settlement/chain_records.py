"""A finalized transaction as settlement reads it: instructions with their accounts, balances."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from solders.pubkey import Pubkey

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {character: value for value, character in enumerate(_ALPHABET)}


@dataclass(frozen=True, slots=True)
class ChainInstruction:
    """One instruction that ran.

    Attributes:
        path: Its place: "2" at the top level, "2.0" the first that it called.
        program: The program.
        accounts: The accounts that it was given, in order.
        data: Its data.
    """

    path: str
    program: Pubkey
    accounts: tuple[Pubkey, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class ChainTransaction:
    """A transaction that landed.

    Attributes:
        slot: Where.
        failed: Whether it failed, and so moved nothing.
        instructions: All that ran, called ones included, in order.
        token_deltas: What each token account gained, negative for a loss; as the node says.
    """

    slot: int
    failed: bool
    instructions: tuple[ChainInstruction, ...]
    token_deltas: dict[Pubkey, int]


def base58_decode(text: str) -> bytes:
    """Decode base 58 of any length.

    Raises:
        ValueError: When a character is none of the 58.
    """
    number = 0
    for character in text:
        if character not in _DIGITS:
            raise ValueError(f"{character!r} is no base 58 character")
        number = number * 58 + _DIGITS[character]
    zeros = len(text) - len(text.lstrip(_ALPHABET[0]))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) >> 3, "big")


def transaction_of(answer: Any) -> ChainTransaction:
    """Read the answer of getTransaction in the encoding `json`."""
    message = answer.transaction.transaction.message
    meta = answer.transaction.meta
    keys = list(message.account_keys)
    loaded = meta.loaded_addresses
    if loaded is not None:
        keys += [*loaded.writable, *loaded.readonly]
    return ChainTransaction(
        slot=answer.slot,
        failed=meta.err is not None,
        instructions=tuple(_instructions(keys, message.instructions, meta.inner_instructions)),
        token_deltas=_token_deltas(keys, meta),
    )


def _instructions(
    keys: Sequence[Pubkey], top: Sequence[Any], inner: Sequence[Any] | None
) -> Iterable[ChainInstruction]:
    called = {each.index: each.instructions for each in inner or ()}
    for index, instruction in enumerate(top):
        yield _instruction(keys, str(index), instruction)
        for position, child in enumerate(called.get(index, ())):
            yield _instruction(keys, f"{index}.{position}", child)


def _instruction(keys: Sequence[Pubkey], path: str, instruction: Any) -> ChainInstruction:
    return ChainInstruction(
        path=path,
        program=keys[instruction.program_id_index],
        accounts=tuple(keys[index] for index in instruction.accounts),
        data=base58_decode(instruction.data),
    )


def _token_deltas(keys: Sequence[Pubkey], meta: Any) -> dict[Pubkey, int]:
    deltas: dict[Pubkey, int] = {}
    for sign, balances in ((-1, meta.pre_token_balances), (1, meta.post_token_balances)):
        for balance in balances or ():
            address = keys[balance.account_index]
            atoms = sign * int(balance.ui_token_amount.amount)
            deltas[address] = deltas.get(address, 0) + atoms
    return deltas
