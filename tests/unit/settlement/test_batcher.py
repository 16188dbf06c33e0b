"""Packing fills into batches that fit one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.invariants import BrokenInvariant
from settlement.batcher import bisect, pack, pack_all
from settlement.fills import Fill
from settlement.netting import Transfer, net, transfers
from settlement.transactions import batch_size
from tests.unit.settlement.makers import fill, fills


def fits(moved: Sequence[Transfer]) -> bool:
    """The real limit."""
    return batch_size(moved).fits


@pytest.mark.slow
@given(fills(accounts=30, assets=6, count_max=60))
def test_every_fill_is_in_one_batch_in_trade_order_and_every_batch_fits(made: list[Fill]) -> None:
    """Batches are consecutive runs of the fills, each moving what its fills net to."""
    batches = pack_all(made, fits)
    assert made == [each for batch in batches for each in batch.fills]
    for batch in batches:
        assert transfers(net(batch.fills)) == list(batch.transfers)
        assert fits(batch.transfers)


@pytest.mark.slow
@given(fills(accounts=30, assets=6, count_max=60))
def test_a_batch_that_is_closed_could_not_have_taken_the_next_fill(made: list[Fill]) -> None:
    """Greedy: fewer transactions for the same fills."""
    batches = pack_all(made, fits)
    for batch, following in pairwise(batches):
        assert not fits(transfers(net([*batch.fills, following.fills[0]])))


@pytest.mark.slow
@given(fills(count_max=40), st.integers(1, 5))
def test_a_batch_has_at_most_the_number_of_fills_allowed(made: list[Fill], limit: int) -> None:
    """The number of fills in a batch is bounded."""
    batches = pack_all(made, fits, fills_max=limit)
    assert [] == [batch for batch in batches if len(batch.fills) > limit]
    assert made == [each for batch in batches for each in batch.fills]


def test_the_last_fills_stay_open_for_more() -> None:
    """A batch that could take more is not closed by packing."""
    batches, still_open = pack([fill(1), fill(2)], fits)
    assert [] == batches
    assert [1, 2] == [each.trade_id for each in still_open]


def test_fills_that_net_to_nothing_make_a_batch_without_transfers() -> None:
    """Such a batch needs no transaction."""
    made = [fill(1), fill(2, buyer_account_id=1, seller_account_id=2)]
    (batch,) = pack_all(made, fits)
    assert () == batch.transfers


def test_fills_out_of_order_are_a_bug() -> None:
    """Trade order is what keeps custody accounts from going below zero."""
    with pytest.raises(BrokenInvariant, match="in order of trade id"):
        pack([fill(2), fill(1)], fits)


def test_a_limit_that_no_single_fill_can_meet_is_a_bug() -> None:
    """A fill takes at most three transfers, and three always fit."""
    with pytest.raises(BrokenInvariant, match="one fill fits"):
        pack([fill(1)], lambda moved: False)


@pytest.mark.slow
@given(fills(accounts=30, assets=6, count_max=60).filter(lambda made: len(made) > 1))
def test_bisecting_keeps_all_fills_in_order_and_separates_first_from_last(
    made: list[Fill],
) -> None:
    """A failed batch is made anew from its halves, each of which fits again."""
    children = bisect(made, fits)
    assert made == [each for batch in children for each in batch.fills]
    assert len(children) >= 2
    assert all(fits(batch.transfers) for batch in children)


def test_one_fill_cannot_be_bisected() -> None:
    """It is parked instead."""
    with pytest.raises(BrokenInvariant, match="cannot be split"):
        bisect([fill(1)], fits)
