# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Order commands: place, cancel, replace, cancel all."""

import cython
from cython.cimports.engine.core.book import reaches, unlink
from cython.cimports.engine.core.constants import (
    ANSWER,
    BUY,
    EVENT_ACCEPTED,
    EVENT_CANCELLED_ALL,
    EVENT_REPLACED,
    FILL_OR_KILL_NOT_FILLABLE,
    FOK,
    GTC,
    GTD,
    INSUFFICIENT_FUNDS,
    INVALID_PRICE,
    KEPT_PRIORITY,
    LIMIT,
    NOTIONAL_TOO_LARGE,
    POST_ONLY,
    POST_ONLY_WOULD_CROSS,
    REASON_CANCEL_ALL,
    REASON_REQUESTED,
    REJECT_NONE,
    RESTING,
    SELF_TRADE,
    SLIDE,
    STP_NONE,
    TOO_OLD,
    UNKNOWN_ORDER,
)
from cython.cimports.engine.core.hashing import client_id_hash
from cython.cimports.engine.core.ids import find_entry
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.matching import Reach, reach
from cython.cimports.engine.core.mixed import shrink
from cython.cimports.engine.core.money import is_too_large, lock_required
from cython.cimports.engine.core.pools import find_order, new_event
from cython.cimports.engine.core.resting import cancel, locked_atoms, seen_lots, unlock
from cython.cimports.engine.core.special import (
    has_tag,
    is_special,
    is_too_old,
    place_special,
    replace_waiting,
    slide,
)
from cython.cimports.engine.core.state import (
    ORDER_FLAGS,
    SPECIAL,
    Account,
    Core,
    IdEntry,
    Level,
    Market,
    Order,
    Taker,
    check,
    level_side,
)
from cython.cimports.engine.core.sums import touch_level, touch_order
from cython.cimports.engine.core.taker import aim, reserve, work
from cython.cimports.engine.core.writer import order_event, taker_event
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t
from cython.cimports.libc.stdlib import free, malloc, qsort


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def place(core: cython.pointer(Core), command: cython.pointer(cython.const[Command])) -> cython.int:
    """Accept, match, then rest or cancel what is left."""
    taker = cython.declare(Taker)
    found = cython.declare(Reach)
    market: cython.pointer(Market) = core.markets[command.market_id]
    if is_special(command):
        return place_special(core, command)
    if is_too_large(market, command.price_ticks, command.quantity_lots):
        return NOTIONAL_TOO_LARGE
    arrive(core, cython.address(taker), market, command)
    if not reserve(core, cython.address(taker)):
        return REJECT_NONE
    locks_by_limit: cython.bint = taker.order_type == LIMIT or taker.side != BUY
    if locks_by_limit:
        taker.lock_atoms = lock_required(
            market, taker.side, taker.price_ticks, taker.leaves_lots, 0
        )
    if not locks_by_limit or taker.time_in_force == FOK:
        found = reach(core, cython.address(taker))
        if not locks_by_limit:
            taker.lock_atoms = found.cost_atoms
    if core.balances[taker.lock_balance].free_atoms < taker.lock_atoms:
        return INSUFFICIENT_FUNDS
    if taker.flags & POST_ONLY and reaches(taker.opposite, taker.limit_key):
        return POST_ONLY_WOULD_CROSS
    if taker.time_in_force == FOK and found.lots < taker.leaves_lots:
        return FILL_OR_KILL_NOT_FILLABLE
    taker.order_id = core.next_order_id
    core.next_order_id += 1
    core.answer_order_id = taker.order_id
    answer_index: int64_t = core.events_count
    answer: cython.pointer(Event) = taker_event(
        core, command, EVENT_ACCEPTED, cython.address(taker)
    )
    answer.quantity_lots = taker.leaves_lots
    answer.flags = ANSWER
    work(core, cython.address(taker), answer_index, command)
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def arrive(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    market: cython.pointer(Market),
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Make a taker of a place command."""
    taker.order_id = 0
    taker.client_id_low = command.client_id_low
    taker.client_id_high = command.client_id_high
    taker.leaves_lots = command.quantity_lots
    taker.filled_lots = 0
    taker.fee_credit_ppm = 0
    taker.lock_atoms = 0
    taker.locked_before_atoms = 0
    taker.slot = 0
    taker.is_special = False
    taker.may_rest = command.time_in_force in (GTC, GTD)
    taker.account_id = command.account_id
    taker.side = command.side
    taker.order_type = command.order_type
    taker.time_in_force = command.time_in_force
    taker.self_trade_prevention = command.self_trade_prevention
    taker.flags = command.flags
    aim(core, taker, market, command.price_ticks)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def target(core: cython.pointer(Core), command: cython.pointer(cython.const[Command])) -> uint32_t:
    """Find the working order that a command names by either id, if it is the account's own."""
    order_id: uint64_t = command.order_id
    low: uint64_t = command.target_client_id_low
    high: uint64_t = command.target_client_id_high
    entry: cython.pointer(IdEntry)
    if order_id == 0:
        entry = find_entry(
            cython.address(core.ids),
            client_id_hash(command.account_id, low, high),
            command.account_id,
            low,
            high,
        )
        if entry == cython.NULL:
            return 0
        order_id = entry.order_id
    slot: uint32_t = find_order(core, order_id)
    if slot == 0:
        return 0
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    if core.balances[order.lock_balance].account_id != command.account_id:
        return 0
    is_named: cython.bint = order.client_id_low == low and order.client_id_high == high
    return slot if command.order_id != 0 or is_named else 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def cancel_one(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Cancel one working order."""
    slot: uint32_t = target(core, command)
    if slot == 0:
        return UNKNOWN_ORDER
    core.answer_order_id = core.orders[slot].order_id
    cancel(core, slot, REASON_REQUESTED, ANSWER, command)
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def by_number(
    left: cython.pointer(cython.const[cython.void]),
    right: cython.pointer(cython.const[cython.void]),
) -> cython.int:
    """Compare two ids for `qsort`."""
    a: uint64_t = cython.cast(cython.pointer(cython.const[uint64_t]), left)[0]
    b: uint64_t = cython.cast(cython.pointer(cython.const[uint64_t]), right)[0]
    return (a > b) - (a < b)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def cancel_all(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Cancel the account's orders, or those of a market, side and tag, by rising order id."""
    account: cython.pointer(Account) = cython.address(core.accounts[command.account_id])
    count: cython.size_t = 0
    i: uint32_t
    order: cython.pointer(Order)
    level: cython.pointer(Level)
    event: cython.pointer(Event)
    order_ids: cython.pointer(uint64_t) = cython.cast(
        cython.pointer(uint64_t), malloc((account.orders_count + 1) * cython.sizeof(uint64_t))
    )
    if not check(core, order_ids != cython.NULL, b"there is memory for the orders to cancel"):
        return REJECT_NONE
    for i in range(account.orders_count):
        order = cython.address(core.orders[account.orders[i]])
        level = cython.address(core.levels[order.level])
        if command.market_id not in (0, level.market_id):
            continue
        if command.side not in (0, level_side(level)):
            continue
        if command.tag != 0 and not has_tag(core, account.orders[i], command.tag):
            continue
        order_ids[count] = order.order_id
        count += 1
    qsort(order_ids, count, cython.sizeof(uint64_t), by_number)
    for i in range(count):
        cancel(core, find_order(core, order_ids[i]), REASON_CANCEL_ALL, 0, command)
    free(order_ids)
    event = new_event(core, command, EVENT_CANCELLED_ALL)
    event.side = command.side
    event.flags = ANSWER
    event.account_id = command.account_id
    event.market_id = command.market_id
    event.client_id_low = command.client_id_low
    event.client_id_high = command.client_id_high
    event.quantity_lots = count
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def replace(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Change price or total quantity; a refusal leaves the order as it was, place included."""
    taker = cython.declare(Taker)
    slot: uint32_t = target(core, command)
    if slot == 0:
        return UNKNOWN_ORDER
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    level: cython.pointer(Level) = cython.address(core.levels[order.level])
    market: cython.pointer(Market) = core.markets[level.market_id]
    if order.flags & SPECIAL and core.extras[slot].is_waiting:
        return replace_waiting(core, slot, command)
    if command.price_ticks == 0 or command.display_lots != 0:
        return INVALID_PRICE
    come_again(core, cython.address(taker), slot, command)
    if is_too_large(market, taker.price_ticks, command.quantity_lots):
        return NOTIONAL_TOO_LARGE
    taker.lock_atoms = lock_required(
        market, taker.side, taker.price_ticks, taker.leaves_lots, taker.fee_credit_ppm
    )
    if core.balances[order.lock_balance].free_atoms < taker.lock_atoms - taker.locked_before_atoms:
        return INSUFFICIENT_FUNDS
    if taker.leaves_lots != 0 and reaches(taker.opposite, taker.limit_key):
        if taker.flags & POST_ONLY:
            return POST_ONLY_WOULD_CROSS
        stops: cython.bint = taker.self_trade_prevention != STP_NONE
        if stops and reach(core, cython.address(taker)).meets_own_group:
            return SELF_TRADE
    if command.asset_id != 0 and is_too_old(command):
        return TOO_OLD
    core.answer_order_id = order.order_id
    is_smaller: cython.bint = 0 < taker.leaves_lots <= order.leaves_lots
    if is_smaller and taker.price_ticks == level.price_ticks:
        keep_place(core, cython.address(taker), command)
    else:
        lose_place(core, cython.address(taker), command)
    return REJECT_NONE


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def come_again(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    slot: uint32_t,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Make a taker of a working order as a replace command wants it, still without a lock."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    level: cython.pointer(Level) = cython.address(core.levels[order.level])
    taker.order_id = order.order_id
    taker.client_id_low = order.client_id_low
    taker.client_id_high = order.client_id_high
    taker.leaves_lots = max(command.quantity_lots - order.filled_lots, 0)
    taker.filled_lots = order.filled_lots
    taker.fee_credit_ppm = core.details[slot].fee_credit_ppm
    taker.locked_before_atoms = locked_atoms(core, slot)
    taker.slot = slot
    taker.account_id = command.account_id
    taker.side = level_side(level)
    taker.may_rest = True
    taker.is_special = order.flags & SPECIAL != 0
    if taker.is_special:
        taker.extra = core.extras[slot]
    taker.order_type = order.order_type
    taker.time_in_force = order.time_in_force
    taker.self_trade_prevention = order.self_trade_prevention
    taker.flags = order.flags & ORDER_FLAGS
    aim(core, taker, core.markets[level.market_id], command.price_ticks)
    if taker.flags & SLIDE:
        slide(taker)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def keep_place(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Lower an order's quantity where it is."""
    order: cython.pointer(Order) = cython.address(core.orders[taker.slot])
    level: cython.pointer(Level) = cython.address(core.levels[order.level])
    previous_leaves: int64_t = order.leaves_lots
    event: cython.pointer(Event)
    touch_order(core, taker.slot)
    touch_level(core, order.level)
    seen_before: int64_t = seen_lots(core, taker.slot)
    if order.flags & SPECIAL:
        shrink(core, taker.slot, previous_leaves - taker.leaves_lots)
    else:
        level.quantity_lots -= previous_leaves - taker.leaves_lots
        order.leaves_lots = taker.leaves_lots
    unlock(core, order.lock_balance, taker.locked_before_atoms - taker.lock_atoms)
    event = order_event(core, command, EVENT_REPLACED, taker.slot)
    event.quantity_lots = command.quantity_lots
    event.maker_order_id = level.price_ticks
    event.maker_leaves_lots = previous_leaves
    event.maker_fee_atoms = seen_lots(core, taker.slot)
    event.trade_id = seen_before
    event.flags = ANSWER | KEPT_PRIORITY | RESTING


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def lose_place(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Take an order off its level and let it arrive anew."""
    order: cython.pointer(Order) = cython.address(core.orders[taker.slot])
    answer_index: int64_t = core.events_count
    event: cython.pointer(Event)
    if not reserve(core, taker):
        return
    event = taker_event(core, command, EVENT_REPLACED, taker)
    event.quantity_lots = command.quantity_lots
    event.maker_order_id = core.levels[order.level].price_ticks
    event.maker_leaves_lots = order.leaves_lots
    event.trade_id = seen_lots(core, taker.slot)
    event.flags = ANSWER
    touch_order(core, taker.slot)
    unlink(core, taker.slot)
    work(core, taker, answer_index, command)
