"""The gateway's parts, put together: what lies behind it, feeds, accounts and order entry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog

from engine.keys import KeysInvalid, KeyTable
from gateway.accounts.registry import Accounts
from gateway.convert import phase_name
from gateway.engine_client import EngineClient
from gateway.errors import ApiError, EdgeError
from gateway.feeds.auctions import AuctionFeed
from gateway.feeds.book_orders import BookOrdersFeed
from gateway.feeds.books import BookFeed
from gateway.feeds.candles import CandleFeed
from gateway.feeds.channel import Channel
from gateway.feeds.link import LagMeter, LinkState
from gateway.feeds.settlement import SettlementFeed
from gateway.feeds.statistics import StatisticsFeed
from gateway.feeds.status import Sources, StatusFeed
from gateway.feeds.trades import TradeFeed
from gateway.history import MarketHistory
from gateway.limits import (
    ACCOUNTS_MAX,
    KEY_CHARACTERS_MAX,
    STATUS_SECONDS,
    WS_HEARTBEAT_SECONDS,
)
from gateway.order_entry import Caller, OrderEntry
from gateway.schemas.market import PhaseName
from realstack.client import ClientError, Market
from services._base.retry import Backoff

INSTRUMENTS_SECONDS = 5.0  # how often new markets and names are looked for
KEYS_SECONDS = 1.0  # how soon a key that was added or removed counts

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Where the parts behind the gateway are, and what it may do."""

    engine_address: str
    market_address: str
    settlement_address: str
    api_key: str
    keys_path: Path
    names_path: Path | None = None
    origins: frozenset[str] = frozenset()


class OpenSocket(Protocol):
    """A socket that somebody has open."""

    def check_key(self) -> None:
        """End when the key is no longer valid."""

    def say_shutdown(self) -> None:
        """Tell the client that the gateway ends."""


class MarketFeed(Protocol):
    """What a channel of one market comes from."""

    channel: Channel

    @property
    def as_of_sequence(self) -> int:
        """The venue sequence that it reflects."""


