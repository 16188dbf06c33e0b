"""Withdrawals: held, paid when the account's fills are final, ended once."""

from __future__ import annotations

import json

import pytest
from spl.token import instructions, models
from spl.token.constants import TOKEN_PROGRAM_ID

from settlement.accounts import wallet_token_address
from settlement.states import State
from settlement.venue import VenueUnavailable
from tests.integration.settlement.chain_world import BUILDING, DOLLAR
from tests.integration.settlement.stage import Stage

pytestmark = pytest.mark.slow


@pytest.fixture
async def funded(stage: Stage) -> Stage:
    """A seller with buildings and a buyer with dollars."""
    await stage.fund((1, BUILDING, 100), (2, DOLLAR, 10_000))
    return stage


async def trade(stage: Stage, buyer: int = 2, seller: int = 1) -> int:
    """Sell 5 atoms for 500."""
    return await stage.ledger.trade(
        buyer=buyer, seller=seller, base=BUILDING, quote=DOLLAR, base_atoms=5, quote_atoms=500
    )


async def withdrawal_state(stage: Stage) -> str:
    """Return the state of the one withdrawal."""
    return str(await stage.pool.fetchval("SELECT state FROM settlement.withdrawals"))


async def test_a_withdrawal_is_paid_to_the_wallet_and_removed_from_the_ledger(
    funded: Stage,
) -> None:
    """Held, paid, finalized; the wallet's token account is made if it is missing."""
    await trade(funded)
    await funded.settle_all()
    await funded.ledger.hold(2, BUILDING, 3)
    await funded.take_in()
    await funded.worker.pay_and_end()
    await funded.settle_all()
    await funded.worker.pay_and_end()
    assert 3 == await funded.world.wallet_atoms(2, BUILDING)
    assert 2 == funded.ledger.atoms(2, BUILDING)
    assert "DONE" == await withdrawal_state(funded)
    await funded.assert_chain_equals_ledger()


async def test_a_withdrawal_waits_for_the_fills_of_its_account(funded: Stage) -> None:
    """What was sold and not settled yet cannot leave."""
    await trade(funded)
    await funded.ledger.hold(1, BUILDING, 95)
    await funded.batch_and_send()
    await funded.worker.pay_and_end()
    assert "HELD" == await withdrawal_state(funded)
    await funded.land()
    await funded.worker.pay_and_end()
    assert "HELD" == await withdrawal_state(funded)
    await funded.land_finally()
    await funded.worker.pay_and_end()
    assert "PAYING" == await withdrawal_state(funded)
    await funded.settle_all()
    await funded.worker.pay_and_end()
    assert 95 == await funded.world.wallet_atoms(1, BUILDING)
    await funded.assert_chain_equals_ledger()


async def test_a_parked_fill_of_others_does_not_hold_a_withdrawal_up(funded: Stage) -> None:
    """What this account has in custody does not depend on it."""
    await funded.fund((3, BUILDING, 50))
    await funded.world.freeze(3, BUILDING)
    await funded.world.finalize()
    await trade(funded, seller=3)
    await funded.settle_all()
    assert {1: State.PARKED} == await funded.fill_states()
    await funded.ledger.hold(1, BUILDING, 10)
    await funded.ledger.hold(2, DOLLAR, 10)
    await funded.take_in()
    await funded.worker.pay_and_end()
    await funded.settle_all()
    await funded.worker.pay_and_end()
    assert 10 == await funded.world.wallet_atoms(1, BUILDING)
    states = await funded.pool.fetch("SELECT state FROM settlement.withdrawals ORDER BY 1")
    assert ["DONE", "HELD"] == [row["state"] for row in states]


async def test_a_withdrawal_without_a_wallet_is_released(funded: Stage) -> None:
    """The funds are free again, and the reason is kept."""
    path = funded.folder / "instruments.json"
    content = json.loads(path.read_text())
    for account in content["accounts"]:
        account["wallet"] = None
    path.write_text(json.dumps(content))
    await funded.ledger.hold(1, BUILDING, 10)
    await funded.take_in()
    await funded.worker.pay_and_end()
    await funded.worker.pay_and_end()
    assert 100 == funded.ledger.free[(1, BUILDING)]
    assert {} == funded.ledger.held
    reason = await funded.pool.fetchval("SELECT reason FROM settlement.withdrawals")
    assert "the account has no wallet" == reason


async def test_a_withdrawal_that_the_chain_refuses_is_released(funded: Stage) -> None:
    """The wallet's token account is frozen: nothing was signed, the funds are free again."""
    world = funded.world
    asset, wallet = world.registry.assets[BUILDING], world.wallets[1].pubkey()
    freeze = instructions.freeze_account(
        models.FreezeAccountParams(
            program_id=TOKEN_PROGRAM_ID,
            account=wallet_token_address(wallet, asset),
            mint=asset.mint,
            authority=world.issuer.pubkey(),
        )
    )
    await world.send(freeze, payer=world.issuer, signers=[])
    await world.finalize()
    await funded.ledger.hold(1, BUILDING, 10)
    await funded.take_in()
    await funded.worker.pay_and_end()
    await funded.settle_all()
    await funded.worker.pay_and_end()
    assert 100 == funded.ledger.free[(1, BUILDING)]
    assert "DONE" == await withdrawal_state(funded)
    reason = await funded.pool.fetchval("SELECT reason FROM settlement.withdrawals")
    assert "frozen" in reason
    await funded.assert_chain_equals_ledger()


