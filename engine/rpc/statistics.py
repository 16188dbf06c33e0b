"""Statistics of markets as messages, and the stream of the running day."""

from __future__ import annotations

from engine.feed.feeds import Feeds
from engine.feed.statistics import DayStatistics
from engine.rpc.follow import follow
from engine.rpc.methods import Context
from realstack.marketdata.v1 import marketdata_pb2 as pb


def statistics_message(day: DayStatistics) -> pb.Statistics:
    """Make the message of a day."""
    return pb.Statistics(
        market_id=day.market_id,
        day_open_time_ns=day.day_open_time_ns,
        open_ticks=day.open_ticks,
        high_ticks=day.high_ticks,
        low_ticks=day.low_ticks,
        close_ticks=day.close_ticks,
        volume_lots=day.volume_lots,
        trade_count=day.trade_count,
        vwap_numerator=str(day.price_lots),
        first_trade_id=day.first_trade_id,
        last_trade_id=day.last_trade_id,
        previous_close_ticks=day.previous_close_ticks,
    )


async def stream_statistics(feeds: Feeds, market_id: int, context: Context) -> None:
    """Follow the running day: a message after each change, and unchanged as a heartbeat."""
    subscription = feeds.subscriptions.open(
        ("statistics", market_id), 0, lambda: feeds.sequence + 1
    )
    told: DayStatistics | None = None

    def response() -> bytes:
        day = feeds.statistics.of(market_id, feeds.time_ns)
        return pb.StreamStatisticsResponse(
            statistics=statistics_message(day), as_of_sequence=feeds.sequence
        ).SerializeToString()

    def read() -> bytes | None:
        nonlocal told
        subscription.next = feeds.sequence + 1
        day = feeds.statistics.of(market_id, feeds.time_ns)
        if day == told:
            return None
        told = day
        return response()

    await follow(context, feeds.subscriptions, subscription, read, response)
