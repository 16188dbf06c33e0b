"""The venue of a replay over its gRPC socket: a client an account, and what their streams tell.

Nothing here waits for a length of time. The answer to a command says at which sequence of the venue
it took effect and how much it traded; the streams are read until they have told of that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from engine.core.commands import CommandKind, OrderType, Side, TimeInForce
from engine.core.rejects import Reject
from realstack.client import (
    Accepted,
    Answers,
    AnswerStatus,
    Cancelled,
    Client,
    Execution,
    Filled,
    Liquidity,
    LocalBook,
    Replaced,
)
from realstack.replay.account import Account
from realstack.replay.encode import Encoder
from realstack.replay.follower import Follower
from realstack.replay.plan import Action, NamedFill, OrderName, Origin, Wave
from realstack.replay.port import BookLevel, Queues, Report
from realstack.replay.queues import QueueBook


class MarketInUse(Exception):
    """The market of a replay holds orders already."""


class Desk:
    """A `VenuePort` over sockets; use it as an async context.

    Args:
        clients: Connected clients of the replay's accounts, account 1 first. The caller closes
            them.
        market_id: A market that holds no orders.
        run: A number that no other replay on this venue has, of at most `encode.RUN_BITS` bits.

    Attributes:
        trade_ids: The trades that were made, in the venue's numbering.
    """

    def __init__(self, clients: Sequence[Client], market_id: int, run: int) -> None:
        self.trade_ids: list[int] = []
        self._clients = clients
        self._market_id = market_id
        self._encoder = Encoder(market_id, run)
        self._accounts: dict[int, Account] = {}
        self._book: LocalBook | None = None
        self._book_follower: Follower[LocalBook] | None = None
        self._book_sequence = 0  # the book must show this venue sequence
        self._names: dict[int, OrderName] = {}  # by the venue's order id
        self._filled: dict[OrderName, int] = {}
        self._queues = QueueBook()

    async def __aenter__(self) -> Self:
        """Begin to follow the book and the accounts.

        Raises:
            MarketInUse: There are orders in the market.
        """
        try:
            for number, client in enumerate(self._clients, 1):
                self._accounts[number] = Account(number, client, self._encoder)
            stream = self._clients[0].book(self._market_id)
            self._book_follower = Follower("book stream", stream, self._take_book)
            book = await self._current_book()
            if book.best_bid() or book.best_ask():
                raise MarketInUse(f"market {book.market.symbol} holds orders: it must be empty")
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop following; the clients stay open."""
        if self._book_follower is not None:
            await self._book_follower.close()
        for account in self._accounts.values():
            await account.close()

    async def send(self, wave: Wave) -> Report:
        """Send a wave, each account's part at the same time, and gather what it did."""
        parts: dict[int, list[Action]] = {}
        for action in wave:
            parts.setdefault(action.order.account, []).append(action)
        sent = [self._accounts[number].send(actions) for number, actions in parts.items()]
        done = await asyncio.gather(*sent, return_exceptions=True)
        for outcome in done:
            if isinstance(outcome, BaseException):
                raise outcome
        answers = {
            number: outcome
            for number, outcome in zip(parts, done, strict=True)
            if isinstance(outcome, Answers)
        }
        for number, actions in parts.items():
            self._learn_names(actions, answers[number])
        report = Report()
        for number, actions in parts.items():
            await self._gather(number, actions, answers[number], report)
        return report

    async def levels(self, side: Side, depth: int) -> Sequence[BookLevel]:
        """Return the best levels of a side from the book that the stream keeps up."""
        book = await self._current_book()
        levels = book.bids(depth) if side is Side.BUY else book.asks(depth)
        return [
            BookLevel(level.price_ticks, level.quantity_lots, level.order_count) for level in levels
        ]

    async def queues(self) -> Queues:
        """Return the queues as the accounts' private streams tell them."""
        told: list[Execution] = []
        for account in self._accounts.values():
            told += await account.told()
        # Each stream is in order; a stable sort puts them into the venue's one order.
        for execution in sorted(told, key=lambda one: one.sequence):
            self._follow(execution)
        return self._queues.queues

    async def open_queues(self) -> Queues:
        """Return the queues from the lists of working orders, by priority."""
        orders = []
        for client in self._clients:
            orders += await client.open_orders(self._market_id)
        book = QueueBook()
        for entry in sorted(orders, key=lambda one: one.priority_sequence):
            number = self._recorded(entry.order.client_id)
            if number:
                order = entry.order
                book.rest(number, order.side, order.price_ticks, order.leaves_lots)
        return book.queues

    def _take_book(self, book: LocalBook) -> None:
        self._book = book

    async def _current_book(self) -> LocalBook:
        """Return the local book as soon as it shows everything that was sent."""
        if self._book is None or self._book.sequence < self._book_sequence:
            what = f"sequence {self._book_sequence}"
            if self._book_follower is not None:
                await self._book_follower.until(self._is_current, what)
        if self._book is None:
            raise RuntimeError("a desk is used as an async context")
        return self._book

    def _is_current(self) -> bool:
        return self._book is not None and self._book.sequence >= self._book_sequence

    def _learn_names(self, actions: Sequence[Action], answers: Answers) -> None:
        order_ids = answers.order_id.tolist()
        for action, order_id in zip(actions, order_ids, strict=True):
            if action.kind is CommandKind.PLACE:
                self._names[order_id] = action.order

    async def _gather(
        self, number: int, actions: Sequence[Action], answers: Answers, report: Report
    ) -> None:
        """Note what became of the commands of one account."""
        columns = (answers.status, answers.sequence, answers.filled_lots, answers.leaves_lots)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        for index, (action, (status, sequence, filled, leaves)) in enumerate(
            zip(actions, rows, strict=True)
        ):
            if status != AnswerStatus.ACCEPTED:
                reject = Reject(int(answers.reject_code[index]))
                words = reject.name if reject else AnswerStatus(status).name
                report.refusals.append(f"{action.kind.name.lower()} of {action.order}: {words}")
                continue
            traded = 0
            if action.kind is not CommandKind.CANCEL:
                traded = filled - self._filled.get(action.order, 0)
            if traded or leaves or action.kind is CommandKind.CANCEL:
                self._book_sequence = max(self._book_sequence, sequence)
            trades = await self._trades(number, action, sequence, traded, report) if traded else 0
            unfilled = action.kind is CommandKind.PLACE and traded + leaves < action.quantity_lots
            self._accounts[number].expect(1 + trades + unfilled)

    async def _trades(
        self, number: int, action: Action, sequence: int, lots: int, report: Report
    ) -> int:
        """Note the trades of a command; return how many there are."""
        trades = await self._accounts[number].taken(sequence, lots)
        for trade in trades:
            maker = self._names[trade.counter_order_id]
            fill = NamedFill(action.order, maker, trade.price_ticks, trade.quantity_lots)
            report.fills.append(fill)
            self.trade_ids.append(trade.trade_id)
            for order in (fill.taker, fill.maker):
                self._filled[order] = self._filled.get(order, 0) + trade.quantity_lots
            self._accounts[maker.account].expect(1)
        return len(trades)

    def _recorded(self, client_id: int) -> int:
        """Return the number of a recorded order; 0 for any other."""
        name = self._encoder.name_of(client_id)
        return name.number if name is not None and name.origin is Origin.RECORDED else 0

    def _follow(self, execution: Execution) -> None:
        """Bring the queues up to one execution."""
        event = execution.event
        if not isinstance(event, Accepted | Cancelled | Filled | Replaced):
            return
        order = event.order
        number = self._recorded(order.client_id)
        if not number:
            return
        if isinstance(event, Cancelled):
            self._queues.remove(number)
        elif isinstance(event, Filled):
            if event.liquidity is Liquidity.MAKER:
                self._queues.resize(number, order.leaves_lots)
        elif isinstance(event, Replaced) and event.kept_priority:
            self._queues.resize(number, order.leaves_lots)
        elif isinstance(event, Replaced) or can_rest(event):
            self._queues.rest(number, order.side, order.price_ticks, order.leaves_lots)


def can_rest(event: Accepted) -> bool:
    """Tell whether what an accepted order did not trade rests."""
    is_limit = event.order_type is OrderType.LIMIT
    return is_limit and event.time_in_force is TimeInForce.GTC and event.order.leaves_lots > 0
