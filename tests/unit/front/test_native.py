"""The native front reads and writes the same bytes as the plain one, or leaves them to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.commands import COMMAND, COMMAND_BYTES
from engine.core.events import ANSWER, EVENT, EventKind
from engine.core.rejects import Reject
from engine.rpc.answers import answer
from engine.rpc.columns import answer_batch
from engine.rpc.errors import EdgeError
from engine.rpc.trade_requests import Commands, Session, read_request
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2 as pb

native = pytest.importorskip("engine.front._native", reason="./dev front was not run")
front = pytest.importorskip("engine.front.native")

ACCOUNT_ID = 77
PREFIX_BYTES = 5
EDGES = [0, 1, 2, 255, 256, 65_535, 65_536, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1]
KINDS = ["place", "cancel", "replace", "cancel_all", "batch", "session"]


class Nobody:
    """A stream that expects no answer."""

    def reply(self, count: int, response: pb.TradeResponse) -> None:
        """Never called."""

    def refuse(self, count: int, error: Exception) -> None:
        """Never called."""


def understood(data: bytes) -> bytes | None:
    """Give the records that the plain front makes, or nothing when it refuses."""
    try:
        request = read_request(data, ACCOUNT_ID, Nobody())
    except EdgeError:
        return None
    if isinstance(request, Session):
        return request.when_lost or b""
    assert isinstance(request, Commands)
    return request.records


def fill(message: Message, draw: Any, rows: int = 0) -> None:
    """Set some fields of a message, at and around their limits."""
    for field in message.DESCRIPTOR.fields:
        if not draw(st.booleans()):
            continue
        if field.message_type is not None:
            inner = getattr(message, field.name)
            inner.SetInParent()
            fill(inner, draw)
        elif field.is_repeated:
            length = rows if draw(st.integers(0, 9)) else rows + 1
            values = [value_of(field, draw) for _ in range(length)]
            getattr(message, field.name).extend(values)
        elif field.type == field.TYPE_BYTES:
            top = 4 if field.name == "kind" else 7
            values = [draw(st.integers(1, top)) for _ in range(rows)]
            setattr(message, field.name, bytes(values))
        else:
            setattr(message, field.name, value_of(field, draw))


def value_of(field: Any, draw: Any) -> Any:
    """Draw a value that the field's type can hold."""
    if field.type == field.TYPE_BOOL:
        return draw(st.booleans())
    if field.type == field.TYPE_ENUM:
        return draw(st.integers(0, 9))
    value = draw(st.sampled_from(EDGES))
    if field.type in {field.TYPE_UINT32, field.TYPE_FIXED32}:
        return value % 2**32
    if field.type == field.TYPE_SFIXED64:
        return value - 2**64 if value >= 2**63 else value
    return value


@st.composite
def requests(draw: Any) -> bytes:
    """Draw requests of every kind, most of them good."""
    request = pb.TradeRequest()
    command = getattr(request, draw(st.sampled_from(KINDS)))
    command.SetInParent()
    rows = draw(st.integers(1, 4))
    fill(command, draw, rows)
    if isinstance(command, pb.CommandBatch) and not command.kind:
        command.kind = bytes(draw(st.integers(1, 4)) for _ in range(rows))
    if draw(st.booleans()):
        good(command)
    return request.SerializeToString()


def good(command: Any) -> None:
    """Mend what is wrong most often: ids and the times that go with them."""
    if isinstance(command, pb.PlaceOrder | pb.CancelOrder | pb.ReplaceOrder | pb.CancelAll):
        command.client_id.low, command.sent_time_ns = 5, 6
    if isinstance(command, pb.PlaceOrder):
        command.ClearField("display_lots")
    if isinstance(command, pb.CancelOrder | pb.ReplaceOrder):
        command.ClearField("order_client_id")
        command.order_id = 9


@pytest.mark.slow
@settings(max_examples=2_000, deadline=None)
@given(data=requests())
def test_a_request_makes_the_same_records_or_is_left_to_python(data: bytes) -> None:
    """What the native front reads, it reads as the plain one; what is refused, it never reads."""
    records = native.trade_record(data, ACCOUNT_ID)
    assert records is None or records == understood(data)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(data=requests(), at=st.integers(0, 400), bits=st.integers(1, 255))
def test_a_damaged_request_is_read_alike_or_left_to_python(data: bytes, at: int, bits: int) -> None:
    """Bytes that changed on the way are no exception."""
    damaged = bytearray(data)
    if damaged:
        damaged[at % len(damaged)] ^= bits
    records = native.trade_record(bytes(damaged), ACCOUNT_ID)
    assert records is None or records == understood(bytes(damaged))


