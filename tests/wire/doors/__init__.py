"""The doors by name: a new one is a class with `send` and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tests.wire.doors.cli import CommandLine
from tests.wire.doors.grpc_calls import Calls
from tests.wire.doors.grpc_stream import Batches, Singles
from tests.wire.doors.rest import Rest
from tests.wire.doors.websocket import WebSocket
from tests.wire.scene import Scene
from tests.wire.table import Ask, Door, Outcome, Party


class Sender(Protocol):
    """Puts what a case asks for to one door, with plain tools, and says what came back."""

    def send(self, ask: Ask, party: Party) -> Outcome:
        """Send it as the party."""


class MakesSender(Protocol):
    """Makes a sender for the doors of one scene."""

    def __call__(self, scene: Scene) -> Sender:
        """Make it."""


DOORS: Mapping[Door, MakesSender] = {
    Door.GRPC: Calls,
    Door.STREAM: Singles,
    Door.BATCH: Batches,
    Door.REST: Rest,
    Door.WEBSOCKET: WebSocket,
    Door.CLI: CommandLine,
}

if set(DOORS) != set(Door):
    raise ImportError("every door has its sender")
