"""A market's book order by order: followed while somebody wants it, each change one frame."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from typing import Any

import structlog

from gateway.convert import side_name
from gateway.encoding import json_text
from gateway.engine_client import EngineClient
from gateway.feeds.channel import Channel, Frame
from gateway.times import time_text
from realstack.client import BookOrder, LocalOrders, Market, Side
from realstack.client.book import BookGap
from realstack.client.connection import follow
from realstack.client.feeds import update_orders
from realstack.marketdata.v1 import marketdata_pb2

log = structlog.get_logger()

IDLE_SECONDS = 1.0  # how soon a book that nobody reads any more is left


class BookOrdersFeed:
    """Follows the orders of one book and publishes them.

    Orders are not conflated: a frame covers what one message of the engine does. The engine keeps
    its own state for this only while it is read, so nothing is followed without a subscriber.
    """

    def __init__(self, engine: EngineClient, market: Market) -> None:
        self.market = market
        self.channel = Channel("book_orders", opening=self._opening, market=market.symbol)
        self._engine = engine
        self._orders = LocalOrders(market)
        self._whole = False
        self._wanted = asyncio.Event()

    @property
    def as_of_sequence(self) -> int:
        """The venue sequence that the orders reflect."""
        return self._orders.sequence

    async def run(self) -> None:
        """Follow whenever there is a subscriber, until cancelled.

        Raises:
            ClientError: The engine refuses the orders for good.
        """
        while True:
            await self._wanted.wait()
            reading = asyncio.create_task(self._read())
            try:
                while not reading.done():
                    await asyncio.wait([reading], timeout=IDLE_SECONDS)
                    if len(self.channel) == 0:
                        self._wanted.clear()
                        break
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
            self._whole = False
            if not reading.cancelled():
                reading.result()

    async def _read(self) -> None:
        self._orders.forget()
        while True:
            async with aclosing(follow(self._begin)) as messages:
                async for message in messages:
                    try:
                        changed = update_orders(self._orders, message)
                    except BookGap as gap:
                        log.warning("orders begun anew", market=self.market.symbol, detail=str(gap))
                        self._orders.forget()
                        self._whole = False
                        break
                    if changed:
                        self._publish(message)

    def _begin(self) -> Any:
        request = marketdata_pb2.StreamOrdersRequest(
            market_id=self.market.market_id, after_book_sequence=self._orders.book_sequence
        )
        return self._engine.market_data.StreamOrders(
            request, metadata=self._engine.metadata, wait_for_ready=True
        )

    def _publish(self, message: marketdata_pb2.StreamOrdersResponse) -> None:
        if message.HasField("snapshot"):
            self._whole = True
            self.channel.publish(self._snapshot_frame())
        else:
            self.channel.publish(self._update_frame(message.increment))

    def _opening(self) -> list[Frame]:
        self._wanted.set()
        return [self._snapshot_frame()] if self._whole else []

    def _snapshot_frame(self) -> Frame:
        orders = self._orders
        message = {
            **self._head("book_orders_snapshot"),
            "bids": self._rows(orders.orders(Side.BUY)),
            "asks": self._rows(orders.orders(Side.SELL)),
            "checksum": orders.checksum(),
            "order_count": len(orders),
        }
        return Frame(json_text(message), orders.book_sequence, orders.book_sequence)

    def _update_frame(self, step: marketdata_pb2.OrdersIncrement) -> Frame:
        message = {
            **self._head("book_orders_update"),
            "first_book_sequence": step.first_book_sequence,
            "removed": [str(order_id) for order_id in step.removed_order_ids],
            "resized": self._rows(step.resized),
            "queued": self._rows(step.queued),
            "checksum": step.checksum,
            "order_count": step.order_count,
        }
        return Frame(json_text(message), step.first_book_sequence, step.book_sequence)

    def _head(self, kind: str) -> dict[str, object]:
        return {
            "type": kind,
            "channel": "book_orders",
            "market": self.market.symbol,
            "book_sequence": self._orders.book_sequence,
            "as_of_seq": self._orders.sequence,
            "time": time_text(self._orders.time_ns),
        }

    def _rows(
        self, orders: Iterable[BookOrder] | Iterable[marketdata_pb2.BookOrder]
    ) -> list[tuple[str, str, str, str]]:
        units = self.market.units
        return [
            (
                str(order.order_id),
                side_name(order.side),
                units.price_text(order.price_ticks),
                units.quantity_text(order.quantity_lots),
            )
            for order in orders
        ]
