"""The rare branches: streams that break, refusals for good, ledgers that lie, nodes that lag."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from settlement import reconciler
from settlement.builder import UnknownAsset
from settlement.chain import ChainUnavailable
from settlement.states import State
from settlement.venue import NotAllowed, Venue, VenueRefused, VenueUnavailable
from tests.integration.settlement.chain_world import BUILDING, DOLLAR
from tests.integration.settlement.stage import Stage
from tests.integration.settlement.worker_process import write_keys
from tests.support.waiting import wait_until
from tests.unit.settlement.makers import fill

pytestmark = pytest.mark.slow


async def trade(stage: Stage, base_atoms: int = 5) -> int:
    """Sell some atoms for 100 each."""
    return await stage.ledger.trade(
        buyer=2,
        seller=1,
        base=BUILDING,
        quote=DOLLAR,
        base_atoms=base_atoms,
        quote_atoms=base_atoms * 100,
    )


@pytest.fixture
async def funded(stage: Stage) -> Stage:
    """A seller with buildings and a buyer with dollars."""
    await stage.fund((1, BUILDING, 100), (2, DOLLAR, 10_000))
    return stage


async def test_the_intake_follows_both_streams_and_resumes_where_it_was_left(
    funded: Stage,
) -> None:
    """A stream that breaks is an error of the venue; the next one begins behind the last fill."""
    intake = funded.worker.intake

    async def stored() -> bool:
        holds = await funded.pool.fetchval("SELECT count(*) FROM settlement.withdrawals")
        trades = await funded.stores.fills.last_trade_id()
        return (trades, holds) == (len(funded.ledger.fills), len(funded.ledger.held))

    for _ in range(2):
        following = [
            asyncio.create_task(intake.follow_fills()),
            asyncio.create_task(intake.follow_withdrawals()),
        ]
        await trade(funded)
        await funded.ledger.hold(1, BUILDING, 1)
        await wait_until(stored)
        await funded.ledger.restart()
        for each in following:
            with pytest.raises(VenueUnavailable):
                await each
    assert 2 == await funded.stores.fills.last_trade_id()


async def test_a_venue_that_has_fewer_trades_than_we_stored_is_refused(funded: Stage) -> None:
    """It is another venue, or one that lost trades: the worker ends."""
    made = [fill(trade_id) for trade_id in range(1, 4)]
    await funded.stores.fills.add(made, received_time_ns=1)
    with pytest.raises(VenueRefused, match="AHEAD_OF_STREAM"):
        await funded.worker.intake.follow_fills()


async def test_a_key_that_the_venue_does_not_take_is_told_apart(funded: Stage) -> None:
    """A person has to see to it; nothing is concluded about the command."""
    stranger = Venue(funded.ledger.address, "another key")
    with pytest.raises(NotAllowed):
        await stranger.ledger()
    await stranger.close()


async def test_an_end_that_the_venue_refuses_for_good_is_parked(funded: Stage) -> None:
    """Somebody released it while it was being paid: chain and ledger differ, and it shows."""
    withdrawal = await funded.ledger.hold(1, BUILDING, 10)
    await funded.take_in()
    await funded.worker.pay_and_end()
    await funded.worker.send()
    event = funded.ledger.held.pop(withdrawal)
    funded.ledger.free[(1, BUILDING)] += event.amount_atoms
    await funded.land_finally()
    await funded.worker.pay_and_end()
    row = await funded.pool.fetchrow("SELECT state, reason FROM settlement.withdrawals")
    assert row is not None
    assert ("PARKED", True) == (row["state"], "UNKNOWN_WITHDRAWAL" in row["reason"])
    differences = (await funded.worker.comparer.compare()).differences
    assert [(1, BUILDING, 100, 90)] == [
        (each.account_id, each.asset_id, each.expected_atoms, each.chain_atoms)
        for each in differences
    ]


async def test_an_end_that_is_too_old_for_the_venue_is_told_as_new(funded: Stage) -> None:
    """Its id is forgotten there; that it ends only once is seen to by the withdrawal itself."""
    await funded.ledger.hold(1, BUILDING, 10)
    await funded.take_in()
    await funded.worker.pay_and_end()
    await funded.worker.send()
    await funded.land_finally()
    funded.ledger.refusals = ["ID_TOO_OLD"]
    await funded.worker.pay_and_end()
    sent = await funded.pool.fetchval("SELECT sent_time_ns FROM settlement.withdrawals")
    assert sent is None
    await funded.worker.pay_and_end()
    assert 90 == funded.ledger.atoms(1, BUILDING)
    await funded.assert_chain_equals_ledger()


async def test_an_asset_without_a_mint_holds_batches_up_until_it_has_one(funded: Stage) -> None:
    """The instruments file is read again; nothing is guessed meanwhile."""
    path = funded.folder / "instruments.json"
    complete = path.read_text()
    content = json.loads(complete)
    content["assets"] = [each for each in content["assets"] if each["asset_id"] != BUILDING]
    path.write_text(json.dumps(content))
    await funded.worker.deposits()
    await trade(funded)
    await funded.take_in()
    with pytest.raises(UnknownAsset, match="asset 1"):
        await funded.worker.make_batches()
    assert 1 == await funded.stores.fills.count_queued()
    path.write_text(complete)
    await funded.settle_all()
    assert [State.FINAL] == await funded.states()


async def test_a_node_that_is_behind_what_we_know_is_not_compared_with(funded: Stage) -> None:
    """It would show differences of the past."""
    await trade(funded)
    await funded.settle_all()
    await funded.pool.execute("UPDATE settlement.payments SET landed_slot = landed_slot + 100000")
    with pytest.raises(ChainUnavailable, match="behind"):
        await funded.worker.comparer.compare()


async def test_fills_that_came_after_the_ledger_was_read_are_no_difference(
    funded: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Traded, settled and final between the two reads; and the reverse."""
    await trade(funded)
    ledger = await funded.venue.ledger()
    await trade(funded)
    await funded.settle_all()

    async def stale() -> object:
        return ledger

    monkeypatch.setattr(funded.worker.comparer._venue, "ledger", stale)
    comparison = await funded.worker.comparer.compare()
    assert ((), 1) == (comparison.differences, comparison.in_flight.fills)


