"""One socket: what it says, what it is told, what it may do."""

from __future__ import annotations

import asyncio
import time

import structlog

from gateway.accounts.follower import AccountFollower
from gateway.convert import INTERVALS
from gateway.encoding import json_text
from gateway.errors import ApiError, EdgeError, Problem, field_error
from gateway.feeds.channel import Channel, Frame
from gateway.limits import (
    WS_AUTHENTICATIONS_MAX,
    WS_MESSAGE_BYTES_MAX,
    WS_PENDING_COMMANDS_MAX,
    WS_SUBSCRIPTIONS_MAX,
)
from gateway.order_entry import Caller, OrderName
from gateway.refusals import shown
from gateway.schemas.requests import ReplaceOrder
from gateway.service import Gateway
from gateway.times import time_text
from gateway.websocket import messages
from gateway.websocket.outbox import Outbox, Subscription
from gateway.websocket.wire import WriteNow

PRIVATE_CHANNELS = ("orders", "fills")
MARKET_CHANNELS = (
    "book",
    "book_orders",
    "trades",
    "ticker",
    "statistics",
    "auction",
    *(f"candles_{interval}" for interval in INTERVALS),
)
PUBLIC_CHANNELS = (*MARKET_CHANNELS, "batches", "status")

log = structlog.get_logger()


class TooManyFailures(Exception):
    """The socket tried too many keys; it is closed."""


