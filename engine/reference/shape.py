"""Rules that a command can break by itself, before any state is looked at."""

from __future__ import annotations

from engine.core.commands import (
    CLIENT_ID_REQUIRED,
    POST_ONLY,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from engine.core.limits import AMOUNT_ATOMS_MAX, PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from engine.core.rejects import Reject
from engine.reference.command import Command, sets_unused_field

_KINDS = frozenset(CommandKind)
_SIDES = frozenset(Side)
_ORDER_TYPES = frozenset(OrderType)
_TIMES_IN_FORCE = frozenset(TimeInForce)
_SELF_TRADE_MODES = frozenset(SelfTradePrevention)
_AMOUNT_KINDS = frozenset({CommandKind.DEPOSIT, CommandKind.WITHDRAW_HOLD})


def shape_reject(command: Command) -> Reject:
    """Give the first broken rule among rejects 1 to 8."""
    if command.kind not in _KINDS:
        return Reject.INVALID_COMMAND_KIND
    if sets_unused_field(command) or _names_two_targets(command):
        return Reject.RESERVED_FIELD_SET
    if command.kind == CommandKind.PLACE:
        reject = _place_reject(command)
        if reject:
            return reject
    if command.kind == CommandKind.CANCEL_ALL and command.side not in {0, *_SIDES}:
        return Reject.INVALID_SIDE
    return _client_id_reject(command)


def _names_two_targets(command: Command) -> bool:
    if command.kind not in {CommandKind.CANCEL, CommandKind.REPLACE}:
        return False
    return command.order_id != 0 and command.target_client_id != (0, 0)


def _place_reject(command: Command) -> Reject:
    if command.side not in _SIDES:
        return Reject.INVALID_SIDE
    if command.order_type not in _ORDER_TYPES:
        return Reject.INVALID_ORDER_TYPE
    rests = command.order_type == OrderType.LIMIT and command.time_in_force == TimeInForce.GTC
    if command.time_in_force not in _TIMES_IN_FORCE or (
        command.time_in_force == TimeInForce.GTC and not rests
    ):
        return Reject.INVALID_TIME_IN_FORCE
    if command.self_trade_prevention not in _SELF_TRADE_MODES:
        return Reject.INVALID_SELF_TRADE_PREVENTION
    if command.flags & ~POST_ONLY or (command.flags & POST_ONLY and not rests):
        return Reject.INVALID_FLAGS
    return Reject.NONE


def _client_id_reject(command: Command) -> Reject:
    if command.client_id != (0, 0):
        return Reject.NONE
    if command.kind in CLIENT_ID_REQUIRED or command.sent_time_ns != 0:
        return Reject.INVALID_CLIENT_ID
    return Reject.NONE


def number_reject(command: Command) -> Reject:
    """Give the first broken rule among rejects 15 to 17: ranges of price, quantity, amount."""
    if command.kind in {CommandKind.PLACE, CommandKind.REPLACE}:
        is_market = command.kind == CommandKind.PLACE and command.order_type == OrderType.MARKET
        if is_market and command.price_ticks != 0:
            return Reject.INVALID_PRICE
        if not is_market and not 1 <= command.price_ticks <= PRICE_TICKS_MAX:
            return Reject.INVALID_PRICE
        if not 1 <= command.quantity_lots <= QUANTITY_LOTS_MAX:
            return Reject.INVALID_QUANTITY
    if command.kind in _AMOUNT_KINDS and not 1 <= command.amount_atoms <= AMOUNT_ATOMS_MAX:
        return Reject.INVALID_AMOUNT
    return Reject.NONE
