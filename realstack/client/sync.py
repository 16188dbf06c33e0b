"""The same client for code without an event loop: it runs one in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import grpc

from realstack.client.client import Client
from realstack.client.session import PERSON, TIMEOUT_SECONDS, local_venue

P = ParamSpec("P")
R = TypeVar("R")


class Face:
    """An async client in a loop of its own, and how to wait for it."""

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
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="realstack client", daemon=True
        )
        self._make: Callable[[], Client] = lambda: Client(
            address,
            api_key=api_key,
            timeout_seconds=timeout_seconds,
            credentials=credentials,
            cancel_on_disconnect=cancel_on_disconnect,
            cancel_tag=cancel_tag,
        )
        self._client: Client | None = None

    @classmethod
    def local(cls, name: str = PERSON) -> Self:
        """Return a client of the venue that `realstack up` runs here; see `Client.local`."""
        address, api_key = local_venue(name)
        return cls(address, api_key=api_key)

    def connect(self) -> Self:
        """Open the connection; see `Client.connect`."""
        self._thread.start()
        try:
            self._client = self.wait(self._connect())
        except BaseException:
            self._end()
            raise
        return self

    def close(self, *, says_goodbye: bool = True) -> None:
        """Close the connection and end the thread; see `Client.close`."""
        if self._client is not None:
            self.wait(self._client.close(says_goodbye=says_goodbye))
        self._end()

    def __enter__(self) -> Self:
        return self.connect()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(says_goodbye=error is None)

    async def _connect(self) -> Client:
        """Make the client inside its loop, and connect it."""
        client = self._make()
        try:
            return await client.connect()
        except BaseException:
            await client.close()
            raise

    def wait(self, work: Coroutine[Any, Any, R]) -> R:
        """Run work in the loop and wait for it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _end(self) -> None:
        """Stop the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def use(self) -> Client:
        """Return the connected client."""
        if self._client is None:
            raise RuntimeError("connect first, or use the client in a `with` statement")
        return self._client


def _call(
    method: Callable[Concatenate[Client, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Any, P], R]:
    """Make the blocking twin of a call."""

    @wraps(method)
    def blocking(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        face: Face = self
        return face.wait(method(face.use(), *args, **kwargs))

    return blocking


def _stream(
    method: Callable[Concatenate[Client, P], AsyncGenerator[R, None]],
) -> Callable[Concatenate[Any, P], Iterator[R]]:
    """Make the plain iterator of a stream."""

    @wraps(method)
    def iterate(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        face: Face = self
        stream = method(face.use(), *args, **kwargs)
        try:
            while True:
                try:
                    yield face.wait(_next(stream))
                except StopAsyncIteration:
                    return
        finally:
            face.wait(stream.aclose())

    return iterate


async def _next(stream: AsyncGenerator[R, None]) -> R:
    """Wait for the next element, as a coroutine that a loop can run."""
    return await anext(stream)


class SyncClient(Face):
    """A `Client` whose calls block and whose streams are plain iterators.

    It may be used by several threads at once. Each call is documented at `Client`.
    """

    place = _call(Client.place)
    cancel = _call(Client.cancel)
    replace = _call(Client.replace)
    cancel_all = _call(Client.cancel_all)
    set_deadline = _call(Client.set_deadline)
    request_withdrawal = _call(Client.request_withdrawal)
    quote = _call(Client.quote)
    place_batch = _call(Client.place_batch)
    resolve = _call(Client.resolve)
    balances = _call(Client.balances)
    open_orders = _call(Client.open_orders)
    instruments = _call(Client.instruments)
    market = _call(Client.market)
    asset = _call(Client.asset)
    book_snapshot = _call(Client.book_snapshot)
    statistics = _call(Client.statistics)
    define_asset = _call(Client.define_asset)
    define_market = _call(Client.define_market)
    define_account = _call(Client.define_account)
    set_reference_price = _call(Client.set_reference_price)
    set_phase = _call(Client.set_phase)
    uncross = _call(Client.uncross)
    set_limit = _call(Client.set_limit)
    kill = _call(Client.kill)
    controls = _call(Client.controls)
    set_id_window = _call(Client.set_id_window)
    status = _call(Client.status)
    ledger = _call(Client.ledger)
    credit_deposit = _call(Client.credit_deposit)
    executions = _stream(Client.executions)
    book = _stream(Client.book)
    orders_book = _stream(Client.orders_book)
    top = _stream(Client.top)
    trades = _stream(Client.trades)
    statuses = _stream(Client.statuses)
    fills = _stream(Client.fills)
    withdrawals = _stream(Client.withdrawals)
