"""The status service, called directly: pages, streams, sizes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from realstack.settlement.v1 import settlement_pb2 as wire
from realstack.settlement.v1 import settlement_pb2_grpc as stubs
from services._base.grpc_server import GrpcServer
from settlement.rpc import SERVICE_NAME, StatusServicer, add_status_servicer
from tests.integration.settlement.chain_world import BUILDING, DOLLAR
from tests.integration.settlement.stage import Stage

pytestmark = pytest.mark.slow

METADATA = (("x-api-key", "key"),)


@pytest.fixture
async def stub(stage: Stage) -> AsyncIterator[stubs.SettlementStatusServiceAsyncStub]:
    """A client of a status service on the stage's database."""
    servicer = StatusServicer(stage.stores.reports, stage.stores.reconciliations)
    server = GrpcServer(
        services=[SERVICE_NAME],
        add=lambda made: add_status_servicer(made, servicer),
        is_known_key=lambda key: key == "key",
    )
    address = await server.start("127.0.0.1:0")
    async with grpc.aio.insecure_channel(address) as channel:
        yield stubs.SettlementStatusServiceStub(channel)
    await server.stop()


async def make_batches(stage: Stage, count: int) -> None:
    """Make batches of one fill each."""
    await stage.fund((1, BUILDING, 1_000), (2, DOLLAR, 100_000))
    for _ in range(count):
        await stage.ledger.trade(
            buyer=2, seller=1, base=BUILDING, quote=DOLLAR, base_atoms=1, quote_atoms=10
        )
        await stage.batch_and_send()


async def list_all(stub: stubs.SettlementStatusServiceAsyncStub, page_size: int) -> list[list[int]]:
    """Return the batch ids of every page."""
    pages, token = [], ""
    while True:
        request = wire.ListBatchesRequest(page_size=page_size, page_token=token)
        answer = await stub.ListBatches(request, metadata=METADATA)
        pages.append([each.batch_id for each in answer.batches])
        token = answer.next_page_token
        if not token:
            return pages


async def test_pages_show_every_batch_once_newest_first(
    stage: Stage, stub: stubs.SettlementStatusServiceAsyncStub
) -> None:
    """The token goes on exactly behind the last one shown."""
    await make_batches(stage, 5)
    assert [[5, 4], [3, 2], [1]] == await list_all(stub, 2)
    assert [[5, 4, 3, 2, 1]] == await list_all(stub, 5)
    assert [[5, 4, 3, 2, 1]] == await list_all(stub, 0)


async def test_a_page_ends_early_when_its_message_would_be_too_large(
    stage: Stage, stub: stubs.SettlementStatusServiceAsyncStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large batches come in smaller pages, at least one a page."""
    await make_batches(stage, 3)
    monkeypatch.setattr("settlement.rpc.PAGE_BYTES_MAX", 1)
    assert [[3], [2], [1]] == await list_all(stub, 500)


async def test_without_a_comparison_all_is_zero(
    stub: stubs.SettlementStatusServiceAsyncStub,
) -> None:
    """None was made yet."""
    answer = await stub.GetReconciliation(wire.GetReconciliationRequest(), metadata=METADATA)
    assert wire.GetReconciliationResponse() == answer


async def test_the_last_comparison_is_told_with_its_differences(
    stage: Stage, stub: stubs.SettlementStatusServiceAsyncStub
) -> None:
    """Account, asset, what should be there and what is."""
    await stage.fund((1, BUILDING, 1_000))
    await stage.world.move_behind_the_back(BUILDING, 1, 2, 7)
    await stage.world.finalize()
    await stage.worker.reconcile()
    answer = await stub.GetReconciliation(wire.GetReconciliationRequest(), metadata=METADATA)
    assert [(1, BUILDING, 1_000, 993), (2, BUILDING, 0, 7)] == [
        (each.account_id, each.asset_id, each.expected_atoms, each.chain_atoms)
        for each in answer.differences
    ]
    assert (6, 3, True) == (answer.accounts, answer.assets, answer.withdrawals_halted)


async def test_the_stream_begins_with_what_is_there_and_tells_each_change(
    stage: Stage, stub: stubs.SettlementStatusServiceAsyncStub
) -> None:
    """A batch that is told twice has changed in between."""
    await make_batches(stage, 2)
    call = stub.StreamBatches(wire.StreamBatchesRequest(), metadata=METADATA)
    told: list[tuple[int, int]] = []

    async def follow() -> None:
        async for message in call:
            told.append((message.batch.batch_id, message.batch.state))
            if len(told) == 2:
                await stage.land_finally()
            if len(told) == 4:
                return

    await asyncio.wait_for(follow(), 20)
    call.cancel()
    flying, final = wire.SETTLEMENT_STATE_IN_FLIGHT, wire.SETTLEMENT_STATE_FINAL
    assert [(1, flying), (2, flying)] == told[:2]
    assert [(1, final), (2, final)] == sorted(told[2:])
