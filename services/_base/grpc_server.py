"""A gRPC server as every service needs it: keys, health, reflection, limits, orderly end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from engine.rpc.arrival import Arrivals
from services._base.auth import CALLS_AT_ONCE_MAX, IsKnown, admission
from services._base.decoding import DecodingInterceptor
from services._base.settings import split_address

MESSAGE_BYTES_MAX = 1 << 20  # a page of 1,000 rows is a tenth of it
GRACE_SECONDS = 2.0

_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_concurrent_streams", 100),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.so_reuseport", 0),  # two processes on one port would share its calls unseen
)


class GrpcServer:
    """A server that answers until `stop`."""

    def __init__(
        self,
        *,
        services: Sequence[str],
        add: Callable[[grpc.aio.Server], None],
        is_known_key: IsKnown,
    ) -> None:
        """Prepare a server.

        Args:
            services: Full names of the services that `add` adds.
            add: Adds the servicers.
            is_known_key: Tells whether an API key is valid.
        """
        self._server = grpc.aio.server(
            interceptors=[Arrivals(admission(is_known_key)), DecodingInterceptor()],
            options=_OPTIONS,
            maximum_concurrent_rpcs=CALLS_AT_ONCE_MAX,
        )
        self._health = health.aio.HealthServicer()
        self._services = tuple(services)
        add(self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (*services, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)

    async def start(self, listen: str) -> str:
        """Listen on `HOST:PORT` (port 0: any free one) and return the address.

        Raises:
            ValueError: When the address is not written so.
            RuntimeError: When the port is taken.
        """
        host, _ = split_address(listen)
        port = self._server.add_insecure_port(listen)
        await self._server.start()
        return f"{host}:{port}"

    async def set_serving(self, serving: bool) -> None:
        """Tell through the health service whether answers are current."""
        status = health_pb2.HealthCheckResponse
        state = status.SERVING if serving else status.NOT_SERVING
        for name in ("", *self._services):
            await self._health.set(name, state)

    async def stop(self) -> None:
        """Let running calls end for a moment, then end them."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(GRACE_SECONDS)
