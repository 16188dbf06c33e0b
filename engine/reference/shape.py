"""Rules that a command can break by itself, before any state is looked at."""

from __future__ import annotations

from itertools import pairwise

from engine.core.commands import (
    BEFORE_ARRIVAL,
    CLIENT_ID_REQUIRED,
    ENTRY_KINDS,
    HIDDEN,
    MINIMUM,
    ON_DISCONNECT,
    POST_ONLY,
    SLIDE,
    TRIGGER_BEST_QUOTE,
    TRIGGER_REFERENCE,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from engine.core.limits import (
    AMOUNT_ATOMS_MAX,
    GROUP_ENTRIES_MAX,
    PRICE_TICKS_MAX,
    QUANTITY_LOTS_MAX,
    TRAIL_PPM_MAX,
)
from engine.core.rejects import Reject
from engine.reference.command import Command, sets_unused_field
from engine.reference.state import PEGS

_KINDS = frozenset(CommandKind)
_SIDES = frozenset(Side)
_ORDER_TYPES = frozenset(OrderType)
_GOOD_TILL = frozenset({TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD})
_AUCTION_ONLY = frozenset({TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE})
_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})
# What a type may be in force for.
_TIMES_IN_FORCE = {
    OrderType.LIMIT: _GOOD_TILL | _AT_ONCE | _AUCTION_ONLY,
    OrderType.MARKET: _AT_ONCE | _AUCTION_ONLY,
    OrderType.STOP: _GOOD_TILL,
    OrderType.STOP_LIMIT: _GOOD_TILL,
    OrderType.TRAILING_STOP: _GOOD_TILL,
    OrderType.MARKET_BY_AMOUNT: frozenset({TimeInForce.IOC}),
    OrderType.PRIMARY_PEG: _GOOD_TILL,
    OrderType.MIDPOINT_PEG: _GOOD_TILL,
}
_PRICED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT}) | PEGS
_TRIGGERED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_PLACED_TYPES = _ORDER_TYPES - {OrderType.QUOTE}
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
    if command.kind == CommandKind.CANCEL_ALL and command.flags & ~ON_DISCONNECT:
        return Reject.INVALID_FLAGS
    if command.kind == CommandKind.CANCEL and not _cancel_flags_are_valid(command):
        return Reject.INVALID_FLAGS
    if command.kind == CommandKind.MASS_QUOTE or command.kind in ENTRY_KINDS.values():
        reject = _group_reject(command)
        if reject:
            return reject
    return _client_id_reject(command)


def _cancel_flags_are_valid(command: Command) -> bool:
    """Tell whether a cancel before arrival names a client id: the venue has given no other."""
    by_client_id = command.order_id == 0 and command.target_client_id != (0, 0)
    return command.flags == 0 or (command.flags == BEFORE_ARRIVAL and by_client_id)


def _names_two_targets(command: Command) -> bool:
    if command.kind not in {CommandKind.CANCEL, CommandKind.REPLACE}:
        return False
    return command.order_id != 0 and command.target_client_id != (0, 0)


def _group_reject(command: Command) -> Reject:
    """Give the first broken rule of a compound command's shape, or of an entry alone."""
    if command.kind != CommandKind.MASS_QUOTE:
        return Reject.GROUP_INCOMPLETE
    if any(sets_unused_field(entry) for entry in command.entries):
        return Reject.RESERVED_FIELD_SET
    if command.entry_count > GROUP_ENTRIES_MAX or len(command.entries) < command.entry_count:
        return Reject.GROUP_INCOMPLETE
    if command.self_trade_prevention not in _SELF_TRADE_MODES:
        return Reject.INVALID_SELF_TRADE_PREVENTION
    return Reject.INVALID_FLAGS if command.flags & ~POST_ONLY else Reject.NONE


def _place_reject(command: Command) -> Reject:
    by_amount = command.order_type == OrderType.MARKET_BY_AMOUNT
    if command.side not in _SIDES or (by_amount and command.side != Side.BUY):
        return Reject.INVALID_SIDE
    if command.order_type not in _PLACED_TYPES:
        return Reject.INVALID_ORDER_TYPE
    has_expiry = command.expire_time_ns != 0
    if command.time_in_force not in _TIMES_IN_FORCE[OrderType(command.order_type)] or has_expiry > (
        command.time_in_force == TimeInForce.GTD
    ):
        return Reject.INVALID_TIME_IN_FORCE
    mode = command.self_trade_prevention
    # Two orders can lose the same quantity only when both have one.
    if mode not in _SELF_TRADE_MODES or (by_amount and mode == SelfTradePrevention.DECREMENT):
        return Reject.INVALID_SELF_TRADE_PREVENTION
    return Reject.NONE if _flags_are_valid(command) else Reject.INVALID_FLAGS


