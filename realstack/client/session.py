"""What every kind of call needs: the channel, the key, deadlines, and the list of instruments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
import grpc.aio

from engine.core.rejects import Reject
from realstack import settings
from realstack.client.arguments import check_tag
from realstack.client.connection import CHANNEL_OPTIONS, Patience, error_of
from realstack.client.decode import instruments_from
from realstack.client.errors import InvalidInput, Unavailable
from realstack.client.lane import Lane
from realstack.client.records import Asset, Instruments, Market
from realstack.marketdata.v1 import marketdata_pb2, marketdata_pb2_grpc
from realstack.trading.v1 import trading_pb2

T = TypeVar("T")

TIMEOUT_SECONDS = 10.0
PERSON = "trader"  # the participant that `realstack up` makes for the person at the keyboard
TRADE_METHOD = "/realstack.trading.v1.TradingService/Trade"


def lost_tag_of(cancel_on_disconnect: bool, cancel_tag: int) -> int | None:
    """Return the tag whose orders a loss cancels, 0 for all; nothing when none are.

    Raises:
        InvalidInput: A tag without `cancel_on_disconnect`, or out of range.
    """
    check_tag("cancel_tag", cancel_tag)
    if cancel_tag and not cancel_on_disconnect:
        rule = "goes with cancel_on_disconnect"
        raise InvalidInput("cancel_tag", cancel_tag, rule, Reject.INVALID_PARAMETER)
    return cancel_tag if cancel_on_disconnect else None


def local_venue(name: str) -> tuple[str, str]:
    """Find the address of this machine's venue and a key, as the command line finds them."""
    known = settings.load()
    return known.need("engine_address"), known.key_of(name)


def channel_options(address: str) -> list[tuple[str, int | str]]:
    """Return the options of a channel to an address, or to the first that answers of several.

    gRPC would name them all as the authority of each call, with commas, which is no authority
    (RFC 3986, 3.2) and is refused by strict servers. So the first one is named.
    """
    hosts = address.removeprefix("ipv4:").removeprefix("ipv6:").split(",")
    if len(hosts) == 1:
        return [*CHANNEL_OPTIONS]
    return [*CHANNEL_OPTIONS, ("grpc.default_authority", hosts[0])]


