"""What can happen to a transaction between signature and finality: one effect, always."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from solders.signature import Signature

from settlement.chain import Chain, ChainUnavailable
from settlement.confirmer import Confirmer, Finding
from settlement.payments import Attempt, Payment
from settlement.states import State
from settlement.store import WrongChain
from tests.integration.settlement.chain_world import BUILDING, DOLLAR
from tests.integration.settlement.stage import Stage

pytestmark = pytest.mark.slow

BLOCKHASH_LIFE_BLOCKS = 150


@pytest.fixture
async def funded(stage: Stage) -> Stage:
    """A seller with buildings, a buyer with dollars, one trade between them."""
    await stage.fund((1, BUILDING, 100), (2, DOLLAR, 10_000))
    await trade(stage)
    return stage


async def trade(stage: Stage) -> int:
    """Sell 5 atoms for 500."""
    return await stage.ledger.trade(
        buyer=2, seller=1, base=BUILDING, quote=DOLLAR, base_atoms=5, quote_atoms=500
    )


async def assert_settled_once(stage: Stage, *, attempts: int) -> None:
    """Check that the one trade moved its tokens once, after so many signatures."""
    (batch,) = await stage.batches()
    assert (State.FINAL, attempts) == (batch.state, batch.attempts)
    assert 5 == await stage.world.atoms(2, BUILDING)
    await stage.assert_chain_equals_ledger()


async def test_signature_height_and_hash_are_stored_before_the_first_broadcast(
    funded: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the node gets the bytes, the database already knows all about them."""
    seen: list[tuple[State, int, bytes]] = []
    send = Chain.send

    async def watched(chain: Chain, transaction: bytes) -> str:
        row = await funded.pool.fetchrow(
            "SELECT state, last_valid_block_height, transaction_bytes"
            " FROM settlement.payments JOIN settlement.attempts USING (payment_id)"
        )
        assert row is not None
        seen.append((State(row[0]), row[1], row[2]))
        assert transaction == row[2]
        return await send(chain, transaction)

    monkeypatch.setattr(Chain, "send", watched)
    await funded.batch_and_send()
    ((state, height, _),) = seen
    assert State.SIGNED == state
    assert height > BLOCKHASH_LIFE_BLOCKS


async def test_a_dropped_transaction_is_sent_again_with_the_same_bytes(funded: Stage) -> None:
    """The node took it and nobody ever saw it."""
    await funded.world.fault("drop", count=1)
    await funded.batch_and_send()
    await funded.land()
    assert [State.IN_FLIGHT] == await funded.states()
    await funded.land_finally()
    await assert_settled_once(funded, attempts=1)


async def test_the_same_bytes_sent_many_times_move_tokens_once(funded: Stage) -> None:
    """The cluster knows a signature it has seen; 'already processed' is success."""
    await funded.world.fault("duplicate")
    await funded.batch_and_send()
    (raw,) = await funded.pool.fetch("SELECT transaction_bytes FROM settlement.attempts")
    for _ in range(20):
        await funded.chain.send(raw["transaction_bytes"])
        await funded.world.advance()
    await funded.land_finally()
    await assert_settled_once(funded, attempts=1)


async def test_a_broken_connection_after_the_node_took_it_loses_nothing(funded: Stage) -> None:
    """The outcome of the send is unknown; the status tells."""
    await funded.world.fault("lost-answer", count=2)  # the client library tries twice
    await funded.take_in()
    await funded.worker.make_batches()
    with pytest.raises(ChainUnavailable):
        await funded.worker.send()
    assert [State.SIGNED] == await funded.states()
    await funded.land_finally()
    await assert_settled_once(funded, attempts=1)


