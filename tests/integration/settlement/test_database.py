"""The database: connections that break, rows that must not be there, chains that are not ours."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import asyncpg
import pytest

from engine.core.invariants import BrokenInvariant
from services._base.database import Pool
from settlement.loops import TRANSIENT
from settlement.states import State, Step
from settlement.store import NeverRun, WrongChain, bind_chain, check_chain
from settlement.store.payments import LeaseLost
from tests.integration.settlement.chain_world import BUILDING, DOLLAR
from tests.integration.settlement.stage import Stage
from tests.unit.settlement.makers import fill

pytestmark = pytest.mark.slow


async def test_connections_that_break_at_any_moment_settle_every_fill_once(
    stage: Stage, database_url: str
) -> None:
    """Also between a commit and its answer: every write can be repeated."""
    await stage.fund((1, BUILDING, 1_000), (2, DOLLAR, 100_000))
    for _ in range(30):
        await stage.ledger.trade(
            buyer=2, seller=1, base=BUILDING, quote=DOLLAR, base_atoms=1, quote_atoms=10
        )
    await stage.ledger.hold(1, BUILDING, 5)
    passes = [
        stage.take_in,
        stage.worker.make_batches,
        stage.worker.send,
        stage.worker.confirm,
        stage.worker.deposits,
        stage.worker.pay_and_end,
        stage.worker.reconcile,
    ]
    broken = 0
    chance = random.Random(7)
    breaker = await asyncpg.connect(database_url)
    for _ in range(100):
        await stage.world.advance()
        breaking = asyncio.create_task(break_connections(breaker, chance.randrange(60)))
        try:
            await chance.choice(passes)()
        except TRANSIENT:
            broken += 1
        await breaking
    await breaker.close()
    await stage.pool.expire_connections()
    await stage.settle_all()
    await stage.worker.pay_and_end()
    assert broken > 0
    assert {State.FINAL} == set(await stage.states())
    await stage.assert_chain_equals_ledger()


async def break_connections(
    breaker: asyncpg.Connection[asyncpg.Record], turns_of_the_loop: int
) -> None:
    """End the server's side of every connection of the worker, a moment from now."""
    for _ in range(turns_of_the_loop):
        await asyncio.sleep(0)
    await breaker.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'realstack' AND datname = current_database()"
    )


async def test_fills_that_leave_a_gap_are_refused(stage: Stage) -> None:
    """A trade that is missing would never be settled, and nobody would know."""
    with pytest.raises(BrokenInvariant, match="leave no gap"):
        await stage.stores.fills.add([fill(2)], received_time_ns=1)
    with pytest.raises(BrokenInvariant, match="in order"):
        await stage.stores.fills.add([fill(1), fill(3)], received_time_ns=1)
    assert 0 == await stage.stores.fills.add([], received_time_ns=1)


async def test_a_trade_that_comes_again_is_the_same_or_an_alarm(stage: Stage) -> None:
    """Two workers follow one stream; another venue would tell other trades."""
    assert 2 == await stage.stores.fills.add([fill(1), fill(2)], received_time_ns=1)
    assert 1 == await stage.stores.fills.add([fill(2), fill(3)], received_time_ns=2)
    with pytest.raises(BrokenInvariant, match="same content"):
        await stage.stores.fills.add([fill(3, base_atoms=11)], received_time_ns=2)


async def test_a_database_belongs_to_one_chain_and_one_key(pool: Pool) -> None:
    """Bound at the first run, refused ever after."""
    with pytest.raises(NeverRun):
        await check_chain(pool, genesis_hash="one", authority="key", market_program="m")
    await bind_chain(pool, genesis_hash="one", authority="key", market_program="m")
    await bind_chain(pool, genesis_hash="one", authority="key", market_program="m")
    with pytest.raises(WrongChain, match="genesis hash is two"):
        await bind_chain(pool, genesis_hash="two", authority="key", market_program="m")
    with pytest.raises(WrongChain, match="market program is n"):
        await check_chain(pool, genesis_hash="one", authority="key", market_program="n")
    with pytest.raises(WrongChain, match="settlement key is other"):
        await check_chain(pool, genesis_hash="one", authority="other", market_program="m")


async def test_a_step_from_a_state_that_was_left_is_refused(stage: Stage) -> None:
    """Whoever comes second changes nothing."""
    await stage.fund((1, BUILDING, 10), (2, DOLLAR, 1_000))
    await stage.ledger.trade(
        buyer=2, seller=1, base=BUILDING, quote=DOLLAR, base_atoms=1, quote_atoms=10
    )
    await stage.take_in()
    await stage.worker.make_batches()
    (payment,) = await stage.stores.payments.claim([State.NETTED], 10)
    await stage.worker.send()
    with pytest.raises(LeaseLost):
        await stage.stores.payments.step(payment, Step.REFUSED_IN_SIMULATION, now_ns=1)
    with pytest.raises(BrokenInvariant, match="cannot be"):
        final = replace(payment, state=State.FINAL)
        await stage.stores.payments.step(final, Step.SENT, now_ns=1)


async def test_a_step_of_a_claim_that_ran_out_is_refused(stage: Stage) -> None:
    """Nothing has changed but the time: another worker may have it, so it is not ours."""
    await stage.fund((1, BUILDING, 10), (2, DOLLAR, 1_000))
    await stage.ledger.trade(
        buyer=2, seller=1, base=BUILDING, quote=DOLLAR, base_atoms=1, quote_atoms=10
    )
    await stage.take_in()
    await stage.worker.make_batches()
    sleepy = await stage.second("sleepy", lease_ms=1)
    (payment,) = await sleepy.stores.payments.claim([State.NETTED], 10)
    await stage.pool.execute("SELECT pg_sleep(0.01)")
    with pytest.raises(LeaseLost):
        await sleepy.stores.payments.step(payment, Step.SIGNED, now_ns=1)
    assert 1 == len(await stage.stores.payments.claim([State.NETTED], 10))
    with pytest.raises(LeaseLost):
        await sleepy.stores.payments.step(payment, Step.SIGNED, now_ns=1)
    await sleepy.close()


async def test_claims_given_back_can_be_claimed_at_once(stage: Stage) -> None:
    """A worker that ends in order leaves nothing that must be waited for."""
    await stage.fund((1, BUILDING, 10), (2, DOLLAR, 1_000))
    await stage.ledger.trade(
        buyer=2, seller=1, base=BUILDING, quote=DOLLAR, base_atoms=1, quote_atoms=10
    )
    await stage.take_in()
    await stage.worker.make_batches()
    other = await stage.second()
    assert 1 == len(await stage.stores.payments.claim([State.NETTED], 10))
    assert [] == await other.stores.payments.claim([State.NETTED], 10)
    await stage.stores.payments.release_all()
    assert 1 == len(await other.stores.payments.claim([State.NETTED], 10))
    await other.close()
