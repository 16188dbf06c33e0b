"""What a person does: explain a trade, try a parked batch again, park one; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from spl.token import instructions, models

from settlement import operations
from settlement.states import State
from settlement.store.operations import OperationRefused
from tests.integration.settlement.chain_world import BUILDING, DOLLAR
from tests.integration.settlement.stage import Stage

pytestmark = pytest.mark.slow


@pytest.fixture
async def traded(stage: Stage) -> Stage:
    """One trade, taken in and put into a batch."""
    await stage.fund((1, BUILDING, 100), (2, DOLLAR, 10_000))
    await stage.ledger.trade(
        buyer=2, seller=1, base=BUILDING, quote=DOLLAR, base_atoms=5, quote_atoms=500
    )
    await stage.take_in()
    await stage.worker.make_batches()
    return stage


async def operate(stage: Stage, url: str, *words: str) -> tuple[list[str], str]:
    """Run a command; return its lines and its verdict."""
    flags = ["--data", str(stage.folder), "--database-url", url]
    lines, verdict, _ = await operations.run(operations.parser().parse_args([*flags, *words]))
    return lines, verdict


async def test_a_trade_is_explained_down_to_its_transaction(
    traded: Stage, database_url: str
) -> None:
    """Legs, batch, signature, what the transaction takes, and the net of each vault."""
    assert "trade 1 is NETTED" == (await operate(traded, database_url, "explain", "1"))[1]
    await traded.settle_all()
    (batch,) = await traded.batches()
    lines, verdict = await operate(traded, database_url, "explain", "1")
    assert "trade 1 is FINAL" == verdict
    assert any(batch.signature in line for line in lines)
    assert any("2 participants, 13 locks" in line for line in lines)
    _, verdict = await operate(traded, database_url, "status")
    assert "0 fills are not final, 0 batches are parked" == verdict


async def test_a_batch_parked_by_hand_waits_until_it_is_retried(
    traded: Stage, database_url: str
) -> None:
    """Nothing is sent for it meanwhile; then its fills settle in a new batch."""
    await operate(traded, database_url, "park", "1", "--reason", "asked by the issuer")
    await traded.worker.send()
    (batch,) = await traded.batches()
    assert (State.PARKED, "asked by the issuer", 0) == (batch.state, batch.reason, batch.attempts)
    assert "[2]" in (await operate(traded, database_url, "retry", "1"))[1]
    await traded.settle_all()
    assert [State.FAILED, State.FINAL] == await traded.states()
    await traded.assert_chain_equals_ledger()


async def test_a_frozen_accounts_fill_is_retried_when_it_is_thawed(
    traded: Stage, database_url: str
) -> None:
    """Parked with its reason, settled later."""
    world = traded.world
    await world.freeze(2, DOLLAR)
    await world.finalize()
    await traded.settle_all()
    assert [State.PARKED] == await traded.states()
    thaw = instructions.thaw_account(
        models.ThawAccountParams(
            program_id=world.registry.assets[DOLLAR].token_program,
            account=world.vault(2, DOLLAR),
            mint=world.registry.assets[DOLLAR].mint,
            authority=world.issuer.pubkey(),
        )
    )
    await world.send(thaw, payer=world.issuer, signers=[])
    await world.finalize()
    await operate(traded, database_url, "retry", "1")
    await traded.settle_all()
    assert {1: State.FINAL} == await traded.fill_states()


@pytest.mark.parametrize("words", [("retry", "1"), ("park", "1"), ("park", "7")])
async def test_what_may_be_on_chain_is_neither_parked_nor_retried(
    traded: Stage, database_url: str, words: tuple[str, str]
) -> None:
    """It would settle twice, or be taken for lost."""
    await traded.worker.send()
    with pytest.raises(OperationRefused, match=f"batch {words[1]} is"):
        await operate(traded, database_url, *words)


def test_without_a_database_the_command_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One object for programs, and exit status 1."""
    (tmp_path / "instruments.json").write_text(json.dumps({"assets": [], "accounts": []}))
    assert 1 == operations.main(["--data", str(tmp_path), "--json", "status"])
    assert "database_url" in json.loads(capsys.readouterr().out)["error"]