class Session:
    """A client's connection, from its first message to its last."""

    def __init__(
        self, gateway: Gateway, caller: Caller | None, write_now: WriteNow | None = None
    ) -> None:
        """Begin a session.

        Args:
            gateway: What it reaches.
            caller: Who opened it, when a key came with the request.
            write_now: The socket's short way for frames, if it has one.
        """
        self.outbox = Outbox(write_now)
        self._gateway = gateway
        self._caller = caller
        self._failures = 0
        self._subscriptions: dict[tuple[str, str | None], Subscription] = {}
        self._commands: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(WS_PENDING_COMMANDS_MAX)

    def welcome(self) -> None:
        """Tell the client that it is connected, and as whom."""
        self._tell(
            {
                "type": "welcome",
                "time": time_text(time.time_ns()),
                "authenticated": self._caller is not None,
                "channels": [*PUBLIC_CHANNELS, *PRIVATE_CHANNELS],
            }
        )

    async def receive(self, text: bytes) -> None:
        """Act on a message; whatever is wrong with it is answered, never raised.

        Raises:
            TooManyFailures: Too many wrong keys came.
        """
        if len(text) > WS_MESSAGE_BYTES_MAX:
            detail = f"a message has at most {WS_MESSAGE_BYTES_MAX:,} bytes"
            self._refuse(None, ApiError(EdgeError.BODY_TOO_LARGE, detail))
            return
        try:
            message = messages.decode(text)
        except ApiError as error:
            self._refuse(messages.id_of(text), error)
            return
        try:
            await self._act(message)
        except ApiError as error:
            self._refuse(message.id, error)

    def check_key(self) -> None:
        """End the socket when its key is no longer valid."""
        if self._caller is None:
            return
        try:
            self._gateway.authenticate(self._caller.api_key)
        except ApiError as error:
            self.outbox.cut_off(error)

    def say_shutdown(self) -> None:
        """Tell the client that the gateway ends, so that it connects again elsewhere or later."""
        self._tell({"type": "shutdown", "time": time_text(time.time_ns())})

    def close(self) -> None:
        """End everything that the socket had going; commands that were sent take their course."""
        for subscription in self._subscriptions.values():
            subscription.end()
        self._subscriptions.clear()
        for task in self._commands:
            task.cancel()

    async def _act(self, message: messages.AnyMessage) -> None:
        match message:
            case messages.Ping():
                self._tell({"type": "pong", "id": message.id, "time": time_text(time.time_ns())})
            case messages.Authenticate():
                await self._authenticate(message)
            case messages.Subscribe():
                await self._subscribe(message)
            case messages.Unsubscribe():
                self._unsubscribe(message)
            case _:
                await self._command(message)

    async def _authenticate(self, message: messages.Authenticate) -> None:
        if self._caller is not None:
            raise field_error(EdgeError.INVALID_FIELD, "op", "this socket has a key already")
        try:
            caller = self._gateway.authenticate(message.key)
        except ApiError:
            self._failures += 1
            if self._failures >= WS_AUTHENTICATIONS_MAX:
                raise TooManyFailures from None
            raise
        self._caller = caller
        self._tell({"type": "authenticated", "id": message.id, "role": caller.principal.role})

    def _need_caller(self) -> Caller:
        if self._caller is None:
            raise ApiError(EdgeError.NOT_AUTHENTICATED)
        self._caller.need_member()
        return self._caller

    # --- channels ---

    async def _subscribe(self, message: messages.Subscribe) -> None:
        key = (message.channel, message.market)
        if key in self._subscriptions:
            raise ApiError(EdgeError.ALREADY_SUBSCRIBED)
        if len(self._subscriptions) >= WS_SUBSCRIPTIONS_MAX:
            detail = f"a connection has at most {WS_SUBSCRIPTIONS_MAX} subscriptions"
            raise ApiError(EdgeError.TOO_MANY_SUBSCRIPTIONS, detail)
        if message.channel in PRIVATE_CHANNELS:
            channel, frames = await self._open_private(message)
        else:
            channel = await self._find_public(message)
            frames = channel.opening()
        told = {
            "type": "subscribed",
            "id": message.id,
            "channel": message.channel,
            "market": message.market,
        }
        self._tell(told)
        subscription = Subscription(channel, self.outbox)
        subscription.begin(frames)
        self._subscriptions[key] = subscription

    async def _find_public(self, message: messages.Subscribe) -> Channel:
        if message.channel not in PUBLIC_CHANNELS:
            rule = f"must be one of: {', '.join((*PUBLIC_CHANNELS, *PRIVATE_CHANNELS))}"
            raise field_error(EdgeError.UNKNOWN_CHANNEL, "channel", rule)
        if message.from_execution_sequence is not None:
            rule = "is for private channels"
            raise field_error(EdgeError.INVALID_FIELD, "from_execution_sequence", rule)
        needs_market = message.channel in MARKET_CHANNELS
        if needs_market and message.market is None:
            raise field_error(EdgeError.MISSING_FIELD, "market", "must be given")
        if not needs_market and message.market is not None:
            rule = f"{message.channel} has no market"
            raise field_error(EdgeError.INVALID_FIELD, "market", rule)
        if message.market is not None:
            await self._gateway.engine.market(message.market)
        channel = self._gateway.public_channel(message.channel, message.market)
        if channel is None:
            raise ApiError(EdgeError.ENGINE_UNAVAILABLE, "this market is not followed yet")
        return channel

    async def _open_private(self, message: messages.Subscribe) -> tuple[Channel, list[Frame]]:
        if message.market is not None:
            rule = f"{message.channel} has no market"
            raise field_error(EdgeError.INVALID_FIELD, "market", rule)
        caller = self._need_caller()
        follower = await self._gateway.accounts.get(caller.account_id, caller.api_key)
        await follower.ready(self._gateway.orders.seen_sequence(caller.account_id))
        if message.channel == "orders" and message.from_execution_sequence is None:
            await follower.learn()
        if message.channel == "fills":
            trade_ids = [row.filled.trade_id for row in list(follower.history.fills)[-100:]]
            await self._gateway.settlement.states(trade_ids)
        channel = private_channel(follower, message.channel)
        if message.from_execution_sequence is None:
            return channel, channel.opening()
        return channel, follower.resume(channel, message.from_execution_sequence)

    def _unsubscribe(self, message: messages.Unsubscribe) -> None:
        subscription = self._subscriptions.pop((message.channel, message.market), None)
        if subscription is None:
            raise ApiError(EdgeError.NOT_SUBSCRIBED)
        subscription.end()
        self._tell(
            {
                "type": "unsubscribed",
                "id": message.id,
                "channel": message.channel,
                "market": message.market,
            }
        )

    # --- order entry ---

    async def _command(
        self,
        message: messages.Place | messages.Cancel | messages.Replace | messages.CancelAll,
    ) -> None:
        """Begin a command; its answer comes when its outcome is durable, others go on meanwhile.

        When too many have no answer yet, this waits, and so the socket is read no further.
        """
        caller = self._need_caller()
        # Before the task begins, so that from here to the engine no command overtakes another.
        await self._gateway.engine.member(caller.api_key)
        await self._room.acquire()
        task = asyncio.create_task(self._run_command(caller, message))
        self._commands.add(task)
        task.add_done_callback(self._command_done)

    def _command_done(self, task: asyncio.Task[None]) -> None:
        self._commands.discard(task)
        self._room.release()

    async def _run_command(
        self,
        caller: Caller,
        message: messages.Place | messages.Cancel | messages.Replace | messages.CancelAll,
    ) -> None:
        operation = type(message).__struct_config__.tag
        try:
            answer = await self._carry_out(caller, message)
        except ApiError as error:
            self._refuse(message.id, error, operation=str(operation))
            return
        self._tell({"type": "answer", "id": message.id, "op": operation, "answer": answer})

    async def _carry_out(
        self,
        caller: Caller,
        message: messages.Place | messages.Cancel | messages.Replace | messages.CancelAll,
    ) -> object:
        orders = self._gateway.orders
        match message:
            case messages.Place():
                try:
                    return await orders.place(caller, message.order)
                except ApiError as error:
                    raise error.inside("order") from error
            case messages.Cancel():
                return await orders.cancel(caller, order_name(message), message.client_id)
            case messages.Replace():
                change = ReplaceOrder(
                    price=message.price,
                    quantity=message.quantity,
                    trigger_price=message.trigger_price,
                    client_id=message.client_id,
                    sent_time=message.sent_time,
                )
                return await orders.replace(caller, order_name(message), change)
            case messages.CancelAll():
                return await orders.cancel_all(caller, message.market, message.side, message.tag)

    # --- telling ---

    def _tell(self, value: object) -> None:
        self.outbox.put(json_text(value))

    def _refuse(
        self,
        message_id: messages.MessageId | None,
        error: ApiError,
        *,
        operation: str | None = None,
    ) -> None:
        self._tell(error_message(message_id, error.problem(), operation))


def error_message(
    message_id: messages.MessageId | None, problem: Problem, operation: str | None = None
) -> dict[str, object]:
    """Return the message of an error."""
    shown_id = shown(message_id) if isinstance(message_id, str) else message_id
    return {"type": "error", "id": shown_id, "op": operation, "error": problem}


def order_name(message: messages.Cancel | messages.Replace) -> OrderName:
    """Return how a message names an order.

    Raises:
        ApiError: Not exactly one of the two ids is given, or it cannot be one.
    """
    if (message.order_id is None) == (message.order_client_id is None):
        rule = "give exactly one of order_id and order_client_id"
        raise field_error(EdgeError.INVALID_FIELD, "order_id", rule)
    if message.order_id is not None:
        return OrderName.by_order_id(message.order_id)
    return OrderName.by_client_id(message.order_client_id or "")


def private_channel(follower: AccountFollower, name: str) -> Channel:
    """Return a private channel of an account."""
    return follower.orders if name == "orders" else follower.fills
