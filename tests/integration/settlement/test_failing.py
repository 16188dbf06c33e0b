"""A batch that cannot be made: the good fills settle, the bad ones are parked with their reason."""

from __future__ import annotations

import pytest
from solana.rpc.commitment import Processed
from solders.system_program import TransferParams, transfer

from settlement.states import State
from tests.integration.settlement.chain_world import BOND, BUILDING, COIN_LAMPORTS, DOLLAR
from tests.integration.settlement.stage import Stage

pytestmark = pytest.mark.slow


@pytest.fixture
async def funded(stage: Stage) -> Stage:
    """Sellers 1 and 2, buyers 3 to 5."""
    await stage.fund(
        (1, BUILDING, 100),
        (2, BUILDING, 100),
        (3, DOLLAR, 10_000),
        (4, DOLLAR, 10_000),
        (5, DOLLAR, 10_000),
    )
    return stage


async def trade(stage: Stage, buyer: int, seller: int) -> int:
    """Sell 5 atoms for 500, with fees."""
    return await stage.ledger.trade(
        buyer=buyer,
        seller=seller,
        base=BUILDING,
        quote=DOLLAR,
        base_atoms=5,
        quote_atoms=500,
        buyer_fee=2,
        seller_fee=1,
    )


async def compare(stage: Stage) -> tuple[object, int]:
    """Return the differences, and the fills in flight."""
    comparison = await stage.worker.comparer.compare()
    return comparison.differences, comparison.in_flight.fills


async def test_a_frozen_account_parks_its_fills_and_no_others(funded: Stage) -> None:
    """The batch is split by fills until only those are left that cannot be made."""
    await funded.world.freeze(4, DOLLAR)
    await funded.world.finalize()
    for buyer, seller in [(3, 1), (5, 2), (4, 1), (3, 2), (5, 1), (4, 2), (3, 1)]:
        await trade(funded, buyer, seller)
    await funded.settle_all()
    parked = {
        trade_id
        for trade_id, state in (await funded.fill_states()).items()
        if state is State.PARKED
    }
    assert {3, 6} == parked
    assert {State.FINAL, State.PARKED} == set((await funded.fill_states()).values())
    reasons = {each.reason for each in await funded.batches() if each.state is State.PARKED}
    assert all("account is frozen" in reason for reason in reasons)
    assert ((), 2) == await compare(funded)


async def test_a_batch_that_fails_on_chain_is_split_like_one_refused_before(funded: Stage) -> None:
    """The account was frozen after the simulation and before it landed."""
    await funded.world.fault("delay", slots=2, count=1)
    for buyer, seller in [(3, 1), (4, 1), (5, 2)]:
        await trade(funded, buyer, seller)
    await funded.batch_and_send()
    await funded.world.freeze(4, DOLLAR)
    await funded.world.finalize()
    await funded.land_finally()
    assert State.FAILED in await funded.states()
    (failed, *_) = await funded.batches()
    assert "failed on chain" in failed.reason
    assert "frozen" in failed.reason
    await funded.settle_all()
    assert {1: State.FINAL, 2: State.PARKED, 3: State.FINAL} == await funded.fill_states()
    assert ((), 1) == await compare(funded)


async def test_a_failure_that_is_not_final_yet_decides_nothing(funded: Stage) -> None:
    """A fork may undo the failure, and then the same bytes may land well."""
    await funded.world.fault("delay", slots=2, count=1)
    await trade(funded, 4, 1)
    await funded.batch_and_send()
    await funded.world.freeze(4, DOLLAR)
    await funded.world.advance(3)
    await funded.worker.confirm()
    assert [State.IN_FLIGHT] == await funded.states()


async def test_a_single_fill_that_fails_on_chain_is_tried_once_more(funded: Stage) -> None:
    """What failed it may be over; if not, the next simulation refuses it and it is parked."""
    await funded.world.fault("delay", slots=2, count=1)
    await trade(funded, 4, 1)
    await funded.batch_and_send()
    await funded.world.freeze(4, DOLLAR)
    await funded.world.finalize()
    await funded.land_finally()
    await funded.settle_all()
    assert [State.FAILED, State.PARKED] == await funded.states()
    assert {1: State.PARKED} == await funded.fill_states()


