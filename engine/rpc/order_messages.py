"""Seen orders to messages. An increment is encoded once and sent to all its readers."""

from __future__ import annotations

from collections.abc import Iterable

from engine.core.commands import Side
from engine.feed.feeds import Feeds
from engine.feed.market_book import MarketBook
from engine.feed.market_orders import OrderIncrement
from engine.feed.queues import QueuedOrder
from realstack.common.v1 import common_pb2
from realstack.marketdata.v1 import marketdata_pb2 as pb

ORDERS_PER_MESSAGE_MAX = 1 << 16  # 1.6 MB, under what a client takes by default


def _orders(orders: Iterable[tuple[int, QueuedOrder]]) -> list[pb.BookOrder]:
    return [
        pb.BookOrder(
            order_id=order_id,
            side=common_pb2.Side.ValueType(side),
            price_ticks=price,
            quantity_lots=quantity,
        )
        for side, (order_id, price, quantity) in orders
    ]


def orders_increment_wire(market_id: int, increment: OrderIncrement) -> bytes:
    """Give the encoded stream message of an increment."""
    if increment.wire is None:
        increment.wire = pb.StreamOrdersResponse(
            increment=pb.OrdersIncrement(
                market_id=market_id,
                book_sequence=increment.book_sequence,
                sequence=increment.sequence,
                time_ns=increment.time_ns,
                removed_order_ids=increment.removed,
                resized=_orders(increment.resized),
                queued=_orders(increment.queued),
                checksum=increment.checksum,
                order_count=increment.order_count,
                first_book_sequence=increment.first_book_sequence,
            )
        ).SerializeToString()
    return increment.wire


def orders_snapshot_messages(
    feeds: Feeds, book: MarketBook, per_message_max: int = ORDERS_PER_MESSAGE_MAX
) -> list[pb.StreamOrdersResponse]:
    """Make the messages of the snapshot of a book, in parts when it is large."""
    snapshot = book.orders.snapshot()
    orders = [
        *((Side.BUY, order) for order in snapshot.bids),
        *((Side.SELL, order) for order in snapshot.asks),
    ]
    starts = range(0, max(len(orders), 1), per_message_max)
    messages = []
    for part, start in enumerate(starts, 1):
        here = orders[start : start + per_message_max]
        bids = [order for side, order in here if side is Side.BUY]
        asks = [order for side, order in here if side is Side.SELL]
        message = pb.OrdersSnapshot(
            market_id=book.market_id,
            book_sequence=snapshot.book_sequence,
            sequence=feeds.sequence,
            time_ns=feeds.time_ns,
            bid_order_ids=[order.order_id for order in bids],
            bid_prices_ticks=[order.price_ticks for order in bids],
            bid_quantities_lots=[order.quantity_lots for order in bids],
            ask_order_ids=[order.order_id for order in asks],
            ask_prices_ticks=[order.price_ticks for order in asks],
            ask_quantities_lots=[order.quantity_lots for order in asks],
            checksum=snapshot.checksum,
            order_count=len(orders),
            part=part,
            parts=len(starts),
        )
        messages.append(pb.StreamOrdersResponse(snapshot=message))
    return messages


def orders_heartbeat_wire(feeds: Feeds, book: MarketBook) -> bytes:
    """Encode the message that says the orders are unchanged."""
    return pb.StreamOrdersResponse(
        heartbeat=pb.BookHeartbeat(book_sequence=book.head, sequence=feeds.sequence)
    ).SerializeToString()
