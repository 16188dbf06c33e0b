"""Who may call: every call carries an API key in its metadata, except health and reflection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

from services._base.errors import refuse

KEY_HEADER = "x-api-key"
OPEN_SERVICES = ("/grpc.health.v1.Health/", "/grpc.reflection.v1alpha.ServerReflection/")

IsKnown = Callable[[str], bool]


class ApiKeyInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls without a known API key, before anything of the request is read."""

    def __init__(self, is_known: IsKnown) -> None:
        self._is_known = is_known

    async def intercept_service(
        self,
        continuation: Callable[
            [grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]
        ],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Let the call through, or replace its handler by one that refuses."""
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(OPEN_SERVICES):
            return handler
        metadata = handler_call_details.invocation_metadata
        keys = [value for name, value in metadata if name == KEY_HEADER]
        if len(keys) == 1 and isinstance(keys[0], str) and self._is_known(keys[0]):
            return handler
        return _REFUSING


async def _refuse(
    requests: AsyncIterator[object], context: grpc.aio.ServicerContext[Any, Any]
) -> AsyncIterator[object]:
    """Refuse, the same for a missing, a doubled and an unknown key; wait for no request first."""
    code = grpc.StatusCode.UNAUTHENTICATED
    yield await refuse(
        context, code, "NOT_AUTHENTICATED", f"{KEY_HEADER}: a valid API key is needed"
    )


_REFUSING: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(_refuse)
