"""Requests that are no such message: refused as any other bad input, not as a fault of ours."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from services._base.errors import refuse

Context = grpc.aio.ServicerContext[Any, Any]


class DecodingInterceptor(grpc.aio.ServerInterceptor):
    """Decodes a call's one request itself, where a failure can be told with its number."""

    async def intercept_service(
        self,
        continuation: Callable[
            [grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]
        ],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Put the decoding in front of a handler; one that takes a stream of requests is left."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.request_streaming or handler.request_deserializer is None:
            return handler
        serializer = handler.response_serializer
        if handler.response_streaming:
            inner: Any = handler.unary_stream
            around = _yielding if inspect.isasyncgenfunction(inner) else _awaited
            return grpc.unary_stream_rpc_method_handler(
                around(handler, inner), response_serializer=serializer
            )
        return grpc.unary_unary_rpc_method_handler(
            _awaited(handler, handler.unary_unary), response_serializer=serializer
        )


def _awaited(handler: grpc.RpcMethodHandler[Any, Any], inner: Any) -> Any:
    """Decode for a method that returns its answer, or writes its answers itself."""

    async def decoded(data: bytes, context: Context) -> Any:
        return await inner(await _decode(handler, data, context), context)

    return decoded


def _yielding(handler: grpc.RpcMethodHandler[Any, Any], inner: Any) -> Any:
    """Decode for a method that yields its answers."""

    async def decoded(data: bytes, context: Context) -> AsyncIterator[Any]:
        async for response in inner(await _decode(handler, data, context), context):
            yield response

    return decoded


async def _decode(handler: grpc.RpcMethodHandler[Any, Any], data: bytes, context: Context) -> Any:
    read: Any = handler.request_deserializer
    try:
        return read(data)
    except DecodeError:
        code = grpc.StatusCode.INVALID_ARGUMENT
        await refuse(context, code, "MALFORMED", "is no such message", field="message")
