"""The status service: batches, fills and the last reconciliation, to anyone with an API key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import grpc

from realstack.settlement.v1 import settlement_pb2 as wire
from realstack.settlement.v1 import settlement_pb2_grpc as stubs
from services._base.errors import refuse
from services._base.pages import InvalidPageToken, decode_page_token, encode_page_token, page_size
from settlement.clock import seconds
from settlement.states import State
from settlement.store.reconciliations import ReconciliationStore
from settlement.store.reports import BatchReport, ReportStore

SERVICE_NAME = wire.DESCRIPTOR.services_by_name["SettlementStatusService"].full_name

PAGE_SIZE = 50
PAGE_SIZE_MAX = 500
PAGE_BYTES_MAX = 700_000  # a page ends early at this size: a message is limited too
TRADE_IDS_MAX = 1_000
STREAM_BEGINS_WITH = 50
STREAM_POLL_MS = 100
# A change that commits late may have a number below one that was seen: look back so far.
CHANGES_LOOKED_BACK = 512
_ID_MAX = (1 << 63) - 1
_PAGES = "batches"

Context = grpc.aio.ServicerContext[Any, Any]


class StatusServicer(stubs.SettlementStatusServiceServicer):
    """Answers from the database, so that any worker can answer for all."""

    def __init__(self, reports: ReportStore, reconciliations: ReconciliationStore) -> None:
        self._reports = reports
        self._reconciliations = reconciliations

    async def ListBatches(
        self, request: wire.ListBatchesRequest, context: Context
    ) -> wire.ListBatchesResponse:
        """List batches, newest first."""
        try:
            count = page_size(request.page_size, default=PAGE_SIZE, limit=PAGE_SIZE_MAX)
        except ValueError as error:
            await _refuse(context, "page_size", str(error))
        before = _ID_MAX
        if request.page_token:
            try:
                before = min(decode_page_token(_PAGES, request.page_token), _ID_MAX)
            except InvalidPageToken as error:
                await _refuse(context, "page_token", str(error))
        found = await self._reports.batches_before(before, count + 1)
        page = _within_a_message([_batch(each) for each in found[:count]])
        more = len(found) > len(page)
        return wire.ListBatchesResponse(
            batches=page,
            next_page_token=encode_page_token(_PAGES, page[-1].batch_id) if more else "",
        )

    async def GetFillStates(
        self, request: wire.GetFillStatesRequest, context: Context
    ) -> wire.GetFillStatesResponse:
        """Tell the state of each trade that is asked for."""
        asked = list(request.trade_ids)
        if len(asked) > TRADE_IDS_MAX:
            await _refuse(context, "trade_ids", f"at most {TRADE_IDS_MAX:,}")
        if any(not 1 <= trade_id <= _ID_MAX for trade_id in asked):
            await _refuse(context, "trade_ids", f"a trade id is 1 to {_ID_MAX}")
        known = await self._reports.fill_states(asked)
        states = []
        for trade_id in asked:
            fill = known.get(trade_id)
            state = wire.FillState(trade_id=trade_id, state=State.QUEUED.number)
            if fill is not None:
                state.state = fill.state.number
                state.batch_id = fill.batch_id
                state.signature = fill.signature
            states.append(state)
        return wire.GetFillStatesResponse(states=states)

    async def StreamBatches(
        self, request: wire.StreamBatchesRequest, context: Context
    ) -> AsyncIterator[wire.StreamBatchesResponse]:
        """Follow batches: the last 50, then each that changes, in its newest state."""
        # What is known before the first look counts as told, unless that look tells it anew.
        last = await self._reports.last_change()
        known = await self._reports.batches_changed_after(
            last - CHANGES_LOOKED_BACK, CHANGES_LOOKED_BACK
        )
        told = {each.batch_id: each.change for each in known}
        newest = await self._reports.batches_before(_ID_MAX, STREAM_BEGINS_WITH)
        for report in reversed(newest):
            told[report.batch_id] = report.change
            yield wire.StreamBatchesResponse(batch=_batch(report))
        while True:
            after = last - CHANGES_LOOKED_BACK
            for report in await self._reports.batches_changed_after(after, PAGE_SIZE_MAX * 2):
                if told.get(report.batch_id) != report.change:
                    told[report.batch_id] = report.change
                    yield wire.StreamBatchesResponse(batch=_batch(report))
                last = max(last, report.change)
            told = {each: change for each, change in told.items() if change > after}
            await asyncio.sleep(seconds(STREAM_POLL_MS))

    async def GetReconciliation(
        self, request: wire.GetReconciliationRequest, context: Context
    ) -> wire.GetReconciliationResponse:
        """Tell the last comparison of ledger and chain; all zero when there was none yet."""
        last = await self._reconciliations.last()
        if last is None:
            return wire.GetReconciliationResponse()
        return wire.GetReconciliationResponse(
            sequence=last.sequence,
            time_ns=last.time_ns,
            accounts=last.accounts,
            assets=last.assets,
            differences=[
                wire.Difference(
                    account_id=each.account_id,
                    asset_id=each.asset_id,
                    expected_atoms=each.expected_atoms,
                    chain_atoms=each.chain_atoms,
                )
                for each in last.differences
            ],
            fills_pending=last.fills_pending,
            withdrawals_halted=last.withdrawals_halted,
        )


def add_status_servicer(server: grpc.aio.Server, servicer: StatusServicer) -> None:
    """Add the service to a server."""
    stubs.add_SettlementStatusServiceServicer_to_server(servicer, server)


async def _refuse(context: Context, field: str, rule: str) -> NoReturn:
    code = grpc.StatusCode.INVALID_ARGUMENT
    await refuse(context, code, "INVALID_FIELD", rule, field=field)


def _within_a_message(batches: list[wire.Batch]) -> list[wire.Batch]:
    """Return as many of the batches as one message carries, at least one."""
    total = 0
    for index, batch in enumerate(batches):
        total += batch.ByteSize()
        if index and total > PAGE_BYTES_MAX:
            return batches[:index]
    return batches


def _batch(report: BatchReport) -> wire.Batch:
    return wire.Batch(
        batch_id=report.batch_id,
        state=report.state.number,
        trade_ids=report.trade_ids,
        transfers=[
            wire.Transfer(
                asset_id=each.asset_id,
                from_account_id=each.from_account_id,
                to_account_id=each.to_account_id,
                amount_atoms=each.amount_atoms,
            )
            for each in report.transfers
        ],
        signature=report.signature,
        transaction_bytes=report.transaction_bytes,
        last_valid_block_height=report.last_valid_block_height,
        reason=report.reason,
        updated_time_ns=report.updated_time_ns,
        attempts=report.attempts,
        participants=report.participants,
        account_locks=report.account_locks,
        compute_units=report.compute_units,
    )
