"""Ledger against chain: no false difference while things move, no true one missed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.accounts import CLEARING_ACCOUNT_ID
from settlement.fills import Fill, legs
from settlement.ordering import Vault
from settlement.reconciliation import (
    ChainBalance,
    Crossing,
    Difference,
    LedgerAt,
    PaidFill,
    compare,
    is_explained,
)
from tests.unit.settlement.makers import fills


@dataclass
class History:
    """Everything that ever happened, with the sequence and the slot of each thing."""

    paid: list[PaidFill]
    crossings: list[Crossing]

    def ledger(self, sequence: int, last_trade_id: int) -> LedgerAt:
        """Return what the ledger said at a sequence."""
        atoms: dict[Vault, int] = defaultdict(int)
        for each in self.paid:
            if each.fill.trade_id <= last_trade_id:
                for leg in legs(each.fill):
                    atoms[(leg.account_id, leg.asset_id)] += leg.atoms
        for crossing in self.crossings:
            if crossing.sequence is not None and crossing.sequence <= sequence:
                atoms[crossing.vault] += crossing.atoms
        return LedgerAt(sequence, last_trade_id, dict(atoms))

    def chain(self, slots: dict[Vault, int]) -> dict[Vault, ChainBalance]:
        """Return what the chain held, each account at its own slot."""
        atoms: dict[Vault, int] = defaultdict(int)
        for each in self.paid:
            for leg in legs(each.fill):
                vault = (leg.account_id, leg.asset_id)
                landed_slot = each.landed_slots.get(leg.account_id)
                if landed_slot is None:
                    continue
                if landed_slot <= slots[vault]:
                    atoms[vault] += leg.atoms
                clearing = (CLEARING_ACCOUNT_ID, leg.asset_id)
                if landed_slot <= slots[clearing]:
                    atoms[clearing] -= leg.atoms
        for crossing in self.crossings:
            slot = crossing.landed_slot
            if slot is not None and slot <= slots[crossing.vault]:
                atoms[crossing.vault] += crossing.atoms
        return {vault: ChainBalance(atoms[vault], slot) for vault, slot in slots.items()}


ACCOUNTS = (*range(6), CLEARING_ACCOUNT_ID)
VAULTS = [(account, asset) for account in ACCOUNTS for asset in (1, 2, 9)]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw fills and crossings that landed, or not, at any slot, in any order.

    The accounts of a fill land each by itself, as the parts of a half-done window do.
    """
    slot = st.none() | st.integers(1, 30)
    landed = st.dictionaries(st.integers(0, 5), st.integers(1, 30))
    made: list[Fill] = draw(fills(accounts=5, assets=2, count_max=12))
    crossings = [
        Crossing(draw(st.sampled_from(VAULTS)), atoms, draw(slot), draw(slot))
        for atoms in draw(st.lists(st.integers(-50, 50).filter(bool), max_size=6))
    ]
    return History([PaidFill(each, draw(landed)) for each in made], crossings)


@pytest.mark.slow
@given(histories(), st.integers(0, 30), st.integers(0, 12), st.data())
def test_any_moment_of_the_ledger_against_any_moment_of_the_chain_shows_no_difference(
    history: History, sequence: int, last_trade_id: int, data: st.DataObject
) -> None:
    """Both may be read while everything moves, each account even at another slot."""
    slots = {vault: data.draw(st.integers(0, 30)) for vault in VAULTS}
    found = compare(
        history.ledger(sequence, last_trade_id),
        history.chain(slots),
        history.paid,
        history.crossings,
    )
    assert () == found.differences


@pytest.mark.slow
@given(histories(), st.sampled_from(VAULTS), st.integers(-3, 3).filter(bool))
def test_one_atom_moved_behind_the_back_is_a_difference_of_that_account(
    history: History, vault: Vault, atoms: int
) -> None:
    """Whatever else is in flight."""
    slots = dict.fromkeys(VAULTS, 15)
    chain = history.chain(slots)
    before = chain[vault].atoms
    chain[vault] = ChainBalance(before + atoms, 15)
    found = compare(history.ledger(15, 6), chain, history.paid, history.crossings)
    assert [(*vault, atoms)] == [
        (each.account_id, each.asset_id, each.chain_atoms - each.expected_atoms)
        for each in found.differences
    ]


def test_a_credit_whose_answer_was_lost_is_in_doubt_not_a_difference() -> None:
    """The ledger may have it or not: both are named, neither is an alarm."""
    deposit = Crossing((1, 9), 100, landed_slot=5, sequence=None, in_doubt=True)
    chain = {(1, 9): ChainBalance(100, 9)}
    for ledger_atoms in (0, 100):
        ledger = LedgerAt(7, 0, {(1, 9): ledger_atoms})
        assert () == compare(ledger, chain, [], [deposit]).differences
    ledger = LedgerAt(7, 0, {(1, 9): 99})
    assert (Difference(1, 9, 199, 100),) == compare(ledger, chain, [], [deposit]).differences


def test_a_removal_whose_answer_was_lost_is_in_doubt_too() -> None:
    """Paid on chain; the venue may have removed the funds or not."""
    paid = Crossing((1, 9), -40, landed_slot=5, sequence=None, in_doubt=True)
    chain = {(1, 9): ChainBalance(60, 9)}
    for ledger_atoms in (100, 60):
        assert () == compare(LedgerAt(7, 0, {(1, 9): ledger_atoms}), chain, [], [paid]).differences


def test_an_account_that_the_chain_does_not_have_counts_as_empty() -> None:
    """A balance in the ledger without a custody account is a difference."""
    found = compare(LedgerAt(7, 0, {(4, 1): 5}), {}, [], [])
    assert (Difference(4, 1, 5, 0),) == found.differences


def test_accounts_are_counted_without_the_fee_account() -> None:
    """The fee account is compared, but it is nobody's."""
    chain = {vault: ChainBalance(0, 3) for vault in [(0, 1), (1, 1), (2, 1), (2, 9)]}
    found = compare(LedgerAt(7, 0, {}), chain, [], [])
    assert (2, 2) == (found.accounts, found.assets)


def test_doubts_explain_exactly_their_sums() -> None:
    """Any of them may have happened, nothing else."""
    reachable = {difference for difference in range(-5, 12) if is_explained(difference, [3, 7])}
    assert {0, 3, 7, 10} == reachable
