"""A network that is stopped, killed or started twice."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed, Finalized, Processed
from solana.rpc.core import RPCException
from solders.keypair import Keypair
from solders.signature import Signature
from solders.transaction_status import TransactionConfirmationStatus as Status
from solders.transaction_status import TransactionErrorFieldless

from settlement.localnet import LocalnetServer, LocalnetSettings
from settlement.localnet.store import StoreRefused
from tests.contract.localnet.actor import COIN_LAMPORTS, Actor, create_token_pair
from tests.contract.localnet.conftest import FINALIZED_DEPTH_SLOTS
from tests.contract.localnet.test_sending import preflight_failure


@asynccontextmanager
async def network(data_dir: Path, key: Keypair) -> AsyncIterator[Actor]:
    """Run a network with this folder in this process."""
    settings = LocalnetSettings(
        port=0, data_dir=data_dir, slot_ms=None, finalized_depth_slots=FINALIZED_DEPTH_SLOTS
    )
    async with LocalnetServer(settings) as server, AsyncClient(server.url) as client:
        yield Actor(client, key)


@asynccontextmanager
async def process(
    data_dir: Path, *flags: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run a network with this folder in a process of its own, and kill it at the end."""
    command = [sys.executable, "-m", "settlement.localnet", "--port", "0", "--data-dir"]
    child = await asyncio.create_subprocess_exec(
        *command, str(data_dir), *flags, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        async with asyncio.timeout(30):
            words = (await child.stdout.readline()).decode().split()
        assert words[:2] == ["ready", "localnet"]
        yield child, f"http://{words[2]}"
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def wait_for(actor: Actor, signature: Signature, wanted: Status) -> None:
    """Wait until a signature has a status."""
    async with asyncio.timeout(30):
        while True:
            status = await actor.status(signature)
            if status is not None and status.confirmation_status == wanted:
                return
            await asyncio.sleep(0)


async def test_a_restart_continues_the_chain(tmp_path: Path) -> None:
    """Genesis, height, balances, statuses and transactions are those of before."""
    key = Keypair()
    async with network(tmp_path, key) as actor:
        await actor.fund()
        pair = await create_token_pair(actor)
        signature = await actor.send(actor.move(pair.mint, pair.own, pair.other, 42))
        await actor.advance(2)
        genesis = (await actor.client.get_genesis_hash()).value
        height = (await actor.client.get_block_height(Processed)).value
    async with network(tmp_path, key) as actor:
        assert (await actor.client.get_genesis_hash()).value == genesis
        assert (await actor.client.get_block_height(Processed)).value == height + 1
        assert await actor.atoms(pair.other, Finalized) == 42
        status = await actor.status(signature)
        assert status is not None
        assert status.confirmation_status == Status.Finalized
        assert (await actor.client.get_transaction(signature)).value is not None
        history = await actor.client.get_signatures_for_address(pair.other)
        assert history.value[0].signature == signature
        await actor.send(actor.move(pair.mint, pair.own, pair.other, 1))
        assert await actor.atoms(pair.other) == 43


async def test_what_landed_in_the_open_slot_survives_an_orderly_stop(tmp_path: Path) -> None:
    """Stopping ends the slot; nothing that was answered is lost."""
    key = Keypair()
    async with network(tmp_path, key) as actor:
        await actor.fund()
    async with network(tmp_path, key) as actor:
        assert (await actor.client.get_balance(actor.address)).value == 100 * COIN_LAMPORTS


async def test_a_duplicate_is_still_one_after_a_restart(tmp_path: Path) -> None:
    """Signatures are remembered, so the same bytes never have a second effect."""
    key = Keypair()
    async with network(tmp_path, key) as actor:
        await actor.fund()
        signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
        await actor.send_signed(signed)
    async with network(tmp_path, key) as actor:
        with pytest.raises(RPCException) as caught:
            await actor.send_signed(signed)
        assert preflight_failure(caught)[1] == TransactionErrorFieldless.AlreadyProcessed


async def test_a_blockhash_from_before_a_restart_still_works(tmp_path: Path) -> None:
    """A transaction signed before the restart lands after it while its height is in reach."""
    key = Keypair()
    async with network(tmp_path, key) as actor:
        await actor.fund()
        signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    async with network(tmp_path, key) as actor:
        await actor.send_signed(signed)
        assert await actor.status(signed.signatures[0]) is not None


async def test_a_rollback_is_not_undone_by_a_restart(tmp_path: Path) -> None:
    """What was rolled back stays away."""
    key = Keypair()
    async with network(tmp_path, key) as actor:
        await actor.fund()
        pair = await create_token_pair(actor)
        await actor.advance()
        signature = await actor.send(actor.move(pair.mint, pair.own, pair.other, 7))
        await actor.advance()
        await actor.call("localnet_setFault", "rolled-back-slot", {"slots": 2})
        await actor.advance(2)
    async with network(tmp_path, key) as actor:
        assert await actor.atoms(pair.other) == 0
        assert await actor.status(signature, search_history=True) is None


async def test_two_networks_cannot_share_a_folder(tmp_path: Path) -> None:
    """The second one refuses to start and names the reason."""
    async with network(tmp_path, Keypair()):
        with pytest.raises(StoreRefused, match="another localnet"):
            async with network(tmp_path, Keypair()):
                pass


@pytest.mark.slow
async def test_nothing_confirmed_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    """After `kill -9` the same chain goes on, with every confirmed transaction and no other."""
    key = Keypair()
    flags = ("--slot-ms", "20", "--finalized-slots", "4")
    async with process(tmp_path, *flags) as (child, url), AsyncClient(url) as client:
        actor = Actor(client, key)
        await actor.fund()
        pair = await create_token_pair(actor)
        confirmed = []
        for atoms in range(1, 6):
            signature = await actor.send(actor.move(pair.mint, pair.own, pair.other, atoms))
            await wait_for(actor, signature, Status.Confirmed)
            confirmed.append(signature)
        genesis = (await client.get_genesis_hash()).value
        height = (await client.get_block_height(Confirmed)).value
        child.kill()
        await child.wait()
    async with process(tmp_path, *flags) as (_, url), AsyncClient(url) as client:
        actor = Actor(client, key)
        assert (await client.get_genesis_hash()).value == genesis
        assert (await client.get_block_height(Confirmed)).value >= height
        statuses = await client.get_signature_statuses(confirmed, search_transaction_history=True)
        assert all(status is not None and status.err is None for status in statuses.value)
        assert await actor.atoms(pair.other, Confirmed) == 1 + 2 + 3 + 4 + 5
        await actor.send(actor.move(pair.mint, pair.own, pair.other, 100))
        assert await actor.atoms(pair.other) == 115


@pytest.mark.slow
async def test_a_terminated_process_ends_cleanly(tmp_path: Path) -> None:
    """SIGTERM ends the process with status 0, connections open or not."""
    async with process(tmp_path) as (child, url), AsyncClient(url) as client:
        assert await client.is_connected()
        child.terminate()
        async with asyncio.timeout(10):
            assert await child.wait() == 0
