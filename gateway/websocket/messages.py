"""What a socket may send. `op` says what it wants, `id` comes back in the answer."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from gateway.errors import ApiError, EdgeError
from gateway.refusals import json_refusal
from gateway.rest.plumbing import check_json_text
from gateway.schemas.requests import (
    ClientIdText,
    DecimalString,
    PlaceOrder,
    SideName,
    Symbol,
    Tag,
    TimeText,
)

MessageId = Annotated[str, Meta(max_length=64)] | Annotated[int, Meta(ge=0, le=(1 << 53) - 1)]


class Message(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, tag_field="op"):
    """A message of a client."""

    id: MessageId | None = None


class Authenticate(Message, frozen=True, tag="auth"):
    """Say who speaks from now on."""

    key: Annotated[str, Meta(max_length=256)]


class Subscribe(Message, frozen=True, tag="subscribe"):
    """Get a channel: a snapshot first, then every change."""

    channel: Annotated[str, Meta(max_length=32)]
    market: Symbol | None = None
    from_execution_sequence: Annotated[int, Meta(ge=1, le=(1 << 53) - 1)] | None = None


class Unsubscribe(Message, frozen=True, tag="unsubscribe"):
    """Get a channel no more."""

    channel: Annotated[str, Meta(max_length=32)]
    market: Symbol | None = None


class Place(Message, frozen=True, tag="place"):
    """Place an order."""

    order: PlaceOrder


class Cancel(Message, frozen=True, tag="cancel"):
    """Cancel an order, named by one of its two ids."""

    order_id: Annotated[str, Meta(max_length=40)] | None = None
    order_client_id: ClientIdText | None = None
    client_id: ClientIdText | None = None


class Replace(Message, frozen=True, tag="replace"):
    """Change an order's price and total quantity, and the trigger of a stop that waits."""

    quantity: DecimalString
    price: DecimalString | None = None
    trigger_price: DecimalString | None = None
    order_id: Annotated[str, Meta(max_length=40)] | None = None
    order_client_id: ClientIdText | None = None
    client_id: ClientIdText | None = None
    sent_time: TimeText | None = None


class CancelAll(Message, frozen=True, tag="cancel_all"):
    """Cancel every order, or those of one market, side or tag."""

    market: Symbol | None = None
    side: SideName | None = None
    tag: Tag | None = None


class Ping(Message, frozen=True, tag="ping"):
    """Ask for a sign of life."""


AnyMessage = Authenticate | Subscribe | Unsubscribe | Place | Cancel | Replace | CancelAll | Ping
OPERATIONS = (
    "auth",
    "subscribe",
    "unsubscribe",
    "place",
    "cancel",
    "replace",
    "cancel_all",
    "ping",
)

_DECODER: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(AnyMessage)


class _Envelope(Struct):
    """Just enough of a message to answer it when the rest is wrong."""

    id: MessageId | None = None


_ENVELOPE_DECODER = msgspec.json.Decoder(_Envelope)


def decode(text: bytes) -> AnyMessage:
    """Decode a message.

    Raises:
        ApiError: It is no JSON, names no operation, or a field breaks a rule.
    """
    check_json_text(text)
    try:
        return _DECODER.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _refusal(error) from error


def _refusal(error: msgspec.MsgspecError | RecursionError) -> ApiError:
    refusal = json_refusal(error)
    if refusal.field == "op" or (refusal.field == "" and "object" in refusal.detail):
        rule = f"must be one of: {', '.join(OPERATIONS)}"
        return ApiError(EdgeError.UNKNOWN_OPERATION, field="op", rule=rule)
    return refusal


def id_of(text: bytes) -> MessageId | None:
    """Return the id of a message that could not be decoded, if it has one that can be read."""
    try:
        return _ENVELOPE_DECODER.decode(text).id
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
