"""Messages to command records: one message, one record of 128 bytes, checked at the edge.

What is checked here is what a record cannot say (an enum number that nobody knows, both target
ids) or what is a mistake in any state of the venue (no client id where one is required). All other
rules are the core's, and its refusals are values in the answer.
"""

from __future__ import annotations

import struct

from engine.core.commands import (
    BEFORE_ARRIVAL,
    COMMAND_BYTES,
    HIDDEN,
    MINIMUM,
    ON_DISCONNECT,
    POST_ONLY,
    SLIDE,
    TRIGGER_BEST_QUOTE,
    TRIGGER_REFERENCE,
    CommandKind,
    SelfTradePrevention,
)
from engine.core.limits import GROUP_ENTRIES_MAX
from engine.rpc.errors import EdgeError, invalid
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2

INT64_MAX = (1 << 63) - 1
UINT64_MAX = (1 << 64) - 1
TAG_MAX = (1 << 16) - 1
_KIND_OFFSET = 48  # of a command record
_RECORD = struct.Struct("<QqQQqIIBBBBBBHQqqqIIQQqq")
if _RECORD.size != COMMAND_BYTES:
    raise ImportError("the record struct must be as long as the command dtype")

_SIDES = frozenset(common_pb2.Side.values())
_ORDER_TYPES = frozenset(common_pb2.OrderType.values())
_TIMES_IN_FORCE = frozenset(common_pb2.TimeInForce.values())
_SELF_TRADE_MODES = frozenset(common_pb2.SelfTradePrevention.values())
_TRIGGER_SOURCES = frozenset(common_pb2.TriggerSource.values())
_SOURCE_FLAGS: dict[int, int] = {
    common_pb2.TRIGGER_SOURCE_UNSPECIFIED: 0,
    common_pb2.TRIGGER_SOURCE_BEST_QUOTE: TRIGGER_BEST_QUOTE,
    common_pb2.TRIGGER_SOURCE_REFERENCE: TRIGGER_REFERENCE,
}


def pack(
    kind: CommandKind,
    *,
    client_id: tuple[int, int] = (0, 0),
    sent_time_ns: int = 0,
    account_id: int = 0,
    market_id: int = 0,
    side: int = 0,
    order_type: int = 0,
    time_in_force: int = 0,
    self_trade_prevention: int = 0,
    flags: int = 0,
    order_id: int = 0,
    word_64: int = 0,
    word_72: int = 0,
    word_80: int = 0,
    low_88: int = 0,
    high_92: int = 0,
    target: tuple[int, int] = (0, 0),
    word_112: int = 0,
    word_120: int = 0,
    tag: int = 0,
) -> bytes:
    """Lay out an unstamped command record; `word_64` and so on are named by their offset."""
    return _RECORD.pack(
        0,
        0,
        client_id[0],
        client_id[1],
        sent_time_ns,
        account_id,
        market_id,
        kind,
        side,
        order_type,
        time_in_force,
        self_trade_prevention,
        flags,
        tag,
        order_id,
        word_64,
        word_72,
        word_80,
        low_88,
        high_92,
        target[0],
        target[1],
        word_112,
        word_120,
    )


def place_record(order: trading_pb2.PlaceOrder, account_id: int, field: str) -> bytes:
    """Make the record of a place; `field` is the message's name for violations."""
    known(order.side, _SIDES, f"{field}.side")
    known(order.order_type, _ORDER_TYPES, f"{field}.order_type")
    known(order.time_in_force, _TIMES_IN_FORCE, f"{field}.time_in_force")
    mode = order.self_trade_prevention
    known(mode, _SELF_TRADE_MODES, f"{field}.self_trade_prevention")
    known(order.trigger_source, _TRIGGER_SOURCES, f"{field}.trigger_source")
    if order.HasField("display_lots") and order.display_lots <= 0:
        raise invalid(f"{field}.display_lots", "must be at least 1; leave it out for no iceberg")
    if order.minimum_lots and order.HasField("display_lots"):
        raise invalid(f"{field}.minimum_lots", "an iceberg takes no minimum quantity")
    return pack(
        CommandKind.PLACE,
        client_id=required_id(order.client_id, f"{field}.client_id"),
        sent_time_ns=sent_time(order.sent_time_ns, field, has_id=True),
        account_id=account_id,
        market_id=order.market_id,
        side=order.side,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        self_trade_prevention=mode or SelfTradePrevention.CANCEL_TAKER,
        flags=_flags(order),
        tag=_tag(order.tag, field),
        word_64=order.price_ticks,
        word_72=order.quantity_lots,
        word_80=order.amount_atoms,
        low_88=order.max_age_ms,
        high_92=order.trail_ppm,
        target=(order.trigger_price_ticks & UINT64_MAX, order.trail_ticks & UINT64_MAX),
        word_112=order.minimum_lots or order.display_lots,
        word_120=order.expire_time_ns,
    )


def _flags(order: trading_pb2.PlaceOrder) -> int:
    return (
        POST_ONLY * order.post_only
        | SLIDE * order.slide
        | HIDDEN * order.hidden
        | MINIMUM * (order.minimum_lots != 0)
        | _SOURCE_FLAGS[order.trigger_source]
    )


def _tag(tag: int, field: str) -> int:
    if tag > TAG_MAX:
        raise invalid(f"{field}.tag", f"must be at most {TAG_MAX}")
    return tag


