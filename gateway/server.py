"""The gateway as a process: `realstack serve gateway`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
import sys
from collections.abc import Sequence
from types import FrameType

import uvicorn
import uvloop

from engine.keys import KeysInvalid
from gateway.app import create_app
from gateway.limits import WS_CONNECTIONS_MAX, WS_MESSAGE_BYTES_MAX
from gateway.protocol import HttpProtocol
from gateway.service import Gateway, GatewaySettings
from gateway.websocket.wire import SocketProtocol
from realstack.settings import MissingSetting
from services._base.process import announce, configure_logs
from services._base.settings import (
    add_setting,
    keys_path,
    read_api_key,
    read_settings,
    server_parser,
    split_address,
)

NAME = "gateway"
STOP_SECONDS = 3
SHUTDOWN_NOTICE_SECONDS = 0.05  # for a last message to leave before the sockets are closed


def parser() -> argparse.ArgumentParser:
    """Return the command line of this process."""
    made = server_parser(NAME, "REST, WebSocket and the live page.")
    add_setting(made, "--engine", "engine_address", "the engine")
    add_setting(made, "--market", "market_address", "the market service")
    add_setting(made, "--settlement", "settlement_address", "the settlement worker")
    made.add_argument(
        "--origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="a site whose pages may open the WebSocket, beside this one's own",
    )
    return made


def gateway_settings(options: argparse.Namespace) -> GatewaySettings:
    """Return what the gateway needs to know, from flags, environment and the running venue.

    Raises:
        MissingSetting: When the engine's address or the gateway's key is not known.
    """
    settings = read_settings(options)
    return GatewaySettings(
        engine_address=settings.need("engine_address"),
        market_address=settings.market_address,
        settlement_address=settings.settlement_address,
        api_key=read_api_key(options, settings, NAME),
        keys_path=keys_path(options, settings),
        names_path=settings.data / "instruments.json",
        origins=frozenset(options.origin),
    )


class GatewayServer(uvicorn.Server):
    """A server that says on stdout where it listens, once it does."""

    def __init__(self, gateway: Gateway, listen: str) -> None:
        super().__init__(server_config(gateway, listen))
        self._gateway = gateway

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets=sockets)
        if self.started:
            announce(NAME, f"http://{self.address()}")

    def address(self) -> str:
        """Return where it listens: the host that was asked for, the port that it got."""
        port = self.servers[0].sockets[0].getsockname()[1]
        return f"{self.config.host}:{port}"

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, after every WebSocket was told."""
        self._gateway.say_shutdown()
        await asyncio.sleep(SHUTDOWN_NOTICE_SECONDS)
        await super().shutdown(sockets=sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End in order; a second signal does not wait for open connections."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()  # the end was asked for: the exit status is zero


def server_config(gateway: Gateway, listen: str) -> uvicorn.Config:
    """Return how the server serves a gateway."""
    host, port = split_address(listen)
    return uvicorn.Config(
        create_app(gateway),
        host=host,
        port=port,
        http=HttpProtocol,
        ws=SocketProtocol,
        ws_max_size=4 * WS_MESSAGE_BYTES_MAX,  # beyond the session's own limit the frame is cut
        ws_per_message_deflate=False,  # a frame is encoded once for all; this would do it for each
        limit_concurrency=WS_CONNECTIONS_MAX + 500,
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_keep_alive=30,
        proxy_headers=False,  # nothing here asks who a proxy says the client is
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
    )


async def serve(options: argparse.Namespace) -> None:
    """Serve until a signal asks to stop.

    Raises:
        MissingSetting: When a setting is missing.
        KeysInvalid: When the key file is missing or breaks a rule.
    """
    gateway = Gateway(gateway_settings(options))
    await GatewayServer(gateway, options.listen).serve()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the process and return its exit status."""
    options = parser().parse_args(argv)
    configure_logs(NAME)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(options))
    except (MissingSetting, KeysInvalid) as error:
        sys.stderr.write(f"{NAME}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
