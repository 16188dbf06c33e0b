"""Records of the venue as public answers: whole numbers become decimal text, ids become text."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, cast

from engine.core.commands import Side
from gateway.catalog import Catalog
from gateway.schemas import market as schema
from gateway.schemas.requests import SideName
from gateway.times import NS_PER_SECOND, time_text
from realstack.client import (
    AuctionState,
    DayStatistics,
    Level,
    LocalBook,
    Market,
    PhaseChange,
    Trade,
)
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


LENGTHS_NS: dict[IntervalName, int] = {
    "1s": NS_PER_SECOND,
    "1m": 60 * NS_PER_SECOND,
    "5m": 300 * NS_PER_SECOND,
    "1h": 3_600 * NS_PER_SECOND,
    "1d": 86_400 * NS_PER_SECOND,
}
VWAP_PARTS = 10_000  # of a tick


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
            allocation=cast("schema.AllocationName", market.allocation.name.lower()),
            minimum_allocation=market.units.quantity_text(market.minimum_allocation_lots)
            if market.minimum_allocation_lots
            else None,
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


def statistics(market: Market, day: DayStatistics) -> schema.Statistics:
    """Return what a market did in a day."""
    units = market.units
    turnover_atoms = day.vwap_numerator * units.quote_atoms_per_tick_lot
    return schema.Statistics(
        day_open_time=time_text(day.day_open_time_ns),
        open=price_text(market, day.open_ticks),
        high=price_text(market, day.high_ticks),
        low=price_text(market, day.low_ticks),
        close=price_text(market, day.close_ticks),
        previous_close=price_text(market, day.previous_close_ticks),
        volume=units.quantity_text(day.volume_lots),
        turnover=market.quote.text(turnover_atoms),
        vwap=vwap_text(market, day),
        trade_count=day.trade_count,
        first_trade_id=day.first_trade_id or None,
        last_trade_id=day.last_trade_id or None,
    )


def vwap_text(market: Market, day: DayStatistics) -> str | None:
    """Print the volume-weighted average price; there is none without a trade."""
    vwap = day.vwap_ticks
    if vwap is None:
        return None
    step = Decimal(str(market.units.price.step))
    return f"{round(vwap * VWAP_PARTS) * step / VWAP_PARTS:f}"


def phase_fields(phase: PhaseChange) -> dict[str, str | None]:
    """Return what a market does now, and until when."""
    kind = phase.auction_kind
    return {
        "phase": phase.phase.name.lower(),
        "auction_kind": kind.name.lower() if kind else None,
        "auction_end_time": time_text(phase.auction_end_ns) if phase.auction_end_ns else None,
    }


def auction(market: Market, state: AuctionState | None) -> dict[str, str | bool | None] | None:
    """Return what a call would trade, or has traded; nothing when there is no match."""
    if state is None or state.volume_lots == 0:
        return None
    units = market.units
    return {
        "price": units.price_text(state.price_ticks),
        "volume": units.quantity_text(state.volume_lots),
        "surplus": units.quantity_text(state.surplus_lots),
        "surplus_side": side_name(state.surplus_side) if state.surplus_side else None,
        "is_final": state.is_final,
    }
