"""Netting: sums are kept, transfers are few."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given

from settlement.fills import Fill, legs
from settlement.netting import Transfer, net, transfers
from tests.unit.settlement.makers import BASE, QUOTE, fill, fills


def effect(moved: list[Transfer]) -> dict[tuple[int, int], int]:
    """Return what transfers do, by account and asset, zeros left out."""
    sums: dict[tuple[int, int], int] = defaultdict(int)
    for each in moved:
        sums[(each.from_account_id, each.asset_id)] -= each.amount_atoms
        sums[(each.to_account_id, each.asset_id)] += each.amount_atoms
    return {vault: atoms for vault, atoms in sums.items() if atoms}


@pytest.mark.slow
@given(fills())
def test_transfers_do_exactly_what_the_fills_one_by_one_would_do(made: list[Fill]) -> None:
    """Netting changes how tokens move, never where they end."""
    expected: dict[tuple[int, int], int] = defaultdict(int)
    for each in made:
        for leg in legs(each):
            expected[(leg.account_id, leg.asset_id)] += leg.atoms
    assert {vault: atoms for vault, atoms in expected.items() if atoms} == effect(
        transfers(net(made))
    )


@pytest.mark.slow
@given(fills())
def test_there_is_no_empty_transfer_and_at_most_one_less_than_accounts(made: list[Fill]) -> None:
    """Each transfer moves something; n accounts with a net need at most n - 1 transfers."""
    nets = net(made)
    moved = transfers(nets)
    assert [] == [each for each in moved if each.amount_atoms <= 0]
    for asset_id, accounts in nets.items():
        count = sum(each.asset_id == asset_id for each in moved)
        assert count <= max(len(accounts) - 1, 0)


@pytest.mark.slow
@given(fills())
def test_the_order_of_the_fills_does_not_change_the_transfers(made: list[Fill]) -> None:
    """The same set of fills gives the same transfers, on any machine."""
    assert transfers(net(made)) == transfers(net(reversed(made)))


def test_fees_of_both_sides_go_to_account_zero() -> None:
    """The buyer pays its fee on top, the seller's is kept from what it gets."""
    moved = transfers(net([fill(buyer_fee_atoms=7, seller_fee_atoms=3)]))
    assert [
        Transfer(BASE, 1, 2, 10),
        Transfer(QUOTE, 2, 1, 997),
        Transfer(QUOTE, 2, 0, 10),
    ] == moved


def test_a_trade_and_its_reverse_move_nothing() -> None:
    """What two accounts owe each other cancels."""
    there, back = fill(1), fill(2, buyer_account_id=1, seller_account_id=2)
    assert [] == transfers(net([there, back]))


def test_a_chain_of_resales_becomes_one_transfer_of_the_asset() -> None:
    """Whoever bought and sold the same amount has no transfer of it."""
    made = [
        fill(1, seller_account_id=1, buyer_account_id=2),
        fill(2, seller_account_id=2, buyer_account_id=3),
        fill(3, seller_account_id=3, buyer_account_id=4),
    ]
    moved = [each for each in transfers(net(made)) if each.asset_id == BASE]
    assert [Transfer(BASE, 1, 4, 10)] == moved


def test_an_account_that_trades_with_itself_pays_only_the_fees() -> None:
    """Nothing else changes hands."""
    made = [fill(1, buyer_account_id=1, buyer_fee_atoms=4, seller_fee_atoms=1)]
    assert [Transfer(QUOTE, 1, 0, 5)] == transfers(net(made))
