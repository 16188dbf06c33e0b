"""TradingService: commands, the private stream and the account's own state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from google.protobuf.message import Message

from engine.core.commands import POST_ONLY, CommandKind
from engine.core.events import EVENT_BYTES
from engine.core.limits import DEADLINE_MS_MAX, DEADLINE_MS_MIN
from engine.core.rejects import Reject
from engine.feed.executions import ExecutionFeed
from engine.feed.feeds import Feeds
from engine.keys import Principal
from engine.rpc.answers import answer
from engine.rpc.errors import out_of_range, too_many_streams
from engine.rpc.execution_messages import execution_messages
from engine.rpc.follow import follow
from engine.rpc.intake import Intake, Waiter
from engine.rpc.limits import TRADE_STREAMS_PER_ACCOUNT_MAX
from engine.rpc.methods import Context, Method
from engine.rpc.node_port import NodePort
from engine.rpc.records import (
    cancel_all_record,
    cancel_record,
    deadline_record,
    mass_quote_records,
    pack,
    place_record,
    replace_record,
    required_id,
    sent_time,
)
from engine.rpc.trade_stream import TradeStream
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2 as pb

SERVICE = "realstack.trading.v1.TradingService"


class TradingService:
    """Carries out the rpcs of TradingService for the account of the caller's key.

    A unary command whose deadline passes while it waits has an unknown outcome: it was sequenced or
    will be. Sent again with the same client id and sent time it runs at most once, and the answer
    tells. What ends with BUSY, HALTED or CLOSED was definitely not run.
    """

    def __init__(self, node: NodePort, feeds: Feeds, intake: Intake) -> None:
        self._node = node
        self._feeds = feeds
        self._intake = intake
        self._trade_streams: dict[int, dict[TradeStream, None]] = {}

    def close(self) -> None:
        """End the Trade streams, each after the answers to what it has sent."""
        for streams in self._trade_streams.values():
            for stream in streams:
                stream.close()

    def methods(self) -> Mapping[str, Method]:
        """Give the rpcs by name."""
        return {
            "PlaceOrder": Method(pb.PlaceOrderRequest, unary=self.place_order),
            "CancelOrder": Method(pb.CancelOrderRequest, unary=self.cancel_order),
            "ReplaceOrder": Method(pb.ReplaceOrderRequest, unary=self.replace_order),
            "CancelAllOrders": Method(pb.CancelAllOrdersRequest, unary=self.cancel_all_orders),
            "MassQuote": Method(pb.MassQuoteRequest, unary=self.mass_quote),
            "SetDeadline": Method(pb.SetDeadlineRequest, unary=self.set_deadline),
            "RequestWithdrawal": Method(pb.RequestWithdrawalRequest, unary=self.request_withdrawal),
            "Trade": Method(pb.TradeRequest, bidirectional=self.trade),
            "StreamExecutions": Method(
                pb.StreamExecutionsRequest, streaming=self.stream_executions
            ),
            "ListOpenOrders": Method(pb.ListOpenOrdersRequest, unary=self.list_open_orders),
            "ListBalances": Method(pb.ListBalancesRequest, unary=self.list_balances),
        }

    async def place_order(self, message: Message, principal: Principal) -> Message:
        """Place one order."""
        request = cast("pb.PlaceOrderRequest", message)
        record = place_record(request.order, principal.account_id, "order")
        return pb.PlaceOrderResponse(answer=await self._run(record, request.order.client_id))

    async def cancel_order(self, message: Message, principal: Principal) -> Message:
        """Cancel one order."""
        request = cast("pb.CancelOrderRequest", message)
        record = cancel_record(request.cancel, principal.account_id, "cancel")
        return pb.CancelOrderResponse(answer=await self._run(record, request.cancel.client_id))

    async def replace_order(self, message: Message, principal: Principal) -> Message:
        """Replace one order."""
        request = cast("pb.ReplaceOrderRequest", message)
        record = replace_record(request.replace, principal.account_id, "replace")
        return pb.ReplaceOrderResponse(answer=await self._run(record, request.replace.client_id))

    async def cancel_all_orders(self, message: Message, principal: Principal) -> Message:
        """Cancel the account's orders."""
        request = cast("pb.CancelAllOrdersRequest", message)
        record = cancel_all_record(request.cancel_all, principal.account_id, "cancel_all")
        return pb.CancelAllOrdersResponse(
            answer=await self._run(record, request.cancel_all.client_id)
        )

    async def mass_quote(self, message: Message, principal: Principal) -> Message:
        """Replace the account's quote in a market."""
        request = cast("pb.MassQuoteRequest", message)
        records = mass_quote_records(request.quote, principal.account_id, "quote")
        return pb.MassQuoteResponse(answer=await self._run(records, request.quote.client_id))

    async def set_deadline(self, message: Message, principal: Principal) -> Message:
        """Set, renew or end a deadline of the account's orders."""
        request = cast("pb.SetDeadlineRequest", message)
        record = deadline_record(request, principal.account_id)
        outcome = await self._run(record, common_pb2.ClientId())
        if Reject(outcome.reject_code) is Reject.INVALID_PARAMETER:  # it has no other
            outcome.detail = f"timeout_ms: must be {DEADLINE_MS_MIN} to {DEADLINE_MS_MAX}, or 0"
        return pb.SetDeadlineResponse(answer=outcome)

    async def request_withdrawal(self, message: Message, principal: Principal) -> Message:
        """Hold funds for a withdrawal."""
        request = cast("pb.RequestWithdrawalRequest", message)
        record = pack(
            CommandKind.WITHDRAW_HOLD,
            client_id=required_id(request.client_id, "client_id"),
            sent_time_ns=sent_time(request.sent_time_ns, "", has_id=True),
            account_id=principal.account_id,
            word_80=request.amount_atoms,
            low_88=request.asset_id,
        )
        return pb.RequestWithdrawalResponse(answer=await self._run(record, request.client_id))

    async def _run(self, record: bytes, client_id: common_pb2.ClientId) -> pb.Answer:
        waiter = Waiter()
        self._intake.add(record, waiter)
        answers = await waiter.answers()
        return answer(answers.tobytes()[:EVENT_BYTES], (client_id.low, client_id.high))

    async def trade(self, principal: Principal, context: Context) -> None:
        """Serve a stream of commands."""
        streams = self._trade_streams.setdefault(principal.account_id, {})
        if len(streams) >= TRADE_STREAMS_PER_ACCOUNT_MAX:
            raise too_many_streams(TRADE_STREAMS_PER_ACCOUNT_MAX)
        stream = TradeStream(context, self._intake, principal.account_id)
        streams[stream] = None
        try:
            await stream.run()
        finally:
            del streams[stream]

    async def stream_executions(
        self, message: Message, principal: Principal, context: Context
    ) -> None:
        """Follow the account's executions."""
        request = cast("pb.StreamExecutionsRequest", message)
        account_id, feed, feeds = principal.account_id, self._feeds.executions, self._feeds
        start = _execution_start(feed, account_id, request.from_execution_sequence)
        subscription = feeds.subscriptions.open(
            ("executions", account_id), start, lambda: feed.last(account_id) + 1, private=True
        )

        def response(executions: list[pb.Execution]) -> bytes:
            return pb.StreamExecutionsResponse(
                executions=executions,
                last_execution_sequence=feed.last(account_id),
                as_of_sequence=feeds.sequence,
            ).SerializeToString()

        def read() -> bytes | None:
            if subscription.next > feed.last(account_id):
                return None
            _check_kept(feed, account_id, subscription.next)
            found = feed.read(account_id, subscription.next, feeds.limits.message_rows_max)
            subscription.next += len(found.rows)
            return response(execution_messages(found))

        await follow(context, feeds.subscriptions, subscription, read, lambda: response([]))

    async def list_open_orders(self, message: Message, principal: Principal) -> Message:
        """List the account's working orders."""
        request = cast("pb.ListOpenOrdersRequest", message)
        sequence, rows = await self._node.read(
            lambda venue: venue.orders(principal.account_id, request.market_id)
        )
        orders = [
            pb.OpenOrder(
                order=pb.OrderState(
                    order_id=int(row["order_id"]),
                    client_id=common_pb2.ClientId(
                        low=int(row["client_id_low"]), high=int(row["client_id_high"])
                    ),
                    market_id=int(row["market_id"]),
                    side=common_pb2.Side.ValueType(int(row["side"])),
                    price_ticks=int(row["price_ticks"]),
                    filled_lots=int(row["filled_lots"]),
                    leaves_lots=int(row["leaves_lots"]),
                ),
                priority_sequence=int(row["priority_sequence"]),
                post_only=bool(row["flags"] & POST_ONLY),
                order_type=common_pb2.OrderType.ValueType(int(row["order_type"])),
                time_in_force=common_pb2.TimeInForce.ValueType(int(row["time_in_force"])),
                waiting=bool(row["is_waiting"]),
                visible_lots=int(row["visible_lots"]),
                trigger_price_ticks=int(row["trigger_price_ticks"]),
                expire_time_ns=int(row["expire_time_ns"]),
                tag=int(row["tag"]),
            )
            for row in rows
        ]
        return pb.ListOpenOrdersResponse(orders=orders, as_of_sequence=sequence)

    async def list_balances(self, message: Message, principal: Principal) -> Message:
        """List the account's balances."""
        sequence, rows = await self._node.read(lambda venue: venue.balances(principal.account_id))
        balances = [
            pb.Balance(
                asset_id=int(row["asset_id"]),
                free_atoms=int(row["free_atoms"]),
                locked_atoms=int(row["locked_atoms"]),
                held_atoms=int(row["held_atoms"]),
            )
            for row in rows
        ]
        return pb.ListBalancesResponse(balances=balances, as_of_sequence=sequence)


def _execution_start(feed: ExecutionFeed, account_id: int, wanted: int) -> int:
    """Give the first execution sequence to send; 0 asks for new ones only."""
    last = feed.last(account_id)
    if wanted == 0:
        return last + 1
    if wanted > last + 1:
        raise out_of_range(
            "from_execution_sequence",
            f"{wanted} is ahead of the account's last one, {last}",
            "AHEAD_OF_STREAM",
            last=last,
        )
    _check_kept(feed, account_id, wanted)
    return wanted


def _check_kept(feed: ExecutionFeed, account_id: int, wanted: int) -> None:
    oldest = feed.first(account_id)
    if wanted < oldest:
        raise out_of_range(
            "from_execution_sequence",
            f"{wanted} is no longer kept, the oldest kept is {oldest}; list the open orders and "
            "balances, then go on from there",
            "NOT_RETAINED",
            oldest=oldest,
        )
