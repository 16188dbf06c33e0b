"""Waiting until the trades of a replay are final on chain, and comparing ledger and chain."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio

from realstack.settlement.v1 import settlement_pb2, settlement_pb2_grpc
from settlement import reconciler

FINAL = settlement_pb2.SETTLEMENT_STATE_FINAL
STOPPED = (settlement_pb2.SETTLEMENT_STATE_PARKED, settlement_pb2.SETTLEMENT_STATE_FAILED)
TRADES_PER_CALL = 1_000
SETTLE_SECONDS_MAX = 180.0
POLL_SECONDS = 0.2
CALL_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the trades on chain.

    Attributes:
        fills: Trades.
        final: Those that are final on chain.
        batches: Transactions that settled them.
        verdict: The comparison of ledger and chain, in words.
        is_equal: Whether every trade is final, and ledger and chain are equal.
    """

    fills: int
    final: int
    batches: int
    verdict: str
    is_equal: bool


@dataclass(frozen=True, slots=True)
class ChainSide:
    """Where settlement can be asked.

    Attributes:
        data: The venue's folder.
        engine: Address of the engine.
        settlement: Address of the settlement worker.
        api_key: A key of the venue.
        database_url: The worker's database.
        solana_rpc_url: The Solana node.
    """

    data: Path
    engine: str
    settlement: str
    api_key: str
    database_url: str
    solana_rpc_url: str

    async def settle(self, trade_ids: Sequence[int]) -> Settled:
        """Wait until trades are final, or one has stopped, then compare ledger and chain."""
        states = await self._until_final(trade_ids)
        final = [state for state in states if state.state == FINAL]
        options = ["--data", str(self.data), "--engine", self.engine]
        options += ["--database-url", self.database_url, "--solana-rpc-url", self.solana_rpc_url]
        comparison = await reconciler.run(reconciler.parser().parse_args(options))
        return Settled(
            fills=len(trade_ids),
            final=len(final),
            batches=len({state.batch_id for state in final}),
            verdict=reconciler.verdict(comparison),
            is_equal=len(final) == len(trade_ids) and not comparison.differences,
        )

    async def _until_final(self, trade_ids: Sequence[int]) -> list[Any]:
        async with grpc.aio.insecure_channel(self.settlement) as channel:
            stub = settlement_pb2_grpc.SettlementStatusServiceStub(channel)
            loop = asyncio.get_running_loop()
            deadline = loop.time() + SETTLE_SECONDS_MAX
            while True:
                states = await self._states(stub, trade_ids)
                open_ones = [state for state in states if state.state not in (FINAL, *STOPPED)]
                if not open_ones or loop.time() > deadline:
                    return states
                await asyncio.sleep(POLL_SECONDS)

    async def _states(self, stub: Any, trade_ids: Sequence[int]) -> list[Any]:
        states: list[Any] = []
        for start in range(0, len(trade_ids), TRADES_PER_CALL):
            part = trade_ids[start : start + TRADES_PER_CALL]
            answer = await stub.GetFillStates(
                settlement_pb2.GetFillStatesRequest(trade_ids=part),
                metadata=(("x-api-key", self.api_key),),
                timeout=CALL_SECONDS_MAX,
            )
            states += answer.states
        return states
