"""Windows: netted whole, few transactions, and no clearing vault below zero in their order."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.invariants import BrokenInvariant
from settlement.accounts import CLEARING_ACCOUNT_ID
from settlement.batcher import pack_all
from settlement.fills import FEE_ACCOUNT_ID, Fill
from settlement.netting import net
from settlement.transactions import batch_size
from settlement.windows import (
    Part,
    Window,
    accounts_of,
    compose,
    float_need,
    halves,
    in_order,
    legs_of,
    pack_window,
    part_of,
    window_of,
)
from tests.unit.settlement.makers import BASE, QUOTE, fill, fills

PLENTY = dict.fromkeys(range(30), 1 << 50)


def many(count: int, accounts: int, assets: int = 1) -> list[Fill]:
    """Make fills between random accounts."""
    chance = random.Random(11)
    made = []
    for trade_id in range(1, count + 1):
        buyer, seller = chance.sample(range(1, accounts + 1), 2)
        made.append(
            fill(
                trade_id,
                base_asset_id=chance.randrange(assets) + 10,
                buyer_account_id=buyer,
                seller_account_id=seller,
                base_atoms=chance.randrange(1, 50),
                quote_atoms=chance.randrange(1, 5_000),
                buyer_fee_atoms=2,
                seller_fee_atoms=1,
            )
        )
    return made


def moved(part: Part) -> dict[tuple[int, int], int]:
    """Return what a part changes, by account and asset, clearing vaults included."""
    found: dict[tuple[int, int], int] = defaultdict(int)
    for each in part.transfers:
        found[(each.from_account_id, each.asset_id)] -= each.amount_atoms
        found[(each.to_account_id, each.asset_id)] += each.amount_atoms
    return found


def packed(made: list[Fill]) -> Window:
    """Pack with all the float that it may need."""
    window = pack_window(made, PLENTY)
    assert window is not None
    return window


@pytest.mark.slow
@given(fills(accounts=30, assets=6, count_max=60))
def test_every_account_is_whole_in_one_transaction_and_every_transaction_fits(
    made: list[Fill],
) -> None:
    """Delivery versus payment for each: all its nets, in one transaction, and nothing else."""
    window = packed(made)
    assert sorted(accounts_of(made)) == sorted(
        each for part in window.parts for each in part.accounts
    )
    nets = net(made)
    for part in window.parts:
        assert batch_size(part.transfers).fits
        for (account_id, asset_id), atoms in moved(part).items():
            if account_id != CLEARING_ACCOUNT_ID:
                assert account_id in part.accounts
                assert nets[asset_id].pop(account_id) == atoms
    assert {} == {asset_id: left for asset_id, left in nets.items() if left}


@pytest.mark.slow
@given(fills(accounts=60, assets=3, count_max=80))
def test_the_float_that_an_order_needs_is_enough_and_one_atom_less_is_not(made: list[Fill]) -> None:
    """No clearing vault goes below zero, and each ends as it was; none by itself needs more."""
    legs = legs_of(net(made))
    composed = compose(legs)
    assert composed is not None
    ordered = in_order(composed, legs, PLENTY)
    assert ordered is not None
    need = float_need(ordered, legs)
    held = defaultdict(int, need)
    for part in (part_of(each, legs) for each in ordered):
        for (account_id, asset_id), atoms in moved(part).items():
            if account_id == CLEARING_ACCOUNT_ID:
                assert -atoms <= need[asset_id], "it can be tried before any other has landed"
                held[asset_id] += atoms
                assert held[asset_id] >= 0
    assert need == {asset_id: held[asset_id] for asset_id in need}
    assert in_order(composed, legs, need) is not None
    for asset_id in (each for each, atoms in need.items() if atoms):
        assert in_order(composed, legs, {**need, asset_id: need[asset_id] - 1}) is None


def test_a_window_without_float_is_not_packed() -> None:
    """Then its fills are settled in sets, which need none."""
    made = many(400, 100)
    assert pack_window(made, {}) is None
    assert len(packed(made).parts) < len(pack_all(made, lambda moved: batch_size(moved).fits))


@pytest.mark.parametrize(("assets", "share_ppm"), [(1, 1_080_000), (19, 1_300_000)])
def test_the_transactions_are_near_the_least_that_locks_allow(assets: int, share_ppm: int) -> None:
    """An account with k nets takes at least k of the locks that k mints leave in a transaction."""
    made = many(1_000, 1_000, assets)
    legs = legs_of(net(made))
    least_ppm = sum(len(each) * 1_000_000 // (57 - 2 * len(each)) for each in legs.values())
    assert len(packed(made).parts) * 1_000_000 <= least_ppm * share_ppm // 1_000_000 + 1_000_000


def test_an_account_with_more_assets_than_a_transaction_carries_is_not_packed() -> None:
    """Twenty nets and their mints are beyond the locks: sets of fewer fills carry them."""
    made = [fill(index, base_asset_id=index + 100) for index in range(1, 22)]
    assert pack_window(made, PLENTY) is None
    assert made == [
        each for batch in pack_all(made, lambda m: batch_size(m).fits) for each in batch.fills
    ]


def test_fills_that_net_to_nothing_make_a_window_with_nothing_to_move() -> None:
    """Its accounts are all there, so that the fills have a state."""
    made = [fill(1), fill(2, buyer_account_id=1, seller_account_id=2)]
    window = packed(made)
    assert [Part((FEE_ACCOUNT_ID, 1, 2), ())] == list(window.parts)


def test_an_account_whose_nets_are_zero_waits_for_nothing() -> None:
    """It is in the first transaction by name, and nothing moves for it."""
    made = [
        fill(1, buyer_account_id=3, seller_account_id=4),
        fill(2, buyer_account_id=4, seller_account_id=3),
        fill(3),
    ]
    (part,) = packed(made).parts
    assert {0, 1, 2, 3, 4} == set(part.accounts)
    assert {(1, BASE), (2, BASE), (1, QUOTE), (2, QUOTE)} == {
        vault for vault in moved(part) if vault[0] != CLEARING_ACCOUNT_ID
    }


@given(st.integers(2, 9))
def test_a_part_is_split_between_accounts_never_within_one(count: int) -> None:
    """Each half moves what its accounts are due, no more and no less."""
    legs = {each: {BASE: each, QUOTE: -each} for each in range(1, count + 1)}
    whole = part_of(legs, legs)
    first, second = halves(whole)
    assert whole.accounts == (*first.accounts, *second.accounts)
    assert first == part_of(first.accounts, legs)
    assert second == part_of(second.accounts, legs)


def test_one_account_cannot_be_split() -> None:
    """It is parked instead."""
    with pytest.raises(BrokenInvariant, match="cannot be split"):
        halves(part_of([1], {1: {BASE: 5}}))


def test_a_set_is_a_window_of_one_transaction() -> None:
    """Zero-sum by itself: no clearing vault takes part."""
    (batch,) = pack_all([fill(1)], lambda moved: True)
    window = window_of(batch)
    assert [Part((0, 1, 2), batch.transfers)] == list(window.parts)
    assert all(CLEARING_ACCOUNT_ID not in vault for vault in moved(window.parts[0]))
