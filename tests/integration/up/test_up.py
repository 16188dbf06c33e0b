"""The whole exchange by one command: it trades, settles, survives, and tells the truth."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from realstack.chain.market import Market
from realstack.up.first_start import chain_asset
from realstack.up.instruments import InstrumentsFile
from settlement.accounts import token_of, wallet_token_address
from settlement.chain import Chain, Level
from settlement.signer import read_keypair
from tests.integration.up.conftest import Start
from tests.integration.up.venue_process import VenueProcess
from tests.support.waiting import wait_until

EQUAL = "ledger equals chain: 7 accounts, 5 assets, 0 differences"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def fills_in(line: str) -> int:
    """Return the fills that a status line tells; below zero when it is none."""
    match = re.search(r"fills ([0-9,]+)", line)
    return int(match[1].replace(",", "")) if match else -1


async def test_a_venue_trades_survives_everything_being_killed_and_goes_on(
    venue: Start, data: Path
) -> None:
    """After kill -9 of every process the next run finds the same ledger, equal to the chain."""
    first = venue("--demo", "--fresh")
    await first.start()
    await first.until(lambda line: fills_in(line) >= 10)
    await first.kill_everything()

    second = venue("--demo")
    await second.start()
    before = second.pids()
    os.kill(before["engine"], signal.SIGKILL)
    os.kill(before["settlement"], signal.SIGKILL)
    await second.until(lambda line: line.startswith("engine started again"))
    await second.until(lambda line: line.startswith("settlement started again"))
    told = len(second.lines)
    await second.until(lambda line: fills_in(line) >= 10 and line in second.lines[told:])
    second.interrupt()
    assert await second.wait() == 0, "\n".join(second.lines)
    assert second.lines[-1] == EQUAL
    summary = [line.split()[0] for line in second.lines[-10:] if line]
    assert {"orders", "fills", "batches", "tokens"} <= set(summary)
    assert not (data / "run.json").exists()


async def test_a_short_run_ends_on_one_object_for_programs(venue: Start) -> None:
    """With --json the last line is an object; meanwhile nobody else may run on the folder."""
    run = venue("--demo", "--duration", "5", "--json")
    await run.start()
    second = venue()
    with pytest.raises(AssertionError, match="another `realstack up` runs on this folder"):
        await second.start()
    assert await second.wait() == 1
    assert await run.wait() == 0, "\n".join(run.lines)
    facts: dict[str, Any] = json.loads(run.lines[-1])
    assert (facts["ok"], facts["verdict"]) == (True, EQUAL)
    assert min(facts[name] for name in ("orders", "fills", "batches", "tokens_moved")) > 0
    assert facts["fills_settled"] == facts["fills"]
    assert facts["batches_parked"] == 0


async def test_one_atom_moved_on_chain_behind_its_back_ends_in_exit_1(
    venue: Start, data: Path
) -> None:
    """Balances that the ledger did not cause are told, and the exit status agrees."""
    run = venue()
    await run.start()
    await deposits_arrived(run)
    await move_one_atom_out(run, data)
    run.interrupt()
    assert await run.wait() == 1
    assert run.lines[-1] == "ledger differs from chain: 7 accounts, 5 assets, 1 difference"


async def deposits_arrived(run: VenueProcess) -> None:
    """Wait until the worker has compared a ledger with deposits in it."""
    await run.until(lambda line: "ledger equals chain" in line)


async def move_one_atom_out(run: VenueProcess, data: Path) -> None:
    """Sign a withdrawal that the engine did not release, and wait for finality."""
    instruments = InstrumentsFile(data / "instruments.json").read()
    assert instruments is not None
    asset = chain_asset(instruments.assets[0])
    wallet = read_keypair(data / "secrets" / f"wallet-{instruments.accounts[1].key}.json")
    authority = read_keypair(data / "secrets" / "settlement.json")
    chain = Chain(f"http://{run.facts()['processes']['localnet']['address']}")
    try:
        instruction = Market(Pubkey.from_string(instruments.market_program)).withdraw(
            payer=authority.pubkey(),
            settlement_authority=authority.pubkey(),
            owner=wallet.pubkey(),
            token=token_of(asset),
            destination=wallet_token_address(wallet.pubkey(), asset),
            withdrawal_id=1 << 40,
            amount_atoms=1,
            deadline_slot=1 << 60,
        )
        recent = await chain.latest_blockhash()
        message = Message.new_with_blockhash([instruction], authority.pubkey(), recent.blockhash)
        transaction = VersionedTransaction(message, [authority, wallet])
        assert await chain.send(bytes(transaction)) == ""

        async def final() -> bool:
            found = await chain.statuses([transaction.signatures[0]], history=False)
            status = found.found[0]
            return status is not None and status.level is Level.FINALIZED

        await wait_until(final)
    finally:
        await chain.close()