async def test_fills_that_are_not_in_the_database_yet_are_asked_for(funded: Stage) -> None:
    """The ledger has them, the intake has not: the comparison reads them from the venue."""
    for _ in range(3):
        await trade(funded)
    comparison = await funded.worker.comparer.compare()
    assert ((), 3) == (comparison.differences, comparison.in_flight.fills)


async def test_a_ledger_that_does_not_add_up_is_a_difference(
    funded: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its balances must be its deposits less its withdrawals, whatever the chain says."""
    ledger = await funded.venue.ledger()
    wrong = replace(ledger, deposited_atoms={**ledger.deposited_atoms, BUILDING: 101})

    async def lying() -> object:
        return wrong

    monkeypatch.setattr(funded.worker.comparer._venue, "ledger", lying)
    (difference,) = (await funded.worker.comparer.compare()).differences
    assert (0, BUILDING, 101, 100) == (
        difference.account_id,
        difference.asset_id,
        difference.expected_atoms,
        difference.chain_atoms,
    )


def flags(stage: Stage, database_url: str) -> list[str]:
    """Return the flags of the reconcile command."""
    write_keys(stage.folder)
    return [
        *("--data", str(stage.folder), "--database-url", database_url),
        *("--solana-rpc-url", stage.url, "--engine", stage.ledger.address, "--window-ms", "1"),
    ]


async def test_the_command_prints_its_verdict_last(
    funded: Stage, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Equal: 0. Different: a table, 1. With --json: one object last."""
    command = flags(funded, database_url)
    assert 0 == await asyncio.to_thread(reconciler.main, command)
    lines = capsys.readouterr().out.splitlines()
    assert "ledger equals chain: 6 accounts, 3 assets, 0 differences" == lines[-1]
    await funded.world.move_behind_the_back(BUILDING, 1, 2, 1)
    await funded.world.finalize()
    assert 1 == await asyncio.to_thread(reconciler.main, [*command, "--json"])
    lines = capsys.readouterr().out.splitlines()
    assert "ledger differs from chain: 6 accounts, 3 assets, 2 differences" == lines[-2]
    found = json.loads(lines[-1])
    assert (False, 2) == (found["equal"], len(found["differences"]))
    assert {"account_id": 2, "asset_id": 1, "expected_atoms": 0, "chain_atoms": 1} in found[
        "differences"
    ]


async def test_the_command_says_why_it_cannot_compare(
    funded: Stage, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A node that is not there: exit status 1 and the reason."""
    command = flags(funded, database_url)
    command[command.index("--solana-rpc-url") + 1] = "http://127.0.0.1:1"
    assert 1 == await asyncio.to_thread(reconciler.main, command)
    assert capsys.readouterr().out.startswith("cannot compare ledger and chain: ")


async def test_the_command_keeps_trying_through_its_window(
    funded: Stage, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The node limits rates for a moment."""
    command = [*flags(funded, database_url), "--window-ms", "20000"]
    await funded.world.fault("rate-limit", count=3)
    assert 0 == await asyncio.to_thread(reconciler.main, command)
    assert "0 differences" in capsys.readouterr().out
