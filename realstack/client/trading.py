"""Order entry, withdrawals, and what an account has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import (
    BEFORE_ARRIVAL,
    HIDDEN,
    MINIMUM,
    POST_ONLY,
    SLIDE,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from engine.core.limits import DEADLINE_MS_MAX, DEADLINE_MS_MIN
from engine.core.rejects import Reject
from realstack.client.arguments import (
    TriggerSource,
    check_tag,
    choice,
    default_time_in_force,
    needed,
    number_of,
    target_of,
)
from realstack.client.columns import columns_of, join_answers, slice_answers
from realstack.client.decode import answer_from, balance_from, open_order_from
from realstack.client.errors import InvalidInput, OutcomeUnknown, Rejected
from realstack.client.records import Answer, Answers, AnswerStatus, Balance, OpenOrder
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
        slide: bool = False,
        hidden: bool = False,
        display_lots: int | None = None,
        minimum_lots: int = 0,
        trigger_price: DecimalText | None = None,
        trigger_price_ticks: int | None = None,
        trigger_source: str | TriggerSource | None = None,
        trail_ticks: int = 0,
        trail_ppm: int = 0,
        amount_atoms: int = 0,
        expire_time_ns: int = 0,
        max_age_ms: int = 0,
        tag: int = 0,
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
            order_type: ``"limit"``, ``"market"``, ``"stop"``, ``"stop_limit"``,
                ``"trailing_stop"`` or ``"market_by_amount"``; if not given, limit or market by
                whether there is a price.
            time_in_force: ``"gtc"``, ``"gtd"``, ``"ioc"`` or ``"fok"``; without it gtd with an
                expiry, ioc for market orders, else gtc.
            post_only: Refuse the order instead of letting it trade on arrival.
            slide: With post_only: take the nearest price that does not trade instead.
            hidden: Rest unseen, behind what is seen at its price.
            display_lots: Make it an iceberg that shows so much at a time.
            minimum_lots: Trade at least so much on arrival, or be refused.
            trigger_price: Of a stop, in quote units for one base unit.
            trigger_price_ticks: The trigger price in ticks instead.
            trigger_source: ``"last_trade"`` (the default), ``"best_quote"`` or ``"reference"``.
            trail_ticks: A trailing stop's distance in ticks.
            trail_ppm: Or in millionths of the price.
            amount_atoms: What an order by amount may spend, in atoms of the quote asset.
            expire_time_ns: When it expires, nanoseconds since 1970 UTC.
            max_age_ms: Refuse it when it is sequenced later than this after its sent time.
            tag: A number of yours, 0 to 65,535, which `cancel_all` can name.
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
        until = until or default_time_in_force(kind, expire_time_ns)
        trigger = number_of("trigger_price", trigger_price, trigger_price_ticks, found)
        source = choice("trigger_source", trigger_source, TriggerSource, Reject.INVALID_FLAGS)
        lots = number_of("quantity", quantity, quantity_lots, found)
        if kind is not OrderType.MARKET_BY_AMOUNT:
            lots = needed("quantity", lots)
        if display_lots is not None and (display_lots < 1 or minimum_lots):
            rule = "must be at least 1, and goes with no minimum quantity"
            raise InvalidInput("display_lots", display_lots, rule, Reject.INVALID_QUANTITY)
        flags = POST_ONLY * post_only | SLIDE * slide | HIDDEN * hidden
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
            flags=flags | MINIMUM * (minimum_lots != 0) | (source or 0),
            tag=tag,
            price_ticks=ticks or 0,
            quantity_lots=lots or 0,
            amount_atoms=amount_atoms,
            max_age_ms=max_age_ms,
            trail_ppm=trail_ppm,
            trigger_price_ticks=trigger or 0,
            trail_ticks=trail_ticks,
            display_lots=minimum_lots or display_lots or 0,
            expire_time_ns=expire_time_ns,
        )
        return await self._send_one(row, timeout_seconds)

    async def cancel(
        self,
        *,
        order_id: int = 0,
        order_client_id: ClientId | None = None,
        before_arrival: bool = False,
        client_id: ClientId | None = None,
        sent_time_ns: int = 0,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Cancel an order, named by the venue's id or by the client id that it was placed with.

        Args:
            order_id: The venue's id of the order.
            order_client_id: Or the client id that it was placed with.
            before_arrival: By client id: if nothing with that id has come to the venue yet, an
                order with it that comes later is refused. The answer then has order id 0.
            client_id: An id for this cancel; a random one if not given.
            sent_time_ns: With an earlier `client_id`: when it was first sent.
            timeout_seconds: How long to wait.

        Raises:
            Rejected: UNKNOWN_ORDER when the account has no such working order.
            InvalidInput: Not exactly one of the two ids is given.
            NotSent, OutcomeUnknown: As with `place`.
        """
        target = target_of(order_id, order_client_id)
        if before_arrival and order_client_id is None:
            rule = "must be given with before_arrival: the venue has given no id yet"
            raise InvalidInput("order_client_id", None, rule, Reject.INVALID_CLIENT_ID)
        row = command(
            CommandKind.CANCEL,
            **self._identity(client_id, sent_time_ns),
            **target,
            flags=BEFORE_ARRIVAL * before_arrival,
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
        trigger_price_ticks: int = 0,
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
            trigger_price_ticks: A waiting stop's new trigger price; 0 keeps it. A stop without a
                limit price is replaced with ``price_ticks=0``.
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
            new_trigger_price_ticks=trigger_price_ticks,
        )
        return await self._send_one(row, timeout_seconds)

    async def cancel_all(
        self,
        *,
        market: str | int | None = None,
        side: str | Side | None = None,
        tag: int = 0,
        client_id: ClientId | None = None,
        sent_time_ns: int = 0,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Cancel every order of the account, or those of one market, side or tag.

        The answer's `cancelled_count` says how many.

        Raises:
            InvalidInput, Rejected, NotSent, OutcomeUnknown: As with `place`.
        """
        row = command(
            CommandKind.CANCEL_ALL,
            **self._identity(client_id, sent_time_ns),
            market_id=0 if market is None else (await self.market(market)).market_id,
            side=choice("side", side, Side, Reject.INVALID_SIDE) or 0,
            tag=tag,
        )
        return await self._send_one(row, timeout_seconds)

    async def set_deadline(
        self, timeout_ms: int, *, tag: int = 0, timeout_seconds: float | None = None
    ) -> Answer:
        """Let the venue cancel the account's orders unless this is called again in time.

        At three quarters of the time the private stream tells `DeadlineNear`.

        Args:
            timeout_ms: From now on, 100 to 86,400,000; 0 ends the deadline.
            tag: Only of orders with this tag, each with a deadline of its own; 0 for all.
            timeout_seconds: How long to wait.

        Raises:
            InvalidInput: The timeout or the tag is out of range; nothing was sent.
            Rejected: TOO_MANY_DEADLINES: an account may have 8.
            Unavailable: No answer in time; it may have been set.
        """
        if timeout_ms != 0 and not DEADLINE_MS_MIN <= timeout_ms <= DEADLINE_MS_MAX:
            rule = f"must be {DEADLINE_MS_MIN} to {DEADLINE_MS_MAX}, or 0, which ends it"
            raise InvalidInput("timeout_ms", timeout_ms, rule, Reject.INVALID_PARAMETER)
        check_tag("tag", tag)
        stub = trading_pb2_grpc.TradingServiceStub(self._open_channel())
        request = trading_pb2.SetDeadlineRequest(timeout_ms=timeout_ms, tag=tag)
        response = await self._unary(stub.SetDeadline, request, timeout_seconds)
        answer = answer_from(response.answer)
        if answer.status is AnswerStatus.REJECTED:
            raise Rejected(answer)
        return answer

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
