"""Receipts behind the mark are closed and their rent comes back; in front of it all stay."""

from __future__ import annotations

import pytest

from realstack.chain.market import RECEIPT_BATCH
from settlement.states import State
from settlement.transactions import RECEIPT_BYTES
from tests.integration.settlement.chain_world import BUILDING, DOLLAR
from tests.integration.settlement.stage import Stage

pytestmark = pytest.mark.slow

KEPT = 5  # as the stage sets it


@pytest.fixture
async def funded(stage: Stage) -> Stage:
    """One seller, one buyer."""
    await stage.fund((1, BUILDING, 10_000), (2, DOLLAR, 1_000_000))
    return stage


async def settle(stage: Stage, count: int) -> None:
    """Trade so often, each time in a batch of its own, and let all become final."""
    for _ in range(count):
        await stage.ledger.trade(
            buyer=2, seller=1, base=BUILDING, quote=DOLLAR, base_atoms=5, quote_atoms=500
        )
        await stage.batch_and_send()
    await stage.settle_all()


async def receipts(stage: Stage, count: int) -> list[int]:
    """Return which of the first batches have a receipt, finally."""
    numbers = range(1, count + 1)
    addresses = [stage.world.market.receipt(RECEIPT_BATCH, each) for each in numbers]
    held = await stage.chain.token_balances(addresses)
    return [number for number, data in zip(numbers, held.atoms.values(), strict=True) if data]


async def close(stage: Stage) -> int:
    """Close once, and let it become final."""
    asked = await stage.worker.receipts.close()
    await stage.world.finalize()
    return asked


async def test_receipts_of_batches_that_are_over_are_closed_and_the_newest_kept(
    funded: Stage,
) -> None:
    """The mark first; what is behind it when that is final; then there is nothing to do."""
    await settle(funded, 60)
    assert list(range(1, 61)) == await receipts(funded, 60)
    assert 0 == await close(funded)  # the mark is raised, and nothing is behind it yet
    before = await funded.chain.lamports(funded.world.authority.pubkey())
    assert 50 == await close(funded)
    assert list(range(51, 61)) == await receipts(funded, 60)
    after = await funded.chain.lamports(funded.world.authority.pubkey())
    rent = await funded.chain.rent_lamports(RECEIPT_BYTES)
    assert 0 <= before + 50 * rent - after <= 10_000  # the fee
    assert [0, 5, 0, 0] == [await close(funded) for _ in range(4)]
    assert list(range(61 - KEPT, 61)) == await receipts(funded, 60)
    await funded.assert_chain_equals_ledger()


async def test_a_batch_that_is_not_over_keeps_its_receipt_and_all_after_it(funded: Stage) -> None:
    """One of which no node can tell, say: its receipt is the only proof there will be."""
    await settle(funded, 60)
    await funded.pool.execute(
        "UPDATE settlement.payments SET state = 'PARKED' WHERE receipt_number = 57"
    )
    assert 57 == await funded.stores.receipts.first_not_over()
    for _ in range(4):
        await close(funded)
    assert list(range(57 - KEPT, 61)) == await receipts(funded, 60)


async def test_a_batch_behind_the_mark_settles_no_more_although_its_receipt_is_gone(
    funded: Stage,
) -> None:
    """Believed dead and tried anew, it is refused as settled, and found where it landed."""
    await settle(funded, 60)
    for _ in range(3):
        await close(funded)
    assert 1 not in await receipts(funded, 60)
    await funded.pool.execute(
        "UPDATE settlement.payments SET state = 'EXPIRED', landed_slot = NULL"
        " WHERE receipt_number = 1 AND kind = 'BATCH'"
    )
    await funded.worker.send()
    assert (State.FINAL, 1) == (
        (await funded.batches())[0].state,
        (await funded.batches())[0].attempts,
    )
    await funded.land_finally()
    await funded.assert_chain_equals_ledger()
