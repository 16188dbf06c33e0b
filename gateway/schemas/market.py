"""Public answers: instruments, books, trades and candles."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from gateway.schemas.requests import SideName

PhaseName = Literal["closed", "pre_open", "auction", "open", "post_only", "halted", "wind_down"]
AuctionKindName = Literal["opening", "closing", "volatility", "on_demand"]
AllocationName = Literal["fifo", "pro_rata"]
Level = tuple[str, str, int]
"""Price, quantity and number of orders of one price level."""


class Asset(Struct, kw_only=True, frozen=True):
    """An asset that balances are kept in."""

    asset_id: int
    symbol: str
    name: str
    decimals: int
    mint: str | None = None


class Market(Struct, kw_only=True, frozen=True):
    """A market: a base asset priced in a quote asset.

    `band_ppm` is how far from the last price a market order may trade, `volatility_ppm` how far a
    trade may be before it starts an auction of `auction_ms`; null for no such band. `allocation` is
    how a price level is shared out; a share below `minimum_allocation` is none.
    """

    market_id: int
    symbol: str
    name: str
    base: str
    quote: str
    tick_size: str
    lot_size: str
    maker_fee_ppm: int
    taker_fee_ppm: int
    last_price: str | None
    reference_price: str | None
    phase: PhaseName
    auction_kind: AuctionKindName | None
    auction_end_time: str | None
    band_ppm: int | None
    volatility_ppm: int | None
    auction_ms: int | None
    allocation: AllocationName
    minimum_allocation: str | None


class Instruments(Struct, kw_only=True, frozen=True):
    """All assets and markets."""

    assets: list[Asset]
    markets: list[Market]
    as_of_seq: int


class Book(Struct, kw_only=True, frozen=True):
    """A book, best prices first."""

    market: str
    book_sequence: int
    as_of_seq: int
    time: str | None
    bids: list[Level]
    asks: list[Level]
    checksum: int
    last_price: str | None


class Trade(Struct, kw_only=True, frozen=True):
    """A public trade."""

    trade_id: int
    sequence: int
    time: str
    price: str
    quantity: str
    aggressor_side: SideName


class Trades(Struct, kw_only=True, frozen=True):
    """Trades of a market, newest first."""

    market: str
    trades: list[Trade]
    next_page_token: str | None
    as_of_seq: int


class Candle(Struct, kw_only=True, frozen=True):
    """Open, high, low, close and volume of one interval."""

    open_time: str
    open: str
    high: str
    low: str
    close: str
    volume: str
    trade_count: int
    first_trade_id: int
    last_trade_id: int
    first_seq: int
    last_seq: int
    closed: bool
    revision: int


class Statistics(Struct, kw_only=True, frozen=True):
    """What a market did in one day of UTC; prices are null when it had no trade.

    `turnover` is the exact sum of price times quantity in the quote asset. `vwap` is that divided
    by the volume, rounded half to even to a ten-thousandth of a tick.
    """

    day_open_time: str
    open: str | None
    high: str | None
    low: str | None
    close: str | None
    previous_close: str | None
    volume: str
    turnover: str
    vwap: str | None
    trade_count: int
    first_trade_id: int | None
    last_trade_id: int | None


class MarketStatistics(Struct, kw_only=True, frozen=True):
    """Statistics of a market's day."""

    market: str
    statistics: Statistics


class Candles(Struct, kw_only=True, frozen=True):
    """Candles of a market, oldest first; an interval without a trade has none unless asked for."""

    market: str
    interval: str
    candles: list[Candle]
    as_of_seq: int
