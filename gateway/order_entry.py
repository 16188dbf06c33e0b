"""Orders, cancels, replaces and withdrawals of a caller: the same for REST and WebSocket.

A request is checked whole before anything is sent: whatever breaks a rule changes nothing. Its
outcome is durable when it is answered.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from engine.core.commands import OrderType, TimeInForce
from engine.core.rejects import Reject
from engine.keys import Principal, Role
from gateway.accounts.history import OrderRow, OrderStatus
from gateway.accounts.registry import Accounts
from gateway.engine_client import EngineClient
from gateway.errors import ApiError, EdgeError, Outcome, field_error
from gateway.ids import client_id_text, parse_client_id, parse_order_id
from gateway.refusals import engine_refusal, number_refusal, unknown_order
from gateway.schemas import account as schema
from gateway.schemas.requests import PlaceOrder, ReplaceOrder, RequestWithdrawal, SideName
from gateway.times import parse_time
from realstack.client import (
    Answer,
    AnswerStatus,
    ClientError,
    InvalidInput,
    InvalidNumber,
    Market,
)
from realstack.order_text import OrderNumbers, OrderText, order_numbers, price_steps
from realstack.units import Rule, amount_rule


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request: the owner of the API key that came with it."""

    principal: Principal
    api_key: str

    @property
    def account_id(self) -> int:
        """The caller's account.

        Raises:
            ApiError: WRONG_ROLE when the key is not a member's.
        """
        self.need_member()
        return self.principal.account_id

    def need_member(self) -> None:
        """Refuse a key that is not a member's.

        Raises:
            ApiError: WRONG_ROLE.
        """
        if self.principal.role is not Role.MEMBER:
            raise ApiError(
                EdgeError.WRONG_ROLE,
                f"this needs a member's key; the key of {self.principal.name} has the role "
                f"{self.principal.role}",
            )


@dataclass(frozen=True, slots=True)
class OrderName:
    """How a request names an order: by the venue's id or by the client's."""

    order_id: int | None = None
    client_id: int | None = None

    @classmethod
    def by_order_id(cls, text: str) -> OrderName:
        """Name it by the venue's id; a text that cannot be one names no order.

        Raises:
            ApiError: UNKNOWN_ORDER.
        """
        order_id = parse_order_id(text)
        if order_id is None:
            raise unknown_order()
        return cls(order_id=order_id)

    @classmethod
    def by_client_id(cls, text: str) -> OrderName:
        """Name it by the id that the client gave it.

        Raises:
            ApiError: INVALID_CLIENT_ID.
        """
        return cls(client_id=parse_client_id(text, "order_client_id"))