class Session:
    """A connection to a venue with one API key.

    Args:
        address: ``host:port`` of the engine.
        api_key: The key; its account and role decide what is allowed.
        timeout_seconds: How long a call may take when it does not say otherwise.
        credentials: For a venue behind TLS.
        cancel_on_disconnect: Let the venue cancel orders when this client is lost after it has sent
            commands: it crashes, its machine or its network fails, or its context ends on an
            exception. Closing it in the ordinary way leaves them.
        cancel_tag: Only orders of this tag, 1 to 65,535; 0 for all of the account.

    Raises:
        InvalidInput: A tag without `cancel_on_disconnect`, or out of range.
    """

    def __init__(
        self,
        address: str,
        *,
        api_key: str,
        timeout_seconds: float = TIMEOUT_SECONDS,
        credentials: grpc.ChannelCredentials | None = None,
        cancel_on_disconnect: bool = False,
        cancel_tag: int = 0,
    ) -> None:
        self.address = address
        self._lost_tag = lost_tag_of(cancel_on_disconnect, cancel_tag)
        self._timeout_seconds = timeout_seconds
        self._metadata = (("x-api-key", api_key),)
        self._credentials = credentials
        self._channel: grpc.aio.Channel | None = None
        self._lane: Lane | None = None
        self._instruments: Instruments | None = None

    @classmethod
    def local(cls, name: str = PERSON) -> Self:
        """Return a client of the venue that `realstack up` runs on this machine.

        Args:
            name: Whose key of the venue's data folder to use.

        Raises:
            MissingSetting: No venue runs here, or it made no key of that name.
        """
        address, api_key = local_venue(name)
        return cls(address, api_key=api_key)

    async def connect(self) -> Self:
        """Open the connection and read the instruments, which also proves the key.

        Raises:
            Unavailable: Nobody answers at the address.
            NotAuthenticated: The venue does not know the key.
        """
        await self.instruments(refresh=True)
        return self

    async def close(self, *, says_goodbye: bool = True) -> None:
        """Close the connection; calls that are under way end with an error.

        Args:
            says_goodbye: False counts as a loss: with `cancel_on_disconnect` orders are cancelled.
        """
        if self._lane is not None:
            await self._lane.close(says_goodbye=says_goodbye)
        if self._channel is not None:
            await self._channel.close()

    async def __aenter__(self) -> Self:
        try:
            return await self.connect()
        except BaseException:
            await self.close()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close(says_goodbye=error is None)

    async def instruments(self, *, refresh: bool = False) -> Instruments:
        """Return all assets and markets; they are read once and kept.

        Args:
            refresh: Read them again.
        """
        if self._instruments is None or refresh:
            stub = marketdata_pb2_grpc.MarketDataServiceStub(self._open_channel())
            request = marketdata_pb2.ListInstrumentsRequest()
            self._instruments = instruments_from(await self._unary(stub.ListInstruments, request))
        return self._instruments

    async def market(self, market: str | int) -> Market:
        """Return a market by symbol or id.

        Raises:
            InvalidInput: The venue has no such market.
        """
        for refresh in (False, True):  # it may have been listed since the list was read
            found = (await self.instruments(refresh=refresh)).find_market(market)
            if found is not None:
                return found
        known = ", ".join(entry.symbol for entry in (await self.instruments()).markets.values())
        rule = f"must be one of: {known or 'none is defined yet'}"
        raise InvalidInput("market", market, rule, Reject.UNKNOWN_MARKET)

    async def asset(self, asset: str | int) -> Asset:
        """Return an asset by symbol or id.

        Raises:
            InvalidInput: The venue has no such asset.
        """
        for refresh in (False, True):
            found = (await self.instruments(refresh=refresh)).find_asset(asset)
            if found is not None:
                return found
        known = ", ".join(entry.symbol for entry in (await self.instruments()).assets.values())
        rule = f"must be one of: {known or 'none is defined yet'}"
        raise InvalidInput("asset", asset, rule, Reject.UNKNOWN_ASSET)

    # --- for the classes built on this one ---

    def _open_channel(self) -> grpc.aio.Channel:
        """Return the channel; it connects by itself when first used."""
        if self._channel is None:
            options = channel_options(self.address)
            if self._credentials is None:
                self._channel = grpc.aio.insecure_channel(self.address, options)
            else:
                self._channel = grpc.aio.secure_channel(self.address, self._credentials, options)
        return self._channel

    def _open_lane(self) -> Lane:
        """Return the trading stream; it opens by itself when first used."""
        if self._lane is None:
            self._lane = Lane(self._open_trade, lost_tag=self._lost_tag)
        return self._lane

    def _open_trade(self) -> Any:
        """Open a `Trade` call whose requests are serialized already."""
        method: Callable[..., Any] = self._open_channel().stream_stream(
            TRADE_METHOD,
            request_serializer=None,
            response_deserializer=trading_pb2.TradeResponse.FromString,
        )
        return method(metadata=self._metadata, wait_for_ready=True)

    async def _unary(
        self, method: Callable[..., Any], request: object, timeout_seconds: float | None = None
    ) -> Any:
        """Make a call that may be repeated, until it succeeds or its time is over.

        Raises:
            Unavailable: The time is over.
            RequestRefused: The venue's edge refused it.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds(timeout_seconds)
        patience = Patience()
        while True:
            left = max(deadline - loop.time(), 0.001)
            try:
                return await method(
                    request, metadata=self._metadata, timeout=left, wait_for_ready=True
                )
            except grpc.aio.AioRpcError as error:
                patience.check(error)
                wait = patience.backoff.next_seconds()
                if loop.time() + wait >= deadline:
                    raise self._too_late(error) from error
            await asyncio.sleep(wait)

    def _seconds(self, timeout_seconds: float | None) -> float:
        """Return how long a call may take."""
        return self._timeout_seconds if timeout_seconds is None else timeout_seconds

    def _too_late(self, error: grpc.aio.AioRpcError) -> Unavailable:
        """Say in words that the venue did not answer in time."""
        return Unavailable(f"{self.address}: {error_of(error)}")
