"""From a service's coroutines to gRPC handlers: authentication, decoding, and errors as statuses.

Handlers exchange bytes with gRPC, so that a message that cannot be decoded is refused with the same
details as any other bad input, and a message that many readers get is encoded once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

import grpc
import structlog
from google.protobuf.message import DecodeError, Message
from grpc.aio import ServicerContext

from engine.core.invariants import BrokenInvariant
from engine.keys import KeyTable, Principal, Role
from engine.rpc.arrival import abort
from engine.rpc.errors import EdgeError, invalid, not_taken
from engine.rpc.limits import CALLS_PER_KEY_MAX, OPEN_CALLS_MAX
from engine.sequencer import NotTaken

Context = ServicerContext[bytes, bytes]
Unary = Callable[[Message, Principal], Awaitable[Message]]
Streaming = Callable[[Message, Principal, Context], Awaitable[None]]
Bidirectional = Callable[[Principal, Context], Awaitable[None]]
Handler = Callable[..., Awaitable[bytes | None]]

API_KEY = "x-api-key"
NOBODY = ""  # whose places calls of the open services take
_log = structlog.get_logger("engine.rpc")


@dataclass(frozen=True, slots=True)
class Method:
    """One rpc: its request type, and what carries it out in exactly one of three shapes."""

    request: type[Message]
    unary: Unary | None = None
    streaming: Streaming | None = None
    bidirectional: Bidirectional | None = None


class Guard:
    """Lets a call in or refuses it, and turns what it raises into a status.

    Args:
        keys: Who may call.
        roles: For each full method name, which roles may call it.
        fatal: Told of a broken invariant: the process has to end.

    `calls` is the number of calls that are being carried out.
    """

    def __init__(
        self,
        keys: KeyTable,
        roles: Mapping[str, frozenset[Role]],
        fatal: Callable[[BaseException], None],
    ) -> None:
        self._keys = keys
        self._roles = roles
        self._fatal = fatal
        self.calls = 0

    def handlers(self, service: str, methods: Mapping[str, Method]) -> grpc.GenericRpcHandler:
        """Make the handlers of one service."""
        return grpc.method_handlers_generic_handler(
            service, {name: self._handler(service, name, each) for name, each in methods.items()}
        )

    def _handler(
        self, service: str, name: str, method: Method
    ) -> grpc.RpcMethodHandler[bytes, bytes]:
        roles = self._roles[f"/{service}/{name}"]
        if method.unary is not None:
            unary = method.unary

            async def answer(data: bytes, principal: Principal, _: Context) -> bytes:
                response = await unary(decode(method.request, data), principal)
                return response.SerializeToString()

            return grpc.unary_unary_rpc_method_handler(self._guarded(answer, roles))
        if method.streaming is not None:
            streaming = method.streaming

            async def stream(data: bytes, principal: Principal, context: Context) -> None:
                await streaming(decode(method.request, data), principal, context)

            return grpc.unary_stream_rpc_method_handler(self._guarded(stream, roles))
        both = method.bidirectional
        if both is None:
            raise TypeError(f"{service}/{name} has nothing that carries it out")

        async def converse(_: object, principal: Principal, context: Context) -> None:
            await both(principal, context)

        return grpc.stream_stream_rpc_method_handler(self._guarded(converse, roles))

    def _guarded(self, handler: Handler, roles: frozenset[Role]) -> Handler:
        async def guarded(request: object, context: Context) -> bytes | None:
            self.calls += 1
            try:
                caller = self._caller(context.invocation_metadata() or (), roles)
                return await handler(request, caller, context)
            except EdgeError as error:
                refusal = error
            except NotTaken as error:
                refusal = not_taken(error)
            except BrokenInvariant as error:
                self._fatal(error)
                raise
            except grpc.aio.BaseError:
                raise  # gRPC's own: the client is gone
            except Exception as error:
                _log.error("call_failed", error=repr(error), exc_info=error)
                refusal = EdgeError(
                    grpc.StatusCode.INTERNAL, "INTERNAL", "the engine failed on this call"
                )
            finally:
                self.calls -= 1
            await abort(context, refusal)

        return guarded

    def admit(self, details: grpc.HandlerCallDetails) -> tuple[str, int]:
        """Give whose places a call takes and how many those have (see `engine.rpc.arrival`).

        Raises:
            EdgeError: When the caller has no valid key, or one whose role may not do this.
        """
        roles = self._roles.get(details.method)
        if roles is None:
            return NOBODY, OPEN_CALLS_MAX
        return self._caller(details.invocation_metadata or (), roles).name, CALLS_PER_KEY_MAX

    def _caller(
        self, metadata: Iterable[tuple[str, str | bytes]], roles: frozenset[Role]
    ) -> Principal:
        """Give the caller behind the API key, if its role allows the call."""
        principal = None
        for name, value in metadata:
            if name == API_KEY:
                principal = self._keys.find(value)
                break
        if principal is None:
            raise EdgeError(
                grpc.StatusCode.UNAUTHENTICATED,
                "NOT_AUTHENTICATED",
                f"metadata {API_KEY}: a valid API key is required",
            )
        if principal.role not in roles:
            raise EdgeError(
                grpc.StatusCode.PERMISSION_DENIED,
                "WRONG_ROLE",
                f"a key of role {principal.role} may not do this, only {', '.join(sorted(roles))}",
                metadata={"role": principal.role},
            )
        return principal


def decode(request: type[Message], data: bytes) -> Message:
    """Decode a request.

    Raises:
        EdgeError: When the bytes are not such a message (cut off, wrong types, broken UTF-8).
    """
    try:
        return request.FromString(data)
    except DecodeError:
        raise invalid("message", f"is not a {request.DESCRIPTOR.full_name}", "MALFORMED") from None