async def test_a_lost_transaction_is_signed_anew_only_after_proof_that_it_is_dead(
    funded: Stage,
) -> None:
    """Not before the finalized height has passed its last valid height."""
    await funded.world.fault("drop")
    await funded.batch_and_send()
    (batch,) = await funded.batches()
    heights = []
    while await funded.states() == [State.IN_FLIGHT]:
        await funded.world.advance(10)
        heights.append((await funded.chain.finalized_height()).block_height)
        await funded.worker.confirm()
    assert [State.EXPIRED] == await funded.states()
    assert heights[-2] <= batch.last_valid_block_height < heights[-1]
    await funded.world.call("localnet_clearFaults")
    await funded.worker.send()
    await funded.land_finally()
    await assert_settled_once(funded, attempts=2)


async def test_a_blockhash_that_no_node_knows_expires_and_is_replaced(funded: Stage) -> None:
    """A lying or forked node handed out a hash of a block that never was."""
    await funded.world.fault("expired-blockhash", count=1)
    await funded.batch_and_send()
    await funded.world.advance(BLOCKHASH_LIFE_BLOCKS + 20)
    await funded.worker.confirm()
    assert [State.EXPIRED] == await funded.states()
    await funded.worker.send()
    await funded.land_finally()
    await assert_settled_once(funded, attempts=2)


async def test_a_transaction_that_lands_late_is_waited_for(funded: Stage) -> None:
    """Unknown for a hundred slots, then there: it was never signed anew."""
    await funded.world.fault("delay", slots=100, count=1)
    await funded.batch_and_send()
    await funded.world.call("localnet_clearFaults")
    await funded.world.fault("drop")  # what is sent again in between does not help
    for _ in range(9):
        await funded.world.advance(10)
        await funded.worker.confirm()
    await funded.world.advance(20)
    await funded.land_finally()
    await assert_settled_once(funded, attempts=1)


async def test_a_confirmed_transaction_whose_slot_is_rolled_back_is_sent_again(
    funded: Stage,
) -> None:
    """Confirmed is not final: a fork took it, and the same bytes land on the other one."""
    await funded.batch_and_send()
    await funded.land()
    assert [State.CONFIRMED] == await funded.states()
    await funded.world.fault("rolled-back-slot", slots=3)
    await funded.worker.confirm()
    assert [State.IN_FLIGHT] == await funded.states()
    await funded.worker.confirm()
    await funded.land_finally()
    await assert_settled_once(funded, attempts=1)


async def test_a_node_that_lags_proves_nothing(funded: Stage) -> None:
    """It says 'not found' about the past; nothing is signed anew on its word."""
    await funded.batch_and_send()
    await funded.world.fault("lagging-node", slots=400)
    await funded.world.advance(300)
    await funded.worker.confirm()
    assert State.EXPIRED not in await funded.states()
    assert [1] == [each.attempts for each in await funded.batches()]
    await funded.world.call("localnet_clearFaults")
    await funded.land_finally()
    await assert_settled_once(funded, attempts=1)


async def test_a_node_that_limits_rates_holds_everything_up_and_breaks_nothing(
    funded: Stage,
) -> None:
    """429 for a while: no state changes, then all goes on."""
    await funded.take_in()
    await funded.worker.make_batches()
    await funded.world.fault("rate-limit", count=6)
    for _ in range(3):
        with pytest.raises(ChainUnavailable):
            await funded.worker.send()
    assert [State.NETTED] == await funded.states()
    await funded.world.call("localnet_clearFaults")
    await funded.worker.send()
    await funded.land_finally()
    await assert_settled_once(funded, attempts=1)


async def test_nothing_is_signed_when_the_node_shows_another_genesis(funded: Stage) -> None:
    """The URL leads to another chain now: refuse before signing."""
    await funded.take_in()
    await funded.worker.make_batches()
    await funded.world.fault("wrong-genesis")
    with pytest.raises(WrongChain, match="genesis hash"):
        await funded.worker.send()
    assert [State.NETTED] == await funded.states()
    assert 0 == await funded.pool.fetchval("SELECT count(*) FROM settlement.attempts")


