# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Rules that a command can break by itself, before any state is looked at."""

import cython
from cython.cimports.engine.core.constants import (
    AMOUNT_ATOMS_MAX,
    AT_CLOSE,
    AT_OPEN,
    BEFORE_ARRIVAL,
    BUY,
    CANCEL,
    CANCEL_ALL,
    COMMAND_KINDS,
    DAY,
    DEPOSIT,
    FOK,
    GTC,
    GTD,
    HIDDEN,
    INVALID_AMOUNT,
    INVALID_CLIENT_ID,
    INVALID_COMMAND_KIND,
    INVALID_FLAGS,
    INVALID_ORDER_TYPE,
    INVALID_PRICE,
    INVALID_QUANTITY,
    INVALID_SELF_TRADE_PREVENTION,
    INVALID_SIDE,
    INVALID_TIME_IN_FORCE,
    IOC,
    LIMIT,
    MARKET,
    MARKET_BY_AMOUNT,
    MASS_QUOTE,
    MIDPOINT_PEG,
    MINIMUM,
    ON_DISCONNECT,
    PLACE,
    POST_ONLY,
    PRICE_TICKS_MAX,
    PRIMARY_PEG,
    QUANTITY_LOTS_MAX,
    REJECT_NONE,
    REPLACE,
    RESERVED_FIELD_SET,
    SELL,
    SLIDE,
    STOP,
    STOP_LIMIT,
    STP_DECREMENT,
    STP_NONE,
    TRAIL_PPM_MAX,
    TRAILING_STOP,
    TRIGGER_BEST_QUOTE,
    TRIGGER_REFERENCE,
    WITHDRAW_FINALIZE,
    WITHDRAW_HOLD,
)
from cython.cimports.engine.core.groups import group_reject, quote_reject
from cython.cimports.engine.core.layout import Command
from cython.cimports.engine.core.state import Core
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def shape_reject(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Give the first broken rule among rejects 1 to 8."""
    reject: cython.int
    if command.kind >= COMMAND_KINDS or core.unused_masks[command.kind][0] != 0:
        return INVALID_COMMAND_KIND
    if sets_unused_field(core, command):
        return RESERVED_FIELD_SET
    if command.kind == PLACE:
        reject = place_reject(command)
        if reject != REJECT_NONE:
            return reject
    elif command.kind in (CANCEL, REPLACE):
        if command.order_id != 0 and (
            command.target_client_id_low != 0 or command.target_client_id_high != 0
        ):
            return RESERVED_FIELD_SET
        if command.flags != 0:
            return before_arrival_reject(command)
    elif command.kind == CANCEL_ALL:
        if command.side > SELL:
            return INVALID_SIDE
        if command.flags & ~ON_DISCONNECT:
            return INVALID_FLAGS
    elif command.kind >= MASS_QUOTE:
        reject = group_reject(core, command)
        if reject != REJECT_NONE:
            return reject
    if command.client_id_low != 0 or command.client_id_high != 0:
        return REJECT_NONE
    needs_id: cython.bint = (
        command.kind in (PLACE, MASS_QUOTE) or DEPOSIT <= command.kind <= WITHDRAW_FINALIZE
    )
    return INVALID_CLIENT_ID if needs_id or command.sent_time_ns != 0 else REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def before_arrival_reject(command: cython.pointer(cython.const[Command])) -> cython.int:
    """Give the broken rule of a cancel with flags: it names another client id than its own."""
    low: uint64_t = command.target_client_id_low
    high: uint64_t = command.target_client_id_high
    if command.flags != BEFORE_ARRIVAL or command.order_id != 0 or (low == 0 and high == 0):
        return INVALID_FLAGS
    if command.client_id_low == low and command.client_id_high == high:
        return INVALID_CLIENT_ID
    has_id: cython.bint = command.client_id_low != 0 or command.client_id_high != 0
    return INVALID_CLIENT_ID if not has_id and command.sent_time_ns != 0 else REJECT_NONE


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def sets_unused_field(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.bint:
    """Tell whether a byte that the command's kind does not use is other than zero."""
    words: cython.pointer(cython.const[uint64_t]) = cython.cast(
        cython.pointer(cython.const[uint64_t]), command
    )
    masks: cython.pointer(uint64_t) = core.unused_masks[command.kind]
    unused: uint64_t = 0
    i: cython.int
    # The two that come most often use whole words: a place all but one.
    if command.kind == PLACE:
        return words[7] != 0
    if command.kind == CANCEL:
        unused = words[5] & masks[5] | words[6] & masks[6] | words[8] | words[9]
        return (unused | words[10] | words[11] | words[14] | words[15]) != 0
    for i in range(2, 16):
        unused |= words[i] & masks[i]
    return unused != 0


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def place_reject(command: cython.pointer(cython.const[Command])) -> cython.int:
    """Give the first broken rule among rejects 3 to 7."""
    by_amount: cython.bint = command.order_type == MARKET_BY_AMOUNT
    if command.side not in (BUY, SELL) or (by_amount and command.side != BUY):
        return INVALID_SIDE
    if not LIMIT <= command.order_type <= MIDPOINT_PEG:
        return INVALID_ORDER_TYPE
    if not time_is_valid(command):
        return INVALID_TIME_IN_FORCE
    if not STP_NONE <= command.self_trade_prevention <= STP_DECREMENT:
        return INVALID_SELF_TRADE_PREVENTION
    if by_amount and command.self_trade_prevention == STP_DECREMENT:
        return INVALID_SELF_TRADE_PREVENTION
    if command.flags != 0 and not flags_are_valid(command):
        return INVALID_FLAGS
    return REJECT_NONE


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def time_is_valid(command: cython.pointer(cython.const[Command])) -> cython.bint:
    """Tell whether the time in force fits the order type, and the expiry the time in force."""
    good_till: cython.bint = command.time_in_force in (GTC, DAY, GTD)
    collected: cython.bint = command.time_in_force in (AT_OPEN, AT_CLOSE)
    if command.expire_time_ns != 0 and command.time_in_force != GTD:
        return False
    if command.order_type == LIMIT:
        return good_till or collected or command.time_in_force in (IOC, FOK)
    if command.order_type == MARKET:
        return collected or command.time_in_force in (IOC, FOK)
    return command.time_in_force == IOC if command.order_type == MARKET_BY_AMOUNT else good_till


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def flags_are_valid(command: cython.pointer(cython.const[Command])) -> cython.bint:
    """Tell whether the flags fit each other, the order type and the time in force."""
    flags: cython.int = command.flags
    allowed: cython.int = 0
    if command.order_type == LIMIT and command.time_in_force in (GTC, DAY, GTD):
        allowed |= POST_ONLY | SLIDE | HIDDEN
    if command.order_type == PRIMARY_PEG:
        allowed |= HIDDEN
    if command.order_type in (LIMIT, MARKET) and (
        command.time_in_force not in (FOK, AT_OPEN, AT_CLOSE)
    ):
        allowed |= MINIMUM
    if command.order_type in (STOP, STOP_LIMIT):
        allowed |= TRIGGER_BEST_QUOTE | TRIGGER_REFERENCE
    return (
        flags & ~allowed == 0
        and flags & (POST_ONLY | SLIDE) != SLIDE
        and flags & (POST_ONLY | MINIMUM) != POST_ONLY | MINIMUM
        and flags & (TRIGGER_BEST_QUOTE | TRIGGER_REFERENCE)
        != TRIGGER_BEST_QUOTE | TRIGGER_REFERENCE
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def number_reject(command: cython.pointer(cython.const[Command])) -> cython.int:
    """Give the first broken rule among rejects 15 to 17: ranges of price, quantity, amount."""
    by_amount: cython.bint
    if command.kind == PLACE:
        if not prices_are_valid(command):
            return INVALID_PRICE
        if not quantities_are_valid(command):
            return INVALID_QUANTITY
        by_amount = command.order_type == MARKET_BY_AMOUNT
        if not by_amount and command.amount_atoms != 0:
            return INVALID_AMOUNT
        if by_amount and not 1 <= command.amount_atoms <= AMOUNT_ATOMS_MAX:
            return INVALID_AMOUNT
    elif command.kind == REPLACE:
        if not 0 <= command.price_ticks <= PRICE_TICKS_MAX:
            return INVALID_PRICE
        if not 0 <= command.display_lots <= PRICE_TICKS_MAX:  # the new trigger price
            return INVALID_PRICE
        if not 1 <= command.quantity_lots <= QUANTITY_LOTS_MAX:
            return INVALID_QUANTITY
    elif command.kind == MASS_QUOTE:
        return quote_reject(command)
    has_amount: cython.bint = command.kind in (DEPOSIT, WITHDRAW_HOLD)
    if has_amount and not 1 <= command.amount_atoms <= AMOUNT_ATOMS_MAX:
        return INVALID_AMOUNT
    return REJECT_NONE


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def prices_are_valid(command: cython.pointer(cython.const[Command])) -> cython.bint:
    """Tell whether the prices that the order type has are in range, and the others zero."""
    trigger: int64_t = cython.cast(int64_t, command.target_client_id_low)
    trail_ticks: int64_t = cython.cast(int64_t, command.target_client_id_high)
    trail_ppm: uint32_t = command.quote_asset_id
    if command.order_type in (LIMIT, STOP_LIMIT, PRIMARY_PEG, MIDPOINT_PEG):
        if not 1 <= command.price_ticks <= PRICE_TICKS_MAX:
            return False
    elif command.price_ticks != 0:
        return False
    if command.order_type in (STOP, STOP_LIMIT):
        if not 1 <= trigger <= PRICE_TICKS_MAX:
            return False
    elif trigger != 0:
        return False
    if command.order_type == PRIMARY_PEG:  # its offset
        return 0 <= trail_ticks <= PRICE_TICKS_MAX and trail_ppm == 0
    if command.order_type != TRAILING_STOP:
        return trail_ticks == 0 and trail_ppm == 0
    return (
        (trail_ticks != 0) != (trail_ppm != 0)
        and 0 <= trail_ticks <= PRICE_TICKS_MAX
        and trail_ppm <= TRAIL_PPM_MAX
    )


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def quantities_are_valid(command: cython.pointer(cython.const[Command])) -> cython.bint:
    """Tell whether the quantity, and what must trade or shows of it, are in range."""
    display: int64_t = command.display_lots
    if command.order_type == MARKET_BY_AMOUNT:
        return command.quantity_lots == 0 and display == 0
    if not 1 <= command.quantity_lots <= QUANTITY_LOTS_MAX:
        return False
    if command.flags & MINIMUM:
        return 1 <= display <= command.quantity_lots
    if display == 0:
        return True
    return (
        command.order_type == LIMIT
        and command.time_in_force in (GTC, DAY, GTD)
        and not command.flags & HIDDEN
        and 0 < display < command.quantity_lots
    )
