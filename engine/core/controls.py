# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Limits and kill switches: what an order or a replace must pass before it is judged at all.

The rules are those of `engine.reference.controls`. An account's limits are a chain, and those of
all accounts are one, so an order looks at no others.
"""

import cython
from cython.cimports.engine.core.constants import (
    BUY,
    FEE_PPM_ONE,
    FOK,
    IOC,
    KILLED,
    LIMIT_COLLAR_PPM,
    LIMIT_HOLDING_LOTS,
    LIMIT_MESSAGES,
    LIMIT_OPEN_ORDERS,
    LIMIT_ORDER_LOTS,
    LIMIT_ORDER_VALUE,
    MARKET_BY_AMOUNT,
    MASS_QUOTE,
    ORDER_LOTS_EXCEEDED,
    PLACE,
    REJECT_NONE,
    REPLACE,
    STOP,
    STOP_LIMIT,
    TAG_LIMIT,
)
from cython.cimports.engine.core.controls import Asked
from cython.cimports.engine.core.hashing import Hash, add_to, hash_words, take_from
from cython.cimports.engine.core.layout import Command
from cython.cimports.engine.core.pools import find_balance
from cython.cimports.engine.core.state import (
    Account,
    Balance,
    Core,
    Level,
    Limit,
    Market,
    level_side,
)
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def place_control_reject(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Give the first kill switch or limit that keeps a new order out."""
    asked = cython.declare(Asked)
    market: cython.pointer(Market) = core.markets[command.market_id]
    trigger: int64_t = 0
    if command.order_type in (STOP, STOP_LIMIT):
        trigger = cython.cast(int64_t, command.target_client_id_low)
    asked.market = market
    asked.lots = command.quantity_lots
    if command.order_type == MARKET_BY_AMOUNT:
        asked.lots = 0
        if market.last_price_ticks != 0:
            asked.lots = (
                command.amount_atoms // market.quote_atoms_per_tick_lot // market.last_price_ticks
            )
    asked.price_ticks = command.price_ticks
    asked.value_price_ticks = value_price(market, command.price_ticks, trigger)
    asked.time_ns = command.time_ns
    asked.account_id = command.account_id
    asked.replaced = 0
    asked.side = command.side
    asked.may_rest = command.time_in_force not in (IOC, FOK)
    return control_reject(core, cython.address(asked))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def replace_control_reject(
    core: cython.pointer(Core),
    slot: uint32_t,
    command: cython.pointer(cython.const[Command]),
    trigger_price_ticks: int64_t,
) -> cython.int:
    """Give the first kill switch or limit that keeps a replace out."""
    asked = cython.declare(Asked)
    level: cython.pointer(Level) = cython.address(core.levels[core.orders[slot].level])
    asked.market = core.markets[level.market_id]
    asked.lots = command.quantity_lots
    asked.price_ticks = command.price_ticks
    asked.value_price_ticks = value_price(asked.market, command.price_ticks, trigger_price_ticks)
    asked.time_ns = command.time_ns
    asked.account_id = command.account_id
    asked.replaced = slot
    asked.side = level_side(level)
    asked.may_rest = False
    return control_reject(core, cython.address(asked))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def value_price(
    market: cython.pointer(cython.const[Market]), price_ticks: int64_t, trigger: int64_t
) -> int64_t:
    """Give the price at which an order's value is taken: limit, trigger or last price."""
    if price_ticks != 0:
        return price_ticks
    return trigger if trigger != 0 else market.last_price_ticks


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def control_reject(core: cython.pointer(Core), asked: cython.pointer(Asked)) -> cython.int:
    """Give the first rule that is broken, by the order of the kinds of limits."""
    broken: uint32_t
    if is_stopped(core, asked.market, asked.account_id):
        return KILLED
    broken = broken_kinds(core, asked, core.accounts[asked.account_id].limits)
    broken |= broken_kinds(core, asked, core.common_limits)
    return reject_of_kinds(broken)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_stopped(
    core: cython.pointer(Core), market: cython.pointer(cython.const[Market]), account_id: uint32_t
) -> cython.bint:
    """Tell whether a kill switch keeps the account out of the market."""
    return core.is_killed or market.is_killed or core.accounts[account_id].is_killed


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def reject_of_kinds(broken: uint32_t) -> cython.int:
    """Give the first of some broken kinds of limits, which are bits."""
    kind: cython.int = LIMIT_ORDER_LOTS
    if broken == 0:
        return REJECT_NONE
    while not broken >> kind & 1:
        kind += 1
    return ORDER_LOTS_EXCEEDED - LIMIT_ORDER_LOTS + kind


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def broken_kinds(
    core: cython.pointer(Core), asked: cython.pointer(Asked), index: uint32_t
) -> uint32_t:
    """Give the kinds of a chain's limits that do not hold, as bits."""
    broken: uint32_t = 0
    limit: cython.pointer(Limit)
    while index != 0:
        limit = cython.address(core.limits[index])
        if limit.market_id in (0, asked.market.market_id) and is_broken(core, asked, limit):
            broken |= cython.cast(uint32_t, 1) << limit.kind
        index = limit.next
    return broken


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_broken(
    core: cython.pointer(Core), asked: cython.pointer(Asked), limit: cython.pointer(Limit)
) -> cython.bint:
    """Tell whether a limit does not hold for what is asked for."""
    market: cython.pointer(Market) = asked.market
    reference: int64_t
    if limit.kind == LIMIT_ORDER_LOTS:
        return asked.lots > limit.value
    if limit.kind == LIMIT_ORDER_VALUE:  # divided, because the product may not fit
        return asked.value_price_ticks != 0 and asked.lots > (
            limit.value // market.quote_atoms_per_tick_lot // asked.value_price_ticks
        )
    if limit.kind == LIMIT_COLLAR_PPM:
        reference = market.reference_price_ticks
        if reference == 0:
            reference = market.last_price_ticks
        if asked.price_ticks == 0 or reference == 0:
            return False
        if asked.price_ticks > reference:
            return (asked.price_ticks - reference) * FEE_PPM_ONE > reference * limit.value
        return (reference - asked.price_ticks) * FEE_PPM_ONE > reference * limit.value
    if limit.kind == LIMIT_OPEN_ORDERS:
        return asked.may_rest and open_orders(core, asked, limit.market_id) >= limit.value
    if limit.kind == LIMIT_HOLDING_LOTS:
        return asked.side == BUY and holding_lots(core, asked) > limit.value
    return used_to_ns(limit, asked.time_ns) - asked.time_ns > limit.window_ns


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def open_orders(
    core: cython.pointer(Core), asked: cython.pointer(Asked), market_id: uint32_t
) -> int64_t:
    """Count an account's working orders in a market, or (0) in all."""
    account: cython.pointer(Account) = cython.address(core.accounts[asked.account_id])
    count: int64_t = 0
    i: uint32_t
    if market_id == 0:
        return account.orders_count
    for i in range(account.orders_count):
        count += core.levels[core.orders[account.orders[i]].level].market_id == market_id
    return count


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def holding_lots(core: cython.pointer(Core), asked: cython.pointer(Asked)) -> int64_t:
    """Give what the account would hold of the base asset when all its buys here were filled."""
    account: cython.pointer(Account) = cython.address(core.accounts[asked.account_id])
    index: uint32_t = find_balance(core, asked.account_id, asked.market.base_asset_id)
    balance: cython.pointer(Balance) = cython.address(core.balances[index])
    level: cython.pointer(Level)
    slot: uint32_t
    i: uint32_t
    lots: int64_t = asked.lots
    if asked.replaced != 0:
        lots = max(lots - core.orders[asked.replaced].filled_lots, 0)
    if index != 0:
        lots += (
            balance.free_atoms + balance.locked_atoms + balance.held_atoms
        ) // asked.market.base_atoms_per_lot
    for i in range(account.orders_count):
        slot = account.orders[i]
        level = cython.address(core.levels[core.orders[slot].level])
        if (
            slot != asked.replaced
            and level.market_id == asked.market.market_id
            and level_side(level) == BUY
        ):
            lots += core.orders[slot].leaves_lots
    return lots


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def used_to_ns(limit: cython.pointer(cython.const[Limit]), time_ns: int64_t) -> int64_t:
    """Give up to when the window is used with one message more."""
    return max(limit.used_to_ns, time_ns) + limit.window_ns // limit.value


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def count_message(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.void:
    """Count an order, a replace or a quote that was taken: refused ones cost nothing."""
    market_id: uint32_t = command.market_id
    if command.kind == REPLACE:
        market_id = core.replaced_market_id
    elif command.kind not in (PLACE, MASS_QUOTE):
        return
    elif command.kind == MASS_QUOTE and cython.cast(uint32_t, command.amount_atoms) == 0:
        return  # it withdraws a quote
    use_chain(core, core.accounts[command.account_id].limits, market_id, command.time_ns)
    use_chain(core, core.common_limits, market_id, command.time_ns)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def use_chain(
    core: cython.pointer(Core), index: uint32_t, market_id: uint32_t, time_ns: int64_t
) -> cython.void:
    """Use a message of every rate in a chain that is for the market."""
    limit: cython.pointer(Limit)
    while index != 0:
        limit = cython.address(core.limits[index])
        if limit.kind == LIMIT_MESSAGES and limit.market_id in (0, market_id):
            take_from(cython.address(core.sum), hash_limit(limit))
            limit.used_to_ns = used_to_ns(limit, time_ns)
            add_to(cython.address(core.sum), hash_limit(limit))
        index = limit.next


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hash_limit(limit: cython.pointer(cython.const[Limit])) -> Hash:
    """Hash a limit."""
    words = cython.declare(uint64_t[6])
    words[0] = limit.account_id
    words[1] = limit.market_id
    words[2] = limit.kind
    words[3] = limit.value
    words[4] = limit.window_ns
    words[5] = limit.used_to_ns
    return hash_words(TAG_LIMIT, words, 6)
