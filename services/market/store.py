"""Trades, candles and the projection's position in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from asyncpg import Record

from services._base.database import Connection, Pool, migrate
from services.market.domain import Candle, Interval, Trade, candles_of, filled_page

SCHEMA = "market"
MIGRATIONS = Path(__file__).parent / "migrations"
TIME_NS_MAX = (1 << 63) - 1

_TRADE_COLUMNS = tuple(field.name for field in fields(Trade))
_LIST_TRADES = """
    SELECT trade_id, market_id, sequence, time_ns, price_ticks, quantity_lots, aggressor_side
    FROM market.trades WHERE market_id = $1 AND trade_id < $2 ORDER BY trade_id DESC LIMIT $3
"""
_CANDLES_FROM = """
    SELECT * FROM market.candles
    WHERE market_id = $1 AND interval_id = $2 AND open_time_ns >= $3 AND open_time_ns < $4
    ORDER BY open_time_ns LIMIT $5
"""
_CANDLES_LATEST = """
    SELECT * FROM market.candles
    WHERE market_id = $1 AND interval_id = $2 AND open_time_ns >= $3 AND open_time_ns < $4
    ORDER BY open_time_ns DESC LIMIT $5
"""
_ADD_CANDLE = """
    INSERT INTO market.candles AS candle (market_id, interval_id, open_time_ns, open_ticks,
        high_ticks, low_ticks, close_ticks, volume_lots, trade_count, first_trade_id,
        last_trade_id, first_sequence, last_sequence)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (market_id, interval_id, open_time_ns) DO UPDATE SET
        high_ticks = greatest(candle.high_ticks, excluded.high_ticks),
        low_ticks = least(candle.low_ticks, excluded.low_ticks),
        close_ticks = excluded.close_ticks,
        volume_lots = candle.volume_lots + excluded.volume_lots,
        trade_count = candle.trade_count + excluded.trade_count,
        last_trade_id = excluded.last_trade_id,
        last_sequence = excluded.last_sequence
"""


class ProjectionError(Exception):
    """What the engine tells does not continue what is stored; the message says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far the projection has come."""

    last_trade_id: int
    as_of_sequence: int
    venue_time_ns: int


class Store:
    """The tables of the market service."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def prepare(self) -> None:
        """Bring the tables to what this program needs."""
        await migrate(self._pool, SCHEMA, MIGRATIONS)

    async def position(self) -> Position:
        """Return how far the projection has come."""
        async with self._pool.acquire() as connection:
            return await _position(connection)

    async def trade(self, trade_id: int) -> Trade | None:
        """Return a stored trade."""
        query = "SELECT * FROM market.trades WHERE trade_id = $1"
        row = await self._pool.fetchrow(query, trade_id)
        return None if row is None else _trade(row)

    async def append(
        self, trades: Sequence[Trade], *, as_of_sequence: int, venue_time_ns: int
    ) -> Position:
        """Store trades, their candles and the new position, all or nothing.

        Trades that are stored already are left out, so a repeat changes nothing.

        Args:
            trades: By rising trade id, without a gap.
            as_of_sequence: The venue sequence up to which no further trade can come.
            venue_time_ns: A venue time up to which no further trade can come, or zero.

        Raises:
            ProjectionError: When trades between the stored ones and these are missing.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            before = await _position(connection, lock=True)
            new = [trade for trade in trades if trade.trade_id > before.last_trade_id]
            _check_dense(before.last_trade_id, new)
            if new:
                await connection.copy_records_to_table(
                    "trades",
                    schema_name=SCHEMA,
                    columns=_TRADE_COLUMNS,
                    records=[astuple(trade) for trade in new],
                )
                await connection.executemany(_ADD_CANDLE, [astuple(c) for c in candles_of(new)])
            after = Position(
                last_trade_id=new[-1].trade_id if new else before.last_trade_id,
                as_of_sequence=max(before.as_of_sequence, as_of_sequence),
                venue_time_ns=max(before.venue_time_ns, venue_time_ns),
            )
            if after != before:
                await connection.execute(
                    "UPDATE market.projection"
                    " SET last_trade_id = $1, as_of_sequence = $2, venue_time_ns = $3",
                    *astuple(after),
                )
        return after

    async def list_trades(
        self, market_id: int, *, before_trade_id: int, count: int
    ) -> tuple[list[Trade], Position]:
        """Return trades of a market before a trade id, newest first, and the position they show."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            position = await _position(connection)
            rows = await connection.fetch(_LIST_TRADES, market_id, before_trade_id, count)
        return [_trade(row) for row in rows], position

    async def list_candles(
        self,
        market_id: int,
        interval: Interval,
        *,
        from_time_ns: int,
        to_time_ns: int,
        count: int,
        with_gaps_filled: bool = False,
    ) -> tuple[list[Candle], Position]:
        """Return candles that open in `[from, to)`, oldest first, and the position they show.

        Args:
            market_id: The market.
            interval: The interval.
            from_time_ns: Zero: the latest ones before `to`.
            to_time_ns: Zero: no end.
            count: At most this many.
            with_gaps_filled: Whether intervals without a trade are given too, up to the venue's
                time.
        """
        query = _CANDLES_FROM if from_time_ns else _CANDLES_LATEST
        end_ns = to_time_ns or TIME_NS_MAX
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            position = await _position(connection)
            rows = await connection.fetch(
                query, market_id, interval, from_time_ns, min(end_ns, TIME_NS_MAX), count
            )
            before = None
            if with_gaps_filled and from_time_ns:
                before = await connection.fetchrow(
                    _CANDLES_LATEST, market_id, interval, 0, from_time_ns, 1
                )
        candles = [_candle(row) for row in (rows if from_time_ns else reversed(rows))]
        if with_gaps_filled:
            known_ns = min(end_ns, position.venue_time_ns + 1)
            candles = filled_page(
                candles if before is None else [_candle(before), *candles],
                from_time_ns=from_time_ns or known_ns - count * interval.length_ns,
                to_time_ns=known_ns,
                count=count,
            )
        return candles, position


async def _position(connection: Connection, *, lock: bool = False) -> Position:
    query = "SELECT last_trade_id, as_of_sequence, venue_time_ns FROM market.projection"
    row = await connection.fetchrow(query + " FOR UPDATE" if lock else query)
    if row is None:
        raise ProjectionError("the table market.projection has lost its row")
    return Position(**row)


def _check_dense(last_trade_id: int, trades: Sequence[Trade]) -> None:
    for expected, trade in enumerate(trades, last_trade_id + 1):
        if trade.trade_id != expected:
            raise ProjectionError(
                f"trade {expected} is missing: the engine went on with {trade.trade_id}"
            )


def _trade(row: Record) -> Trade:
    return Trade(**row)


def _candle(row: Record) -> Candle:
    columns = dict(row)
    return Candle(interval=Interval(columns.pop("interval_id")), **columns)
