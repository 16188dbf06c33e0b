"""A fill becomes tokens moved on chain."""

from __future__ import annotations

from settlement.states import State
from tests.integration.settlement.chain_world import BUILDING, DOLLAR
from tests.integration.settlement.stage import Stage


async def test_a_fill_moves_tokens_between_custody_accounts_and_becomes_final(
    stage: Stage,
) -> None:
    """Seller's asset to the buyer, buyer's money to the seller, fees to account 0, at once."""
    await stage.fund((1, BUILDING, 500), (2, DOLLAR, 10_000))
    await stage.ledger.trade(
        buyer=2,
        seller=1,
        base=BUILDING,
        quote=DOLLAR,
        base_atoms=5,
        quote_atoms=500,
        buyer_fee=3,
        seller_fee=2,
    )
    await stage.batch_and_send()
    assert await stage.states() == [State.IN_FLIGHT]
    await stage.land()
    assert await stage.states() == [State.CONFIRMED]
    await stage.land_finally()
    assert await stage.states() == [State.FINAL]
    assert await stage.world.atoms(2, BUILDING) == 5
    assert await stage.world.atoms(1, DOLLAR) == 498
    assert await stage.world.atoms(0, DOLLAR) == 5
    await stage.assert_chain_equals_ledger()
    comparison = await stage.worker.comparer.compare()
    assert comparison.differences == ()
