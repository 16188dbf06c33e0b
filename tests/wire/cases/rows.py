"""How rows are written: what the doors have in common is said once."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.rejects import Reject
from realstack.edge_errors import EdgeError
from tests.wire.table import (
    Action,
    Ask,
    Case,
    Command,
    Door,
    Foreign,
    Impossible,
    Party,
    Refusal,
    Try,
)

Code = Reject | EdgeError
Entry = Try | Impossible | str
Fields = Mapping[str, object]

ONE_SHAPE = "protobuf has one shape for it: a whole number, a flag or bytes of the right type"
NO_TEXT = "the trading messages have no text: markets, sides and ids are numbers"
NO_HTTP = "this is about HTTP"
NO_SUCH_COMMAND = "the command line has no such command"
NO_SUCH_OPERATION = "the WebSocket has no such operation"
NO_WITHDRAWALS = "the Trade stream takes orders only, no withdrawals"
ONLY_ROWS = "a batch is one message: this is about the message, and has a row of its own"
SAME_KEY = "the key is checked when the stream is opened, for every message alike"
GRPC_DOORS = (Door.GRPC, Door.STREAM, Door.BATCH)
TEXT_DOORS = (Door.REST, Door.WEBSOCKET, Door.CLI)


def row(
    name: str,
    *,
    grpc: Entry,
    stream: Entry,
    batch: Entry,
    rest: Entry,
    websocket: Entry,
    cli: Entry,
) -> Case:
    """Make a row; text alone is the reason why a door cannot be told."""
    entries = {
        Door.GRPC: grpc,
        Door.STREAM: stream,
        Door.BATCH: batch,
        Door.REST: rest,
        Door.WEBSOCKET: websocket,
        Door.CLI: cli,
    }
    return Case(
        name,
        {
            door: Impossible(entry) if isinstance(entry, str) else entry
            for door, entry in entries.items()
        },
    )


def grpc_doors(entry: Entry) -> dict[str, Entry]:
    """Say the same of every door of gRPC."""
    return {"grpc": entry, "stream": entry, "batch": entry}


def streams(entry: Entry) -> dict[str, Entry]:
    """Say the same of single commands and of batches on the Trade stream."""
    return {"stream": entry, "batch": entry}


def refused(ask: Ask, code: Code, field: str = "", *, party: Party = Party.ALICE) -> Try:
    """Make an entry that must be refused."""
    return Try(ask, Refusal(code, field), party)


def foreign(ask: Ask, code: int, name: str, *, party: Party = Party.ALICE) -> Try:
    """Make an entry that a layer below the venue must refuse, with its own number."""
    return Try(ask, Foreign(code, name), party)


def bad_command(
    name: str,
    action: Action,
    code: Code,
    *,
    whole: Fields | str,
    text: Fields | str,
    whole_field: str = "",
    text_field: str = "",
    whole_code: Code | None = None,
    party: Party = Party.ALICE,
    **special: Entry,
) -> Case:
    """Make a row of one action that the core, or the reading of its numbers, refuses.

    Args:
        name: The case.
        action: The action.
        code: What must come back.
        whole: The bad fields at gRPC, as whole numbers; or why there are none.
        text: The bad fields at the other doors, as text; or why there are none.
        whole_field: The field at fault, as gRPC names it.
        text_field: The same as the other doors name it; a WebSocket puts an order into `order`.
        whole_code: What must come back at gRPC, where that differs.
        party: Whose key comes with it.
        special: Entries of doors that differ, by name.
    """
    at_core = whole if isinstance(whole, str) else Command(action, whole)
    as_text = text if isinstance(text, str) else Command(action, text)
    inside = "order." if action is Action.PLACE and text_field else ""
    entries: dict[str, Entry] = {}
    for name_of_door in ("grpc", "stream", "batch"):
        entries[name_of_door] = (
            at_core
            if isinstance(at_core, str)
            else refused(at_core, whole_code or code, whole_field, party=party)
        )
    for name_of_door, field in (
        ("rest", text_field),
        ("websocket", inside + text_field),
        ("cli", {"order_id": "order"}.get(text_field, text_field)),
    ):
        entries[name_of_door] = (
            as_text if isinstance(as_text, str) else refused(as_text, code, field, party=party)
        )
    if action is Action.WITHDRAW:
        entries |= {"stream": NO_WITHDRAWALS, "batch": NO_WITHDRAWALS}
        entries |= {"websocket": NO_SUCH_OPERATION}
    if action is Action.REPLACE:
        entries |= {"cli": NO_SUCH_COMMAND}
    return row(name, **{**entries, **special})
