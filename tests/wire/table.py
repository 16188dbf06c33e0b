"""The form of the table of bad inputs: a case, how it is put at each door, what must come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.core.rejects import Reject
from realstack.edge_errors import EdgeError


class Door(StrEnum):
    """A way into the venue."""

    GRPC = "grpc"  # a unary call
    STREAM = "grpc stream"  # single commands on the Trade stream
    BATCH = "grpc batch"  # commands as columns on the Trade stream
    REST = "rest"
    WEBSOCKET = "websocket"
    CLI = "cli"


class Party(StrEnum):
    """Whose key comes with a request."""

    ALICE = "alice"  # a member with funds and two working orders
    BOB = "bob"  # another one, with a working order of his own
    POOR = "poor"  # a member without funds
    LIMITED = "limited"  # a member with limits on one order, and one order working
    THROTTLED = "throttled"  # one that holds and has sent as much as it may, and has 8 deadlines
    STOPPED = "stopped"  # one that an operator has stopped
    GHOST = "ghost"  # a member whose account was never defined
    OPERATOR = "operator"
    SETTLEMENT = "settlement"
    STRANGER = "stranger"  # a key that nobody knows
    NOBODY = "nobody"  # no key at all


@dataclass(frozen=True, slots=True)
class Known:
    """A value that exists only once the venue runs, by name: an order's id, a time."""

    name: str


class Action(StrEnum):
    """What a member may ask for in the ordinary way."""

    PLACE = "place"
    CANCEL = "cancel"
    REPLACE = "replace"
    CANCEL_ALL = "cancel_all"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Command:
    """An action in the words of the door; a field that is not given has a good value.

    Attributes:
        action: What to do.
        fields: In text at REST, WebSocket and command line; whole numbers at gRPC.
    """

    action: Action
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Http:
    """A request as it is; a path or a header may hold a name in braces (see `Known`)."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """A WebSocket message as it is."""

    data: bytes
    is_text: bool = True


@dataclass(frozen=True, slots=True)
class Opening:
    """A WebSocket that is asked for with these headers."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """A unary gRPC call: a method's full name and its request, as fields or as bytes."""

    method: str
    request: Mapping[str, object] | bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A message on the Trade stream as it is: fields of TradeRequest, or bytes."""

    request: Mapping[str, object] | bytes


@dataclass(frozen=True, slots=True)
class Words:
    """A command line after the program's name; bytes where text cannot say it."""

    words: tuple[str | bytes, ...]


Ask = Command | Http | Frame | Opening | Call | Message | Words


@dataclass(frozen=True, slots=True)
class Refusal:
    """What must come back: the number, and the field where one is at fault."""

    code: Reject | EdgeError
    field: str = ""

    @property
    def name(self) -> str:
        """The number's name."""
        return self.code.name


@dataclass(frozen=True, slots=True)
class Foreign:
    """What must come back where a layer below the venue refuses: its own number and name."""

    code: int
    name: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Try:
    """A bad input at one door."""

    ask: Ask
    refusal: Refusal | Foreign
    party: Party = Party.ALICE


@dataclass(frozen=True, slots=True)
class Impossible:
    """A bad input that a door cannot even be told, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the table: one bad input at every door.

    Raises:
        ValueError: A door is missing.
    """

    name: str
    doors: Mapping[Door, Try | Impossible]

    def __post_init__(self) -> None:
        missing = set(Door) - set(self.doors)
        if missing:
            raise ValueError(f"{self.name}: nothing is said of {', '.join(sorted(missing))}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back.

    Attributes:
        accepted: The door did what it was asked.
        status: The door's own word for it: HTTP status, gRPC status, exit status.
        code: The error's number; none when it has none.
        name: Its name.
        field: The field that is at fault.
        rule: The rule that it breaks, in words.
    """

    accepted: bool
    status: str
    code: int | None = None
    name: str = ""
    field: str = ""
    rule: str = ""


def judge(expected: Refusal | Foreign, outcome: Outcome) -> list[str]:
    """Return what is wrong with an outcome; nothing when it is as it must be."""
    if outcome.accepted:
        return ["was accepted"]
    faults = []
    if outcome.code is None:
        faults.append("has no number")
    elif (outcome.code, outcome.name) != (int(expected.code), expected.name):
        faults.append(f"must be {int(expected.code)} {expected.name}")
    if outcome.field != expected.field:
        faults.append(f"must name the field {expected.field!r}")
    if not outcome.rule:
        faults.append("says no rule")
    return faults
