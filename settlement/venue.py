"""The venue as settlement needs it: fills and withdrawals to follow, and commands with an outcome.

A command's answer is one of three, never mixed: done (also when it had been done before), refused
for a reason, or unknown. Only a refusal or "done" may be acted on; after "unknown" the same command
is sent again, with the same client id and sent time.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import grpc
from google.rpc import error_details_pb2, status_pb2

from engine.core.rejects import Reject
from realstack.common.v1 import common_pb2
from realstack.settlement.v1 import settlement_pb2 as wire
from realstack.settlement.v1 import settlement_pb2_grpc as stubs
from settlement.fills import Fill

CALL_SECONDS_MAX = 10
DETAILS_KEY = "grpc-status-details-bin"
MESSAGE_BYTES_MAX = 64 << 20  # the ledger of a large venue comes in one message

Answer = TypeVar("Answer")

_REFUSALS = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.OUT_OF_RANGE,
    }
)
_NOT_ALLOWED = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})


class VenueUnavailable(Exception):
    """No answer, or not one that tells the outcome."""


class NotAllowed(Exception):
    """The venue does not take this process's API key: a person has to see to it."""


class VenueRefused(Exception):
    """The venue refuses the command; nothing was done.

    Attributes:
        reason: The name of the reject.
        transient: Whether the very same command can succeed later.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        known = Reject.__members__.get(reason.removeprefix("REJECT_CODE_"))
        self.transient = known is not None and known.transient


@dataclass(frozen=True, slots=True)
class Done:
    """The venue did it: at which sequence, and whether it had before."""

    sequence: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class FillsMessage:
    """New fills in order, and how far the venue is."""

    fills: list[Fill]
    last_trade_id: int
    as_of_sequence: int


@dataclass(frozen=True, slots=True)
class WithdrawalStep:
    """A step of a withdrawal."""

    withdrawal_id: int
    account_id: int
    asset_id: int
    amount_atoms: int
    step: wire.WithdrawalStep.ValueType
    sequence: int
    last_trade_id: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every balance at one durable sequence.

    Attributes:
        sequence: The venue sequence.
        last_trade_id: The last trade id at it.
        atoms: Free, locked and held atoms together, by account and asset; 0 is the fee account.
        deposited_atoms: All credits, by asset.
        withdrawn_atoms: All finalized withdrawals, by asset.
        usable_atoms: Free and locked atoms together, by account and asset.
    """

    sequence: int
    last_trade_id: int
    atoms: dict[tuple[int, int], int]
    deposited_atoms: dict[int, int] = field(default_factory=dict)
    withdrawn_atoms: dict[int, int] = field(default_factory=dict)
    usable_atoms: dict[tuple[int, int], int] = field(default_factory=dict)


def client_id_of(*parts: str) -> common_pb2.ClientId:
    """Return an idempotency id: the first 128 bits of the SHA-256 of the parts, joined by '|'."""
    digest = hashlib.sha256("|".join(parts).encode()).digest()
    return common_pb2.ClientId(
        high=int.from_bytes(digest[:8], "big"), low=int.from_bytes(digest[8:16], "big")
    )