class Gateway:
    """Everything that requests and sockets use."""

    def __init__(self, settings: GatewaySettings) -> None:
        """Put the parts together; nothing is connected yet.

        Raises:
            KeysInvalid: The key file is missing or breaks a rule.
        """
        self.settings = settings
        self.keys = KeyTable(settings.keys_path)
        self.engine = EngineClient(
            settings.engine_address, settings.api_key, names_file=settings.names_path
        )
        self.engine_link = LinkState()
        self.lag = LagMeter()
        self.history = MarketHistory(settings.market_address, settings.api_key)
        self.settlement = SettlementFeed(
            settings.settlement_address, settings.api_key, lambda: self.engine.catalog_now
        )
        self.trades = TradeFeed(self.engine, self.engine_link, self.lag)
        self.accounts = Accounts(self.engine, self.settlement, accounts_max=ACCOUNTS_MAX)
        self.orders = OrderEntry(self.engine, self.accounts)
        self.sockets: set[OpenSocket] = set()
        self.books: dict[str, BookFeed] = {}
        self.auctions = AuctionFeed(self.engine.statuses)
        self._channels: dict[tuple[str, str], tuple[Channel, Callable[[], int]]] = {}
        self.status = StatusFeed(
            Sources(
                trades=self.trades,
                settlement=self.settlement,
                engine_link=self.engine_link,
                market_link=self.history.link,
                lag=self.lag,
                as_of_sequence=self.as_of_sequence,
                sockets=lambda: len(self.sockets),
                phases=self.phases,
            )
        )
        self._tasks: set[asyncio.Task[None]] = set()

    def as_of_sequence(self) -> int:
        """Return the venue sequence that the feeds have reached."""
        books = (book.as_of_sequence for book in self.books.values())
        return max(self.trades.as_of_sequence, *books, 0)

    def phases(self) -> dict[str, PhaseName]:
        """Return what each market does, by symbol."""
        markets = self.engine.catalog_now.instruments.markets.values()
        return {market.symbol: phase_name(market) for market in markets}

    def authenticate(self, api_key: str | None) -> Caller:
        """Return the owner of an API key.

        Raises:
            ApiError: NOT_AUTHENTICATED, the same for no key and a wrong one.
        """
        if api_key is None or not 0 < len(api_key) <= KEY_CHARACTERS_MAX or not api_key.isascii():
            raise ApiError(EdgeError.NOT_AUTHENTICATED)
        principal = self.keys.find(api_key)
        if principal is None:
            raise ApiError(EdgeError.NOT_AUTHENTICATED)
        return Caller(principal, api_key)

    def public_channel(self, name: str, market: str | None) -> Channel | None:
        """Return a public channel, or nothing when there is none of that name and market."""
        if market is None:
            return {"batches": self.settlement.channel, "status": self.status.channel}.get(name)
        channel, _ = self._channels.get((name, market), (None, None))
        return channel

    async def start(self) -> None:
        """Begin to follow the venue; parts that are away are waited for in the background."""
        self._run(self._keep_markets(), "instruments")
        self._run(self.settlement.run(), "settlement batches")
        self._run(self.settlement.run_verdict(), "reconciliation")
        self._run(self.history.run(), "market history")
        self._run(_every(STATUS_SECONDS, self.status.tick), "status")
        self._run(_every(WS_HEARTBEAT_SECONDS, self._beat), "heartbeats")
        self._run(_every(KEYS_SECONDS, self._refresh_keys), "keys")

    async def close(self) -> None:
        """Stop following and close every connection."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.auctions.close()
        await self.accounts.close()
        await self.settlement.close()
        await self.history.close()
        await self.engine.close()

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("follower ended", follower=task.get_name(), detail=repr(error))

    async def _keep_markets(self) -> None:
        """Follow every market, those that are listed later too."""
        backoff = Backoff()
        following = False
        while True:
            try:
                catalog = await self.engine.catalog(refresh=True)
            except ApiError as error:
                log.info("no instruments yet", detail=str(error))
                await backoff.wait()
                continue
            for market in catalog.instruments.markets.values():
                if market.symbol not in self.books:
                    self._follow_market(market)
            if not following:
                following = True
                self._run(_again(self.trades.run), "trades")
                self._run(_again(self.auctions.run), "phases")
            await self.engine.drop_unused()
            backoff.reset()
            await asyncio.sleep(INSTRUMENTS_SECONDS)

    def _follow_market(self, market: Market) -> None:
        tape = self.trades.add_market(market)
        book = self.books[market.symbol] = BookFeed(
            self.engine, market, self.engine_link, self.lag, lambda: tape.last_price_ticks
        )
        self._run(_again(book.run), f"book {market.symbol}")
        tape.traded = book.ticker.look
        orders = BookOrdersFeed(self.engine, market)
        self._run(_again(orders.run), f"book orders {market.symbol}")
        statistics = StatisticsFeed(self.engine, market)
        self._run(_again(statistics.run), f"statistics {market.symbol}")
        candles = CandleFeed(self.history, market, lambda: tape.last_trade_id)
        if self.settings.market_address:
            self._run(_again(candles.run), f"candles {market.symbol}")
        auction = self.auctions.add_market(market)
        feeds: list[MarketFeed] = [book, book.ticker, orders, tape, statistics, auction]
        for feed in (*feeds, *candles.intervals):
            self._add_channel(market, feed)

    def _add_channel(self, market: Market, feed: MarketFeed) -> None:
        entry = feed.channel, lambda: feed.as_of_sequence
        self._channels[feed.channel.name, market.symbol] = entry

    def _beat(self) -> None:
        as_of = self.as_of_sequence()
        self.settlement.channel.beat(as_of)
        for channel, as_of_sequence in self._channels.values():
            channel.beat(as_of_sequence())
        self.accounts.beat()

    def _refresh_keys(self) -> None:
        try:
            changed = self.keys.refresh()
        except KeysInvalid as error:
            log.error("key file not readable, former keys stay", detail=str(error))
            return
        if changed:
            for each in tuple(self.sockets):
                each.check_key()

    def say_shutdown(self) -> None:
        """Tell every socket that the gateway ends."""
        for each in tuple(self.sockets):
            each.say_shutdown()


async def _every(seconds: float, work: Callable[[], None]) -> None:
    """Do something again and again."""
    while True:
        work()
        await asyncio.sleep(seconds)


async def _again(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a follower, and run it anew when the venue has refused it or broken its rules."""
    backoff = Backoff()
    while True:
        try:
            await work()
        except (ClientError, ApiError) as error:
            log.warning("follower begins anew", detail=str(error))
        await backoff.wait()