def _flags_are_valid(command: Command) -> bool:
    """Tell whether the flags fit each other, the order type and the time in force."""
    flags = command.flags
    rests = command.order_type == OrderType.LIMIT and command.time_in_force in _GOOD_TILL
    takes = command.order_type in {OrderType.LIMIT, OrderType.MARKET}
    allowed = 0
    if rests:
        allowed |= POST_ONLY | SLIDE | HIDDEN
    if command.order_type == OrderType.PRIMARY_PEG:
        allowed |= HIDDEN
    if takes and command.time_in_force not in _AUCTION_ONLY | {TimeInForce.FOK}:
        allowed |= MINIMUM
    if command.order_type in _TRIGGERED:
        allowed |= TRIGGER_BEST_QUOTE | TRIGGER_REFERENCE
    return (
        flags & ~allowed == 0
        and flags & (POST_ONLY | SLIDE) != SLIDE
        and flags & (POST_ONLY | MINIMUM) != POST_ONLY | MINIMUM
        and flags & (TRIGGER_BEST_QUOTE | TRIGGER_REFERENCE)
        != TRIGGER_BEST_QUOTE | TRIGGER_REFERENCE
    )


def _client_id_reject(command: Command) -> Reject:
    if command.flags & BEFORE_ARRIVAL and command.client_id == command.target_client_id:
        return Reject.INVALID_CLIENT_ID
    if command.client_id != (0, 0):
        return Reject.NONE
    if command.kind in CLIENT_ID_REQUIRED or command.sent_time_ns != 0:
        return Reject.INVALID_CLIENT_ID
    return Reject.NONE


def number_reject(command: Command) -> Reject:
    """Give the first broken rule among rejects 15 to 17: ranges of price, quantity, amount.

    The prices of a replace are ranged here; whether its order has them is seen with the order.
    """
    if command.kind == CommandKind.PLACE:
        if not _prices_are_valid(command):
            return Reject.INVALID_PRICE
        if not _quantities_are_valid(command):
            return Reject.INVALID_QUANTITY
        by_amount = command.order_type == OrderType.MARKET_BY_AMOUNT
        if not by_amount <= command.amount_atoms <= by_amount * AMOUNT_ATOMS_MAX:
            return Reject.INVALID_AMOUNT
    if command.kind == CommandKind.REPLACE:
        prices = (command.price_ticks, command.new_trigger_price_ticks)
        if not all(0 <= price <= PRICE_TICKS_MAX for price in prices):
            return Reject.INVALID_PRICE
        if not 1 <= command.quantity_lots <= QUANTITY_LOTS_MAX:
            return Reject.INVALID_QUANTITY
    if command.kind == CommandKind.MASS_QUOTE:
        return _quote_reject(command)
    if command.kind in _AMOUNT_KINDS and not 1 <= command.amount_atoms <= AMOUNT_ATOMS_MAX:
        return Reject.INVALID_AMOUNT
    return Reject.NONE


def _quote_reject(command: Command) -> Reject:
    """Give the first broken rule of a quote's entries: all prices, then all quantities.

    Of each side the best price comes first, and none comes twice. A side without a price is absent.
    """
    bids = [(entry.price_ticks, entry.quantity_lots) for entry in command.entries]
    asks = [(entry.amount_atoms, entry.display_lots) for entry in command.entries]
    for side, worse in ((bids, -1), (asks, 1)):
        prices = [price for price, _ in side if price != 0]
        if not all(1 <= price <= PRICE_TICKS_MAX for price in prices):
            return Reject.INVALID_PRICE
        if any((later - earlier) * worse <= 0 for earlier, later in pairwise(prices)):
            return Reject.INVALID_PRICE
    for price, lots in (*bids, *asks):
        if not (price != 0) <= lots <= (price != 0) * QUANTITY_LOTS_MAX:
            return Reject.INVALID_QUANTITY
    return Reject.NONE


def _prices_are_valid(command: Command) -> bool:
    """Tell whether the prices that the order type has are in range, and the others zero."""
    priced, triggered = command.order_type in _PRICED, command.order_type in _TRIGGERED
    return (
        priced <= command.price_ticks <= priced * PRICE_TICKS_MAX
        and triggered <= command.trigger_price_ticks <= triggered * PRICE_TICKS_MAX
        and _distances_are_valid(command)
    )


def _distances_are_valid(command: Command) -> bool:
    """Tell whether a trailing stop has one distance, a primary peg an offset or none."""
    distances = (command.trail_ticks != 0) + (command.trail_ppm != 0)
    in_range = 0 <= command.trail_ticks <= PRICE_TICKS_MAX and command.trail_ppm <= TRAIL_PPM_MAX
    if command.order_type == OrderType.PRIMARY_PEG:
        return in_range and command.trail_ppm == 0
    return in_range and distances == (command.order_type == OrderType.TRAILING_STOP)


def _quantities_are_valid(command: Command) -> bool:
    """Tell whether the quantity, and what must trade or shows of it, are in range."""
    if command.order_type == OrderType.MARKET_BY_AMOUNT:
        return command.quantity_lots == 0 and command.display_lots == 0
    if not 1 <= command.quantity_lots <= QUANTITY_LOTS_MAX:
        return False
    if command.flags & MINIMUM:
        return 1 <= command.minimum_lots <= command.quantity_lots
    shows = command.order_type == OrderType.LIMIT and command.time_in_force in _GOOD_TILL
    is_iceberg = shows and not command.flags & HIDDEN and command.display_lots > 0
    return command.display_lots == 0 or (
        is_iceberg and command.display_lots < command.quantity_lots
    )
