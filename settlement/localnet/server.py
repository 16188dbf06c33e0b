"""The local network as a server: start it, find its address, stop it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvicorn
from solders.pubkey import Pubkey

from settlement.localnet.chain import Chain
from settlement.localnet.clock import SlotClock, SteppedClock, WallClock
from settlement.localnet.http import BODY_BYTES_MAX, RpcApp
from settlement.localnet.settings import SLOT_MS_DEFAULT, LocalnetSettings, SettingsRefused
from settlement.localnet.store import Store, StoreRefused
from settlement.localnet.subscriptions import Subscriptions

BACKLOG_CONNECTIONS = 2_048
TURNS_TO_NOTICE_A_CLOSE = 10
KEEP_ALIVE_SECONDS = 75
"""Longer than clients keep a connection, so that it is they who end it and none races a request."""


class _PortServer(uvicorn.Server):
    """A uvicorn server that leaves signals to the process and ends as soon as it is told to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stop_asked = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield

    async def main_loop(self) -> None:
        """Wait for the end; the work is done in the connections."""
        await self.stop_asked.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the port, and wait for connections only if there are any."""
        for server in self.servers:
            server.close()
        # A client that has just closed is noticed within a few turns of the loop.
        for _ in range(TURNS_TO_NOTICE_A_CLOSE):
            await asyncio.sleep(0)
        if self.server_state.connections:
            await super().shutdown(sockets)


class LocalnetServer:
    """One local network behind one TCP port, for HTTP and WebSocket alike.

    Use it as an async context manager, or call `start` and `stop`.
    """

    def __init__(self, settings: LocalnetSettings, *, clock: SlotClock | None = None) -> None:
        """Take the settings; nothing is opened before `start`."""
        self.settings = settings
        self._clock = clock or _clock_of(settings)
        self._chain: Chain | None = None
        self._server: _PortServer | None = None
        self._port = settings.port
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def address(self) -> str:
        """The host and the port."""
        host = self.settings.host
        return f"[{host}]:{self._port}" if ":" in host else f"{host}:{self._port}"

    @property
    def url(self) -> str:
        """The address for HTTP."""
        return f"http://{self.address}"

    @property
    def ws_url(self) -> str:
        """The address for WebSocket."""
        return f"ws://{self.address}"

    @property
    def chain(self) -> Chain:
        """The chain behind the port, while it runs."""
        if self._chain is None:
            raise RuntimeError("the local network is not running")
        return self._chain

    async def start(self) -> None:
        """Open the chain and the port; on return requests are answered.

        Raises:
            StoreRefused: The data folder is in use or not readable.
            OSError: The port is taken.
        """
        listener = _listen(self.settings.host, self._port)
        self._port = listener.getsockname()[1]
        try:
            self._chain = _open_chain(self.settings, self._clock)
        except BaseException:
            listener.close()
            raise
        config = uvicorn.Config(
            RpcApp(self._chain, Subscriptions(self._chain)),
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            ws_max_size=BODY_BYTES_MAX,
        )
        self._server = _PortServer(config)
        serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        ticking = asyncio.create_task(self._tick(self._chain))
        self._tasks = [serving, ticking]

    async def _tick(self, chain: Chain) -> None:
        while True:
            await self._clock.wait_for_slot_end()
            chain.advance_slots(1)

    async def wait(self) -> None:
        """Wait until the server ends; a broken chain or database raises here."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Close the port and the chain; everything that landed is on disk.

        What broke the server while it ran is raised here.
        """
        if self._chain is None or self._server is None:
            return
        serving, ticking = self._tasks
        ticking.cancel()
        self._server.stop_asked.set()
        ends = await asyncio.gather(serving, ticking, return_exceptions=True)
        chain, self._chain = self._chain, None
        for end in ends:
            if isinstance(end, Exception):
                chain.store.close()
                raise end
        chain.close()

    async def __aenter__(self) -> LocalnetServer:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()


def _open_chain(settings: LocalnetSettings, clock: SlotClock) -> Chain:
    store = Store(settings.data_dir)
    try:
        return Chain(settings, clock=clock, store=store)
    except BaseException:
        store.close()
        raise


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's delay off only for sockets that say they are TCP; with it, an answer
    # in two pieces takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG_CONNECTIONS)
    except BaseException:
        listener.close()
        raise
    return listener


def _clock_of(settings: LocalnetSettings) -> SlotClock:
    return SteppedClock() if settings.slot_ms is None else WallClock(settings.slot_ms)


async def serve(settings: LocalnetSettings) -> None:
    """Run a local network until SIGINT or SIGTERM."""
    server = LocalnetServer(settings)
    stop_asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop_asked.set)
    async with server:
        sys.stdout.write(f"ready localnet {server.address}\n")
        sys.stdout.flush()
        waiting = asyncio.create_task(stop_asked.wait())
        running = asyncio.create_task(server.wait())
        await asyncio.wait((waiting, running), return_when=asyncio.FIRST_COMPLETED)
        for task in (waiting, running):
            task.cancel()
        # What broke the server is raised by its end, a line further down.
        await asyncio.gather(waiting, running, return_exceptions=True)


def parse_arguments(arguments: Sequence[str] | None = None) -> LocalnetSettings:
    """Read settings from the command line."""
    parser = argparse.ArgumentParser(
        prog="localnet", description="A Solana network in one process, behind JSON-RPC."
    )
    defaults = LocalnetSettings()
    parser.add_argument("--host", default=defaults.host)
    parser.add_argument("--port", type=int, default=defaults.port, help="0 takes a free one")
    parser.add_argument("--data-dir", type=Path, default=None, help="default: in memory only")
    parser.add_argument(
        "--slot-ms", type=int, default=SLOT_MS_DEFAULT, help="0: slots move only by hand"
    )
    parser.add_argument("--confirmed-slots", type=int, default=defaults.confirmed_depth_slots)
    parser.add_argument("--finalized-slots", type=int, default=defaults.finalized_depth_slots)
    parser.add_argument(
        "--program",
        action="append",
        default=[],
        metavar="ADDRESS=FILE",
        help="a program (ELF) that exists from the start; may be repeated",
    )
    chosen = parser.parse_args(arguments)
    return LocalnetSettings(
        host=chosen.host,
        port=chosen.port,
        data_dir=chosen.data_dir,
        slot_ms=chosen.slot_ms or None,
        confirmed_depth_slots=chosen.confirmed_slots,
        finalized_depth_slots=chosen.finalized_slots,
        programs=dict(map(_program, chosen.program)),
    )


def _program(text: str) -> tuple[Pubkey, Path]:
    address, equals, path = text.partition("=")
    if not equals or not Path(path).is_file():
        raise SettingsRefused(f"--program {text}: must be ADDRESS=FILE with an existing file")
    try:
        return Pubkey.from_string(address), Path(path)
    except ValueError as error:
        raise SettingsRefused(f"--program {text}: {error}") from error


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a local network from the command line; exit with 2 if it cannot start."""
    try:
        asyncio.run(serve(parse_arguments(arguments)))
    except (SettingsRefused, StoreRefused, OSError) as error:
        sys.stderr.write(f"localnet: {error}\n")
        sys.exit(2)
