"""The settlement worker's public status, told from what a test puts in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent import futures

import grpc

from realstack.settlement.v1 import settlement_pb2 as wire
from realstack.settlement.v1 import settlement_pb2_grpc as stubs
from services._base.pages import decode_page_token, encode_page_token

STREAMED_FIRST = 50
SCOPE = "batches"


class ScriptedSettlement(stubs.SettlementStatusServiceServicer):
    """Serves the batches and the verdict that it was given."""

    def __init__(self) -> None:
        self.batches: dict[int, wire.Batch] = {}
        self.verdict = wire.GetReconciliationResponse()
        self._log: list[wire.Batch] = []
        self._changed = threading.Condition()
        self._stopped = False
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
        stubs.add_SettlementStatusServiceServicer_to_server(self, self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self.address = f"127.0.0.1:{port}"
        self._server.start()

    def stop(self) -> None:
        """End every stream and the server."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._server.stop(None).wait()

    def put(self, batch: wire.Batch) -> None:
        """Add a batch or change it."""
        with self._changed:
            kept = wire.Batch()
            kept.CopyFrom(batch)
            self.batches[kept.batch_id] = kept
            self._log.append(kept)
            self._changed.notify_all()

    def set_verdict(self, verdict: wire.GetReconciliationResponse) -> None:
        """Change what the last reconciliation says."""
        with self._changed:
            self.verdict = verdict

    def ListBatches(
        self, request: wire.ListBatchesRequest, context: grpc.ServicerContext
    ) -> wire.ListBatchesResponse:
        """Newest first."""
        count = request.page_size or 50
        before = 1 << 62
        if request.page_token:
            try:
                before = decode_page_token(SCOPE, request.page_token)
            except ValueError as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"page_token: {error}")
        with self._changed:
            numbers = sorted((n for n in self.batches if n < before), reverse=True)
            page = [self.batches[number] for number in numbers[:count]]
        more = len(numbers) > count
        token = encode_page_token(SCOPE, page[-1].batch_id) if more else ""
        return wire.ListBatchesResponse(batches=page, next_page_token=token)

    def GetFillStates(
        self, request: wire.GetFillStatesRequest, context: grpc.ServicerContext
    ) -> wire.GetFillStatesResponse:
        """The state of each trade's batch; queued without one."""
        by_trade = {}
        with self._changed:
            for batch in self.batches.values():
                for trade_id in batch.trade_ids:
                    by_trade[trade_id] = batch
        states = []
        for trade_id in request.trade_ids:
            batch = by_trade.get(trade_id, wire.Batch(state=wire.SETTLEMENT_STATE_QUEUED))
            states.append(
                wire.FillState(
                    trade_id=trade_id,
                    state=batch.state,
                    batch_id=batch.batch_id,
                    signature=batch.signature,
                )
            )
        return wire.GetFillStatesResponse(states=states)

    def StreamBatches(
        self, request: wire.StreamBatchesRequest, context: grpc.ServicerContext
    ) -> Iterator[wire.StreamBatchesResponse]:
        """The last ones first, then every change."""
        with self._changed:
            position = len(self._log)
            first = [self.batches[number] for number in sorted(self.batches)[-STREAMED_FIRST:]]
        for batch in first:
            yield wire.StreamBatchesResponse(batch=batch)
        while context.is_active():
            with self._changed:
                self._changed.wait_for(
                    lambda: self._stopped or len(self._log) > position,  # noqa: B023
                    timeout=0.5,
                )
                if self._stopped:
                    return
                news, position = self._log[position:], len(self._log)
            for batch in news:
                yield wire.StreamBatchesResponse(batch=batch)

    def GetReconciliation(
        self, request: wire.GetReconciliationRequest, context: grpc.ServicerContext
    ) -> wire.GetReconciliationResponse:
        """The verdict as it was put in."""
        with self._changed:
            return self.verdict
