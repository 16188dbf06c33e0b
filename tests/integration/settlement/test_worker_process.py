"""The worker as a process: it knows the chain by its URL, serves its status, ends when asked."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from solana.rpc.async_api import AsyncClient

from realstack.settlement.v1 import settlement_pb2 as wire
from realstack.settlement.v1 import settlement_pb2_grpc as stubs
from settlement.localnet import LocalnetServer, LocalnetSettings
from tests.integration.settlement.chain_world import BUILDING, DOLLAR, PROGRAMS, ChainWorld
from tests.integration.settlement.ledger_venue import LedgerVenue
from tests.integration.settlement.worker_process import MEMBER_KEY, WorkerProcess, write_keys
from tests.support.postgres import fresh_database
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

METADATA = (("x-api-key", MEMBER_KEY),)


@dataclass
class Running:
    """A chain whose slots pass by themselves, a venue, and a worker between them."""

    world: ChainWorld
    venue: LedgerVenue
    worker: WorkerProcess
    localnet: LocalnetServer

    async def start_trading(self) -> None:
        """Deposit, wait for the credit, and trade once."""
        await self.world.deposit(1, BUILDING, 100)
        await self.world.deposit(2, DOLLAR, 10_000)

        async def credited() -> bool:
            return (self.venue.atoms(1, BUILDING), self.venue.atoms(2, DOLLAR)) == (100, 10_000)

        await wait_until(credited)
        await self.venue.trade(
            buyer=2, seller=1, base=BUILDING, quote=DOLLAR, base_atoms=5, quote_atoms=500
        )

    async def wait_for_building(self, account_id: int, atoms: int) -> None:
        """Wait until an account holds so many on chain, finalized."""

        async def holds() -> bool:
            return await self.world.atoms(account_id, BUILDING) == atoms

        await wait_until(holds)


@pytest.fixture
async def running(database_url: str, venue: LedgerVenue, tmp_path: Path) -> AsyncIterator[Running]:
    """Everything started."""
    async with one_more(database_url, venue, tmp_path) as made:
        yield made


class one_more:
    """Start a localnet, a worker and a world on it."""

    def __init__(self, database_url: str, venue: LedgerVenue, folder: Path) -> None:
        self._database_url = database_url
        self._venue = venue
        self._folder = folder
        settings = LocalnetSettings(port=0, slot_ms=20, finalized_depth_slots=4, programs=PROGRAMS)
        self._localnet = LocalnetServer(settings)

    async def __aenter__(self) -> Running:
        await self._localnet.start()
        self._client = AsyncClient(self._localnet.url)
        world = ChainWorld(self._client, 4)
        await world.build(accounts=3)
        world.write(self._folder)
        write_keys(self._folder)
        self._worker = WorkerProcess(
            self._folder,
            database_url=self._database_url,
            chain_url=self._localnet.url,
            engine=self._venue.address,
        )
        await self._worker.start()
        return Running(world, self._venue, self._worker, self._localnet)

    async def __aexit__(self, *_: object) -> None:
        await self._worker.kill()
        await self._client.close()
        await self._localnet.stop()


async def test_a_fill_settles_and_the_status_service_tells_every_step(running: Running) -> None:
    """Followed from the first state to the last, then listed, then looked up by trade."""
    await running.start_trading()
    async with grpc.aio.insecure_channel(running.worker.address) as channel:
        stub = stubs.SettlementStatusServiceStub(channel)
        states = []
        async for message in stub.StreamBatches(wire.StreamBatchesRequest(), metadata=METADATA):
            states.append(message.batch.state)
            if message.batch.state == wire.SETTLEMENT_STATE_FINAL:
                break
        assert states == sorted(states)
        await running.wait_for_building(2, 5)
        listed = await stub.ListBatches(wire.ListBatchesRequest(), metadata=METADATA)
        (batch,) = listed.batches
        assert ([1], 2, 1) == (list(batch.trade_ids), len(batch.transfers), batch.attempts)
        asked = wire.GetFillStatesRequest(trade_ids=[1, 99])
        answer = await stub.GetFillStates(asked, metadata=METADATA)
        assert [
            (1, wire.SETTLEMENT_STATE_FINAL, batch.batch_id, batch.signature),
            (99, wire.SETTLEMENT_STATE_QUEUED, 0, ""),
        ] == [(each.trade_id, each.state, each.batch_id, each.signature) for each in answer.states]

        async def compared() -> bool:
            request = wire.GetReconciliationRequest()
            last = await stub.GetReconciliation(request, metadata=METADATA)
            return last.sequence == running.venue.sequence and not last.differences

        await wait_until(compared)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (wire.ListBatchesRequest(page_size=501), "page_size"),
        (wire.ListBatchesRequest(page_token="x"), "page_token"),
        (wire.GetFillStatesRequest(trade_ids=range(1, 1_002)), "trade_ids"),
        (wire.GetFillStatesRequest(trade_ids=[0]), "trade_ids"),
        (wire.GetFillStatesRequest(trade_ids=[2**63]), "trade_ids"),
    ],
)
async def test_bad_requests_are_refused_by_field(
    running: Running,
    request_: wire.ListBatchesRequest | wire.GetFillStatesRequest,
    field: str,
) -> None:
    """The answer names the field and the rule."""
    async with grpc.aio.insecure_channel(running.worker.address) as channel:
        stub = stubs.SettlementStatusServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            if isinstance(request_, wire.ListBatchesRequest):
                await stub.ListBatches(request_, metadata=METADATA)
            else:
                await stub.GetFillStates(request_, metadata=METADATA)
    assert grpc.StatusCode.INVALID_ARGUMENT == caught.value.code()
    assert (caught.value.details() or "").startswith(f"{field}: ")


async def test_a_call_without_a_key_is_refused(running: Running) -> None:
    """Every call carries an API key."""
    async with grpc.aio.insecure_channel(running.worker.address) as channel:
        stub = stubs.SettlementStatusServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.ListBatches(wire.ListBatchesRequest(), metadata=(("x-api-key", "other"),))
    assert grpc.StatusCode.UNAUTHENTICATED == caught.value.code()


async def test_it_ends_cleanly_when_asked_and_gives_its_claims_back(running: Running) -> None:
    """SIGTERM: exit status 0, and another worker need not wait for a lease."""
    await running.start_trading()
    assert 0 == await running.worker.stop()


async def test_the_same_worker_settles_on_a_second_chain_at_another_port(
    running: Running, postgres_url: str, tmp_path: Path
) -> None:
    """Nothing but the URL leads to a chain: two workers, two chains, two databases."""
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    other_venue = LedgerVenue()
    await other_venue.start()
    async with (
        fresh_database(postgres_url) as url,
        one_more(url, other_venue, other_folder) as other,
    ):
        assert running.localnet.url != other.localnet.url
        for each in (running, other):
            await each.start_trading()
        for each in (running, other):
            await each.wait_for_building(2, 5)
    await other_venue.stop()


async def test_it_refuses_a_chain_that_its_database_does_not_belong_to(running: Running) -> None:
    """The genesis hash is stored at the first run; another one ends the process."""
    assert 0 == await running.worker.stop()
    async with LocalnetServer(LocalnetSettings(port=0, slot_ms=20)) as other:
        flags = running.worker.flags
        flags[flags.index("--solana-rpc-url") + 1] = other.url
        await running.worker.start()
        assert 1 == await running.worker.wait()
    assert "nothing is signed for a chain that is not known" in running.worker.log()


async def test_it_waits_for_a_venue_that_restarts(running: Running) -> None:
    """The streams break and are resumed without a gap."""
    await running.start_trading()
    await running.venue.restart()
    for _ in range(3):
        await running.venue.trade(
            buyer=2, seller=1, base=BUILDING, quote=DOLLAR, base_atoms=1, quote_atoms=100
        )
    await running.wait_for_building(2, 8)


async def reconcile(running: Running, *flags: str) -> tuple[int, list[str]]:
    """Run the command in a process of its own; return its status and its lines."""
    command = ["-m", "settlement.reconciler", *running.worker.flags, *flags]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode().splitlines()


async def test_the_reconcile_command_says_that_ledger_equals_chain(running: Running) -> None:
    """While the worker runs, and also when it does not."""
    await running.start_trading()
    status, lines = await reconcile(running)
    assert (0, "ledger equals chain: 3 accounts, 3 assets, 0 differences") == (status, lines[-1])
    await running.wait_for_building(2, 5)
    await running.worker.stop()
    await running.venue.trade(
        buyer=2, seller=1, base=BUILDING, quote=DOLLAR, base_atoms=1, quote_atoms=100
    )
    status, lines = await reconcile(running, "--json")
    assert (0, '{"equal": true') == (status, lines[-1][:14])
    assert "in flight 1 fills" in lines[0]


async def test_one_atom_moved_behind_its_back_makes_the_command_fail(running: Running) -> None:
    """The table names both accounts, what they should hold and what they hold."""
    await running.start_trading()
    await running.wait_for_building(2, 5)
    await running.world.move_behind_the_back(BUILDING, 1, 3, 1)
    await running.wait_for_building(3, 1)
    status, lines = await reconcile(running, "--window-ms", "100")
    assert 1 == status
    assert "ledger differs from chain: 3 accounts, 3 assets, 2 differences" == lines[-1]
    rows = [line.split() for line in lines[-3:-1]]
    assert [["1", "1", "95", "94", "-1"], ["3", "1", "0", "1", "+1"]] == rows