class Venue:
    """The engine's service for settlement, over one channel."""

    def __init__(self, address: str, api_key: str) -> None:
        """Remember the address (`host:port`); nothing is sent yet."""
        self._channel = grpc.aio.insecure_channel(
            address,
            options=[
                ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
                ("grpc.keepalive_time_ms", 10_000),
                ("grpc.keepalive_timeout_ms", 5_000),
                ("grpc.max_reconnect_backoff_ms", 2_000),
                ("grpc.initial_reconnect_backoff_ms", 100),
            ],
        )
        self._stub = stubs.SettlementServiceStub(self._channel)
        self._metadata = (("x-api-key", api_key),)

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    async def follow_fills(self, from_trade_id: int) -> AsyncIterator[FillsMessage]:
        """Yield fills from a trade id on; heartbeats come as messages without fills.

        Raises:
            VenueUnavailable: The stream broke: follow anew from the last fill that was stored.
        """
        request = wire.StreamFillsRequest(from_trade_id=from_trade_id)
        try:
            async for message in self._stub.StreamFills(request, metadata=self._metadata):
                fills = [_fill(each) for each in message.fills]
                yield FillsMessage(fills, message.last_trade_id, message.as_of_sequence)
        except grpc.aio.AioRpcError as error:
            raise _sorted(error) from error
        raise VenueUnavailable("the venue ended the stream of fills")

    async def follow_withdrawals(
        self, after_sequence: int
    ) -> AsyncIterator[tuple[list[WithdrawalStep], int]]:
        """Yield steps of withdrawals, with the sequence up to which they are complete.

        Raises:
            VenueUnavailable: The stream broke: follow anew.
        """
        request = wire.StreamWithdrawalsRequest(after_sequence=after_sequence)
        try:
            async for message in self._stub.StreamWithdrawals(request, metadata=self._metadata):
                yield [_withdrawal(each) for each in message.events], message.as_of_sequence
        except grpc.aio.AioRpcError as error:
            raise _sorted(error) from error
        raise VenueUnavailable("the venue ended the stream of withdrawals")

    async def credit_deposit(
        self,
        *,
        account_id: int,
        asset_id: int,
        amount_atoms: int,
        client_id: common_pb2.ClientId,
        sent_time_ns: int,
    ) -> Done:
        """Credit a deposit that is final on chain.

        Raises:
            VenueRefused: Nothing was done.
            VenueUnavailable: The outcome is not known: send the same again.
        """
        request = wire.CreditDepositRequest(
            account_id=account_id,
            asset_id=asset_id,
            amount_atoms=amount_atoms,
            client_id=client_id,
            sent_time_ns=sent_time_ns,
        )
        answer = await self._call(self._stub.CreditDeposit, request)
        return Done(answer.sequence, answer.duplicate)

    async def finalize_withdrawal(
        self,
        *,
        withdrawal_id: int,
        account_id: int,
        client_id: common_pb2.ClientId,
        sent_time_ns: int,
    ) -> Done:
        """Remove the held funds of a withdrawal that is final on chain.

        Raises:
            VenueRefused: Nothing was done.
            VenueUnavailable: The outcome is not known: send the same again.
        """
        request = wire.FinalizeWithdrawalRequest(
            withdrawal_id=withdrawal_id,
            account_id=account_id,
            client_id=client_id,
            sent_time_ns=sent_time_ns,
        )
        answer = await self._call(self._stub.FinalizeWithdrawal, request)
        return Done(answer.sequence, answer.duplicate)

    async def release_withdrawal(
        self,
        *,
        withdrawal_id: int,
        account_id: int,
        client_id: common_pb2.ClientId,
        sent_time_ns: int,
    ) -> Done:
        """Give the held funds of a withdrawal back.

        Raises:
            VenueRefused: Nothing was done.
            VenueUnavailable: The outcome is not known: send the same again.
        """
        request = wire.ReleaseWithdrawalRequest(
            withdrawal_id=withdrawal_id,
            account_id=account_id,
            client_id=client_id,
            sent_time_ns=sent_time_ns,
        )
        answer = await self._call(self._stub.ReleaseWithdrawal, request)
        return Done(answer.sequence, answer.duplicate)

    async def hold_all(
        self, *, account_id: int, client_id: common_pb2.ClientId, sent_time_ns: int
    ) -> list[int]:
        """Cancel an account's orders and hold all that is free; return the withdrawals' ids.

        Raises:
            VenueRefused: Not all of it was done.
            VenueUnavailable: The outcome is not known: read the ledger and ask again.
        """
        request = wire.HoldAllRequest(
            account_id=account_id, client_id=client_id, sent_time_ns=sent_time_ns
        )
        answer = await self._call(self._stub.HoldAll, request)
        return list(answer.withdrawal_ids)

    async def ledger(self) -> Ledger:
        """Read every balance at one durable sequence.

        Raises:
            VenueUnavailable: No answer.
        """
        answer = await self._call(self._stub.GetLedger, wire.GetLedgerRequest())
        atoms = {
            (each.account_id, each.asset_id): each.free_atoms + each.locked_atoms + each.held_atoms
            for each in answer.balances
        }
        fees = {(0, each.asset_id): each.fee_atoms for each in answer.totals if each.fee_atoms}
        return Ledger(
            sequence=answer.sequence,
            last_trade_id=answer.last_trade_id,
            atoms=atoms | fees,
            deposited_atoms={each.asset_id: each.deposited_atoms for each in answer.totals},
            withdrawn_atoms={each.asset_id: each.withdrawn_atoms for each in answer.totals},
            usable_atoms={
                (each.account_id, each.asset_id): each.free_atoms + each.locked_atoms
                for each in answer.balances
            },
        )

    async def _call(self, method: Callable[..., Awaitable[Answer]], request: object) -> Answer:
        try:
            return await method(request, metadata=self._metadata, timeout=CALL_SECONDS_MAX)
        except grpc.aio.AioRpcError as error:
            raise _sorted(error) from error


def _sorted(error: grpc.aio.AioRpcError) -> Exception:
    """Return the error as one of the three kinds."""
    code, message = error.code(), error.details() or ""
    if code in _NOT_ALLOWED:
        return NotAllowed(f"the venue answered {code.name}: {message}")
    if code in _REFUSALS:
        return VenueRefused(_reason(error) or code.name, message)
    return VenueUnavailable(f"{code.name}: {message}")


def _reason(error: grpc.aio.AioRpcError) -> str:
    for key, value in error.trailing_metadata() or ():
        if key != DETAILS_KEY or not isinstance(value, bytes):
            continue
        for detail in status_pb2.Status.FromString(value).details:
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info):
                return str(info.reason)
    return ""


def _fill(fill: wire.Fill) -> Fill:
    return Fill(
        trade_id=fill.trade_id,
        sequence=fill.sequence,
        time_ns=fill.time_ns,
        market_id=fill.market_id,
        base_asset_id=fill.base_asset_id,
        quote_asset_id=fill.quote_asset_id,
        buyer_account_id=fill.buyer_account_id,
        seller_account_id=fill.seller_account_id,
        base_atoms=fill.base_atoms,
        quote_atoms=fill.quote_atoms,
        buyer_fee_atoms=fill.buyer_fee_atoms,
        seller_fee_atoms=fill.seller_fee_atoms,
    )


def _withdrawal(event: wire.WithdrawalEvent) -> WithdrawalStep:
    return WithdrawalStep(
        withdrawal_id=event.withdrawal_id,
        account_id=event.account_id,
        asset_id=event.asset_id,
        amount_atoms=event.amount_atoms,
        step=event.step,
        sequence=event.sequence,
        last_trade_id=event.last_trade_id,
    )
