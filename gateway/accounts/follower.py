"""Follows one account's executions under its own key and tells its sockets what happens."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import aclosing
from typing import Any

import grpc
import structlog
from google.rpc import error_details_pb2, status_pb2

from gateway.accounts import convert
from gateway.accounts.history import AccountHistory, FillRow, OrderStatus, fill_row
from gateway.encoding import json_text
from gateway.engine_client import EngineClient, metadata
from gateway.errors import ApiError, EdgeError, field_error
from gateway.feeds.channel import Channel, Frame
from gateway.feeds.settlement import FillState, SettlementFeed
from gateway.limits import CALL_SECONDS
from gateway.refusals import engine_refusal
from gateway.times import time_text
from realstack.client import (
    Accepted,
    BalanceChanged,
    Cancelled,
    ClientError,
    DeadlineNear,
    Execution,
    Filled,
    Market,
    NotRetained,
    Reduced,
    Refreshed,
    Replaced,
    Triggered,
)
from realstack.client.connection import DETAILS_KEY, follow
from realstack.client.decode import execution_from, open_order_from
from realstack.trading.v1 import trading_pb2

FILLS_SHOWN = 100  # that a new subscriber gets at once; older ones are a REST list
UPDATES_KEPT = 10_000  # of each private channel, for sockets that resume

log = structlog.get_logger()

_EVENT_NAMES: dict[type[object], str] = {
    Accepted: "accepted",
    Filled: "filled",
    Cancelled: "cancelled",
    Replaced: "replaced",
    Reduced: "reduced",
    BalanceChanged: "balance",
    Triggered: "triggered",
    Refreshed: "refreshed",
}


class AccountFollower:
    """An account as it is now: complete up to `history.as_of_sequence`."""

    def __init__(
        self,
        engine: EngineClient,
        settlement: SettlementFeed,
        account_id: int,
        api_key: str,
    ) -> None:
        self.history = AccountHistory(account_id)
        self.orders = Channel("orders", opening=self._orders_opening, private=True)
        self.fills = Channel("fills", opening=self._fills_opening, private=True)
        self.failure: ApiError | None = None
        self._engine = engine
        self._settlement = settlement
        self._api_key = api_key
        self._kept: deque[Execution] = deque(maxlen=UPDATES_KEPT)
        self._by_trade: dict[int, None] = {}
        self._live = asyncio.Event()
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow."""
        self._task = asyncio.create_task(self._run(), name=f"account {self.history.account_id}")

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def is_used(self) -> bool:
        """Tell whether a socket listens."""
        return bool(len(self.orders) or len(self.fills))

    async def ready(self, at_sequence: int = 0) -> AccountHistory:
        """Return the history once it is complete up to a venue sequence.

        Args:
            at_sequence: That of the caller's own last command, so that it sees what it did.

        Raises:
            ApiError: ENGINE_UNAVAILABLE when that takes too long, or the engine's refusal.
        """
        try:
            async with asyncio.timeout(CALL_SECONDS):
                while not self._is_complete(at_sequence):
                    if self.failure is not None:
                        raise self.failure
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError as error:
            raise ApiError(EdgeError.ENGINE_UNAVAILABLE) from error
        return self.history

    async def learn(self) -> None:
        """Ask the venue for what only its list of working orders tells.

        Raises:
            ApiError: ENGINE_UNAVAILABLE, or the engine's refusal.
        """
        answer = await self._engine.open_orders(self._api_key)
        rows = [open_order_from(order) for order in answer.orders]
        self.history.learn(rows, answer.as_of_sequence)

    def resume(self, channel: Channel, from_sequence: int) -> list[Frame]:
        """Return the kept frames of a private channel from an execution sequence on.

        Raises:
            ApiError: NOT_RETAINED when the gateway does not keep them all, AHEAD_OF_STREAM when
                there is no such execution yet.
        """
        kept = self._kept
        last = self.history.execution_sequence
        oldest = kept[0].execution_sequence if kept else last + 1
        if not oldest <= from_sequence <= last + 1:
            rule = f"must be {oldest} to {last + 1}"
            is_ahead = from_sequence > last
            code = EdgeError.AHEAD_OF_STREAM if is_ahead else EdgeError.NOT_RETAINED
            raise field_error(code, "from_execution_sequence", rule)
        return [
            self._frame(channel, execution)
            for execution in kept
            if execution.execution_sequence >= from_sequence and _belongs(channel, execution)
        ]

    def _is_complete(self, at_sequence: int) -> bool:
        return self._live.is_set() and self.history.as_of_sequence >= at_sequence

    async def _run(self) -> None:
        self._settlement.listen(self._states_changed)
        try:
            while True:
                try:
                    await self._follow()
                except NotRetained as error:
                    await self._begin_late(error)
        except ClientError as error:
            self._fail(engine_refusal(error))
        except ApiError as error:
            self._fail(error)
        finally:
            self._settlement.unlisten(self._states_changed)

    def _fail(self, error: ApiError) -> None:
        log.warning("account not followed", account=self.history.account_id, detail=str(error))
        self.failure = error
        self._moved.set()
        for channel in (self.orders, self.fills):
            channel.fail(EdgeError(error.kind.code), error.detail)

    async def _begin_late(self, error: NotRetained) -> None:
        """Begin where the venue still can tell, with the orders that work already."""
        oldest = oldest_kept(error)
        if oldest is None or self.history.execution_sequence != 0:
            raise error
        answer = await self._engine.open_orders(self._api_key)
        self.history.begin(oldest - 1, [open_order_from(order) for order in answer.orders])

    async def _follow(self) -> None:
        async with aclosing(follow(self._begin)) as messages:
            async for message in messages:
                for row in message.executions:
                    await self._take(execution_from(row))
                history = self.history
                history.as_of_sequence = max(history.as_of_sequence, message.as_of_sequence)
                if history.execution_sequence >= message.last_execution_sequence:
                    self._live.set()
                self._moved.set()

    def _begin(self) -> Any:
        request = trading_pb2.StreamExecutionsRequest(
            from_execution_sequence=self.history.execution_sequence + 1
        )
        return self._engine.trading.StreamExecutions(
            request, metadata=metadata(self._api_key), wait_for_ready=True
        )

    async def _take(self, execution: Execution) -> None:
        """Fold in an execution and tell the sockets."""
        event = execution.event
        if not isinstance(event, BalanceChanged | DeadlineNear):
            await self._know_market(event.order.market_id)
        self.history.apply(execution)
        self._kept.append(execution)
        if isinstance(event, Filled):
            self._by_trade[event.trade_id] = None
            while len(self._by_trade) > (self.history.fills.maxlen or 0):
                del self._by_trade[next(iter(self._by_trade))]
        for channel in (self.orders, self.fills):
            channel.last = execution.execution_sequence
            if len(channel) and _belongs(channel, execution):  # nobody listens to history
                channel.publish(self._frame(channel, execution))

    async def _know_market(self, market_id: int) -> None:
        """Read the instruments again when an order is on a market that came after."""
        if self._engine.catalog_now.market_of(market_id) is None:
            await self._engine.catalog(refresh=True)

    def _frame(self, channel: Channel, execution: Execution) -> Frame:
        event = execution.event
        if channel is self.fills and isinstance(event, Filled):
            message = self._fill_message(fill_row(execution, event))
        else:
            message = self._order_message(execution)
        number = execution.execution_sequence
        return Frame(json_text(message), number, number)

    def _market(self, market_id: int) -> Market:
        return self._engine.catalog_now.instruments.markets[market_id]

    def _order_message(self, execution: Execution) -> dict[str, Any]:
        event = execution.event
        message: dict[str, Any] = {
            "type": "order",
            "channel": "orders",
            "event": _EVENT_NAMES[type(event)],
            "execution_sequence": execution.execution_sequence,
            "sequence": execution.sequence,
            "time": time_text(execution.time_ns),
            "order": None,
            "balance": None,
        }
        if isinstance(event, BalanceChanged):
            catalog = self._engine.catalog_now
            message["balance"] = {
                "asset": catalog.asset_symbol(event.balance.asset_id),
                "cause": event.cause.name.lower(),
                "amount": catalog.amount_text(event.balance.asset_id, event.amount_atoms),
                "withdrawal_id": str(event.withdrawal_id) if event.withdrawal_id else None,
            }
        elif not isinstance(event, DeadlineNear):
            row = self.history.order(event.order.order_id)
            if row is not None:
                then = row.at(event.order)
                message["order"] = convert.order(then, self._market(row.market_id))
        return message

    def _fill_message(self, row: FillRow) -> dict[str, Any]:
        state = self._settlement.state(row.filled.trade_id)
        return {
            "type": "fill",
            "channel": "fills",
            "execution_sequence": row.execution_sequence,
            "fill": convert.fill(row, self._market(row.order.market_id), state),
        }

    def _orders_opening(self) -> list[Frame]:
        working = [row for row in self.history.orders() if row.status is OrderStatus.WORKING]
        message = {
            "type": "orders_snapshot",
            "channel": "orders",
            "execution_sequence": self.history.execution_sequence,
            "as_of_seq": self.history.as_of_sequence,
            "orders": [convert.order(row, self._market(row.market_id)) for row in working],
        }
        return [self._opening_frame(message)]

    def _fills_opening(self) -> list[Frame]:
        message = {
            "type": "fills_snapshot",
            "channel": "fills",
            "execution_sequence": self.history.execution_sequence,
            "as_of_seq": self.history.as_of_sequence,
            "fills": [
                convert.fill(
                    row,
                    self._market(row.order.market_id),
                    self._settlement.state(row.filled.trade_id),
                )
                for row in list(self.history.fills)[-FILLS_SHOWN:]
            ],
        }
        return [self._opening_frame(message)]

    def _opening_frame(self, message: dict[str, Any]) -> Frame:
        number = self.history.execution_sequence
        return Frame(json_text(message), number, number)

    def _states_changed(self, changed: dict[int, FillState]) -> None:
        """Tell the sockets of fills whose way to the chain went on."""
        if not len(self.fills):
            return
        mine = [trade_id for trade_id in changed if trade_id in self._by_trade]
        if not mine:
            return
        message = {
            "type": "settlement",
            "channel": "fills",
            "fills": [
                {"trade_id": trade_id, "settlement": convert.settlement(changed[trade_id])}
                for trade_id in mine
            ],
        }
        number = self.history.execution_sequence
        self.fills.publish(Frame(json_text(message), number, number))


def _belongs(channel: Channel, execution: Execution) -> bool:
    """Tell whether a channel tells of an execution: orders of what changes them, fills of fills."""
    if channel.name == "orders":
        return not isinstance(execution.event, DeadlineNear)
    return isinstance(execution.event, Filled)


def oldest_kept(error: NotRetained) -> int | None:
    """Return the oldest execution sequence that the venue says it keeps."""
    cause = error.__cause__
    if not isinstance(cause, grpc.aio.AioRpcError):
        return None
    for key, value in cause.trailing_metadata() or ():
        if key != DETAILS_KEY or not isinstance(value, bytes):
            continue
        for detail in status_pb2.Status.FromString(value).details:
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info) and "oldest" in info.metadata:
                return int(info.metadata["oldest"])
    return None
