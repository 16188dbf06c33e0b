"""SettlementService: fills and withdrawals out, credits and their like in, and the whole ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from google.protobuf.message import Message
from numpy.typing import NDArray

from engine.core.commands import CommandKind
from engine.core.events import EventKind
from engine.core.rejects import Reject
from engine.feed.feeds import TRADES, WITHDRAWALS, Feeds
from engine.feed.fills import Fills
from engine.keys import Principal
from engine.rpc.definite import run_definite
from engine.rpc.errors import EdgeError, check_not_ahead, out_of_range
from engine.rpc.follow import follow
from engine.rpc.intake import Intake
from engine.rpc.methods import Context, Method
from engine.rpc.node_port import NodePort
from engine.rpc.records import required_id, sent_time
from realstack.common.v1 import common_pb2
from realstack.settlement.v1 import settlement_pb2 as pb

SERVICE = "realstack.settlement.v1.SettlementService"

_STEPS = {
    CommandKind.WITHDRAW_HOLD: pb.WITHDRAWAL_STEP_HELD,
    CommandKind.WITHDRAW_RELEASE: pb.WITHDRAWAL_STEP_RELEASED,
    CommandKind.WITHDRAW_FINALIZE: pb.WITHDRAWAL_STEP_FINALIZED,
}


class SettlementService:
    """Carries out the rpcs of SettlementService."""

    def __init__(self, node: NodePort, feeds: Feeds, intake: Intake) -> None:
        self._node = node
        self._feeds = feeds
        self._intake = intake

    def methods(self) -> Mapping[str, Method]:
        """Give the rpcs by name."""
        return {
            "StreamFills": Method(pb.StreamFillsRequest, streaming=self.stream_fills),
            "StreamWithdrawals": Method(
                pb.StreamWithdrawalsRequest, streaming=self.stream_withdrawals
            ),
            "CreditDeposit": Method(pb.CreditDepositRequest, unary=self.credit_deposit),
            "ReleaseWithdrawal": Method(pb.ReleaseWithdrawalRequest, unary=self.release_withdrawal),
            "FinalizeWithdrawal": Method(
                pb.FinalizeWithdrawalRequest, unary=self.finalize_withdrawal
            ),
            "HoldAll": Method(pb.HoldAllRequest, unary=self.hold_all),
            "GetLedger": Method(pb.GetLedgerRequest, unary=self.get_ledger),
        }

    async def stream_fills(self, message: Message, principal: Principal, context: Context) -> None:
        """Follow fills from a trade id on."""
        request = cast("pb.StreamFillsRequest", message)
        feed, feeds = self._feeds.fills, self._feeds
        start = max(request.from_trade_id, 1)
        check_not_ahead("from_trade_id", start, feed.last, "trade")
        subscription = feeds.subscriptions.open(TRADES, start, lambda: feed.last + 1, private=True)

        def response(fills: list[pb.Fill]) -> bytes:
            return pb.StreamFillsResponse(
                fills=fills, last_trade_id=feed.last, as_of_sequence=feeds.sequence
            ).SerializeToString()

        def read() -> bytes | None:
            if subscription.next > feed.last:
                return None
            fills = feed.read(subscription.next, feeds.limits.message_rows_max)
            subscription.next += len(fills.rows)
            return response(fill_messages(fills))

        await follow(context, feeds.subscriptions, subscription, read, lambda: response([]))

    async def stream_withdrawals(
        self, message: Message, principal: Principal, context: Context
    ) -> None:
        """Follow the steps of withdrawals after a venue sequence."""
        request = cast("pb.StreamWithdrawalsRequest", message)
        feed, feeds = self._feeds.withdrawals, self._feeds
        if request.after_sequence > feeds.sequence:
            raise out_of_range(
                "after_sequence",
                f"{request.after_sequence} is ahead of the venue's last one, {feeds.sequence}",
                "AHEAD_OF_STREAM",
                last=feeds.sequence,
            )
        subscription = feeds.subscriptions.open(
            WITHDRAWALS, feed.index_after(request.after_sequence), lambda: feed.end, private=True
        )

        def response(events: list[pb.WithdrawalEvent]) -> bytes:
            return pb.StreamWithdrawalsResponse(
                events=events, as_of_sequence=feeds.sequence
            ).SerializeToString()

        def read() -> bytes | None:
            rows = feed.read(subscription.next, feeds.limits.message_rows_max)
            subscription.next += len(rows)
            return response(withdrawal_messages(rows)) if len(rows) else None

        await follow(context, feeds.subscriptions, subscription, read, lambda: response([]))

    async def credit_deposit(self, message: Message, principal: Principal) -> Message:
        """Credit a deposit once."""
        request = cast("pb.CreditDepositRequest", message)
        event = await run_definite(
            self._intake,
            CommandKind.DEPOSIT,
            client_id=required_id(request.client_id, "client_id"),
            sent_time_ns=sent_time(request.sent_time_ns, "", has_id=True),
            account_id=request.account_id,
            word_80=request.amount_atoms,
            low_88=request.asset_id,
        )
        sequence, duplicate = _first_run(event)
        return pb.CreditDepositResponse(sequence=sequence, duplicate=duplicate)

    async def release_withdrawal(self, message: Message, principal: Principal) -> Message:
        """Give held funds back."""
        request = cast("pb.ReleaseWithdrawalRequest", message)
        event = await self._end_withdrawal(CommandKind.WITHDRAW_RELEASE, request)
        sequence, duplicate = _first_run(event)
        return pb.ReleaseWithdrawalResponse(sequence=sequence, duplicate=duplicate)

    async def finalize_withdrawal(self, message: Message, principal: Principal) -> Message:
        """Remove held funds that left on chain."""
        request = cast("pb.FinalizeWithdrawalRequest", message)
        event = await self._end_withdrawal(CommandKind.WITHDRAW_FINALIZE, request)
        sequence, duplicate = _first_run(event)
        return pb.FinalizeWithdrawalResponse(sequence=sequence, duplicate=duplicate)

    async def _end_withdrawal(
        self,
        kind: CommandKind,
        request: pb.ReleaseWithdrawalRequest | pb.FinalizeWithdrawalRequest,
    ) -> Any:
        return await run_definite(
            self._intake,
            kind,
            client_id=required_id(request.client_id, "client_id"),
            sent_time_ns=sent_time(request.sent_time_ns, "", has_id=True),
            account_id=request.account_id,
            order_id=request.withdrawal_id,
        )

    async def hold_all(self, message: Message, principal: Principal) -> Message:
        """Cancel an account's orders and hold all that is free then."""
        request = cast("pb.HoldAllRequest", message)
        low, high = required_id(request.client_id, "client_id")
        sent_time_ns = sent_time(request.sent_time_ns, "", has_id=True)
        await run_definite(self._intake, CommandKind.CANCEL_ALL, account_id=request.account_id)
        sequence, rows = await self._node.read(lambda venue: venue.balances())
        ids: list[int] = []
        for row in rows[(rows["account_id"] == request.account_id) & (rows["free_atoms"] > 0)]:
            asset_id = int(row["asset_id"])
            try:
                event = await run_definite(
                    self._intake,
                    CommandKind.WITHDRAW_HOLD,
                    client_id=((low + asset_id) % (1 << 64), high),
                    sent_time_ns=sent_time_ns,
                    account_id=request.account_id,
                    word_80=int(row["free_atoms"]),
                    low_88=asset_id,
                )
            except EdgeError as error:
                if error.reason != Reject.INSUFFICIENT_FUNDS.name:
                    raise
                continue  # used meanwhile: whoever asks sees what is left and asks again
            ids.append(int(event["order_id"]))
            sequence = max(sequence, _first_run(event)[0])
        return pb.HoldAllResponse(withdrawal_ids=ids, sequence=sequence)

    async def get_ledger(self, message: Message, principal: Principal) -> Message:
        """Read every balance at one durable sequence."""
        sequence, (balances, assets, trades) = await self._node.read(
            lambda venue: (venue.balances(), venue.assets(), venue.counts()["trades"])
        )
        return pb.GetLedgerResponse(
            sequence=sequence,
            last_trade_id=trades,
            balances=balance_messages(balances),
            totals=[
                pb.LedgerTotal(
                    asset_id=int(row["asset_id"]),
                    deposited_atoms=int(row["deposited_atoms"]),
                    withdrawn_atoms=int(row["withdrawn_atoms"]),
                    fee_atoms=int(row["fee_atoms"]),
                )
                for row in assets
            ],
        )


