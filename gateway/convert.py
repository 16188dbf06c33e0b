"""Records of the venue as public answers: whole numbers become decimal text, ids become text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, cast

from engine.core.commands import Side
from gateway.catalog import Catalog
from gateway.schemas import market as schema
from gateway.schemas.requests import SideName
from gateway.times import time_text
from realstack.client import Level, LocalBook, Market, Trade
from realstack.market.v1 import market_pb2
from realstack.marketdata.v1 import marketdata_pb2

IntervalName = Literal["1s", "1m", "5m", "1h", "1d"]
INTERVALS: dict[IntervalName, market_pb2.Interval.ValueType] = {
    "1s": market_pb2.INTERVAL_1S,
    "1m": market_pb2.INTERVAL_1M,
    "5m": market_pb2.INTERVAL_5M,
    "1h": market_pb2.INTERVAL_1H,
    "1d": market_pb2.INTERVAL_1D,
}


def side_name(side: int) -> SideName:
    """Return a side by name."""
    return cast("SideName", Side(side).name.lower())


def phase_name(market: Market) -> schema.PhaseName:
    """Return what a market does now."""
    return cast("schema.PhaseName", market.phase.name.lower())


def price_text(market: Market, price_ticks: int) -> str | None:
    """Print a price; there is none when it is zero ticks."""
    return market.units.price_text(price_ticks) if price_ticks else None


def level(market: Market, price_ticks: int, quantity_lots: int, order_count: int) -> schema.Level:
    """Return a price level."""
    units = market.units
    return units.price_text(price_ticks), units.quantity_text(quantity_lots), order_count


def levels(market: Market, rows: Iterable[Level]) -> list[schema.Level]:
    """Return price levels of a local book."""
    return [level(market, row.price_ticks, row.quantity_lots, row.order_count) for row in rows]


def wire_levels(market: Market, rows: Iterable[marketdata_pb2.Level]) -> list[schema.Level]:
    """Return price levels of a message."""
    return [level(market, row.price_ticks, row.quantity_lots, row.order_count) for row in rows]


def instruments(catalog: Catalog) -> schema.Instruments:
    """Return all assets and markets."""
    assets = [
        schema.Asset(
            asset_id=asset.asset_id,
            symbol=asset.symbol,
            name=catalog.asset_name(asset),
            decimals=asset.decimals,
            mint=catalog.names.mints.get(asset.asset_id),
        )
        for asset in catalog.instruments.assets.values()
    ]
    markets = [
        schema.Market(
            market_id=market.market_id,
            symbol=market.symbol,
            name=catalog.market_name(market),
            base=market.base.symbol,
            quote=market.quote.symbol,
            tick_size=str(market.units.price.step),
            lot_size=str(market.units.quantity.step),
            maker_fee_ppm=market.maker_fee_ppm,
            taker_fee_ppm=market.taker_fee_ppm,
            last_price=price_text(market, market.last_price_ticks),
            reference_price=price_text(market, market.reference_price_ticks),
            phase=phase_name(market),
            auction_kind=cast("schema.AuctionKindName", market.auction_kind.name.lower())
            if market.auction_kind
            else None,
            auction_end_time=time_text(market.auction_end_ns) if market.auction_end_ns else None,
            band_ppm=market.band_ppm or None,
            volatility_ppm=market.volatility_ppm or None,
            auction_ms=market.auction_ms or None,
        )
        for market in catalog.instruments.markets.values()
    ]
    as_of = catalog.instruments.as_of_sequence
    return schema.Instruments(assets=assets, markets=markets, as_of_seq=as_of)


def book(market: Market, snapshot: marketdata_pb2.BookSnapshot) -> schema.Book:
    """Return a book that was read once."""
    return schema.Book(
        market=market.symbol,
        book_sequence=snapshot.book_sequence,
        as_of_seq=snapshot.sequence,
        time=time_text(snapshot.time_ns) if snapshot.time_ns else None,
        bids=wire_levels(market, snapshot.bids),
        asks=wire_levels(market, snapshot.asks),
        checksum=snapshot.checksum,
        last_price=price_text(market, snapshot.last_price_ticks),
    )


def local_book(market: Market, book: LocalBook, last_price_ticks: int) -> schema.Book:
    """Return a book that is kept up."""
    return schema.Book(
        market=market.symbol,
        book_sequence=book.book_sequence,
        as_of_seq=book.sequence,
        time=time_text(book.time_ns) if book.time_ns else None,
        bids=levels(market, book.bids()),
        asks=levels(market, book.asks()),
        checksum=book.checksum(),
        last_price=price_text(market, last_price_ticks),
    )


def trade(market: Market, row: Trade | market_pb2.HistoricTrade) -> schema.Trade:
    """Return a public trade, live or from the history."""
    return schema.Trade(
        trade_id=row.trade_id,
        sequence=row.sequence,
        time=time_text(row.time_ns),
        price=market.units.price_text(row.price_ticks),
        quantity=market.units.quantity_text(row.quantity_lots),
        aggressor_side=side_name(row.aggressor_side),
    )


def candle(market: Market, row: market_pb2.Candle) -> schema.Candle:
    """Return a candle."""
    units = market.units
    return schema.Candle(
        open_time=time_text(row.open_time_ns),
        open=units.price_text(row.open_ticks),
        high=units.price_text(row.high_ticks),
        low=units.price_text(row.low_ticks),
        close=units.price_text(row.close_ticks),
        volume=units.quantity_text(row.volume_lots),
        trade_count=row.trade_count,
        first_trade_id=row.first_trade_id,
        last_trade_id=row.last_trade_id,
        first_seq=row.first_sequence,
        last_seq=row.last_sequence,
        closed=row.closed,
        revision=row.revision,
    )