def cancel_record(cancel: trading_pb2.CancelOrder, account_id: int, field: str) -> bytes:
    """Make the record of a cancel."""
    client_id = id_pair(cancel.client_id)
    target = _target(cancel.order_id, cancel.order_client_id, field)
    return pack(
        CommandKind.CANCEL,
        client_id=client_id,
        sent_time_ns=sent_time(cancel.sent_time_ns, field, has_id=client_id != (0, 0)),
        account_id=account_id,
        order_id=cancel.order_id,
        flags=BEFORE_ARRIVAL * cancel.before_arrival,
        target=target,
    )


def replace_record(replace: trading_pb2.ReplaceOrder, account_id: int, field: str) -> bytes:
    """Make the record of a replace."""
    client_id = id_pair(replace.client_id)
    target = _target(replace.order_id, replace.order_client_id, field)
    return pack(
        CommandKind.REPLACE,
        client_id=client_id,
        sent_time_ns=sent_time(replace.sent_time_ns, field, has_id=client_id != (0, 0)),
        account_id=account_id,
        order_id=replace.order_id,
        word_64=replace.price_ticks,
        word_72=replace.quantity_lots,
        low_88=replace.max_age_ms,
        target=target,
        word_112=replace.trigger_price_ticks,
    )


def cancel_all_record(cancel_all: trading_pb2.CancelAll, account_id: int, field: str) -> bytes:
    """Make the record of a cancel all."""
    known(cancel_all.side, _SIDES, f"{field}.side")
    client_id = id_pair(cancel_all.client_id)
    return pack(
        CommandKind.CANCEL_ALL,
        client_id=client_id,
        sent_time_ns=sent_time(cancel_all.sent_time_ns, field, has_id=client_id != (0, 0)),
        account_id=account_id,
        market_id=cancel_all.market_id,
        side=cancel_all.side,
        tag=_tag(cancel_all.tag, field),
    )


def mass_quote_records(quote: trading_pb2.MassQuote, account_id: int, field: str) -> bytes:
    """Make the records of a quote: its header and an entry for each level."""
    mode = quote.self_trade_prevention
    known(mode, _SELF_TRADE_MODES, f"{field}.self_trade_prevention")
    count = len(quote.levels)
    if count > GROUP_ENTRIES_MAX:
        raise invalid(f"{field}.levels", f"has {count} levels, at most {GROUP_ENTRIES_MAX}")
    header = pack(
        CommandKind.MASS_QUOTE,
        client_id=required_id(quote.client_id, f"{field}.client_id"),
        sent_time_ns=sent_time(quote.sent_time_ns, field, has_id=True),
        account_id=account_id,
        market_id=quote.market_id,
        self_trade_prevention=mode or SelfTradePrevention.CANCEL_TAKER,
        flags=POST_ONLY * quote.post_only,
        word_80=count,
        low_88=quote.max_age_ms,
    )
    entries = [
        pack(
            CommandKind.QUOTE_ENTRY,
            word_64=level.bid_price_ticks,
            word_72=level.bid_lots,
            word_80=level.ask_price_ticks,
            word_112=level.ask_lots,
        )
        for level in quote.levels
    ]
    return header + b"".join(entries)


def answers_to(records: bytes) -> int:
    """Give how many answers records have: an entry has none of its own."""
    kinds = records[_KIND_OFFSET::COMMAND_BYTES]
    return len(kinds) - kinds.count(CommandKind.QUOTE_ENTRY)


def deadline_record(request: trading_pb2.SetDeadlineRequest, account_id: int) -> bytes:
    """Make the record of a deadline."""
    return pack(
        CommandKind.SET_DEADLINE,
        account_id=account_id,
        tag=_tag(request.tag, "deadline"),
        word_64=request.timeout_ms,
    )


def disconnect_record(session: trading_pb2.StreamSession, account_id: int) -> bytes:
    """Make the record of the cancel all that the loss of a stream brings."""
    return pack(
        CommandKind.CANCEL_ALL,
        account_id=account_id,
        tag=_tag(session.tag, "session"),
        flags=ON_DISCONNECT,
    )


def known(value: int, values: frozenset[int], field: str) -> None:
    """Refuse an enum number that this contract does not have."""
    if value not in values:
        raise invalid(field, f"{value} is not a known value")


def id_pair(client_id: common_pb2.ClientId) -> tuple[int, int]:
    """Give a client id as (low, high); (0, 0) is none."""
    return client_id.low, client_id.high


def required_id(client_id: common_pb2.ClientId, field: str) -> tuple[int, int]:
    """Give a client id that must be there."""
    pair = id_pair(client_id)
    if pair == (0, 0):
        raise invalid(field, "is required and not zero")
    return pair


def sent_time(sent_time_ns: int, message_field: str, *, has_id: bool) -> int:
    """Give a sent time, which goes with a client id and only with one."""
    field = f"{message_field}.sent_time_ns" if message_field else "sent_time_ns"
    if sent_time_ns > INT64_MAX:
        raise invalid(field, f"must be at most {INT64_MAX}")
    if has_id and sent_time_ns == 0:
        raise invalid(field, "is required with a client id")
    if not has_id and sent_time_ns != 0:
        raise invalid(field, "must be zero without a client id")
    return sent_time_ns


def _target(order_id: int, order_client_id: common_pb2.ClientId, field: str) -> tuple[int, int]:
    target = id_pair(order_client_id)
    if order_id and target != (0, 0):
        raise _targets(field, "order_id and order_client_id cannot both be given")
    if not order_id and target == (0, 0):
        raise _targets(field, "one of order_id and order_client_id is required")
    return target


def _targets(field: str, rule: str) -> EdgeError:
    return invalid(f"{field}.order_id", rule)