class OrderEntry:
    """Turns requests into commands and answers into durable outcomes."""

    def __init__(self, engine: EngineClient, accounts: Accounts) -> None:
        self._engine = engine
        self._accounts = accounts
        self._seen: dict[int, int] = {}

    def seen_sequence(self, account_id: int) -> int:
        """Return the sequence of an account's last change through this gateway."""
        return self._seen.get(account_id, 0)

    async def place(self, caller: Caller, order: PlaceOrder) -> schema.OrderAnswer:
        """Place an order.

        Raises:
            ApiError: A field breaks a rule, the core refused, or the outcome is not known.
        """
        account_id = caller.account_id
        market = await self._engine.market(order.market)
        expire_time_ns = parse_time("expire_time", order.expire_time) if order.expire_time else 0
        numbers = _numbers(order, expire_time_ns, market)
        client_id, sent_time_ns = _identity(order.client_id, order.sent_time)
        client = await self._engine.member(caller.api_key)
        try:
            answer = await client.place(
                market=market.market_id,
                side=order.side,
                order_type=order.type,
                time_in_force=order.time_in_force,
                **numbers,
                trigger_source=order.trigger_source,
                post_only=order.post_only,
                slide=order.slide,
                hidden=order.hidden,
                expire_time_ns=expire_time_ns,
                max_age_ms=order.max_age_ms or 0,
                tag=order.tag or 0,
                self_trade_prevention=order.self_trade_prevention,
                client_id=client_id,
                sent_time_ns=sent_time_ns,
            )
        except ClientError as error:
            raise engine_refusal(error) from error
        return self._answer(account_id, answer, market)

    async def cancel(
        self, caller: Caller, name: OrderName, client_id: str | None = None
    ) -> schema.OrderAnswer:
        """Cancel an order.

        Raises:
            ApiError: UNKNOWN_ORDER when the caller has no such working order; else as `place`.
        """
        account_id = caller.account_id
        own_id, sent_time_ns = _identity(client_id, None)
        client = await self._engine.member(caller.api_key)
        try:
            answer = await client.cancel(
                order_id=name.order_id or 0,
                order_client_id=name.client_id,
                client_id=own_id,
                sent_time_ns=sent_time_ns,
            )
        except ClientError as error:
            raise engine_refusal(error) from error
        market = await self._market_of(caller, answer)
        return self._answer(account_id, answer, market)

    async def replace(
        self, caller: Caller, name: OrderName, change: ReplaceOrder
    ) -> schema.OrderAnswer:
        """Change an order's price and total quantity, and the trigger of a stop that waits.

        Raises:
            ApiError: UNKNOWN_ORDER when the caller has no such working order; else as `place`.
        """
        account_id = caller.account_id
        row = await self.find(caller, name)
        market = self._engine.catalog_now.instruments.markets[row.market_id]
        price_ticks, trigger_price_ticks = _new_prices(row, change, market)
        quantity_lots = _steps(market.units.quantity, change.quantity)
        client_id, sent_time_ns = _identity(change.client_id, change.sent_time)
        client = await self._engine.member(caller.api_key)
        try:
            answer = await client.replace(
                order_id=row.order_id,
                price_ticks=price_ticks,
                quantity_lots=quantity_lots,
                trigger_price_ticks=trigger_price_ticks,
                client_id=client_id,
                sent_time_ns=sent_time_ns,
            )
        except ClientError as error:
            raise engine_refusal(error) from error
        return self._answer(account_id, answer, market)

    async def cancel_all(
        self,
        caller: Caller,
        market: str | None,
        side: SideName | None,
        tag: int | None = None,
    ) -> schema.CancelAllAnswer:
        """Cancel every order of the account, or those of one market, side or tag.

        Raises:
            ApiError: As `place`.
        """
        account_id = caller.account_id
        market_id = None if market is None else (await self._engine.market(market)).market_id
        client = await self._engine.member(caller.api_key)
        try:
            answer = await client.cancel_all(market=market_id, side=side, tag=tag or 0)
        except ClientError as error:
            raise engine_refusal(error) from error
        if answer.cancelled_count:
            self._note(account_id, answer)
        return schema.CancelAllAnswer(
            outcome=_outcome(answer),
            cancelled_count=answer.cancelled_count,
            sequence=answer.sequence,
            as_of_seq=answer.sequence,
        )

    async def withdraw(self, caller: Caller, request: RequestWithdrawal) -> schema.WithdrawalAnswer:
        """Hold funds, which settlement then pays to the account's wallet on chain.

        Raises:
            ApiError: As `place`.
        """
        account_id = caller.account_id
        asset = await self._engine.asset(request.asset)
        amount_atoms = _steps(amount_rule(asset.decimals), request.amount)
        client_id, sent_time_ns = _identity(request.client_id, request.sent_time)
        client = await self._engine.member(caller.api_key)
        try:
            answer = await client.request_withdrawal(
                asset=asset.asset_id,
                amount_atoms=amount_atoms,
                client_id=client_id,
                sent_time_ns=sent_time_ns,
            )
        except ClientError as error:
            raise engine_refusal(error) from error
        self._note(account_id, answer)
        return schema.WithdrawalAnswer(
            outcome=_outcome(answer),
            withdrawal_id=str(answer.order_id),
            client_id=client_id_text(answer.client_id),
            sequence=answer.sequence,
            first_sequence=answer.first_sequence or None,
            as_of_seq=answer.sequence,
        )

    async def find(self, caller: Caller, name: OrderName) -> OrderRow:
        """Return an order of the caller's account, working or done.

        Raises:
            ApiError: UNKNOWN_ORDER, the same for another's order and one that never was.
        """
        account_id = caller.account_id
        follower = await self._accounts.get(account_id, caller.api_key)
        history = await follower.ready(self.seen_sequence(account_id))
        if name.order_id is not None:
            row = history.order(name.order_id)
        else:
            row = history.order_by_client_id(name.client_id or 0)
        if row is None:
            raise unknown_order()
        return row

    async def _market_of(self, caller: Caller, answer: Answer) -> Market | None:
        """Return the market of an order that was just cancelled, to print its quantities."""
        self._note(caller.account_id, answer)
        try:
            row = await self.find(caller, OrderName(order_id=answer.order_id))
        except ApiError:
            return None  # it was placed before what is kept; the answer goes without quantities
        return self._engine.catalog_now.market_of(row.market_id)

    def _note(self, account_id: int, answer: Answer) -> None:
        """Remember how far the account's own history must be for its owner to see this."""
        took_effect = answer.first_sequence or answer.sequence
        self._seen[account_id] = max(self._seen.get(account_id, 0), took_effect)

    def _answer(self, account_id: int, answer: Answer, market: Market | None) -> schema.OrderAnswer:
        self._note(account_id, answer)
        units = None if market is None else market.units
        return schema.OrderAnswer(
            outcome=_outcome(answer),
            order_id=str(answer.order_id),
            client_id=client_id_text(answer.client_id),
            filled=units.quantity_text(answer.filled_lots) if units else None,
            leaves=units.quantity_text(answer.leaves_lots) if units else None,
            sequence=answer.sequence,
            first_sequence=answer.first_sequence or None,
            as_of_seq=answer.sequence,
        )