def _first_run(event: Any) -> tuple[int, bool]:
    """Give the sequence that took effect, and whether that was an earlier command."""
    if event["kind"] == EventKind.DUPLICATE:
        return int(event["first_sequence"]), True
    return int(event["sequence"]), False


def fill_messages(fills: Fills) -> list[pb.Fill]:
    """Make the messages of fills, with amounts in atoms."""
    names = (
        "trade_id",
        "sequence",
        "time_ns",
        "market_id",
        "buyer_account_id",
        "seller_account_id",
        "buyer_fee_atoms",
        "seller_fee_atoms",
        "price_ticks",
        "quantity_lots",
    )
    columns = [fills.rows[name].tolist() for name in names]
    sides = fills.rows["aggressor_side"].tolist()
    messages = []
    for units, side, *values in zip(fills.units, sides, *columns, strict=True):
        fill = pb.Fill(**dict(zip(names, values, strict=True)))
        fill.base_asset_id = units.base_asset_id
        fill.quote_asset_id = units.quote_asset_id
        fill.base_atoms = fill.quantity_lots * units.base_atoms_per_lot
        fill.quote_atoms = fill.price_ticks * fill.quantity_lots * units.quote_atoms_per_tick_lot
        fill.aggressor_side = common_pb2.Side.ValueType(side)
        messages.append(fill)
    return messages


def withdrawal_messages(rows: NDArray[np.void]) -> list[pb.WithdrawalEvent]:
    """Make the messages of withdrawal steps."""
    names = (
        "withdrawal_id",
        "account_id",
        "asset_id",
        "amount_atoms",
        "sequence",
        "last_trade_id",
    )
    return [
        pb.WithdrawalEvent(
            step=_STEPS[CommandKind(int(row["cause"]))], **{name: int(row[name]) for name in names}
        )
        for row in rows
    ]


def balance_messages(rows: NDArray[np.void]) -> list[pb.LedgerBalance]:
    """Make the messages of balances that are not zero."""
    names = ("account_id", "asset_id", "free_atoms", "locked_atoms", "held_atoms")
    columns = (rows[name].tolist() for name in names)
    return [
        pb.LedgerBalance(**dict(zip(names, values, strict=True)))
        for values in zip(*columns, strict=True)
    ]