async def test_what_depends_on_a_parked_fill_is_parked_for_lack_of_funds(funded: Stage) -> None:
    """Bought from a frozen account and sold on: the tokens are not there to be moved."""
    await funded.world.freeze(1, BUILDING)
    await funded.world.finalize()
    await trade(funded, 3, 1)
    await funded.ledger.trade(
        buyer=4, seller=3, base=BUILDING, quote=DOLLAR, base_atoms=5, quote_atoms=700
    )
    await trade(funded, 5, 2)
    await funded.settle_all()
    states = await funded.fill_states()
    assert {1: State.PARKED, 2: State.PARKED, 3: State.FINAL} == states
    reasons = [each.reason for each in await funded.batches() if each.state is State.PARKED]
    assert 1 == sum("insufficient funds" in reason for reason in reasons)
    assert ((), 2) == await compare(funded)


async def test_an_empty_fee_payer_parks_nothing(funded: Stage) -> None:
    """It is the worker's trouble, not the fills': they wait until the payer has coins again."""
    authority, issuer = funded.world.authority, funded.world.issuer
    coins = (await funded.world.client.get_balance(authority.pubkey())).value
    drain = transfer(
        TransferParams(from_pubkey=authority.pubkey(), to_pubkey=issuer.pubkey(), lamports=coins)
    )
    await funded.world.send(drain, payer=issuer, signers=[authority])
    await funded.world.finalize()
    await trade(funded, 3, 1)
    await funded.batch_and_send()
    assert [State.NETTED] == await funded.states()
    await funded.world.client.request_airdrop(authority.pubkey(), 10 * COIN_LAMPORTS)
    await funded.world.finalize()
    await funded.settle_all()
    assert [State.FINAL] == await funded.states()


async def test_a_payer_that_cannot_pay_the_receipt_is_not_the_fills_fault(funded: Stage) -> None:
    """It landed and failed for want of coins: spent, nothing moved, signed anew."""
    authority, issuer = funded.world.authority, funded.world.issuer
    await funded.world.fault("delay", slots=2, count=1)
    await trade(funded, 3, 1)
    await funded.batch_and_send()
    coins = (await funded.world.client.get_balance(authority.pubkey(), Processed)).value
    drain = transfer(
        TransferParams(
            from_pubkey=authority.pubkey(), to_pubkey=issuer.pubkey(), lamports=coins - 900_000
        )
    )
    await funded.world.send(drain, payer=issuer, signers=[authority])
    await funded.world.finalize()
    await funded.land_finally()
    assert [State.EXPIRED] == await funded.states()
    assert (
        "failed on chain: instruction 0: insufficient funds" in (await funded.batches())[0].reason
    )
    await funded.world.client.request_airdrop(authority.pubkey(), 10 * COIN_LAMPORTS)
    await funded.world.finalize()
    await funded.settle_all()
    assert [State.FINAL] == await funded.states()
    assert {1: State.FINAL} == await funded.fill_states()


async def test_fills_that_net_to_nothing_are_final_without_a_transaction(funded: Stage) -> None:
    """There and back: no token has to move."""
    await funded.fund((3, BUILDING, 5), (1, DOLLAR, 500))
    for buyer, seller in [(3, 1), (1, 3)]:
        await funded.ledger.trade(
            buyer=buyer, seller=seller, base=BUILDING, quote=DOLLAR, base_atoms=5, quote_atoms=500
        )
    await funded.take_in()
    await funded.worker.make_batches()
    (batch,) = await funded.batches()
    assert (State.FINAL, (), "", 0) == (
        batch.state,
        batch.transfers,
        batch.signature,
        batch.attempts,
    )
    assert {1: State.FINAL, 2: State.FINAL} == await funded.fill_states()
    assert ((), 0) == await compare(funded)


async def test_many_fills_between_all_participants_take_one_transaction(stage: Stage) -> None:
    """Netted per participant and mint: a vault is named once, however many fills it has."""
    accounts = list(stage.world.wallets)
    await stage.fund(
        *((account, asset, 100_000) for account in accounts for asset in (BUILDING, BOND, DOLLAR))
    )
    for index in range(60):
        buyer, seller = accounts[index % 6], accounts[(index * 5 + 1) % 6]
        if buyer != seller:
            await stage.ledger.trade(
                buyer=buyer,
                seller=seller,
                base=(BUILDING, BOND)[index % 2],
                quote=DOLLAR,
                base_atoms=10 + index,
                quote_atoms=500 + index,
                buyer_fee=1,
                seller_fee=1,
            )
    await stage.settle_all()
    batches = await stage.batches()
    assert {State.FINAL} == {each.state for each in batches}
    (batch,) = batches
    assert (7, 29, 1_559) == (
        batch.participants,
        batch.account_locks,
        batch.transaction_bytes,
    )
    assert 15_000 < batch.compute_units < 100_000  # by how long the addresses were searched for
    await stage.assert_chain_equals_ledger()
