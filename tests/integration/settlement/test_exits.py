"""Forced exit: the owner leaves with what is left, and what was sold is delivered first."""

from __future__ import annotations

import pytest
from solana.rpc.core import RPCException

from settlement.states import State
from tests.integration.settlement.chain_world import BUILDING, DOLLAR, EXIT_DELAY_SLOTS
from tests.integration.settlement.stage import Stage

pytestmark = pytest.mark.slow


@pytest.fixture
async def funded(stage: Stage) -> Stage:
    """A seller with buildings and a buyer with dollars."""
    await stage.fund((1, BUILDING, 100), (2, DOLLAR, 10_000))
    return stage


async def trade(stage: Stage) -> None:
    """Sell 5 atoms for 500."""
    await stage.ledger.trade(
        buyer=2, seller=1, base=BUILDING, quote=DOLLAR, base_atoms=5, quote_atoms=500
    )


async def follow(stage: Stage) -> None:
    """Let the worker see what is final."""
    await stage.world.finalize()
    await stage.worker.exits.follow()
    await stage.take_in()


async def test_sold_and_unsettled_tokens_are_delivered_before_the_seller_has_left(
    funded: Stage,
) -> None:
    """Asked to leave between trade and settlement: settled within the delay, then all is paid."""
    await trade(funded)
    await funded.world.request_exit(1)
    await follow(funded)
    assert 0 == funded.ledger.free[(1, BUILDING)]
    assert 95 == funded.ledger.atoms(1, BUILDING)
    await funded.settle_all()
    assert {1: State.FINAL} == await funded.fill_states()
    assert 5 == await funded.world.atoms(2, BUILDING)
    with pytest.raises(RPCException, match="0x1787"):  # ExitNotReady
        await funded.world.exit(1, BUILDING)
    await funded.world.advance(EXIT_DELAY_SLOTS)
    for asset_id in (BUILDING, DOLLAR):
        await funded.world.exit(1, asset_id)
    await funded.world.close_exit(1)  # at once: what was paid must not be taken for free
    await follow(funded)
    await funded.worker.pay_and_end()
    assert 95 == await funded.world.wallet_atoms(1, BUILDING)
    assert 500 == await funded.world.wallet_atoms(1, DOLLAR)
    assert (0, 0) == (funded.ledger.atoms(1, BUILDING), funded.ledger.atoms(1, DOLLAR))
    await funded.assert_chain_equals_ledger()
    assert () == (await funded.worker.comparer.compare()).differences


async def test_what_arrives_while_an_owner_leaves_is_held_too(funded: Stage) -> None:
    """Nothing is free to be sold as long as the exit is open."""
    await funded.world.request_exit(1)
    await follow(funded)
    await funded.fund((1, BUILDING, 7))
    assert 7 == funded.ledger.free[(1, BUILDING)]
    await follow(funded)
    assert 0 == funded.ledger.free[(1, BUILDING)]
    assert 107 == funded.ledger.atoms(1, BUILDING)


async def test_an_exit_that_is_closed_frees_what_was_held(funded: Stage) -> None:
    """The owner stays after all."""
    await funded.world.request_exit(1)
    await follow(funded)
    await funded.world.close_exit(1)
    await follow(funded)
    await funded.worker.pay_and_end()
    assert 100 == funded.ledger.free[(1, BUILDING)]
    assert {} == funded.ledger.held
    await funded.assert_chain_equals_ledger()


async def test_held_funds_of_one_who_leaves_are_not_paid_twice(funded: Stage) -> None:
    """The program pays them; the worker makes no withdrawal of them."""
    await funded.world.request_exit(1)
    await follow(funded)
    await funded.worker.pay_and_end()
    assert 0 == await funded.open_payments()


async def test_a_pause_holds_settlement_up_and_parks_nothing(funded: Stage) -> None:
    """The way out stays open meanwhile."""
    await funded.world.pause(paused=True)
    await funded.world.finalize()
    await trade(funded)
    await funded.batch_and_send()
    assert [State.NETTED] == await funded.states()
    await funded.world.request_exit(1)
    await funded.world.pause(paused=False)
    await funded.world.finalize()
    await funded.settle_all()
    assert [State.FINAL] == await funded.states()