async def test_an_answer_that_was_lost_ends_the_withdrawal_once(funded: Stage) -> None:
    """The venue had removed the funds; the worker asks again with the same id."""
    await funded.ledger.hold(1, BUILDING, 10)
    await funded.take_in()
    await funded.worker.pay_and_end()
    await funded.worker.send()
    await funded.land_finally()
    funded.ledger.lost_answers = 1
    with pytest.raises(VenueUnavailable):
        await funded.worker.pay_and_end()
    assert () == (await funded.worker.comparer.compare()).differences
    await funded.worker.pay_and_end()
    assert 90 == funded.ledger.atoms(1, BUILDING)
    assert 10 == funded.ledger.withdrawn[BUILDING]
    await funded.assert_chain_equals_ledger()


async def test_the_end_of_a_withdrawal_is_learnt_from_the_stream_too(funded: Stage) -> None:
    """The answer was lost and the worker restarted: the venue's stream tells it is over."""
    await funded.ledger.hold(1, BUILDING, 10)
    await funded.take_in()
    await funded.worker.pay_and_end()
    await funded.worker.send()
    await funded.land_finally()
    funded.ledger.lost_answers = 1
    with pytest.raises(VenueUnavailable):
        await funded.worker.pay_and_end()
    await funded.take_in()
    assert "DONE" == await withdrawal_state(funded)


async def test_a_withdrawal_in_flight_is_named_and_no_difference(funded: Stage) -> None:
    """At each step ledger and chain agree with what is between them."""
    await funded.ledger.hold(1, BUILDING, 10)
    await funded.take_in()
    await funded.worker.pay_and_end()
    await funded.worker.send()
    assert () == (await funded.worker.comparer.compare()).differences
    await funded.world.finalize()
    comparison = await funded.worker.comparer.compare()
    assert ((), 1) == (comparison.differences, comparison.in_flight.withdrawals)
    await funded.worker.confirm()
    comparison = await funded.worker.comparer.compare()
    assert ((), 1) == (comparison.differences, comparison.in_flight.withdrawals)
    await funded.worker.pay_and_end()
    comparison = await funded.worker.comparer.compare()
    assert ((), 0) == (comparison.differences, comparison.in_flight.withdrawals)


async def test_a_difference_halts_withdrawals_until_it_is_gone(funded: Stage) -> None:
    """Nothing leaves custody while the books are wrong."""
    await funded.world.move_behind_the_back(BUILDING, 1, 3, 1)
    await funded.world.finalize()
    await funded.worker.reconcile()
    last = await funded.stores.reconciliations.last()
    assert last is not None
    assert last.withdrawals_halted
    await funded.ledger.hold(1, BUILDING, 10)
    await funded.take_in()
    await funded.worker.pay_and_end()
    assert "HELD" == await withdrawal_state(funded)
    await funded.world.move_behind_the_back(BUILDING, 3, 1, 1)
    await funded.world.finalize()
    await funded.worker.reconcile()
    await funded.worker.pay_and_end()
    assert "PAYING" == await withdrawal_state(funded)


async def test_a_payment_of_a_withdrawal_made_before_the_halt_is_not_signed(
    funded: Stage,
) -> None:
    """The halt holds at the last moment too."""
    await funded.ledger.hold(1, BUILDING, 10)
    await funded.take_in()
    await funded.worker.pay_and_end()
    await funded.world.move_behind_the_back(BUILDING, 1, 3, 1)
    await funded.world.finalize()
    await funded.worker.reconcile()
    await funded.worker.send()
    assert 0 == await funded.pool.fetchval("SELECT count(*) FROM settlement.attempts")


async def test_an_account_that_is_not_in_the_file_yet_is_paid_when_it_is(funded: Stage) -> None:
    """An account made after the worker's start: the file is read again."""
    path = funded.folder / "instruments.json"
    complete = path.read_text()
    content = json.loads(complete)
    content["accounts"] = [each for each in content["accounts"] if each["account_id"] != 1]
    path.write_text(json.dumps(content))
    await funded.worker.deposits()
    path.write_text(complete)
    await funded.ledger.hold(1, BUILDING, 10)
    await funded.take_in()
    await funded.worker.pay_and_end()
    assert "PAYING" == await withdrawal_state(funded)


async def test_two_workers_pay_a_withdrawal_once(funded: Stage) -> None:
    """Both find it ready; one payment is made."""
    await funded.ledger.hold(1, BUILDING, 10)
    await funded.take_in()
    other = await funded.second()
    ready = await funded.stores.withdrawals.ready_to_pay(10)
    wallet = funded.world.wallets[1].pubkey()
    assert [True, False] == [
        await each.stores.withdrawals.pay(ready[0], wallet, now_ns=1) for each in (funded, other)
    ]
    await other.close()
