"""MarketDataService: instruments, books and trades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import grpc
import numpy as np
from google.protobuf.message import Message
from numpy.typing import NDArray

from engine.feed.feeds import STATUSES, TRADES, Feeds
from engine.feed.market_book import MarketBook
from engine.keys import Principal
from engine.rpc.book_messages import heartbeat_wire, increment_wire, snapshot_message
from engine.rpc.errors import EdgeError, check_not_ahead, invalid
from engine.rpc.follow import follow
from engine.rpc.instruments import asset_message, market_message
from engine.rpc.methods import Context, Method
from engine.rpc.node_port import NodePort
from engine.rpc.order_stream import stream_orders, stream_top
from engine.rpc.statistics import statistics_message, stream_statistics
from engine.rpc.status_messages import status_messages
from realstack.common.v1 import common_pb2
from realstack.marketdata.v1 import marketdata_pb2 as pb

SERVICE = "realstack.marketdata.v1.MarketDataService"


class MarketDataService:
    """Carries out the rpcs of MarketDataService."""

    def __init__(self, node: NodePort, feeds: Feeds) -> None:
        self._node = node
        self._feeds = feeds

    def methods(self) -> Mapping[str, Method]:
        """Give the rpcs by name."""
        return {
            "ListInstruments": Method(pb.ListInstrumentsRequest, unary=self.list_instruments),
            "GetBook": Method(pb.GetBookRequest, unary=self.get_book),
            "StreamBook": Method(pb.StreamBookRequest, streaming=self.stream_book),
            "StreamOrders": Method(pb.StreamOrdersRequest, streaming=self.stream_orders),
            "StreamTop": Method(pb.StreamTopRequest, streaming=self.stream_top),
            "GetStatistics": Method(pb.GetStatisticsRequest, unary=self.get_statistics),
            "StreamStatistics": Method(
                pb.StreamStatisticsRequest, streaming=self.stream_statistics
            ),
            "StreamTrades": Method(pb.StreamTradesRequest, streaming=self.stream_trades),
            "StreamStatus": Method(pb.StreamStatusRequest, streaming=self.stream_status),
        }

    async def list_instruments(self, message: Message, principal: Principal) -> Message:
        """List assets and markets."""
        sequence, (assets, markets) = await self._node.read(
            lambda venue: (venue.assets(), venue.markets())
        )
        decimals = {int(row["asset_id"]): int(row["decimals"]) for row in assets}
        return pb.ListInstrumentsResponse(
            assets=[asset_message(row) for row in assets],
            markets=[market_message(row, decimals) for row in markets],
            as_of_sequence=sequence,
        )

    async def get_book(self, message: Message, principal: Principal) -> Message:
        """Read a book once."""
        request = cast("pb.GetBookRequest", message)
        book = self._book(request.market_id)
        return pb.GetBookResponse(book=snapshot_message(self._feeds, book, request.depth or None))

    def _book(self, market_id: int) -> MarketBook:
        if market_id not in self._node.venue.markets()["market_id"]:
            raise EdgeError(
                grpc.StatusCode.NOT_FOUND,
                "UNKNOWN_MARKET",
                f"market_id: {market_id} is not defined",
                violations=(("market_id", "must be a defined market"),),
            )
        return self._feeds.books.market(market_id)

    async def stream_book(self, message: Message, principal: Principal, context: Context) -> None:
        """Follow a book: increments from where the reader is, or a snapshot first."""
        request = cast("pb.StreamBookRequest", message)
        book, feeds = self._book(request.market_id), self._feeds
        after = request.after_book_sequence
        # `next` is the book sequence that comes next; 0 asks for a snapshot.
        start = after + 1 if 0 < after <= book.head else 0
        subscription = feeds.subscriptions.open(
            ("book", request.market_id), start, lambda: book.head + 1
        )

        def read() -> bytes | None:
            if subscription.next:
                if subscription.next > book.applied and book.work():
                    subscription.wake()  # more to work out, after others had their turn
                if subscription.next > book.applied:
                    return None
                increment = book.after(subscription.next - 1)
                if increment is not None:
                    subscription.next = increment.book_sequence + 1
                    return increment_wire(increment)
            snapshot = snapshot_message(feeds, book)
            subscription.next = snapshot.book_sequence + 1
            return pb.StreamBookResponse(snapshot=snapshot).SerializeToString()

        await follow(
            context, feeds.subscriptions, subscription, read, lambda: heartbeat_wire(feeds, book)
        )

    async def stream_orders(self, message: Message, principal: Principal, context: Context) -> None:
        """Follow a book order by order."""
        request = cast("pb.StreamOrdersRequest", message)
        book = self._book(request.market_id)
        await stream_orders(self._node, self._feeds, book, request.after_book_sequence, context)

    async def stream_top(self, message: Message, principal: Principal, context: Context) -> None:
        """Follow the best prices of a book."""
        request = cast("pb.StreamTopRequest", message)
        await stream_top(self._feeds, self._book(request.market_id), context)

    async def get_statistics(self, message: Message, principal: Principal) -> Message:
        """Read what a market did in a day."""
        request = cast("pb.GetStatisticsRequest", message)
        feeds, market_id = self._feeds, self._book(request.market_id).market_id
        if request.time_ns >= 1 << 63:
            raise invalid("time_ns", "must be less than 2^63")
        day = feeds.statistics.of(market_id, request.time_ns or feeds.time_ns)
        return pb.GetStatisticsResponse(
            statistics=statistics_message(day), as_of_sequence=feeds.sequence
        )

    async def stream_statistics(
        self, message: Message, principal: Principal, context: Context
    ) -> None:
        """Follow the running day of a market."""
        request = cast("pb.StreamStatisticsRequest", message)
        await stream_statistics(self._feeds, self._book(request.market_id).market_id, context)

    async def stream_trades(self, message: Message, principal: Principal, context: Context) -> None:
        """Follow trades of one market or all."""
        request = cast("pb.StreamTradesRequest", message)
        trades, feeds = self._feeds.trades, self._feeds
        if request.market_id:
            self._book(request.market_id)
        start = request.from_trade_id or trades.last + 1
        check_not_ahead("from_trade_id", start, trades.last, "trade")
        subscription = feeds.subscriptions.open(TRADES, start, lambda: trades.last + 1)

        def response(rows: NDArray[np.void] | None) -> bytes:
            return pb.StreamTradesResponse(
                trades=[] if rows is None else trade_messages(rows),
                last_trade_id=trades.last,
                as_of_sequence=feeds.sequence,
            ).SerializeToString()

        def read() -> bytes | None:
            while subscription.next <= trades.last:
                count_max = feeds.limits.message_rows_max
                if request.market_id:
                    rows, subscription.next = trades.read_market(
                        request.market_id, subscription.next, count_max
                    )
                else:
                    rows = trades.read(subscription.next, count_max)
                    subscription.next += len(rows)
                if len(rows):
                    return response(rows)
            return None

        await follow(context, feeds.subscriptions, subscription, read, lambda: response(None))

    async def stream_status(self, message: Message, principal: Principal, context: Context) -> None:
        """Follow status changes of one market or all."""
        request = cast("pb.StreamStatusRequest", message)
        statuses, feeds = self._feeds.statuses, self._feeds
        if request.market_id:
            self._book(request.market_id)
        start = request.from_status_sequence or statuses.last + 1
        check_not_ahead("from_status_sequence", start, statuses.last, "status change")
        subscription = feeds.subscriptions.open(STATUSES, start, lambda: statuses.last + 1)

        def response(rows: NDArray[np.void] | None) -> bytes:
            return pb.StreamStatusResponse(
                changes=[] if rows is None else status_messages(rows),
                last_status_sequence=statuses.last,
                as_of_sequence=feeds.sequence,
            ).SerializeToString()

        def read() -> bytes | None:
            while subscription.next <= statuses.last:
                subscription.next = max(subscription.next, statuses.first)
                rows = statuses.read(subscription.next, feeds.limits.message_rows_max)
                subscription.next += len(rows)
                if request.market_id:
                    rows = rows[rows["market_id"] == request.market_id]
                if len(rows):
                    return response(rows)
            return None

        await follow(context, feeds.subscriptions, subscription, read, lambda: response(None))


def trade_messages(rows: NDArray[np.void]) -> list[pb.Trade]:
    """Make the public messages of trades."""
    names = (
        "trade_id",
        "market_id",
        "price_ticks",
        "quantity_lots",
        "aggressor_side",
        "sequence",
        "time_ns",
    )
    columns = (rows[name].tolist() for name in names)
    return [
        pb.Trade(
            trade_id=trade_id,
            market_id=market_id,
            price_ticks=price,
            quantity_lots=quantity,
            aggressor_side=common_pb2.Side.ValueType(side),
            sequence=sequence,
            time_ns=time_ns,
        )
        for trade_id, market_id, price, quantity, side, sequence, time_ns in zip(
            *columns, strict=True
        )
    ]
