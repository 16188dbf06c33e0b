"""What the settlement worker tells of itself: its last comparison, and what its batches moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc.aio

from realstack.settlement.v1 import settlement_pb2, settlement_pb2_grpc

CALL_SECONDS_MAX = 5.0
PAGE_BATCHES = 200
DONE = frozenset((settlement_pb2.SETTLEMENT_STATE_FINAL, settlement_pb2.SETTLEMENT_STATE_PARKED))


@dataclass(frozen=True, slots=True)
class Comparison:
    """The worker's last comparison of ledger and chain; sequence 0: none yet."""

    sequence: int
    accounts: int
    assets: int
    differences: int
    fills_pending: int


@dataclass(slots=True)
class Moved:
    """What batches did since a point in time.

    Attributes:
        batches: Final batches.
        parked: Batches that wait for a person.
        transfers: Token transfers of the final ones.
        fills: Trades that they settled.
        atoms: Atoms that they moved, by asset.
    """

    batches: int = 0
    parked: int = 0
    transfers: int = 0
    fills: int = 0
    atoms: Counter[int] = field(default_factory=Counter)

    def add(self, batch: settlement_pb2.Batch) -> None:
        """Count a batch that is done."""
        if batch.state == settlement_pb2.SETTLEMENT_STATE_PARKED:
            self.parked += 1
            return
        self.batches += 1
        self.transfers += len(batch.transfers)
        self.fills += len(batch.trade_ids)
        for transfer in batch.transfers:
            self.atoms[transfer.asset_id] += transfer.amount_atoms


class SettlementView:
    """Reads from a worker.

    Attributes:
        moved: What batches after the first `read_batches` did.
        open_batches: Batches that are neither final nor parked.
        on_batch: Called with each batch that becomes final.
    """

    def __init__(self, address: str, api_key: str) -> None:
        self._channel = grpc.aio.insecure_channel(address)
        self._metadata = (("x-api-key", api_key),)
        self._stub: Any = settlement_pb2_grpc.SettlementStatusServiceStub(self._channel)
        self._counted = -1  # every batch up to here is counted, or was there before
        self._done: set[int] = set()  # counted ones beyond that
        self.moved = Moved()
        self.open_batches = 0
        self.on_batch: Callable[[settlement_pb2.Batch], None] = _ignore

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()

    async def comparison(self) -> Comparison:
        """Return the last comparison.

        Raises:
            grpc.aio.AioRpcError: The worker does not answer.
        """
        answer = await self._call(
            self._stub.GetReconciliation, settlement_pb2.GetReconciliationRequest()
        )
        return Comparison(
            sequence=answer.sequence,
            accounts=answer.accounts,
            assets=answer.assets,
            differences=len(answer.differences),
            fills_pending=answer.fills_pending,
        )

    async def read_batches(self) -> None:
        """Count what is new; the first time only note where the count begins.

        Raises:
            grpc.aio.AioRpcError: The worker does not answer.
        """
        if self._counted < 0:
            newest = await self._page(1, "")
            self._counted = max((batch.batch_id for batch in newest.batches), default=0)
            return
        batches = await self._since(self._counted)
        for batch in batches:
            if batch.state in DONE and batch.batch_id not in self._done:
                self._done.add(batch.batch_id)
                self.moved.add(batch)
                self.on_batch(batch)
        while self._counted + 1 in self._done:
            self._counted += 1
            self._done.remove(self._counted)
        self.open_batches = sum(batch.state not in DONE for batch in batches)

    async def _since(self, batch_id: int) -> list[settlement_pb2.Batch]:
        """Return every batch with a higher id."""
        found: list[settlement_pb2.Batch] = []
        token = ""
        while True:
            page = await self._page(PAGE_BATCHES, token)
            new = [batch for batch in page.batches if batch.batch_id > batch_id]
            found += new
            token = page.next_page_token
            if len(new) < len(page.batches) or not token:
                return found

    async def _page(self, size: int, token: str) -> settlement_pb2.ListBatchesResponse:
        request = settlement_pb2.ListBatchesRequest(page_size=size, page_token=token)
        page: settlement_pb2.ListBatchesResponse = await self._call(self._stub.ListBatches, request)
        return page

    async def _call(self, method: Any, request: object) -> Any:
        return await method(request, metadata=self._metadata, timeout=CALL_SECONDS_MAX)


def _ignore(batch: settlement_pb2.Batch) -> None:
    """Do nothing with it."""


def batch_line(batch: settlement_pb2.Batch) -> str:
    """Return what a batch took of a transaction's limits."""
    text = f"batch {batch.batch_id}: {len(batch.trade_ids)} fills"
    if batch.reason:
        return f"{text}, {batch.reason}"
    if not batch.transaction_bytes:
        return f"{text} net to nothing, no transaction"
    return (
        f"{text}, {batch.participants} participants, {batch.account_locks} locks,"
        f" {batch.transaction_bytes:,} bytes, {batch.compute_units:,} compute units"
    )
