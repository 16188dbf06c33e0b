"""Deposits: finalized inflows are credited once, whoever sends them and whatever breaks."""

from __future__ import annotations

import pytest

from settlement.accounts import wallet_token_address
from settlement.chain import ChainUnavailable
from settlement.store.deposits import SeenDeposit
from settlement.store.reconciliations import Facts
from settlement.venue import VenueUnavailable, client_id_of
from tests.integration.settlement.chain_world import BUILDING, DOLLAR, move
from tests.integration.settlement.stage import Stage

pytestmark = pytest.mark.slow


async def rescan(stage: Stage) -> None:
    """Run deposit passes, by this worker and by one that has just started."""
    fresh = await stage.second()
    for worker in (stage.worker, fresh.worker, stage.worker):
        await worker.deposits()
    await fresh.close()


async def test_a_deposit_is_credited_when_final_and_not_before(stage: Stage) -> None:
    """Confirmed is not enough: a fork could take it back."""
    await stage.world.deposit(1, BUILDING, 70)
    await stage.world.advance(2)
    await stage.worker.deposits()
    assert 0 == stage.ledger.atoms(1, BUILDING)
    await stage.world.finalize()
    await stage.worker.deposits()
    assert 70 == stage.ledger.atoms(1, BUILDING)


async def test_a_deposit_is_credited_once_over_passes_and_restarts(stage: Stage) -> None:
    """Whatever is read again is the same row and the same client id."""
    signature = await stage.world.deposit(1, BUILDING, 70)
    await stage.world.finalize()
    await rescan(stage)
    await stage.pool.execute("TRUNCATE settlement.cursors")
    await rescan(stage)
    (credit,) = stage.ledger.credits
    assert client_id_of(str(signature), "2.0") == credit.client_id
    assert 70 == stage.ledger.atoms(1, BUILDING)


async def test_an_answer_that_was_lost_is_asked_for_with_the_same_id_and_time(
    stage: Stage,
) -> None:
    """The venue had credited it; the worker does not know, and sends the same again."""
    await stage.world.deposit(1, BUILDING, 70)
    await stage.world.finalize()
    stage.ledger.lost_answers = 1
    with pytest.raises(VenueUnavailable):
        await stage.worker.deposits()
    before = await stage.pool.fetchval("SELECT sent_time_ns FROM settlement.deposits")
    await rescan(stage)
    row = await stage.pool.fetchrow("SELECT state, sent_time_ns FROM settlement.deposits")
    assert row is not None
    assert ("CREDITED", before) == (row["state"], row["sent_time_ns"])
    assert 70 == stage.ledger.atoms(1, BUILDING)
    assert 1 == len(stage.ledger.credits)


async def test_while_the_answer_is_outstanding_the_comparison_shows_no_difference(
    stage: Stage,
) -> None:
    """It is named as in doubt."""
    await stage.world.deposit(1, BUILDING, 70)
    await stage.world.finalize()
    stage.ledger.lost_answers = 1
    with pytest.raises(VenueUnavailable):
        await stage.worker.deposits()
    comparison = await stage.worker.comparer.compare()
    assert ((), 1) == (comparison.differences, comparison.in_flight.in_doubt)