def _outcome(answer: Answer) -> Outcome:
    return Outcome.DUPLICATE if answer.status is AnswerStatus.DUPLICATE else Outcome.ACCEPTED


def _steps(rule: Rule, text: str) -> int:
    try:
        return rule.parse(text)
    except InvalidNumber as error:
        raise number_refusal(error) from error


def _numbers(order: PlaceOrder, expire_time_ns: int, market: Market) -> OrderNumbers:
    """Return an order's numbers in ticks, lots and atoms."""
    given = OrderText(
        order_type=OrderType[order.type.upper()],
        time_in_force=TimeInForce[order.time_in_force.upper()] if order.time_in_force else None,
        price=order.price,
        quantity=order.quantity,
        display_quantity=order.display_quantity,
        minimum_quantity=order.minimum_quantity,
        trigger_price=order.trigger_price,
        trigger_source=order.trigger_source,
        trail=order.trail,
        trail_ppm=order.trail_ppm or 0,
        amount=order.amount,
        expire_time_ns=expire_time_ns,
        post_only=order.post_only,
        slide=order.slide,
        hidden=order.hidden,
    )
    try:
        return order_numbers(given, market)
    except InvalidNumber as error:
        raise number_refusal(error) from error
    except InvalidInput as error:
        raise engine_refusal(error) from error


def _new_prices(row: OrderRow, change: ReplaceOrder, market: Market) -> tuple[int, int]:
    """Return the limit and trigger price of a replace in ticks; zero for none."""
    is_priced = row.order_type in (None, OrderType.LIMIT, OrderType.STOP_LIMIT)
    has_trigger = row.order_type in (None, OrderType.STOP, OrderType.STOP_LIMIT)
    if row.status is OrderStatus.WORKING:
        if is_priced and change.price is None:
            raise field_error(EdgeError.MISSING_FIELD, "price", "must be given")
        if not is_priced and change.price is not None:
            raise field_error(Reject.INVALID_PRICE, "price", "this order has none")
        if change.trigger_price is not None and not (has_trigger and row.waiting):
            rule = "only a stop that waits has one"
            raise field_error(Reject.INVALID_PRICE, "trigger_price", rule)
    return (
        _price(market, "price", change.price),
        _price(market, "trigger_price", change.trigger_price),
    )


def _price(market: Market, field: str, text: str | None) -> int:
    try:
        return 0 if text is None else price_steps(market, field, text)
    except InvalidNumber as error:
        raise number_refusal(error) from error


def _identity(client_id: str | None, sent_time: str | None) -> tuple[int | None, int]:
    """Return a command's own id and when it was first sent; without an id the SDK makes one."""
    if client_id is None:
        if sent_time is not None:
            rule = "is for a client_id: give both or neither"
            raise field_error(EdgeError.INVALID_FIELD, "sent_time", rule)
        return None, 0
    number = parse_client_id(client_id)
    return number, parse_time("sent_time", sent_time) if sent_time else time.time_ns()