async def test_a_second_transaction_of_a_payment_fails_on_chain(funded: Stage) -> None:
    """A twin signed after a lost write: the receipt makes it fail, and a person is asked."""
    await funded.batch_and_send()
    await funded.land_finally()
    await funded.pool.execute("TRUNCATE settlement.attempts")
    await funded.pool.execute(
        "UPDATE settlement.payments SET state = 'NETTED', attempts = 0, landed_slot = NULL"
    )
    await funded.worker.send()
    (batch,) = await funded.batches()
    assert State.PARKED == batch.state
    assert "which this database does not know" in batch.reason
    assert 5 == await funded.world.atoms(2, BUILDING)


async def test_a_death_certificate_that_was_wrong_is_noticed_before_signing(funded: Stage) -> None:
    """A node lied that it was dead: the receipt shows that it landed, and it is final."""
    await funded.batch_and_send()
    await funded.land_finally()
    await funded.pool.execute("UPDATE settlement.payments SET state = 'EXPIRED'")
    await funded.worker.send()
    await assert_settled_once(funded, attempts=1)


async def test_a_twin_that_lands_second_fails_and_the_first_one_counts(funded: Stage) -> None:
    """Signed twice on a node's false word that the first was dead; both reached the chain."""
    await funded.world.fault("delay", slots=4, count=1)
    await funded.batch_and_send()
    await funded.pool.execute("UPDATE settlement.payments SET state = 'EXPIRED'")
    await funded.world.advance(2)  # another blockhash
    await funded.world.fault("delay", slots=5, count=1)
    await funded.worker.send()
    assert [State.IN_FLIGHT] == await funded.states()
    await funded.world.advance(8)
    await funded.land_finally()
    await assert_settled_once(funded, attempts=2)
    rows = await funded.pool.fetch("SELECT signature FROM settlement.attempts ORDER BY attempt")
    statuses = await funded.chain.statuses(
        [Signature.from_string(row["signature"]) for row in rows], history=True
    )
    failures = [None if each is None else each.failure for each in statuses.found]
    assert [None, 0] == [each and each.instruction for each in failures]


async def test_an_outcome_that_no_node_can_tell_is_parked(funded: Stage) -> None:
    """The node's history does not reach back: nobody signs anew, a person decides."""
    await funded.world.fault("drop")
    await funded.batch_and_send()
    await funded.pool.execute("UPDATE settlement.attempts SET signed_slot = -1000000")
    await funded.world.advance(BLOCKHASH_LIFE_BLOCKS + 20)
    await funded.worker.confirm()
    (batch,) = await funded.batches()
    assert (State.PARKED, 1) == (batch.state, batch.attempts)
    assert "no node can tell" in batch.reason
    await funded.world.call("localnet_clearFaults")
    await funded.worker.send()
    assert [State.PARKED] == await funded.states()


async def test_what_the_node_says_against_the_bytes_is_kept_and_proves_nothing(
    funded: Stage,
) -> None:
    """Damaged bytes are refused again and again; the payment is signed anew when it is dead."""
    await funded.world.fault("drop", count=1)
    await funded.batch_and_send()
    await funded.pool.execute("UPDATE settlement.attempts SET transaction_bytes = '\\x00'")
    await funded.worker.confirm()
    note = await funded.pool.fetchval("SELECT note FROM settlement.attempts")
    assert "failed to deserialize" in note
    assert [State.IN_FLIGHT] == await funded.states()
    await funded.world.advance(BLOCKHASH_LIFE_BLOCKS + 20)
    await funded.worker.confirm()
    await funded.worker.send()
    await funded.land_finally()
    await assert_settled_once(funded, attempts=2)


