"""The streams of single orders (L3) and of the best prices of a book."""

from __future__ import annotations

import asyncio
from collections import deque

from engine.feed.feeds import Feeds
from engine.feed.market_book import MarketBook
from engine.feed.market_orders import MarketOrders
from engine.rpc.book_messages import top_heartbeat_wire, top_message
from engine.rpc.follow import follow
from engine.rpc.methods import Context
from engine.rpc.node_port import NodePort
from engine.rpc.order_messages import (
    orders_heartbeat_wire,
    orders_increment_wire,
    orders_snapshot_messages,
)
from realstack.marketdata.v1 import marketdata_pb2 as pb


async def begin_orders(node: NodePort, feeds: Feeds, market_id: int, orders: MarketOrders) -> None:
    """Have the orders of a market kept up, from what the venue holds when nobody reads them yet.

    The venue is read at a sequence, and the answer is told when that is durable, which may be a
    turn before the feeds have it: so this asks again until the two meet.
    """
    while not orders.is_live:
        sequence, rows = await node.read(lambda venue: venue.orders(0, market_id))
        if feeds.sequence >= sequence and orders.begin(sequence, rows):
            return
        await asyncio.sleep(0)


async def stream_orders(
    node: NodePort, feeds: Feeds, book: MarketBook, after: int, context: Context
) -> None:
    """Follow a book order by order: increments from where the reader is, or a snapshot first."""
    orders = book.orders
    orders.readers += 1
    try:
        await begin_orders(node, feeds, book.market_id, orders)
        await _follow_orders(feeds, book, after, context)
    finally:
        orders.leave()


async def _follow_orders(feeds: Feeds, book: MarketBook, after: int, context: Context) -> None:
    orders = book.orders
    parts: deque[bytes] = deque()
    start = after + 1 if 0 < after <= book.head else 0
    subscription = feeds.subscriptions.open(
        ("orders", book.market_id), start, lambda: book.head + 1
    )

    def read() -> bytes | None:
        if parts:
            return parts.popleft()
        if subscription.next > orders.applied or subscription.next == 0:
            if orders.work():
                subscription.wake()  # more to work out, after others had their turn
                if subscription.next == 0:
                    return None
            if subscription.next > orders.applied:
                return None
        increment = orders.after(subscription.next - 1) if subscription.next else None
        if increment is not None:
            subscription.next = increment.book_sequence + 1
            return orders_increment_wire(book.market_id, increment)
        messages = orders_snapshot_messages(feeds, book)
        parts.extend(message.SerializeToString() for message in messages)
        subscription.next = orders.applied + 1
        return parts.popleft()

    await follow(
        context,
        feeds.subscriptions,
        subscription,
        read,
        lambda: orders_heartbeat_wire(feeds, book),
    )


async def stream_top(feeds: Feeds, book: MarketBook, context: Context) -> None:
    """Follow the best prices: each message is whole, sent when one of them changed."""
    subscription = feeds.subscriptions.open(("top", book.market_id), 0, lambda: book.head + 1)
    told: tuple[object, ...] | None = None

    def read() -> bytes | None:
        nonlocal told
        if book.applied < book.head:
            if not feeds.subscriptions.watched(("book", book.market_id)):
                book.settle()
            elif book.work():
                subscription.wake()
                return None
        top = book.top()
        subscription.next = book.applied + 1
        if top == told:
            return None
        told = top
        return pb.StreamTopResponse(top=top_message(feeds, book)).SerializeToString()

    await follow(
        context, feeds.subscriptions, subscription, read, lambda: top_heartbeat_wire(feeds, book)
    )
