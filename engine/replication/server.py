"""The gRPC server between two nodes: one call to look, one to follow, for keys of replication."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio

from engine.keys import KeyTable, Role
from engine.replication.lead import Context, Lead
from engine.rpc.methods import API_KEY
from realstack.replication.v1 import replication_pb2 as wire
from realstack.replication.v1 import replication_pb2_grpc

MESSAGE_BYTES_MAX = 64 << 20
OPTIONS = [
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ("grpc.so_reuseport", 0),
]
NOT_LEADING = "NOT_LEADING: this node follows"


class ReplicationServer:
    """Serves the journal once this node leads; before that, it says that it does not.

    Args:
        listen: Where.
        keys: Who may follow.

    Raises:
        OSError: The address cannot be bound.
    """

    def __init__(self, listen: str, keys: KeyTable) -> None:
        self._keys = keys
        self._lead: Lead | None = None
        self._server = grpc.aio.server(options=OPTIONS)
        replication_pb2_grpc.add_ReplicationServiceServicer_to_server(_Servicer(self), self._server)
        try:
            self.port = self._server.add_insecure_port(listen)
        except RuntimeError as error:
            raise OSError(f"{listen}: cannot be bound: {error}") from error

    async def start(self) -> None:
        """Serve."""
        await self._server.start()

    def lead(self, lead: Lead) -> None:
        """This node leads from here on."""
        self._lead = lead

    async def stop(self) -> None:
        """Cut what follows."""
        await self._server.stop(0)

    async def leading(self, context: Context) -> Lead:
        """Let a caller in, or end its call with the reason."""
        metadata = dict(context.invocation_metadata() or ())
        principal = self._keys.find(metadata.get(API_KEY, ""))
        if principal is None or principal.role is not Role.REPLICATION:
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, "a replication key is needed")
        if self._lead is None:
            await context.abort(grpc.StatusCode.UNAVAILABLE, NOT_LEADING)
        lead = self._lead
        if lead is None:
            raise RuntimeError("an aborted call goes on")
        return lead


class _Servicer(replication_pb2_grpc.ReplicationServiceServicer):
    def __init__(self, server: ReplicationServer) -> None:
        self._server = server

    async def GetJournal(self, request: Any, context: Any) -> wire.GetJournalResponse:
        lead = await self._server.leading(context)
        return lead.journal()

    async def Follow(  # type: ignore[override]  # grpc.aio also takes writers
        self, request_iterator: AsyncIterator[wire.FollowRequest], context: Any
    ) -> None:
        lead = await self._server.leading(context)
        first = await anext(request_iterator)
        if problem := lead.problem(first.begin):
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, problem)
        await lead.follow(first.begin, request_iterator, context)