async def test_a_payment_that_another_worker_moves_on_meanwhile_is_left_alone(
    funded: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the step: the step is refused, and the pass goes on."""
    await funded.batch_and_send()
    look = Confirmer.look

    async def look_while_another_confirms(
        confirmer: Confirmer, sent: Sequence[tuple[Payment, Attempt]]
    ) -> list[Finding]:
        found = await look(confirmer, sent)
        await funded.pool.execute("UPDATE settlement.payments SET state = 'CONFIRMED'")
        return found

    await funded.world.advance(2)
    monkeypatch.setattr(Confirmer, "look", look_while_another_confirms)
    await funded.worker.confirm()
    monkeypatch.setattr(Confirmer, "look", look)
    assert [State.CONFIRMED] == await funded.states()
    await funded.land_finally()
    await assert_settled_once(funded, attempts=1)


async def test_equal_trades_in_one_block_are_two_transactions(stage: Stage) -> None:
    """Two batches that move the same tokens never have the same bytes."""
    await stage.fund((1, BUILDING, 100), (2, DOLLAR, 10_000))
    for _ in range(3):
        await trade(stage)
        await stage.batch_and_send()
    await stage.land_finally()
    assert [State.FINAL] * 3 == await stage.states()
    assert 3 == len({each.signature for each in await stage.batches()})
    assert 15 == await stage.world.atoms(2, BUILDING)
    await stage.assert_chain_equals_ledger()


async def test_two_workers_settle_every_fill_once(stage: Stage) -> None:
    """They run all passes at the same time on one database."""
    await stage.fund((1, BUILDING, 1_000), (2, DOLLAR, 100_000), (3, DOLLAR, 100_000))
    other = await stage.second()
    for index in range(40):
        await stage.ledger.trade(
            buyer=2 + index % 2,
            seller=1,
            base=BUILDING,
            quote=DOLLAR,
            base_atoms=5,
            quote_atoms=500,
        )
        if index % 8 == 7:
            await asyncio.gather(stage.take_in(), other.take_in())
            for worker in (stage.worker, other.worker):
                await asyncio.gather(worker.make_batches(), stage.worker.make_batches())
            await asyncio.gather(stage.worker.send(), other.worker.send())
            await stage.world.advance(2)
            await asyncio.gather(stage.worker.confirm(), other.worker.confirm())
    for _ in range(5):
        await asyncio.gather(stage.worker.send(), other.worker.send())
        await stage.world.finalize()
        await asyncio.gather(stage.worker.confirm(), other.worker.confirm())
    await other.close()
    batches = await stage.batches()
    assert [State.FINAL] * len(batches) == [each.state for each in batches]
    assert [1] * len(batches) == [each.attempts for each in batches]
    assert list(range(1, 41)) == sorted(each for batch in batches for each in batch.trade_ids)
    await stage.assert_chain_equals_ledger()


async def test_a_worker_that_lost_its_lease_moves_nothing_on(funded: Stage) -> None:
    """A paused worker wakes up after another has taken over: its steps are refused."""
    sleepy = await funded.second("sleepy", lease_ms=1)
    await funded.take_in()
    await funded.worker.make_batches()
    held = await sleepy.stores.payments.claim([State.NETTED], 10)
    assert 1 == len(held)
    await asyncio.gather(*(funded.pool.fetchval("SELECT pg_sleep(0.01)") for _ in range(1)))
    await funded.worker.send()
    await sleepy.worker.send()
    await sleepy.close()
    await funded.land_finally()
    await assert_settled_once(funded, attempts=1)


async def test_signatures_of_all_attempts_stay(funded: Stage) -> None:
    """Whatever was ever signed can be looked up later."""
    await funded.world.fault("expired-blockhash", count=1)
    await funded.batch_and_send()
    await funded.world.advance(BLOCKHASH_LIFE_BLOCKS + 20)
    await funded.worker.confirm()
    await funded.worker.send()
    await funded.land_finally()
    rows = await funded.pool.fetch("SELECT signature FROM settlement.attempts ORDER BY attempt")
    statuses = await funded.chain.statuses(
        [Signature.from_string(row["signature"]) for row in rows], history=True
    )
    assert [None] == statuses.found[:1]
    assert [False] == [status is None for status in statuses.found[1:]]
