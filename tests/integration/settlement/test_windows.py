"""A window of many fills: netted whole, over several transactions, each of them safe by itself."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator

import pytest
from solana.rpc.async_api import AsyncClient
from spl.token import instructions, models

from settlement.accounts import CLEARING_ACCOUNT_ID
from settlement.localnet import LocalnetServer
from settlement.states import State
from settlement.store.operations import OperationStore
from settlement.store.reports import BatchReport
from tests.integration.settlement.chain_world import BOND, BUILDING, DOLLAR, ChainWorld
from tests.integration.settlement.conftest import FINALIZED_SLOTS
from tests.integration.settlement.stage import Stage

pytestmark = pytest.mark.slow

ACCOUNTS = 40
FLOAT = {BUILDING: 400, BOND: 400, DOLLAR: 40_000}
ASSETS = tuple(FLOAT)


@pytest.fixture
async def world(localnet: LocalnetServer) -> AsyncIterator[ChainWorld]:
    """More participants than one transaction carries."""
    async with AsyncClient(localnet.url) as client:
        made = ChainWorld(client, FINALIZED_SLOTS)
        await made.build(accounts=ACCOUNTS)
        yield made


@pytest.fixture
async def crowd(stage: Stage) -> Stage:
    """Everybody has something of everything, and the clearing vaults their float."""
    await stage.fund(
        *((account, asset, 1_000_000) for account in stage.world.wallets for asset in ASSETS)
    )
    for asset_id, atoms in FLOAT.items():
        await stage.world.lend(asset_id, atoms)
    await stage.world.finalize()
    await stage.worker.deposits()
    return stage


async def trade(stage: Stage, count: int = 120, seed: int = 5) -> None:
    """Trade in two markets, each participant with several others."""
    chance = random.Random(seed)
    for _ in range(count):
        buyer, seller = chance.sample(range(1, ACCOUNTS + 1), 2)
        await stage.ledger.trade(
            buyer=buyer,
            seller=seller,
            base=chance.choice((BUILDING, BOND)),
            quote=DOLLAR,
            base_atoms=chance.randrange(1, 20),
            quote_atoms=chance.randrange(1, 2_000),
            buyer_fee=2,
            seller_fee=1,
        )


async def assert_in_order(stage: Stage, *, fills_in_flight: int = 0) -> None:
    """Check that the reconciler explains everything."""
    found = await stage.worker.comparer.compare()
    assert ((), fills_in_flight) == (found.differences, found.in_flight.fills)


async def clearing(stage: Stage) -> dict[int, int]:
    """Return what the clearing vaults hold."""
    return {asset_id: await stage.world.clearing_atoms(asset_id) for asset_id in ASSETS}


def is_part(batch: BatchReport) -> bool:
    """Tell whether a batch moves against the clearing vaults."""
    return CLEARING_ACCOUNT_ID in accounts_of(batch)


def accounts_of(batch: BatchReport) -> set[int]:
    """Return the accounts between which a batch moves."""
    return {
        account
        for each in batch.transfers
        for account in (each.from_account_id, each.to_account_id)
    }


async def test_a_window_takes_few_transactions_and_leaves_the_float_as_it_was(crowd: Stage) -> None:
    """120 fills among 40 participants in three mints: three transactions."""
    await trade(crowd)
    await crowd.settle_all()
    batches = await crowd.batches()
    assert [State.FINAL] * 3 == [each.state for each in batches]
    assert all(is_part(each) and each.attempts == 1 for each in batches)
    assert ACCOUNTS + 1 == sum(each.participants for each in batches)
    assert {State.FINAL} == set((await crowd.fill_states()).values())
    assert FLOAT == await clearing(crowd)
    await crowd.assert_chain_equals_ledger()
    await assert_in_order(crowd)


async def test_a_half_done_window_is_no_difference(crowd: Stage) -> None:
    """One transaction is lost on the way: the float bridges until it is sent again."""
    await trade(crowd)
    await crowd.world.fault("drop", count=1)
    await crowd.batch_and_send()
    await crowd.land_finally()
    assert sorted([State.FINAL, State.FINAL, State.IN_FLIGHT]) == sorted(await crowd.states())
    assert FLOAT != await clearing(crowd)
    states = (await crowd.fill_states()).values()
    assert {State.FINAL, State.IN_FLIGHT} == set(states)
    found = await crowd.worker.comparer.compare()
    assert ((), True) == (found.differences, found.in_flight.fills > 0)
    await crowd.world.move_behind_the_back(DOLLAR, 1, 2, 1)
    await crowd.world.finalize()
    found = await crowd.worker.comparer.compare()
    assert {(1, DOLLAR), (2, DOLLAR)} == {
        (each.account_id, each.asset_id) for each in found.differences
    }
    await crowd.world.move_behind_the_back(DOLLAR, 2, 1, 1)
    await crowd.world.finalize()
    await crowd.settle_all()
    assert FLOAT == await clearing(crowd)
    await crowd.assert_chain_equals_ledger()


async def test_without_float_the_fills_are_settled_in_sets(stage: Stage) -> None:
    """More transactions, each zero-sum by itself; the clearing vaults are not touched."""
    await stage.fund(
        *((account, asset, 1_000_000) for account in stage.world.wallets for asset in ASSETS)
    )
    await trade(stage)
    await stage.settle_all()
    batches = await stage.batches()
    assert len(batches) > 3
    assert not any(is_part(each) for each in batches)
    await stage.assert_chain_equals_ledger()


async def test_an_account_that_cannot_be_settled_is_taken_out_before_anything_is_sent(
    crowd: Stage,
) -> None:
    """Its fills are parked with the reason; the others are netted anew and settle."""
    await crowd.world.freeze(7, DOLLAR)
    await crowd.world.finalize()
    await trade(crowd)
    await crowd.settle_all()
    of_seven = {
        each.trade_id
        for each in crowd.ledger.fills
        if 7 in (each.buyer_account_id, each.seller_account_id)
    }
    states = await crowd.fill_states()
    assert of_seven == {each for each, state in states.items() if state is State.PARKED}
    assert {State.FINAL} == {state for each, state in states.items() if each not in of_seven}
    reasons = {each.reason for each in await crowd.batches() if each.state is State.PARKED}
    assert all("account is frozen" in reason for reason in reasons)
    assert any(is_part(each) for each in await crowd.batches())
    assert FLOAT == await clearing(crowd)
    await assert_in_order(crowd, fills_in_flight=len(of_seven))


async def test_an_account_without_a_wallet_holds_up_no_window(crowd: Stage) -> None:
    """It has no vaults: its fills go by themselves, the others are netted without them."""
    await trade(crowd)
    await crowd.take_in()
    file = crowd.folder / "instruments.json"
    content = json.loads(file.read_text())
    content["accounts"] = [each for each in content["accounts"] if each["account_id"] != 7]
    file.write_text(json.dumps(content))
    await crowd.worker.deposits()  # reads the file again
    await crowd.worker.make_batches()
    parts = [accounts_of(each) for each in await crowd.batches() if is_part(each)]
    sets = [accounts_of(each) for each in await crowd.batches() if not is_part(each)]
    assert parts
    assert not any(7 in each for each in parts)
    assert all(7 in each for each in sets)


async def test_in_a_window_under_way_the_float_stands_in_for_who_cannot_be_settled(
    crowd: Stage,
) -> None:
    """Frozen after it was tried: split between accounts to the one, parked, retried, settled."""
    await trade(crowd)
    await crowd.world.fault("delay", slots=2, count=3)
    await crowd.batch_and_send()
    await crowd.world.freeze(7, DOLLAR)
    await crowd.world.finalize()
    await crowd.land_finally()
    await crowd.settle_all()
    parked = [each for each in await crowd.batches() if each.state is State.PARKED]
    (stuck,) = parked
    assert {7, CLEARING_ACCOUNT_ID} == accounts_of(stuck)
    assert "account is frozen" in stuck.reason
    of_seven = {
        each.trade_id
        for each in crowd.ledger.fills
        if 7 in (each.buyer_account_id, each.seller_account_id)
    }
    states = await crowd.fill_states()
    assert of_seven == {each for each, state in states.items() if state is State.PARKED}
    assert FLOAT != await clearing(crowd)
    await assert_in_order(crowd, fills_in_flight=len(of_seven))
    await thaw(crowd, 7, DOLLAR)
    await OperationStore(crowd.pool).retry(stuck.batch_id, lambda fills: [], now_ns=1)
    await crowd.settle_all()
    assert {State.FINAL} == set((await crowd.fill_states()).values())
    assert FLOAT == await clearing(crowd)
    await crowd.assert_chain_equals_ledger()


async def thaw(stage: Stage, account_id: int, asset_id: int) -> None:
    """Thaw a vault."""
    asset = stage.world.registry.assets[asset_id]
    step = instructions.thaw_account(
        models.ThawAccountParams(
            program_id=asset.token_program,
            account=stage.world.vault(account_id, asset_id),
            mint=asset.mint,
            authority=stage.world.issuer.pubkey(),
        )
    )
    await stage.world.send(step, payer=stage.world.issuer, signers=[])
    await stage.world.finalize()


async def test_several_workers_settle_one_window(crowd: Stage) -> None:
    """Each takes transactions that no other has; every one is signed once."""
    others = [await crowd.second(name) for name in ("second", "third")]
    workers = [crowd.worker, *(each.worker for each in others)]
    for seed in (1, 2, 3):
        await trade(crowd, seed=seed)
        await crowd.take_in()
        for _ in range(3):
            await asyncio.gather(*(each.make_batches() for each in workers))
            await asyncio.gather(*(each.send() for each in workers))
            await crowd.world.finalize()
            await asyncio.gather(*(each.confirm() for each in workers))
    for each in others:
        await each.close()
    batches = await crowd.batches()
    assert [(State.FINAL, 1)] * len(batches) == [(each.state, each.attempts) for each in batches]
    assert 9 == len(batches)
    assert FLOAT == await clearing(crowd)
    await crowd.assert_chain_equals_ledger()


async def test_a_withdrawal_waits_for_its_own_part_of_a_window_alone(crowd: Stage) -> None:
    """What others of the window are still owed does not hold it up."""
    await trade(crowd)
    held = {each: await crowd.ledger.hold(each, BOND, 1) for each in range(1, ACCOUNTS + 1)}
    await crowd.world.fault("drop", count=1)
    await crowd.batch_and_send()
    await crowd.land_finally()
    lost = [each for each in await crowd.batches() if each.state is State.IN_FLIGHT]
    waiting = set().union(*map(accounts_of, lost))
    ready = await crowd.stores.withdrawals.ready_to_pay(100)
    assert {held[each] for each in held.keys() - waiting} == {each.withdrawal_id for each in ready}
    assert 0 < len(ready) < len(held)