async def test_a_deposit_stored_while_it_is_compared_shows_no_difference(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was on chain when that was read, and not in the database when that was read."""
    await stage.world.deposit(1, BUILDING, 70)
    await stage.world.finalize()
    store = stage.stores.reconciliations
    read = store.facts

    async def read_and_let_the_worker_go_on(**fields: int) -> Facts:
        facts = await read(**fields)
        await stage.worker.deposits()
        return facts

    monkeypatch.setattr(store, "facts", read_and_let_the_worker_go_on)
    comparison = await stage.worker.comparer.compare()
    assert ((), 1) == (comparison.differences, comparison.in_flight.deposits)


async def test_two_transfers_in_one_transaction_are_two_deposits(stage: Stage) -> None:
    """Told apart by the place of the instruction."""
    world, asset = stage.world, stage.world.registry.assets[BUILDING]
    await world.deposit(1, BUILDING, 1)
    wallet = world.wallets[1]
    source = wallet_token_address(wallet.pubkey(), asset)
    steps = [world.mint_to(BUILDING, source, 30)]
    steps += [
        move(
            asset=asset,
            source=source,
            destination=world.vault(account, BUILDING),
            owner=wallet.pubkey(),
            amount_atoms=10,
        )
        for account in (1, 1, 2)
    ]
    await world.send(*steps, payer=world.issuer, signers=[wallet])
    await world.finalize()
    await rescan(stage)
    assert (21, 10) == (stage.ledger.atoms(1, BUILDING), stage.ledger.atoms(2, BUILDING))
    assert 4 == len(stage.ledger.credits)


async def test_tokens_from_a_stranger_belong_to_the_account_they_were_sent_to(
    stage: Stage,
) -> None:
    """Where they arrive decides, not who sent them; minted ones too."""
    await stage.world.send(
        stage.world.mint_to(DOLLAR, stage.world.vault(3, DOLLAR), 44),
        payer=stage.world.issuer,
        signers=[],
    )
    await stage.world.finalize()
    await rescan(stage)
    assert 44 == stage.ledger.atoms(3, DOLLAR)


async def test_tokens_sent_to_the_fee_account_are_parked(stage: Stage) -> None:
    """They are nobody's deposit: named, not credited, no difference."""
    await stage.world.send(
        stage.world.mint_to(DOLLAR, stage.world.vault(0, DOLLAR), 44),
        payer=stage.world.issuer,
        signers=[],
    )
    await stage.world.finalize()
    await rescan(stage)
    assert [] == stage.ledger.credits
    row = await stage.pool.fetchrow("SELECT state, reason FROM settlement.deposits")
    assert row is not None
    assert ("PARKED", "it came into the venue's own account") == (row["state"], row["reason"])
    comparison = await stage.worker.comparer.compare()
    assert ((), 1) == (comparison.differences, comparison.in_flight.deposits)


async def test_settlement_between_custody_accounts_is_no_deposit(stage: Stage) -> None:
    """Neither by the worker nor by somebody else with its key."""
    await stage.fund((1, BUILDING, 100), (2, DOLLAR, 10_000))
    await stage.ledger.trade(
        buyer=2, seller=1, base=BUILDING, quote=DOLLAR, base_atoms=5, quote_atoms=500
    )
    await stage.settle_all()
    await stage.world.move_behind_the_back(BUILDING, 1, 3, 1)
    await stage.world.finalize()
    await rescan(stage)
    assert 2 == len(stage.ledger.credits)
    assert 0 == stage.ledger.atoms(3, BUILDING)


async def test_a_deposit_in_a_slot_that_is_rolled_back_is_never_credited(stage: Stage) -> None:
    """It did not happen."""
    await stage.world.deposit(1, BUILDING, 70)
    await stage.world.advance(2)
    await stage.worker.deposits()
    await stage.world.fault("rolled-back-slot", slots=3)
    await stage.world.finalize()
    await rescan(stage)
    assert 0 == stage.ledger.atoms(1, BUILDING)


async def test_a_deposit_that_the_venue_cannot_take_yet_is_taken_later(stage: Stage) -> None:
    """An account not defined yet is no reason to lose a deposit."""
    await stage.world.deposit(1, BUILDING, 70)
    await stage.world.finalize()
    stage.ledger.refusals = ["UNKNOWN_ACCOUNT"]
    await stage.worker.deposits()
    assert 0 == stage.ledger.atoms(1, BUILDING)
    await stage.worker.deposits()
    assert 70 == stage.ledger.atoms(1, BUILDING)


async def test_a_deposit_that_the_venue_never_takes_is_parked_and_named(stage: Stage) -> None:
    """The tokens are on chain, not in the ledger: in flight, not a difference."""
    await stage.world.deposit(1, BUILDING, 70)
    await stage.world.finalize()
    stage.ledger.refusals = ["INVALID_AMOUNT"]
    await rescan(stage)
    row = await stage.pool.fetchrow("SELECT state, reason FROM settlement.deposits")
    assert row is not None
    assert ("PARKED", "INVALID_AMOUNT: INVALID_AMOUNT") == (row["state"], row["reason"])
    comparison = await stage.worker.comparer.compare()
    assert ((), 1) == (comparison.differences, comparison.in_flight.deposits)


async def test_more_transactions_than_one_page_are_all_read_in_order(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages are followed back to the last signature that was read."""
    monkeypatch.setattr("settlement.chain.SIGNATURES_PER_PAGE", 2)
    monkeypatch.setattr("settlement.indexer.SIGNATURES_PER_PAGE", 2)
    for amount in range(1, 8):
        await stage.world.deposit(1, BUILDING, amount)
        await stage.world.advance()
    await stage.world.finalize()
    await rescan(stage)
    assert [1, 2, 3, 4, 5, 6, 7] == [each.amount_atoms for each in stage.ledger.credits]


async def test_a_node_that_cannot_be_reached_loses_no_deposit(stage: Stage) -> None:
    """Nothing is passed over: the cursor moves only with what was stored."""
    await stage.world.deposit(1, BUILDING, 70)
    await stage.world.finalize()
    await stage.world.fault("rate-limit", count=3)
    with pytest.raises(ChainUnavailable):
        await stage.worker.deposits()
    await stage.world.call("localnet_clearFaults")
    await rescan(stage)
    assert 70 == stage.ledger.atoms(1, BUILDING)


async def test_a_failed_transaction_is_passed_over(stage: Stage) -> None:
    """It named the account and brought nothing; what came after it is found."""
    world = stage.world
    asset, wallet = world.registry.assets[BUILDING], world.wallets[1]
    await world.deposit(1, BUILDING, 5)
    too_much = move(
        asset=asset,
        source=wallet_token_address(wallet.pubkey(), asset),
        destination=world.vault(1, BUILDING),
        owner=wallet.pubkey(),
        amount_atoms=10**9,
    )
    await world.send(too_much, payer=world.issuer, signers=[wallet], skip_preflight=True)
    await world.deposit(1, BUILDING, 6)
    await world.finalize()
    await rescan(stage)
    assert [5, 6] == sorted(each.amount_atoms for each in stage.ledger.credits)


async def test_two_workers_credit_a_deposit_once(stage: Stage) -> None:
    """The second finds that the first has its answer."""
    await stage.world.deposit(1, BUILDING, 5)
    await stage.world.finalize()
    await stage.worker.deposits()
    (row,) = await stage.pool.fetch("SELECT * FROM settlement.deposits")
    seen = SeenDeposit(row["signature"], row["instruction"], 1, BUILDING, 5, row["slot"])
    assert await stage.stores.deposits.first_sent(seen, 1) is None
