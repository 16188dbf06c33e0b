"""The plain gRPC front: all services of one engine on one port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from engine.feed.feeds import Feeds
from engine.keys import KeysInvalid, KeyTable
from engine.rpc import admin, market_data, settlement, trading
from engine.rpc.admin import AdminService
from engine.rpc.arrival import Arrivals
from engine.rpc.intake import Intake
from engine.rpc.limits import CALLS_MAX, SERVER_OPTIONS
from engine.rpc.market_data import MarketDataService
from engine.rpc.methods import Guard
from engine.rpc.node_port import NodePort
from engine.rpc.roles import OPEN_SERVICES, ROLES
from engine.rpc.settlement import SettlementService
from engine.rpc.trading import TradingService
from engine.sequencer import Batch
from engine.tls import Tls

SERVICES = (trading.SERVICE, market_data.SERVICE, settlement.SERVICE, admin.SERVICE)
PULSES_PER_HEARTBEAT = 4
_NS_PER_US = 1_000
_log = structlog.get_logger("engine.rpc")


class Front:
    """A server that is bound but not started until `start`.

    Args:
        node: The venue.
        feeds: The feeds that the node gives its events to.
        keys: Who may call.
        listen: HOST:PORT; port 0 takes a free one, see `port`.
        fatal: Told of a broken invariant or an unknown failure in a task: the process has to end.
        keys_changed: Called when the key file was read again.
        tls: The certificate to show; without one nothing is encrypted.

    Raises:
        OSError: When the address cannot be bound.
    """

    def __init__(
        self,
        node: NodePort,
        feeds: Feeds,
        keys: KeyTable,
        listen: str,
        fatal: Callable[[BaseException], None],
        keys_changed: Callable[[], None] = lambda: None,
        tls: Tls | None = None,
    ) -> None:
        self._keys_changed = keys_changed
        self._feeds = feeds
        self._keys = keys
        self._fatal = fatal
        self._health = health.aio.HealthServicer()
        self._guard = Guard(keys, ROLES, fatal)
        self._server = grpc.aio.server(
            interceptors=[Arrivals(self._guard.admit)],
            options=SERVER_OPTIONS,
            maximum_concurrent_rpcs=CALLS_MAX,
        )
        intake = Intake(node)
        self._unsubscribe = node.subscribe_released(_RoomTold(intake).on_batch)
        self._trading = TradingService(node, feeds, intake)
        services = {
            trading.SERVICE: self._trading.methods(),
            market_data.SERVICE: MarketDataService(node, feeds).methods(),
            settlement.SERVICE: SettlementService(node, feeds, intake).methods(),
            admin.SERVICE: AdminService(node, intake).methods(),
        }
        for name, methods in services.items():
            self._server.add_generic_rpc_handlers((self._guard.handlers(name, methods),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((*SERVICES, *OPEN_SERVICES), self._server)
        self.port = _bind(self._server, listen, tls)
        self._pulse: asyncio.Task[None] | None = None

    @property
    def calls(self) -> int:
        """How many calls are being carried out."""
        return self._guard.calls

    async def start(self) -> None:
        """Serve, and say so to health checks."""
        await self._server.start()
        for name in ("", *SERVICES):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        self._pulse = asyncio.create_task(self._beat())
        self._pulse.add_done_callback(self._pulse_ended)

    async def stop(self, grace_seconds: int) -> None:
        """Say that serving ends, answer what was taken, end the streams, then close.

        Args:
            grace_seconds: How long calls may take to finish before they are cut.
        """
        await self._health.enter_graceful_shutdown()
        if self._pulse is not None:
            self._pulse.cancel()
        closed = asyncio.create_task(self._server.stop(grace_seconds))
        self._feeds.subscriptions.end_all()
        self._trading.close()
        await closed
        self._unsubscribe()

    async def _beat(self) -> None:
        """Send heartbeats, cut slow readers and notice a changed key file, for ever."""
        pause_us = self._feeds.limits.heartbeat_ns // (PULSES_PER_HEARTBEAT * _NS_PER_US)
        pause = timedelta(microseconds=pause_us).total_seconds()
        while True:
            await asyncio.sleep(pause)
            self._feeds.subscriptions.pulse()
            self.refresh_keys()

    def refresh_keys(self) -> None:
        """Read the key file again if it changed; a bad one is reported and not used."""
        try:
            if self._keys.refresh():
                _log.info("keys_read_again")
                self._keys_changed()
        except KeysInvalid as error:
            _log.error("keys_refused", error=str(error))

    def _pulse_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fatal(error)


class _RoomTold:
    """Tells the intake of room once the sequencer has taken the batch off its queue."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def on_batch(self, _: Batch) -> None:
        """Look for room on the next turn: this one belongs to the release."""
        asyncio.get_running_loop().call_soon(self._intake.room_was_made)


def _bind(server: grpc.aio.Server, listen: str, tls: Tls | None) -> int:
    try:
        if tls is None:
            port = server.add_insecure_port(listen)
        else:
            pair = [(tls.key, tls.certificate)]
            port = server.add_secure_port(listen, grpc.ssl_server_credentials(pair))
    except RuntimeError as error:
        raise OSError(f"{listen}: cannot be bound: {error}") from error
    if port == 0:
        raise OSError(f"{listen}: cannot be bound")
    return port
