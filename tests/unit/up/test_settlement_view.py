"""What the settlement worker tells is counted once, page by page, whatever order batches end in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import pytest

from realstack.settlement.v1 import settlement_pb2 as pb
from realstack.settlement.v1 import settlement_pb2_grpc
from realstack.up.settlement_view import Comparison, SettlementView

FINAL, PARKED = pb.SETTLEMENT_STATE_FINAL, pb.SETTLEMENT_STATE_PARKED
IN_FLIGHT = pb.SETTLEMENT_STATE_IN_FLIGHT


class Worker(settlement_pb2_grpc.SettlementStatusServiceServicer):
    """A worker that tells of the batches that the test gives it."""

    def __init__(self) -> None:
        self.batches: dict[int, pb.Batch] = {}
        self.comparison = pb.GetReconciliationResponse()

    def set(self, batch_id: int, state: pb.SettlementState.ValueType) -> None:
        """Put a batch of one trade and two transfers into a state."""
        transfers = [pb.Transfer(asset_id=asset, amount_atoms=10 * asset) for asset in (1, 2)]
        self.batches[batch_id] = pb.Batch(
            batch_id=batch_id, state=state, trade_ids=[batch_id], transfers=transfers
        )

    async def ListBatches(self, request: pb.ListBatchesRequest, context: Any) -> Any:
        """List newest first."""
        below = int(request.page_token or 1 << 62)
        ids = sorted((number for number in self.batches if number < below), reverse=True)
        page = ids[: request.page_size]
        more = len(ids) > len(page)
        return pb.ListBatchesResponse(
            batches=[self.batches[number] for number in page],
            next_page_token=str(page[-1]) if more else "",
        )

    async def GetReconciliation(self, request: Any, context: Any) -> Any:
        """Tell the last comparison."""
        return self.comparison

    async def GetFillStates(self, request: Any, context: Any) -> Any:
        """Not asked here."""
        raise NotImplementedError

    def StreamBatches(self, request: Any, context: Any) -> Any:
        """Not asked here."""
        raise NotImplementedError


@pytest.fixture
async def worker() -> AsyncIterator[tuple[Worker, SettlementView]]:
    """A worker behind a socket, and what reads from it."""
    servicer = Worker()
    server = grpc.aio.server()
    settlement_pb2_grpc.add_SettlementStatusServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    view = SettlementView(f"127.0.0.1:{port}", "any")
    yield servicer, view
    await view.close()
    await server.stop(0)


async def test_batches_from_before_are_not_counted(worker: tuple[Worker, SettlementView]) -> None:
    """A run counts what it moved itself."""
    servicer, view = worker
    for batch_id in (1, 2):
        servicer.set(batch_id, FINAL)
    await view.read_batches()
    servicer.set(3, FINAL)
    await view.read_batches()
    assert (view.moved.batches, view.moved.transfers, view.moved.fills) == (1, 2, 1)
    assert dict(view.moved.atoms) == {1: 10, 2: 20}


async def test_each_batch_counts_once_when_it_is_done(
    worker: tuple[Worker, SettlementView],
) -> None:
    """Batches end in any order; parked ones are counted apart."""
    servicer, view = worker
    await view.read_batches()
    for batch_id, state in ((1, IN_FLIGHT), (2, FINAL), (3, PARKED)):
        servicer.set(batch_id, state)
    for _ in range(2):
        await view.read_batches()
        assert (view.moved.batches, view.moved.parked, view.open_batches) == (1, 1, 1)
    servicer.set(1, FINAL)
    await view.read_batches()
    await view.read_batches()
    assert (view.moved.batches, view.moved.parked, view.open_batches) == (2, 1, 0)


async def test_many_batches_are_read_page_by_page(worker: tuple[Worker, SettlementView]) -> None:
    """More than a page between two reads are all counted."""
    servicer, view = worker
    servicer.set(1, FINAL)
    await view.read_batches()
    for batch_id in range(2, 452):
        servicer.set(batch_id, FINAL)
    await view.read_batches()
    assert view.moved.batches == 450


async def test_the_last_comparison_is_told(worker: tuple[Worker, SettlementView]) -> None:
    """Differences are counted; before the first comparison the sequence is zero."""
    servicer, view = worker
    assert await view.comparison() == Comparison(0, 0, 0, 0, 0)
    servicer.comparison = pb.GetReconciliationResponse(
        sequence=9, accounts=7, assets=5, differences=[pb.Difference()], fills_pending=3
    )
    assert await view.comparison() == Comparison(9, 7, 5, 1, 3)
