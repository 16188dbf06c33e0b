"""Streams that go on by themselves: after a lost connection they resume where they were."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, TypeVar

from realstack.client.book import BookGap, BookMismatch, LocalBook
from realstack.client.connection import Continuity, follow
from realstack.client.decode import (
    execution_from,
    fill_from,
    statistics_from,
    status_change_from,
    top_from,
    trade_from,
    withdrawal_from,
)
from realstack.client.errors import FeedBroken
from realstack.client.order_book import LocalOrders
from realstack.client.records import (
    DayStatistics,
    Execution,
    Fill,
    StatusChange,
    Top,
    Trade,
    Withdrawal,
)
from realstack.client.session import Session
from realstack.marketdata.v1 import marketdata_pb2, marketdata_pb2_grpc
from realstack.settlement.v1 import settlement_pb2, settlement_pb2_grpc
from realstack.trading.v1 import trading_pb2, trading_pb2_grpc

BOOK_RESYNCS_IN_A_ROW_MAX = 3
Book = TypeVar("Book", LocalBook, LocalOrders)


class Feeds(Session):
    """Streams as async iterators. Leave one with `break`; `contextlib.aclosing` ends it at once."""

    async def executions(self, from_sequence: int = 0) -> AsyncGenerator[Execution, None]:
        """Follow the account's executions: every one, once, in order.

        Args:
            from_sequence: The first execution sequence wanted; 1 is the account's first, 0 means
                only those that come after the iteration began.

        Raises:
            NotRetained: The venue no longer keeps that sequence.
            FeedBroken: The venue left a gap twice.
        """
        stub = trading_pb2_grpc.TradingServiceStub(self._open_channel())
        expected = from_sequence
        continuity = Continuity("execution sequence")

        def begin() -> Any:
            request = trading_pb2.StreamExecutionsRequest(from_execution_sequence=expected)
            return stub.StreamExecutions(request, metadata=self._metadata, wait_for_ready=True)

        while True:
            async with aclosing(follow(begin)) as messages:
                async for message in messages:
                    for execution in message.executions:
                        if expected not in (0, execution.execution_sequence):
                            break
                        expected = execution.execution_sequence + 1
                        continuity.holds()
                        yield execution_from(execution)
                    else:
                        expected = expected or message.last_execution_sequence + 1
                        continue
                    continuity.breaks(expected, execution.execution_sequence)
                    break

    async def book(self, market: str | int) -> AsyncGenerator[LocalBook, None]:
        """Follow a market's book: the same `LocalBook`, yielded after each change.

        Its checksum is compared after every change; when it does not fit, or a change is missing,
        the book is begun anew from a snapshot.

        Args:
            market: Symbol or id.

        Raises:
            InvalidInput: The venue has no such market.
            FeedBroken: The book does not fit even when it is begun anew.
        """
        book = LocalBook(await self.market(market))
        stub = marketdata_pb2_grpc.MarketDataServiceStub(self._open_channel())

        def begin() -> Any:
            request = marketdata_pb2.StreamBookRequest(
                market_id=book.market.market_id, after_book_sequence=book.book_sequence
            )
            return stub.StreamBook(request, metadata=self._metadata, wait_for_ready=True)

        async with aclosing(_kept_up(book, begin, update)) as changes:
            async for _ in changes:
                yield book

    async def orders_book(self, market: str | int) -> AsyncGenerator[LocalOrders, None]:
        """Follow a market's book order by order: the same `LocalOrders`, after each change.

        Args:
            market: Symbol or id.

        Raises:
            InvalidInput: The venue has no such market.
            FeedBroken: The book does not fit even when it is begun anew.
        """
        book = LocalOrders(await self.market(market))
        stub = marketdata_pb2_grpc.MarketDataServiceStub(self._open_channel())

        def begin() -> Any:
            request = marketdata_pb2.StreamOrdersRequest(
                market_id=book.market.market_id, after_book_sequence=book.book_sequence
            )
            return stub.StreamOrders(request, metadata=self._metadata, wait_for_ready=True)

        async with aclosing(_kept_up(book, begin, update_orders)) as changes:
            async for _ in changes:
                yield book

    async def top(self, market: str | int) -> AsyncGenerator[Top, None]:
        """Follow a market's best bid and ask: one `Top` after each change of them.

        Args:
            market: Symbol or id.

        Raises:
            InvalidInput: The venue has no such market.
        """
        market_id = (await self.market(market)).market_id
        stub = marketdata_pb2_grpc.MarketDataServiceStub(self._open_channel())

        def begin() -> Any:
            request = marketdata_pb2.StreamTopRequest(market_id=market_id)
            return stub.StreamTop(request, metadata=self._metadata, wait_for_ready=True)

        async with aclosing(follow(begin)) as messages:
            async for message in messages:
                if message.HasField("top"):
                    yield top_from(message.top)

    async def trades(
        self, market: str | int | None = None, *, from_trade_id: int = 0
    ) -> AsyncGenerator[Trade, None]:
        """Follow public trades in order of trade id.

        Args:
            market: Symbol or id of one market; all without it.
            from_trade_id: The first wanted; 1 is the venue's first, 0 means only new ones.

        Raises:
            InvalidInput: The venue has no such market.
            NotRetained: The venue no longer keeps that trade.
        """
        market_id = 0 if market is None else (await self.market(market)).market_id
        stub = marketdata_pb2_grpc.MarketDataServiceStub(self._open_channel())
        wanted = from_trade_id

        def begin() -> Any:
            request = marketdata_pb2.StreamTradesRequest(market_id=market_id, from_trade_id=wanted)
            return stub.StreamTrades(request, metadata=self._metadata, wait_for_ready=True)

        async with aclosing(follow(begin)) as messages:
            async for message in messages:
                for trade in message.trades:
                    if trade.trade_id < wanted:
                        raise FeedBroken(f"trade {trade.trade_id} came after {wanted - 1}")
                    wanted = trade.trade_id + 1
                    yield trade_from(trade)
                wanted = wanted or message.last_trade_id + 1

    async def statuses(
        self, market: str | int | None = None, *, from_status_sequence: int = 0
    ) -> AsyncGenerator[StatusChange, None]:
        """Follow the phases of markets, and what their calls would trade, in order.

        Args:
            market: Symbol or id of one market; all without it.
            from_status_sequence: The first wanted; 1 is the venue's first, 0 means only new ones.
                One that is not kept any more begins with the oldest that is.

        Raises:
            InvalidInput: The venue has no such market.
        """
        market_id = 0 if market is None else (await self.market(market)).market_id
        stub = marketdata_pb2_grpc.MarketDataServiceStub(self._open_channel())
        wanted = from_status_sequence

        def begin() -> Any:
            request = marketdata_pb2.StreamStatusRequest(
                market_id=market_id, from_status_sequence=wanted
            )
            return stub.StreamStatus(request, metadata=self._metadata, wait_for_ready=True)

        async with aclosing(follow(begin)) as messages:
            async for message in messages:
                for change in message.changes:
                    if change.status_sequence < wanted:
                        number = change.status_sequence
                        raise FeedBroken(f"status change {number} came after {wanted - 1}")
                    wanted = change.status_sequence + 1
                    yield status_change_from(change)
                wanted = wanted or message.last_status_sequence + 1

    async def fills(self, from_trade_id: int = 1) -> AsyncGenerator[Fill, None]:
        """Follow fills, every one, once, in order of trade id. For the settlement role.

        Args:
            from_trade_id: The first wanted, from 1.

        Raises:
            NotRetained: The venue no longer keeps that fill.
            FeedBroken: The venue left a gap twice.
        """
        stub = settlement_pb2_grpc.SettlementServiceStub(self._open_channel())
        wanted = from_trade_id
        continuity = Continuity("trade id")

        def begin() -> Any:
            request = settlement_pb2.StreamFillsRequest(from_trade_id=wanted)
            return stub.StreamFills(request, metadata=self._metadata, wait_for_ready=True)

        while True:
            async with aclosing(follow(begin)) as messages:
                async for message in messages:
                    for fill in message.fills:
                        if fill.trade_id != wanted:
                            break
                        wanted += 1
                        continuity.holds()
                        yield fill_from(fill)
                    else:
                        continue
                    continuity.breaks(wanted, fill.trade_id)
                    break

    async def withdrawals(self, after_sequence: int = 0) -> AsyncGenerator[Withdrawal, None]:
        """Follow the steps of withdrawals in order of venue sequence. For the settlement role.

        Args:
            after_sequence: Only steps after this venue sequence.
        """
        stub = settlement_pb2_grpc.SettlementServiceStub(self._open_channel())
        after = after_sequence

        def begin() -> Any:
            request = settlement_pb2.StreamWithdrawalsRequest(after_sequence=after)
            return stub.StreamWithdrawals(request, metadata=self._metadata, wait_for_ready=True)

        async with aclosing(follow(begin)) as messages:
            async for message in messages:
                for event in message.events:
                    if event.sequence <= after:
                        raise FeedBroken(f"withdrawal at {event.sequence} came after {after}")
                    after = event.sequence
                    yield withdrawal_from(event)

    async def book_snapshot(self, market: str | int, depth: int = 0) -> LocalBook:
        """Read a book once.

        Args:
            market: Symbol or id.
            depth: Levels a side; 0 for all.

        Raises:
            InvalidInput: The venue has no such market.
            FeedBroken: The book's checksum does not fit.
        """
        book = LocalBook(await self.market(market))
        stub = marketdata_pb2_grpc.MarketDataServiceStub(self._open_channel())
        request = marketdata_pb2.GetBookRequest(market_id=book.market.market_id, depth=depth)
        answer = await self._unary(stub.GetBook, request)
        try:
            book.replace(answer.book)
        except BookGap as gap:
            raise FeedBroken(str(gap)) from gap
        return book

    async def statistics(self, market: str | int, time_ns: int = 0) -> DayStatistics:
        """Read what a market did in a day of UTC.

        Args:
            market: Symbol or id.
            time_ns: Any time of the day; zero for the venue's running day.

        Raises:
            InvalidInput: The venue has no such market.
        """
        stub = marketdata_pb2_grpc.MarketDataServiceStub(self._open_channel())
        request = marketdata_pb2.GetStatisticsRequest(
            market_id=(await self.market(market)).market_id, time_ns=time_ns
        )
        answer = await self._unary(stub.GetStatistics, request)
        return statistics_from(answer.statistics)


def update(book: LocalBook, message: marketdata_pb2.StreamBookResponse) -> bool:
    """Bring a book up to a message; tell whether anything changed.

    Raises:
        BookGap: The message does not fit the book.
    """
    kind = message.WhichOneof("update")
    if kind == "snapshot":
        book.replace(message.snapshot)
        return True
    if kind == "increment":
        return book.apply(message.increment)
    if kind == "heartbeat":
        book.stand_at(message.heartbeat)
    return False


def update_orders(book: LocalOrders, message: marketdata_pb2.StreamOrdersResponse) -> bool:
    """Bring a book of orders up to a message; tell whether it changed and is whole.

    Raises:
        BookGap: The message does not fit the book.
    """
    kind = message.WhichOneof("update")
    if kind == "snapshot":
        return book.replace(message.snapshot)
    if kind == "increment":
        return book.apply(message.increment)
    if kind == "heartbeat":
        book.stand_at(message.heartbeat)
    return False


async def _kept_up(
    book: Book, begin: Callable[[], Any], take: Callable[[Book, Any], bool]
) -> AsyncGenerator[None, None]:
    """Keep a book up from a stream; yields after each change.

    After a gap it asks for what came after its own sequence, and gets the missing changes or a
    whole book; when its checksum does not fit, or that did not help, for the whole book.

    Raises:
        FeedBroken: The book does not fit even when it is begun anew.
    """
    failures = 0
    while True:
        async with aclosing(follow(begin)) as messages:
            async for message in messages:
                try:
                    changed = take(book, message)
                except BookGap as gap:
                    failures += 1
                    if failures > BOOK_RESYNCS_IN_A_ROW_MAX:
                        raise FeedBroken(str(gap)) from gap
                    if isinstance(gap, BookMismatch) or failures > 1:
                        book.forget()
                    else:
                        book.resyncs += 1
                    break
                if changed:
                    failures = 0
                    yield
