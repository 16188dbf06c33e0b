# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Commands that set limits and kill switches (`engine.core.controls` applies them)."""

import cython
from cython.cimports.engine.core.constants import (
    ANSWER,
    EVENT_CANCELLED_ALL,
    FEE_PPM_ONE,
    ID_WINDOW_NS_MAX,
    INVALID_PARAMETER,
    LIMIT_COLLAR_PPM,
    LIMIT_MESSAGES,
    LIMIT_ORDER_LOTS,
    REASON_KILLED,
    REJECT_NONE,
    SET_DEADLINE,
    SET_LIMIT,
    UNKNOWN_ACCOUNT,
    UNKNOWN_MARKET,
)
from cython.cimports.engine.core.controls import hash_limit
from cython.cimports.engine.core.deadlines import set_deadline
from cython.cimports.engine.core.definitions import answer
from cython.cimports.engine.core.hashing import add_to, take_from
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.pools import has_account, has_market, new_event, reserve_limit
from cython.cimports.engine.core.resting import cancel_of_account, cancel_of_market
from cython.cimports.engine.core.state import Account, Core, Limit, check
from cython.cimports.engine.core.sums import hash_account
from cython.cimports.libc.stdint import int64_t, uint32_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def control(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Set a limit, a kill switch or a deadline."""
    if command.kind == SET_LIMIT:
        return set_limit(core, command)
    if command.kind == SET_DEADLINE:
        return set_deadline(core, command)
    return kill(core, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def named_reject(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Refuse an account or a market that is named and not defined."""
    if command.account_id != 0 and not has_account(core, command.account_id):
        return UNKNOWN_ACCOUNT
    if command.market_id != 0 and not has_market(core, command.market_id):
        return UNKNOWN_MARKET
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def set_limit(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Set, change or remove a limit."""
    kind: int64_t = command.price_ticks
    value: int64_t = command.quantity_lots
    window_ns: int64_t = command.amount_atoms
    has_window: cython.bint = kind == LIMIT_MESSAGES and value != 0
    reject: cython.int = named_reject(core, command)
    if reject != REJECT_NONE:
        return reject
    if not LIMIT_ORDER_LOTS <= kind <= LIMIT_MESSAGES or value < 0:
        return INVALID_PARAMETER
    if kind == LIMIT_COLLAR_PPM and value > FEE_PPM_ONE:
        return INVALID_PARAMETER
    if has_window and not value <= window_ns <= ID_WINDOW_NS_MAX:
        return INVALID_PARAMETER
    if not has_window and window_ns != 0:
        return INVALID_PARAMETER
    if not check(core, reserve_limit(core), b"there is memory for a limit"):
        return REJECT_NONE
    return answer(core, command, change_limit(core, command), command.market_id)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def change_limit(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.bint:
    """Put a limit in its chain, instead of the one before; tell whether that was the same."""
    link: cython.pointer(uint32_t) = cython.address(core.common_limits)
    limit: cython.pointer(Limit)
    index: uint32_t
    if command.account_id != 0:
        link = cython.address(core.accounts[command.account_id].limits)
    while link[0] != 0:
        limit = cython.address(core.limits[link[0]])
        if limit.market_id == command.market_id and limit.kind == command.price_ticks:
            break
        link = cython.address(limit.next)
    index = link[0]
    if index != 0:
        limit = cython.address(core.limits[index])
        if limit.value == command.quantity_lots and limit.window_ns == command.amount_atoms:
            return True
        take_from(cython.address(core.sum), hash_limit(limit))
        link[0] = limit.next
        limit.value = 0
        limit.next = core.limit_slab.free
        core.limit_slab.free = index
        core.control_count -= 1
    if command.quantity_lots == 0:
        return index == 0
    index = core.limit_slab.free
    if index != 0:
        core.limit_slab.free = core.limits[index].next
    else:
        index = core.limit_slab.length
        core.limit_slab.length += 1
    limit = cython.address(core.limits[index])
    limit.value = command.quantity_lots
    limit.window_ns = command.amount_atoms
    limit.used_to_ns = 0
    limit.account_id = command.account_id
    limit.market_id = command.market_id
    limit.kind = command.price_ticks
    limit.next = link[0]
    link[0] = index
    core.control_count += 1
    add_to(cython.address(core.sum), hash_limit(limit))
    return False


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def kill(core: cython.pointer(Core), command: cython.pointer(cython.const[Command])) -> cython.int:
    """Stop an account, a market or (neither is named) the venue, or lift that."""
    is_on: cython.bint = command.price_ticks == 1
    reject: cython.int = named_reject(core, command)
    event: cython.pointer(Event)
    cancelled: int64_t = 0
    if reject != REJECT_NONE:
        return reject
    if not 0 <= command.price_ticks <= 1:
        return INVALID_PARAMETER
    if command.account_id != 0 and command.market_id != 0:
        return INVALID_PARAMETER
    set_switch(core, command.account_id, command.market_id, is_on)
    if is_on and command.account_id != 0:
        cancelled = cancel_of_account(core, command.account_id, 0, 0, 0, REASON_KILLED, command)
    elif is_on:
        cancelled = cancel_of_market(core, command.market_id, 0, REASON_KILLED, command)
    event = new_event(core, command, EVENT_CANCELLED_ALL)
    event.code = is_on
    event.flags = ANSWER
    event.account_id = command.account_id
    event.market_id = command.market_id
    event.quantity_lots = cancelled
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def set_switch(
    core: cython.pointer(Core), account_id: uint32_t, market_id: uint32_t, is_on: cython.bint
) -> cython.void:
    """Set one kill switch."""
    account: cython.pointer(Account)
    was_on: cython.bint
    if market_id != 0:
        was_on = core.markets[market_id].is_killed
        core.markets[market_id].is_killed = is_on
        core.markets[market_id].is_changed = True
    elif account_id != 0:
        account = cython.address(core.accounts[account_id])
        was_on = account.is_killed
        take_from(cython.address(core.sum), hash_account(account_id, account.group, was_on))
        account.is_killed = is_on
        add_to(cython.address(core.sum), hash_account(account_id, account.group, is_on))
    else:
        was_on = core.is_killed
        core.is_killed = is_on
    core.control_count += is_on
    core.control_count -= was_on
