"""What a call is held to from its arrival on, before its request has come.

gRPC gives a call its place among those that are carried out when its headers arrive, and hands it
to its method when its request is there. Between the two an attacker could hold every place with
calls that never send one:

    1. who may not make the call is refused at once;
    2. a key has a limited number of places, and so have all those without a key together;
    3. the request has to come within seconds.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias

import grpc
from grpc.aio import ServicerContext

from engine.rpc.errors import DETAILS_KEY, EdgeError, invalid

Context = ServicerContext[Any, Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Admit = Callable[[grpc.HandlerCallDetails], tuple[str, int]]
"""Gives whose places a call takes and how many those have, or raises what refuses it."""

REQUEST_SECONDS = 5  # a request of 4 MiB, over the slowest line that is of any use for trading


class Arrivals(grpc.aio.ServerInterceptor):
    """Stands before every method of a server.

    Args:
        admit: Tells whose places a call takes.
        request_seconds: How long the one request of a call may take to come.
    """

    def __init__(self, admit: Admit, request_seconds: int = REQUEST_SECONDS) -> None:
        self._admit = admit
        self._request_seconds = request_seconds
        self._taken: Counter[str] = Counter()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Refuse a call, or let it wait for its request in a place that it must give back."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        try:
            owner, places = self._admit(handler_call_details)
        except EdgeError as error:
            return _refusing(error)
        if not handler.response_streaming:
            inner = handler.stream_unary if handler.request_streaming else handler.unary_unary
            return grpc.stream_unary_rpc_method_handler(
                self._awaited(handler, inner, owner, places),
                handler.request_deserializer,
                handler.response_serializer,
            )
        inner = handler.stream_stream if handler.request_streaming else handler.unary_stream
        around = self._yielded if inspect.isasyncgenfunction(inner) else self._awaited
        return grpc.stream_stream_rpc_method_handler(
            around(handler, inner, owner, places),
            handler.request_deserializer,
            handler.response_serializer,
        )

    def _awaited(self, handler: Handler, inner: Any, owner: str, places: int) -> Any:
        """Hold a method that returns its answer, or writes its answers itself."""

        async def held(requests: object, context: Context) -> Any:
            try:
                with self._place(owner, places):
                    return await inner(await self._request(handler, requests, context), context)
            except EdgeError as error:
                await abort(context, error)

        return held

    def _yielded(self, handler: Handler, inner: Any, owner: str, places: int) -> Any:
        """Hold a method that yields its answers."""

        async def held(requests: object, context: Context) -> AsyncIterator[Any]:
            try:
                with self._place(owner, places):
                    request = await self._request(handler, requests, context)
                    async for response in inner(request, context):
                        yield response
            except EdgeError as error:
                await abort(context, error)

        return held

    @contextmanager
    def _place(self, owner: str, places: int) -> Iterator[None]:
        if self._taken[owner] >= places:
            raise too_many_calls(places)
        self._taken[owner] += 1
        try:
            yield
        finally:
            self._taken[owner] -= 1
            if not self._taken[owner]:
                del self._taken[owner]

    async def _request(self, handler: Handler, requests: object, context: Context) -> object:
        """Give the one request of a call; a stream of them is its method's own to read."""
        if handler.request_streaming:
            return requests
        try:
            async with asyncio.timeout(self._request_seconds):
                request: object = await context.read()
        except TimeoutError:
            raise request_too_slow(self._request_seconds) from None
        if request is grpc.aio.EOF:
            raise invalid("message", "is missing", "MALFORMED")
        return request


def too_many_calls(places: int) -> EdgeError:
    """Refuse one more call of a caller."""
    return EdgeError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "TOO_MANY_CALLS",
        f"at most {places} calls at once; nothing was done",
        metadata={"limit": str(places)},
    )


def request_too_slow(seconds: int) -> EdgeError:
    """End a call whose request does not come."""
    return EdgeError(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "REQUEST_TOO_SLOW",
        f"the request did not come within {seconds} s",
    )


def _refusing(error: EdgeError) -> Handler:
    async def refuse(_: object, context: Context) -> None:
        await abort(context, error)

    return grpc.stream_stream_rpc_method_handler(refuse)


async def abort(context: Context, error: EdgeError) -> NoReturn:
    """End a call with a status and its details."""
    await context.abort(error.code, error.message, ((DETAILS_KEY, error.details()),))
    raise error  # abort does not return
