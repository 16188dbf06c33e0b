"""What arrived in a custody account: read out of the instructions of a transaction, and proved.

The sum of what the instructions moved must be what the node says the account gained. When it is
not (an instruction that is not known here, a mint that takes a fee), nothing is guessed: the gain
is one unexplained inflow, for a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from solders.pubkey import Pubkey

from settlement.chain_records import ChainTransaction
from settlement.registry import TOKEN_PROGRAMS

UNEXPLAINED = "?"
"""The place of an inflow that no known instruction explains."""

_AMOUNT = slice(1, 9)
_BATCH = 255  # the token program's instruction that carries others


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where an instruction that moves tokens names its accounts; no source: they are new."""

    source: int | None
    destination: int


_LAYOUTS = {
    3: _Layout(0, 1),  # transfer
    7: _Layout(None, 1),  # mintTo
    12: _Layout(0, 2),  # transferChecked
    14: _Layout(None, 1),  # mintToChecked
}


@dataclass(frozen=True, slots=True)
class Inflow:
    """Tokens that arrived from outside custody.

    Attributes:
        instruction: The place of the instruction, "2" or "2.0"; `UNEXPLAINED`.
        amount_atoms: How much.
    """

    instruction: str
    amount_atoms: int


@dataclass(frozen=True, slots=True)
class _Movement:
    instruction: str
    source: Pubkey | None
    destination: Pubkey
    atoms: int


def inflows(
    transaction: ChainTransaction, vault: Pubkey, custody: Collection[Pubkey]
) -> list[Inflow]:
    """Return what a transaction brought into `vault` from outside custody, by instruction.

    Args:
        transaction: Finalized; one that failed brings nothing.
        vault: The custody account.
        custody: All custody accounts: what comes from one of them is no deposit.
    """
    if transaction.failed:
        return []
    moved = [
        each
        for instruction in transaction.instructions
        if instruction.program in TOKEN_PROGRAMS
        for each in _movements(instruction.path, instruction.accounts, instruction.data)
    ]
    came = [each for each in moved if each.destination == vault and each.source != vault]
    went = [each for each in moved if each.source == vault and each.destination != vault]
    went_atoms = sum(each.atoms for each in went)
    gained_atoms = transaction.token_deltas.get(vault, 0)
    if sum(each.atoms for each in came) - went_atoms == gained_atoms:
        return [
            Inflow(each.instruction, each.atoms)
            for each in came
            if each.source not in custody and each.atoms > 0
        ]
    from_custody = sum(each.atoms for each in came if each.source in custody)
    unexplained = gained_atoms + went_atoms - from_custody
    return [Inflow(UNEXPLAINED, unexplained)] if unexplained > 0 else []


def _movements(path: str, accounts: Sequence[Pubkey], data: bytes) -> Iterator[_Movement]:
    if not data:
        return
    if data[0] == _BATCH:
        yield from _batched(path, accounts, data)
        return
    layout = _LAYOUTS.get(data[0])
    if layout is None or len(data) < _AMOUNT.stop or len(accounts) <= layout.destination:
        return
    yield _Movement(
        instruction=path,
        source=None if layout.source is None else accounts[layout.source],
        destination=accounts[layout.destination],
        atoms=int.from_bytes(data[_AMOUNT], "little"),
    )


def _batched(path: str, accounts: Sequence[Pubkey], data: bytes) -> Iterator[_Movement]:
    """Unfold a batch: each part is a count of accounts, a length, and an instruction's data."""
    offset, first, position = 1, 0, 0
    while offset + 2 <= len(data):
        count, length = data[offset], data[offset + 1]
        part = data[offset + 2 : offset + 2 + length]
        yield from _movements(f"{path}:{position}", accounts[first : first + count], part)
        offset, first, position = offset + 2 + length, first + count, position + 1
