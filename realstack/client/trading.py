"""Order entry, withdrawals, and what an account has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import (
    POST_ONLY,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from engine.core.rejects import Reject
from realstack.client.arguments import choice, needed, number_of, target_of
from realstack.client.columns import columns_of, join_answers, slice_answers
from realstack.client.decode import balance_from, open_order_from
from realstack.client.errors import InvalidInput, OutcomeUnknown
from realstack.client.records import Answer, Answers, Balance, OpenOrder
from realstack.client.requests import (
    ROWS_MAX,
    ClientId,
    Request,
    check_batch,
    command,
    identify,
)
from realstack.client.sending import Sending
from realstack.trading.v1 import trading_pb2, trading_pb2_grpc
from realstack.units import DecimalText, amount_rule


class Trading(Sending):
    """Calls of a member: they act for the account of the API key."""

    async def place(
        self,
        *,
        market: str | int,
        side: str | Side,
        price: DecimalText | None = None,
        quantity: DecimalText | None = None,
        price_ticks: int | None = None,
        quantity_lots: int | None = None,
        order_type: str | OrderType | None = None,
        time_in_force: str | TimeInForce | None = None,
        post_only: bool = False,
        self_trade_prevention: str | SelfTradePrevention | None = None,
        client_id: ClientId | None = None,
        sent_time_ns: int = 0,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Place an order and wait until its outcome is durable.

        Price and quantity are given as exact decimals or as whole ticks and lots.

        Args:
            market: Symbol or id.
            side: ``"buy"`` or ``"sell"``.
            price: In quote units for one base unit, such as ``"101.25"``; none for a market order.
            quantity: In base units, such as ``"3"``.
            price_ticks: The price in ticks instead.
            quantity_lots: The quantity in lots instead.
            order_type: ``"limit"`` or ``"market"``; told by whether there is a price if not given.
            time_in_force: ``"gtc"``, ``"ioc"`` or ``"fok"``; without it gtc, for market ioc.
            post_only: Refuse the order instead of letting it trade on arrival.
            self_trade_prevention: ``"none"``, ``"cancel_taker"`` (the default), ``"cancel_maker"``,
                ``"cancel_both"`` or ``"decrement"``.
            client_id: The order's id of yours; a random one if not given. The same id and body
                never make a second order.
            sent_time_ns: With an earlier `client_id`: when it was first sent.
            timeout_seconds: How long to wait.

        Raises:
            InvalidInput: An argument breaks a rule; nothing was sent.
            InvalidNumber: A number is not exact; nothing was sent.
            Rejected: The venue refused it; nothing changed.
            NotSent: There was no connection in time; nothing was sent.
            OutcomeUnknown: Sent, but not answered in time; see `resolve`.
        """
        found = await self.market(market)
        ticks = number_of("price", price, price_ticks, found)
        kind = choice("order_type", order_type, OrderType, Reject.INVALID_ORDER_TYPE)
        kind = kind or (OrderType.MARKET if ticks is None else OrderType.LIMIT)
        until = choice("time_in_force", time_in_force, TimeInForce, Reject.INVALID_TIME_IN_FORCE)
        until = until or (TimeInForce.IOC if kind is OrderType.MARKET else TimeInForce.GTC)
        own_group = choice(
            "self_trade_prevention",
            self_trade_prevention,
            SelfTradePrevention,
            Reject.INVALID_SELF_TRADE_PREVENTION,
        )
        row = command(
            CommandKind.PLACE,
            **self._identity(client_id, sent_time_ns),
            market_id=found.market_id,
            side=needed("side", choice("side", side, Side, Reject.INVALID_SIDE)),
            order_type=kind,
            time_in_force=until,
            self_trade_prevention=own_group or SelfTradePrevention.CANCEL_TAKER,
            flags=POST_ONLY if post_only else 0,
            price_ticks=ticks or 0,
            quantity_lots=needed("quantity", number_of("quantity", quantity, quantity_lots, found)),
        )
        return await self._send_one(row, timeout_seconds)

    async def cancel(
        self,
        *,
        order_id: int = 0,
        order_client_id: ClientId | None = None,
        client_id: ClientId | None = None,
        sent_time_ns: int = 0,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Cancel an order, named by the venue's id or by the client id that it was placed with.

        Raises:
            Rejected: UNKNOWN_ORDER when the account has no such working order.
            InvalidInput: Not exactly one of the two ids is given.
            NotSent, OutcomeUnknown: As with `place`.
        """
        row = command(
            CommandKind.CANCEL,
            **self._identity(client_id, sent_time_ns),
            **target_of(order_id, order_client_id),
        )
        return await self._send_one(row, timeout_seconds)

    async def replace(
        self,
        *,
        order_id: int = 0,
        order_client_id: ClientId | None = None,
        market: str | int | None = None,
        price: DecimalText | None = None,
        quantity: DecimalText | None = None,
        price_ticks: int | None = None,
        quantity_lots: int | None = None,
        client_id: ClientId | None = None,
        sent_time_ns: int = 0,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Change an order's price and total quantity; a refused replace changes nothing.

        The quantity is the new total, what is filled included. Less at the same price keeps the
        place in the queue.

        Args:
            order_id: The venue's id of the order.
            order_client_id: Or the client id that it was placed with.
            market: Symbol or id; needed when price or quantity are decimals.
            price: The new limit price.
            quantity: The new total quantity.
            price_ticks: The price in ticks instead.
            quantity_lots: The quantity in lots instead.
            client_id: An id for this replace; a random one if not given.
            sent_time_ns: With an earlier `client_id`: when it was first sent.
            timeout_seconds: How long to wait.

        Raises:
            InvalidInput, InvalidNumber, Rejected, NotSent, OutcomeUnknown: As with `place`.
        """
        found = None if market is None else await self.market(market)
        row = command(
            CommandKind.REPLACE,
            **self._identity(client_id, sent_time_ns),
            **target_of(order_id, order_client_id),
            price_ticks=needed("price", number_of("price", price, price_ticks, found)),
            quantity_lots=needed("quantity", number_of("quantity", quantity, quantity_lots, found)),
        )
        return await self._send_one(row, timeout_seconds)

    async def cancel_all(
        self,
        *,
        market: str | int | None = None,
        side: str | Side | None = None,
        client_id: ClientId | None = None,
        sent_time_ns: int = 0,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Cancel every order of the account, or those of one market or side.

        The answer's `cancelled_count` says how many.

        Raises:
            InvalidInput, Rejected, NotSent, OutcomeUnknown: As with `place`.
        """
        row = command(
            CommandKind.CANCEL_ALL,
            **self._identity(client_id, sent_time_ns),
            market_id=0 if market is None else (await self.market(market)).market_id,
            side=choice("side", side, Side, Reject.INVALID_SIDE) or 0,
        )
        return await self._send_one(row, timeout_seconds)

    async def request_withdrawal(
        self,
        *,
        asset: str | int,
        amount: DecimalText | None = None,
        amount_atoms: int | None = None,
        client_id: ClientId | None = None,
        sent_time_ns: int = 0,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Hold funds, which settlement then pays to the account's wallet on chain.

        The answer's `order_id` is the withdrawal's id.

        Raises:
            InvalidInput, InvalidNumber, Rejected, OutcomeUnknown: As with `place`.
        """
        found = await self.asset(asset)
        if (amount is None) == (amount_atoms is None):
            rule = "give it either as amount or as amount_atoms"
            raise InvalidInput("amount", amount, rule, Reject.INVALID_AMOUNT)
        atoms = amount_atoms if amount is None else amount_rule(found.decimals).parse(amount)
        row = command(
            CommandKind.WITHDRAW_HOLD,
            **self._identity(client_id, sent_time_ns),
            asset_id=found.asset_id,
            amount_atoms=atoms or 0,
        )
        return await self._send_one(row, timeout_seconds)

    async def place_batch(
        self, commands: NDArray[np.void], *, timeout_seconds: float | None = None
    ) -> Answers:
        """Send many commands at once and return their outcomes as columns.

        Refusals are rows of the answer (`status` and `reject_code`), not exceptions. A command
        without a client id gets one, and one without a sent time the current time, so that a lost
        connection resolves as with single commands. Account and sequence fields are ignored: the
        account is that of the key.

        Args:
            commands: Records of `engine.core.commands.COMMAND`, of the kinds place, cancel, replace
                and cancel all, in their order.
            timeout_seconds: How long to wait for all.

        Raises:
            InvalidInput: The array is not of that dtype, or holds another kind.
            NotSent: None was sent in time.
            OutcomeUnknown: Not all were answered in time; its `request` is the first such part.
        """
        check_batch(commands)
        if len(commands) == 0:
            return slice_answers(columns_of(trading_pb2.Answer()), 0, 0)
        stamped = identify(commands)
        parts = [stamped[start : start + ROWS_MAX] for start in range(0, len(stamped), ROWS_MAX)]
        requests = [self._submit(part, as_columns=True) for part in parts]
        await self._wait(requests, timeout_seconds)
        return join_answers([request.future.result()[0] for request in requests])

    async def resolve(
        self, unknown: OutcomeUnknown | Request, *, timeout_seconds: float | None = None
    ) -> Answer:
        """Find out what became of a command whose answer did not come in time.

        It is sent again under the same ids: if it took effect before, this is the first answer,
        marked as a duplicate; if not, it takes effect now.

        Raises:
            Rejected: It had not taken effect, and is refused now.
            OutcomeUnknown: Again no answer in time.
        """
        request = unknown.request if isinstance(unknown, OutcomeUnknown) else unknown
        return await self._send_one(request.commands, timeout_seconds)

    async def balances(self) -> list[Balance]:
        """Return the account's balances by asset id; assets never touched are left out."""
        stub = trading_pb2_grpc.TradingServiceStub(self._open_channel())
        answer = await self._unary(stub.ListBalances, trading_pb2.ListBalancesRequest())
        return [balance_from(balance) for balance in answer.balances]

    async def open_orders(self, market: str | int | None = None) -> list[OpenOrder]:
        """Return the account's working orders by order id."""
        market_id = 0 if market is None else (await self.market(market)).market_id
        stub = trading_pb2_grpc.TradingServiceStub(self._open_channel())
        request = trading_pb2.ListOpenOrdersRequest(market_id=market_id)
        answer = await self._unary(stub.ListOpenOrders, request)
        return [open_order_from(order) for order in answer.orders]