def test_orders_of_every_kind_are_read_natively() -> None:
    """It would be no use if everything were left to Python."""
    requests = [
        pb.TradeRequest(place=placed(price_ticks=5, quantity_lots=6, post_only=True, slide=True)),
        pb.TradeRequest(place=placed(order_type=2, minimum_lots=3, time_in_force=2)),
        pb.TradeRequest(place=placed(display_lots=3, hidden=False, tag=65_535)),
        pb.TradeRequest(place=placed(order_type=4, trigger_price_ticks=8, trigger_source=1)),
        pb.TradeRequest(cancel=pb.CancelOrder(order_id=5)),
        pb.TradeRequest(replace=pb.ReplaceOrder(order_id=5, price_ticks=3, quantity_lots=2)),
        pb.TradeRequest(cancel_all=pb.CancelAll(market_id=3, side=common_pb2.SIDE_BUY, tag=4)),
        pb.TradeRequest(session=pb.StreamSession(cancel_on_disconnect=True, tag=4)),
        pb.TradeRequest(batch=pb.CommandBatch(kind=b"\1\2", order_id=[0, 7], tag=[1, 2])),
    ]
    for request in requests:
        data = request.SerializeToString()
        assert native.trade_record(data, ACCOUNT_ID) == understood(data), request


def placed(**fields: Any) -> pb.PlaceOrder:
    """Make an order with an id."""
    values = {"sent_time_ns": 9, "market_id": 1, "side": 1, "order_type": 1, **fields}
    return pb.PlaceOrder(client_id=common_pb2.ClientId(low=3), **values)


def random_events(seed: int, count: int) -> Any:
    """Make answering events of the kinds that commands have, with others between them."""
    random = np.random.default_rng(seed)
    words = random.integers(0, 2**64, (2 * count, 20), np.uint64)
    words[random.random(words.shape) < 0.3] = 0
    events = words.reshape(-1).view(EVENT)
    kinds = [EventKind.ACCEPTED, EventKind.CANCELLED, EventKind.REPLACED, EventKind.REJECTED]
    kinds += [EventKind.DUPLICATE, EventKind.CANCELLED_ALL, EventKind.DEFINED]
    events["kind"] = random.choice(kinds, 2 * count)
    events["code"] = random.choice([int(reject) for reject in Reject if reject], 2 * count)
    events["quantity_lots"] = random.integers(0, 2**32, 2 * count)
    events["time_ns"] &= np.int64(2**63 - 1)
    events["flags"] = np.tile([0, ANSWER], count)
    return events


def messages(data: bytes) -> list[bytes]:
    """Split gRPC messages."""
    found = []
    while data:
        end = PREFIX_BYTES + int.from_bytes(data[1:PREFIX_BYTES], "big")
        found.append(data[PREFIX_BYTES:end])
        data = data[end:]
    return found


def commands_of(seed: int, count: int) -> Any:
    """Make commands with random ids, some of them none."""
    commands = np.zeros(count, COMMAND)
    random = np.random.default_rng(seed)
    commands["client_id_low"] = random.integers(0, 2**64, count, np.uint64)
    commands["client_id_high"] = random.integers(0, 2, count, np.uint64)
    commands["client_id_low"][::3] = 0
    return commands


@pytest.mark.parametrize("seed", range(20))
def test_answers_are_the_same_bytes(seed: int) -> None:
    """One message a command, with its own client id."""
    events, commands = random_events(seed, 50), commands_of(seed, 50)
    data = native.answers(
        events.view(np.uint64), commands.tobytes(), front.details_by_code(), False
    )
    expected = []
    for event, command in zip(events[1::2], commands, strict=True):
        client_id = int(command["client_id_low"]), int(command["client_id_high"])
        reply = pb.TradeResponse(answer=answer(event.tobytes(), client_id))
        expected.append(reply.SerializeToString(deterministic=True))
    assert messages(data) == expected


@pytest.mark.parametrize("seed", range(20))
def test_answers_to_a_batch_are_the_same_bytes(seed: int) -> None:
    """One message with a column a field."""
    events, commands = random_events(seed, 50), commands_of(seed, 50)
    words, details = events.view(np.uint64), front.details_by_code()
    data = native.answers(words, commands.tobytes(), details, True)
    raw = events.view("V160")[1::2].view(EVENT)
    expected = pb.TradeResponse(answers=answer_batch(raw)).SerializeToString(deterministic=True)
    assert messages(data) == [expected]


def test_a_command_without_its_answer_is_a_bug() -> None:
    """The sequencer's promise is checked here too."""
    events, commands = random_events(1, 3), commands_of(1, 4)
    with pytest.raises(ValueError, match="exactly one answer"):
        native.answers(events.view(np.uint64), commands.tobytes(), [], False)
    assert len(commands.tobytes()) == 4 * COMMAND_BYTES
