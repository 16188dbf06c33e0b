"""Settlement for everybody: batches as they change, the state of each fill, the last verdict."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

import grpc
import structlog

from gateway.catalog import Catalog
from gateway.encoding import json_text
from gateway.errors import EdgeError
from gateway.feeds.channel import Channel, Frame
from gateway.feeds.link import LinkState
from gateway.feeds.pacer import Pacer
from gateway.limits import CALL_SECONDS, FILL_STATES_MAX
from gateway.refusals import service_refusal
from gateway.schemas import settlement as schema
from gateway.times import time_text
from realstack.client import ClientError
from realstack.client.connection import CHANNEL_OPTIONS, follow
from realstack.settlement.v1 import settlement_pb2, settlement_pb2_grpc

BATCHES_KEPT = 500
BATCHES_SHOWN = 50  # that a new subscriber gets at once
FRAME_SECONDS = 0.1
VERDICT_SECONDS = 2.0
SILENCE_NS = 10_000_000_000  # the verdict is asked for much more often
FINAL_TIMES_KEPT = 10_000
ASK_AT_ONCE_MAX = 1_000  # trade ids in one question, as the contract says

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FillState:
    """How far a trade is on its way to the chain."""

    state: schema.SettlementStateName
    batch_id: int | None = None
    signature: str | None = None


QUEUED = FillState("queued")
UNKNOWN = FillState("unknown")

StatesChanged = Callable[[dict[int, FillState]], None]


def state_name(state: int) -> schema.SettlementStateName:
    """Return a settlement state by name."""
    name = settlement_pb2.SettlementState.Name(settlement_pb2.SettlementState.ValueType(state))
    short = name.removeprefix("SETTLEMENT_STATE_").lower()
    return "unknown" if short == "unspecified" else cast("schema.SettlementStateName", short)


def batch(row: settlement_pb2.Batch, catalog: Catalog) -> schema.Batch:
    """Return a batch with amounts in units and accounts by name."""
    return schema.Batch(
        batch_id=row.batch_id,
        state=state_name(row.state),
        trade_count=len(row.trade_ids),
        first_trade_id=min(row.trade_ids, default=None),
        last_trade_id=max(row.trade_ids, default=None),
        transfers=[
            schema.Transfer(
                asset=catalog.asset_symbol(transfer.asset_id),
                amount=catalog.amount_text(transfer.asset_id, transfer.amount_atoms),
                from_account=transfer.from_account_id,
                to_account=transfer.to_account_id,
                from_name=catalog.account_name(transfer.from_account_id),
                to_name=catalog.account_name(transfer.to_account_id),
            )
            for transfer in row.transfers
        ],
        signature=row.signature or None,
        transaction_bytes=row.transaction_bytes,
        last_valid_block_height=row.last_valid_block_height,
        reason=row.reason or None,
        updated_time=time_text(row.updated_time_ns) if row.updated_time_ns else None,
        attempts=row.attempts,
    )


def reconciliation(
    row: settlement_pb2.GetReconciliationResponse | None, catalog: Catalog
) -> schema.Reconciliation:
    """Return the last verdict in units; "not done" before there is one."""
    if row is None or row.sequence == 0:
        verdict: Any = "not_done"
    else:
        verdict = "different" if row.differences else "equal"
    row = row or settlement_pb2.GetReconciliationResponse()
    return schema.Reconciliation(
        verdict=verdict,
        as_of_seq=row.sequence,
        time=time_text(row.time_ns) if row.time_ns else None,
        accounts=row.accounts,
        assets=row.assets,
        differences=[
            schema.Difference(
                account=found.account_id,
                account_name=catalog.account_name(found.account_id),
                asset=catalog.asset_symbol(found.asset_id),
                expected=catalog.amount_text(found.asset_id, found.expected_atoms),
                chain=catalog.amount_text(found.asset_id, found.chain_atoms),
            )
            for found in row.differences
        ],
        fills_pending=row.fills_pending,
        withdrawals_halted=row.withdrawals_halted,
    )


class SettlementFeed:
    """Follows the settlement worker; without one every state is unknown."""

    def __init__(self, address: str, api_key: str, catalog: Callable[[], Catalog]) -> None:
        """Prepare to follow.

        Args:
            address: The worker's, or empty when there is none.
            api_key: The gateway's own.
            catalog: Gives the instruments as last read.
        """
        self.link = LinkState(silence_ns=SILENCE_NS)
        self.channel = Channel("batches", opening=self._opening)
        self.verdict: settlement_pb2.GetReconciliationResponse | None = None
        self.final_times_ns: deque[int] = deque(maxlen=FINAL_TIMES_KEPT)
        self._address = address
        self._metadata = (("x-api-key", api_key),)
        self.catalog = catalog
        self._grpc = grpc.aio.insecure_channel(address or "localhost:1", CHANNEL_OPTIONS)
        self._stub = settlement_pb2_grpc.SettlementStatusServiceStub(self._grpc)
        self._batches: OrderedDict[int, settlement_pb2.Batch] = OrderedDict()
        self._states: OrderedDict[int, FillState] = OrderedDict()
        self._listeners: dict[StatesChanged, None] = {}
        self._pending: dict[int, settlement_pb2.Batch] = {}
        self._pacer = Pacer(self._flush, FRAME_SECONDS)

    async def close(self) -> None:
        """Close the connection."""
        self._pacer.close()
        await self._grpc.close()

    async def run(self) -> None:
        """Follow batches until cancelled, through restarts of the worker."""
        while self._address:
            try:
                async with aclosing(follow(self._begin)) as messages:
                    async for message in messages:
                        self.link.heard()
                        self._take(message.batch)
            except ClientError as error:
                log.warning("settlement worker refuses its batches", detail=str(error))
            await asyncio.sleep(VERDICT_SECONDS)

    async def run_verdict(self) -> None:
        """Ask for the last reconciliation again and again until cancelled."""
        while self._address:
            request = settlement_pb2.GetReconciliationRequest()
            try:
                self.verdict = await self._stub.GetReconciliation(
                    request, metadata=self._metadata, timeout=CALL_SECONDS
                )
                self.link.heard()
            except grpc.aio.AioRpcError as error:
                log.info("no verdict", code=error.code().name)
            await asyncio.sleep(VERDICT_SECONDS)

    async def list_batches(self, page_size: int, page_token: str) -> schema.Batches:
        """List batches, newest first.

        Raises:
            ApiError: SETTLEMENT_UNAVAILABLE, or the field that breaks a rule.
        """
        request = settlement_pb2.ListBatchesRequest(page_size=page_size, page_token=page_token)
        try:
            answer = await self._stub.ListBatches(
                request, metadata=self._metadata, timeout=CALL_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            raise service_refusal(error, EdgeError.SETTLEMENT_UNAVAILABLE) from error
        catalog = self.catalog()
        return schema.Batches(
            batches=[batch(row, catalog) for row in answer.batches],
            next_page_token=answer.next_page_token or None,
        )

    async def states(self, trade_ids: Iterable[int]) -> dict[int, FillState]:
        """Return the states of trades; what the worker does not tell now is unknown."""
        wanted = list(trade_ids)
        missing = [trade_id for trade_id in wanted if trade_id not in self._states]
        if not self._address:
            missing = []
        for start in range(0, len(missing), ASK_AT_ONCE_MAX):
            await self._ask(missing[start : start + ASK_AT_ONCE_MAX])
        return {trade_id: self.state(trade_id) for trade_id in wanted}

    def state(self, trade_id: int) -> FillState:
        """Return the state of a trade as far as it was told: queued before its first batch."""
        known = self._states.get(trade_id)
        if known is not None:
            return known
        return QUEUED if self.link.is_up() else UNKNOWN

    def listen(self, changed: StatesChanged) -> None:
        """Call a function with the states that change, from now on."""
        self._listeners[changed] = None

    def unlisten(self, changed: StatesChanged) -> None:
        """Call that function no more."""
        self._listeners.pop(changed, None)

    def batches_by_state(self) -> dict[str, int]:
        """Count the kept batches by state."""
        counts: dict[str, int] = {}
        for row in self._batches.values():
            name = state_name(row.state)
            counts[name] = counts.get(name, 0) + 1
        return counts

    def last_batch_id(self) -> int:
        """Return the highest batch id seen."""
        return max(self._batches, default=0)

    async def _ask(self, trade_ids: Sequence[int]) -> None:
        request = settlement_pb2.GetFillStatesRequest(trade_ids=trade_ids)
        try:
            answer = await self._stub.GetFillStates(
                request, metadata=self._metadata, timeout=CALL_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            log.info("no fill states", code=error.code().name)
            return
        for row in answer.states:
            # A queued fill is told of again when its batch is made; the rest may be kept.
            if row.state > settlement_pb2.SETTLEMENT_STATE_QUEUED:
                name = state_name(row.state)
                self._keep(
                    row.trade_id, FillState(name, row.batch_id or None, row.signature or None)
                )

    def _keep(self, trade_id: int, state: FillState) -> None:
        self._states[trade_id] = state
        self._states.move_to_end(trade_id)
        while len(self._states) > FILL_STATES_MAX:
            self._states.popitem(last=False)

    def _begin(self) -> Any:
        request = settlement_pb2.StreamBatchesRequest()
        return self._stub.StreamBatches(request, metadata=self._metadata, wait_for_ready=True)

    def _take(self, row: settlement_pb2.Batch) -> None:
        before = self._batches.get(row.batch_id)
        self._batches[row.batch_id] = row
        while len(self._batches) > BATCHES_KEPT:
            del self._batches[min(self._batches)]
        if row.state == settlement_pb2.SETTLEMENT_STATE_FINAL and before is not None:
            self.final_times_ns.append(row.updated_time_ns)
        name = state_name(row.state)
        state = FillState(name, row.batch_id, row.signature or None)
        changed = {trade_id: state for trade_id in row.trade_ids}
        for trade_id in changed:
            self._keep(trade_id, state)
        for listener in tuple(self._listeners):
            listener(changed)
        self._pending[row.batch_id] = row
        self._pacer.changed()

    def _flush(self) -> None:
        if self._pending:
            rows, self._pending = list(self._pending.values()), {}
            self.channel.publish(self._frame("batches", rows))

    def _opening(self) -> list[Frame]:
        self._pacer.now()
        newest = sorted(self._batches)[-BATCHES_SHOWN:]
        return [self._frame("batches_snapshot", [self._batches[number] for number in newest])]

    def _frame(self, kind: str, rows: Sequence[settlement_pb2.Batch]) -> Frame:
        catalog = self.catalog()
        message = {
            "type": kind,
            "channel": "batches",
            "market": None,
            "batches": [batch(row, catalog) for row in rows],
        }
        last = self.last_batch_id()
        return Frame(json_text(message), last, last)
