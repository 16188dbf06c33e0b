# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Rules that a command can break by itself, before any state is looked at."""

import cython
from cython.cimports.engine.core.constants import (
    AMOUNT_ATOMS_MAX,
    BUY,
    CANCEL,
    CANCEL_ALL,
    COMMAND_KINDS,
    DEPOSIT,
    FOK,
    GTC,
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
    LIMIT,
    MARKET,
    PLACE,
    POST_ONLY,
    PRICE_TICKS_MAX,
    QUANTITY_LOTS_MAX,
    REJECT_NONE,
    REPLACE,
    RESERVED_FIELD_SET,
    SELL,
    STP_DECREMENT,
    STP_NONE,
    WITHDRAW_FINALIZE,
    WITHDRAW_HOLD,
)
from cython.cimports.engine.core.layout import Command
from cython.cimports.engine.core.state import Core
from cython.cimports.libc.stdint import uint64_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def shape_reject(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Give the first broken rule among rejects 1 to 8."""
    reject: cython.int
    if command.kind == 0 or command.kind >= COMMAND_KINDS:
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
    elif command.kind == CANCEL_ALL and command.side > SELL:
        return INVALID_SIDE
    if command.client_id_low != 0 or command.client_id_high != 0:
        return REJECT_NONE
    needs_id: cython.bint = command.kind == PLACE or DEPOSIT <= command.kind <= WITHDRAW_FINALIZE
    return INVALID_CLIENT_ID if needs_id or command.sent_time_ns != 0 else REJECT_NONE


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
    # The two that come most often use whole words but for one.
    if command.kind == PLACE:
        unused = words[6] & masks[6] | words[7] | words[10] | words[11] | words[12]
        return (unused | words[13] | words[14] | words[15]) != 0
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
    rests: cython.bint = command.order_type == LIMIT and command.time_in_force == GTC
    if command.side not in (BUY, SELL):
        return INVALID_SIDE
    if command.order_type not in (LIMIT, MARKET):
        return INVALID_ORDER_TYPE
    if not GTC <= command.time_in_force <= FOK:
        return INVALID_TIME_IN_FORCE
    if command.time_in_force == GTC and not rests:
        return INVALID_TIME_IN_FORCE
    if not STP_NONE <= command.self_trade_prevention <= STP_DECREMENT:
        return INVALID_SELF_TRADE_PREVENTION
    if command.flags & ~POST_ONLY or (command.flags != 0 and not rests):
        return INVALID_FLAGS
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def number_reject(command: cython.pointer(cython.const[Command])) -> cython.int:
    """Give the first broken rule among rejects 15 to 17: ranges of price, quantity, amount."""
    is_market: cython.bint
    if command.kind in (PLACE, REPLACE):
        is_market = command.kind == PLACE and command.order_type == MARKET
        if is_market and command.price_ticks != 0:
            return INVALID_PRICE
        if not is_market and not 1 <= command.price_ticks <= PRICE_TICKS_MAX:
            return INVALID_PRICE
        if not 1 <= command.quantity_lots <= QUANTITY_LOTS_MAX:
            return INVALID_QUANTITY
    has_amount: cython.bint = command.kind in (DEPOSIT, WITHDRAW_HOLD)
    if has_amount and not 1 <= command.amount_atoms <= AMOUNT_ATOMS_MAX:
        return INVALID_AMOUNT
    return REJECT_NONE
