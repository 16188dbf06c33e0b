"""A small venue behind the settlement contract: a ledger, fills that a test makes, withdrawals.

It keeps the promises that settlement relies on: commands are idempotent by client id, streams have
no gap and resume, the ledger is read at one sequence.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from realstack.settlement.v1 import settlement_pb2 as wire
from realstack.settlement.v1 import settlement_pb2_grpc as stubs

Context = grpc.aio.ServicerContext[Any, Any]
HELD, RELEASED, FINALIZED = (
    wire.WITHDRAWAL_STEP_HELD,
    wire.WITHDRAWAL_STEP_RELEASED,
    wire.WITHDRAWAL_STEP_FINALIZED,
)


class LedgerVenue(stubs.SettlementServiceServicer):
    """The venue's state and its service."""

    def __init__(self, api_key: str = "settlement key") -> None:
        self.api_key = api_key
        self.sequence = 0
        self.free: dict[tuple[int, int], int] = defaultdict(int)
        self.held: dict[int, wire.WithdrawalEvent] = {}
        self.deposited: dict[int, int] = defaultdict(int)
        self.withdrawn: dict[int, int] = defaultdict(int)
        self.fees: dict[int, int] = defaultdict(int)
        self.fills: list[wire.Fill] = []
        self.steps: list[wire.WithdrawalEvent] = []
        self.credits: list[wire.CreditDepositRequest] = []
        self.answers: dict[tuple[int, int, int], int] = {}
        self.lost_answers = 0
        self.refusals: list[str] = []
        self._changed = asyncio.Condition()
        self._server: grpc.aio.Server | None = None
        self.address = ""

    async def start(self, address: str = "127.0.0.1:0") -> None:
        """Listen."""
        self._server = grpc.aio.server()
        stubs.add_SettlementServiceServicer_to_server(self, self._server)
        port = self._server.add_insecure_port(address)
        await self._server.start()
        self.address = f"127.0.0.1:{port}"

    async def stop(self) -> None:
        """Stop listening; the state stays."""
        if self._server is not None:
            await self._server.stop(None)

    async def restart(self) -> None:
        """Stop and listen again at the same address."""
        await self.stop()
        await self.start(self.address)

    # --- what a test does ---

    def atoms(self, account_id: int, asset_id: int) -> int:
        """Return the total balance of an account, 0 being the fee account."""
        if account_id == 0:
            return self.fees[asset_id]
        held = sum(
            each.amount_atoms
            for each in self.held.values()
            if (each.account_id, each.asset_id) == (account_id, asset_id)
        )
        return self.free[(account_id, asset_id)] + held

    async def trade(
        self,
        *,
        buyer: int,
        seller: int,
        base: int,
        quote: int,
        base_atoms: int,
        quote_atoms: int,
        buyer_fee: int = 0,
        seller_fee: int = 0,
    ) -> int:
        """Make a fill; the accounts must have what they give. Returns the trade id."""
        assert self.free[(seller, base)] >= base_atoms, "the seller has what it sells"
        assert self.free[(buyer, quote)] >= quote_atoms + buyer_fee, "the buyer has what it pays"
        self.sequence += 1
        fill = wire.Fill(
            trade_id=len(self.fills) + 1,
            sequence=self.sequence,
            time_ns=self.sequence,
            market_id=base,
            base_asset_id=base,
            quote_asset_id=quote,
            buyer_account_id=buyer,
            seller_account_id=seller,
            base_atoms=base_atoms,
            quote_atoms=quote_atoms,
            buyer_fee_atoms=buyer_fee,
            seller_fee_atoms=seller_fee,
        )
        self.free[(seller, base)] -= base_atoms
        self.free[(buyer, base)] += base_atoms
        self.free[(buyer, quote)] -= quote_atoms + buyer_fee
        self.free[(seller, quote)] += quote_atoms - seller_fee
        self.fees[quote] += buyer_fee + seller_fee
        self.fills.append(fill)
        await self._tell()
        return fill.trade_id

    async def hold(self, account_id: int, asset_id: int, amount_atoms: int) -> int:
        """Hold funds for a withdrawal and return its id."""
        assert self.free[(account_id, asset_id)] >= amount_atoms, "the account has the funds"
        self.sequence += 1
        event = wire.WithdrawalEvent(
            withdrawal_id=self.sequence,
            account_id=account_id,
            asset_id=asset_id,
            amount_atoms=amount_atoms,
            step=HELD,
            sequence=self.sequence,
            last_trade_id=len(self.fills),
        )
        self.free[(account_id, asset_id)] -= amount_atoms
        self.held[event.withdrawal_id] = event
        self.steps.append(event)
        await self._tell()
        return event.withdrawal_id

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _wait(self) -> None:
        async with self._changed:
            await self._changed.wait()

    # --- the service ---

    async def StreamFills(
        self, request: wire.StreamFillsRequest, context: Context
    ) -> AsyncIterator[wire.StreamFillsResponse]:
        """Follow fills."""
        await self._admit(context)
        position = max(request.from_trade_id, 1) - 1
        if position > len(self.fills):
            await _refuse(context, grpc.StatusCode.OUT_OF_RANGE, "AHEAD_OF_STREAM")
        while True:
            fills = self.fills[position : position + 100]
            yield wire.StreamFillsResponse(
                fills=fills, last_trade_id=len(self.fills), as_of_sequence=self.sequence
            )
            position += len(fills)
            if position == len(self.fills):
                await self._wait()

    async def StreamWithdrawals(
        self, request: wire.StreamWithdrawalsRequest, context: Context
    ) -> AsyncIterator[wire.StreamWithdrawalsResponse]:
        """Follow withdrawals."""
        await self._admit(context)
        after = request.after_sequence
        while True:
            events = [each for each in self.steps if each.sequence > after]
            as_of = self.sequence
            yield wire.StreamWithdrawalsResponse(events=events, as_of_sequence=as_of)
            after = as_of
            if self.sequence == as_of:
                await self._wait()

    async def CreditDeposit(
        self, request: wire.CreditDepositRequest, context: Context
    ) -> wire.CreditDepositResponse:
        """Credit a deposit once."""
        sequence, duplicate = await self._once(request, context)
        if not duplicate:
            self.credits.append(request)
            self.free[(request.account_id, request.asset_id)] += request.amount_atoms
            self.deposited[request.asset_id] += request.amount_atoms
        await self._maybe_lose_answer(context)
        return wire.CreditDepositResponse(sequence=sequence, duplicate=duplicate)

    async def FinalizeWithdrawal(
        self, request: wire.FinalizeWithdrawalRequest, context: Context
    ) -> wire.FinalizeWithdrawalResponse:
        """Remove held funds once."""
        sequence, duplicate = await self._end(request, context, FINALIZED)
        return wire.FinalizeWithdrawalResponse(sequence=sequence, duplicate=duplicate)

    async def ReleaseWithdrawal(
        self, request: wire.ReleaseWithdrawalRequest, context: Context
    ) -> wire.ReleaseWithdrawalResponse:
        """Free held funds once."""
        sequence, duplicate = await self._end(request, context, RELEASED)
        return wire.ReleaseWithdrawalResponse(sequence=sequence, duplicate=duplicate)

    async def HoldAll(self, request: wire.HoldAllRequest, context: Context) -> wire.HoldAllResponse:
        """Hold all that is free."""
        await self._admit(context)
        ids = [
            await self.hold(account_id, asset_id, atoms)
            for (account_id, asset_id), atoms in sorted(self.free.items())
            if account_id == request.account_id and atoms
        ]
        return wire.HoldAllResponse(withdrawal_ids=ids, sequence=self.sequence)

    async def GetLedger(
        self, request: wire.GetLedgerRequest, context: Context
    ) -> wire.GetLedgerResponse:
        """Read the ledger."""
        await self._admit(context)
        vaults = sorted({*self.free, *((e.account_id, e.asset_id) for e in self.held.values())})
        assets = sorted({*self.deposited, *self.fees})
        return wire.GetLedgerResponse(
            sequence=self.sequence,
            last_trade_id=len(self.fills),
            balances=[
                wire.LedgerBalance(
                    account_id=account,
                    asset_id=asset,
                    free_atoms=self.free[(account, asset)],
                    held_atoms=self.atoms(account, asset) - self.free[(account, asset)],
                )
                for account, asset in vaults
                if self.atoms(account, asset)
            ],
            totals=[
                wire.LedgerTotal(
                    asset_id=asset,
                    deposited_atoms=self.deposited[asset],
                    withdrawn_atoms=self.withdrawn[asset],
                    fee_atoms=self.fees[asset],
                )
                for asset in assets
            ],
        )

    async def _end(
        self,
        request: wire.FinalizeWithdrawalRequest | wire.ReleaseWithdrawalRequest,
        context: Context,
        step: wire.WithdrawalStep.ValueType,
    ) -> tuple[int, bool]:
        key = (request.account_id, request.client_id.high, request.client_id.low)
        if key not in self.answers and request.withdrawal_id not in self.held:
            await _refuse(context, grpc.StatusCode.NOT_FOUND, "UNKNOWN_WITHDRAWAL")
        sequence, duplicate = await self._once(request, context)
        if not duplicate:
            event = self.held.pop(request.withdrawal_id)
            if step == FINALIZED:
                self.withdrawn[event.asset_id] += event.amount_atoms
            else:
                self.free[(event.account_id, event.asset_id)] += event.amount_atoms
            over = wire.WithdrawalEvent()
            over.CopyFrom(event)
            over.step, over.sequence, over.last_trade_id = step, sequence, len(self.fills)
            self.steps.append(over)
            await self._tell()
        await self._maybe_lose_answer(context)
        return sequence, duplicate

    async def _once(self, request: Any, context: Context) -> tuple[int, bool]:
        """Return the sequence of a command, and whether it ran before."""
        await self._admit(context)
        if self.refusals:
            await _refuse(context, grpc.StatusCode.FAILED_PRECONDITION, self.refusals.pop(0))
        assert request.sent_time_ns > 0, "a command with a client id says when it was sent"
        key = (request.account_id, request.client_id.high, request.client_id.low)
        if key in self.answers:
            return self.answers[key], True
        self.sequence += 1
        self.answers[key] = self.sequence
        return self.sequence, False

    async def _maybe_lose_answer(self, context: Context) -> None:
        if self.lost_answers:
            self.lost_answers -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the connection broke")

    async def _admit(self, context: Context) -> None:
        keys = [value for name, value in context.invocation_metadata() or () if name == "x-api-key"]
        if keys != [self.api_key]:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "an API key is needed")


async def _refuse(context: Context, code: grpc.StatusCode, reason: str) -> NoReturn:
    status = status_pb2.Status(code=code.value[0], message=reason)
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain="realstack"))
    await context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort does not return")
