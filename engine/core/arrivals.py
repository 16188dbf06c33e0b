# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The way of an arriving order: aim at the opposite side, match, settle, rest or be cancelled."""

import cython
from cython.cimports.engine.core.amount import match_by_amount
from cython.cimports.engine.core.book import has_room_for_key, link, opposite, reaches
from cython.cimports.engine.core.constants import (
    ANSWER,
    BUY,
    EVENT_ACCEPTED,
    EVENT_CANCELLED,
    EVENT_FILL,
    FILL_OR_KILL_NOT_FILLABLE,
    FOK,
    INSUFFICIENT_FUNDS,
    IOC,
    LIMIT,
    MARKET_BY_AMOUNT,
    NOTIONAL_TOO_LARGE,
    PHASE_OPEN,
    POST_ONLY,
    POST_ONLY_WOULD_CROSS,
    REASON_NO_LIQUIDITY,
    REASON_NONE,
    REJECT_NONE,
    RESTING,
)
from cython.cimports.engine.core.controls import place_control_reject
from cython.cimports.engine.core.due import enter_due
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.matching import Reach, match, reach
from cython.cimports.engine.core.mixed import show_tranche
from cython.cimports.engine.core.money import is_too_large, lock_required
from cython.cimports.engine.core.order_index import index_order, take_order_id
from cython.cimports.engine.core.phasing import start_volatility_auction
from cython.cimports.engine.core.pools import (
    balance_of,
    has_room_for_order,
    reserve_queue,
    take_order_slot,
)
from cython.cimports.engine.core.resting import forget, seen_lots
from cython.cimports.engine.core.special import is_special, place_special
from cython.cimports.engine.core.state import (
    SPECIAL,
    Account,
    Balance,
    Core,
    Market,
    Order,
    Taker,
    check,
)
from cython.cimports.engine.core.stops import band_limit_ticks, moved_ticks, observe
from cython.cimports.engine.core.sums import note_new_order, touch_balance
from cython.cimports.engine.core.writer import taker_event
from cython.cimports.libc.stdint import INT64_MIN, int64_t, uint32_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def place(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command]), plain: cython.bint
) -> cython.int:
    """Accept, match, then rest or cancel what is left; `plain` as `is_plain` says."""
    taker = cython.declare(Taker)
    found = cython.declare(Reach)
    market: cython.pointer(Market) = core.markets[command.market_id]
    reject: cython.int
    if core.control_count != 0:
        reject = place_control_reject(core, command)
        if reject != REJECT_NONE:
            return reject
    if market.phase != PHASE_OPEN or (not plain and is_special(command)):
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
    taker.order_id = take_order_id(core)
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
    taker.may_rest = command.time_in_force not in (IOC, FOK)
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
def aim(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    market: cython.pointer(Market),
    price_ticks: int64_t,
) -> cython.void:
    """Set what follows from a taker's market, side and price."""
    taker.market = market
    taker.opposite = cython.address(market.sides[opposite(taker.side)])
    taker.price_ticks = price_ticks
    taker.own_limit_key = price_ticks * taker.opposite.sign
    if price_ticks == 0:
        taker.own_limit_key = band_limit_ticks(market, taker.side) * taker.opposite.sign
        if taker.own_limit_key == 0:
            taker.own_limit_key = INT64_MIN
    taker.limit_key = taker.own_limit_key
    if market.volatility_ppm != 0:
        narrow(taker)
    taker.group = core.accounts[taker.account_id].group
    taker.spent_atoms = 0
    taker.received_atoms = 0
    taker.lock_balance = balance_of(core, taker.account_id, market.lock_asset_id[taker.side])
    taker.proceeds_balance = balance_of(
        core, taker.account_id, market.proceeds_asset_id[taker.side]
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def narrow(taker: cython.pointer(Taker)) -> cython.void:
    """Bound what a taker reaches by the dynamic band; one that is post-only does not trade."""
    market: cython.pointer(Market) = taker.market
    bound: int64_t = moved_ticks(market.last_price_ticks, market.volatility_ppm, taker.side)
    taker.limit_key = taker.own_limit_key
    if bound != 0 and not taker.flags & POST_ONLY:
        taker.limit_key = max(taker.own_limit_key, bound * taker.opposite.sign)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def leaves_band(taker: cython.pointer(Taker)) -> cython.bint:
    """Tell whether a taker would go on trading, but at prices beyond the dynamic band."""
    return (
        taker.limit_key != taker.own_limit_key
        and taker.leaves_lots != 0
        and taker.order_type != MARKET_BY_AMOUNT
        and taker.market.phase == PHASE_OPEN
        and not reaches(taker.opposite, taker.limit_key)
        and reaches(taker.opposite, taker.own_limit_key)
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def reserve(core: cython.pointer(Core), taker: cython.pointer(Taker)) -> cython.bint:
    """Make room for a taker to rest, before anything changes."""
    enough: cython.bint = (
        has_room_for_order(core, cython.address(core.accounts[taker.account_id]))
        and has_room_for_key(cython.address(taker.market.sides[taker.side]))
        and taker.lock_balance != 0
        and taker.proceeds_balance != 0
        and (not taker.is_special or reserve_queue(cython.address(core.due), 1))
    )
    return check(core, enough, b"there is memory for an order")


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def work(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    answer_index: int64_t,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Match, then rest or cancel the leaves; complete the answer with how it ended."""
    reason: cython.int = REASON_NONE
    required: int64_t = 0
    leaves_before: int64_t = taker.leaves_lots
    event: cython.pointer(Event)
    first_event: int64_t = core.events_count
    if taker.market.phase == PHASE_OPEN and reaches(taker.opposite, taker.limit_key):
        if taker.order_type == MARKET_BY_AMOUNT:
            reason = match_by_amount(core, taker, command)
        else:
            reason = match(core, taker, command)
    starts_auction: cython.bint = reason == REASON_NONE and leaves_band(taker)
    rests: cython.bint = taker.leaves_lots != 0 and reason == REASON_NONE and taker.may_rest
    if rests:
        required = taker.lock_atoms
        if taker.leaves_lots != leaves_before:
            required = lock_required(
                taker.market,
                taker.side,
                taker.price_ticks,
                taker.leaves_lots,
                taker.fee_credit_ppm,
            )
    settle(core, taker, required)
    event = cython.address(core.events[answer_index])
    event.filled_lots = taker.filled_lots
    event.leaves_lots = 0
    if rests:
        event.leaves_lots = taker.leaves_lots
        event.flags |= RESTING
        event.maker_fee_atoms = rest(core, taker)
        if starts_auction:
            start_volatility_auction(core, taker.market, command)
        if core.waiting_count != 0:
            observe_trades(core, taker.market, first_event)
        return
    if taker.slot != 0:
        forget(core, taker.slot)
    unspent: cython.bint = (
        taker.order_type == MARKET_BY_AMOUNT and taker.spent_atoms < taker.lock_atoms
    )
    if taker.leaves_lots != 0 or unspent:
        event = taker_event(core, command, EVENT_CANCELLED, taker)
        event.code = reason if reason != REASON_NONE else REASON_NO_LIQUIDITY
        event.quantity_lots = taker.leaves_lots
        event.leaves_lots = 0
    if starts_auction:
        start_volatility_auction(core, taker.market, command)
    if core.waiting_count != 0:
        observe_trades(core, taker.market, first_event)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def observe_trades(
    core: cython.pointer(Core), market: cython.pointer(Market), first_event: int64_t
) -> cython.void:
    """Let stops see the first and the last price of one order's trades: they are the extremes."""
    i: int64_t
    first_ticks: int64_t = 0
    last_ticks: int64_t = 0
    for i in range(first_event, core.events_count):
        if core.events[i].kind == EVENT_FILL:
            last_ticks = core.events[i].price_ticks
            if first_ticks == 0:
                first_ticks = last_ticks
    if first_ticks != 0:
        observe(core, market, first_ticks)
    if last_ticks != first_ticks:
        observe(core, market, last_ticks)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def settle(
    core: cython.pointer(Core), taker: cython.pointer(Taker), required: int64_t
) -> cython.void:
    """Move the taker's money: what it spent and received, and the lock that it now needs."""
    lock: cython.pointer(Balance) = cython.address(core.balances[taker.lock_balance])
    proceeds: cython.pointer(Balance) = cython.address(core.balances[taker.proceeds_balance])
    check(
        core,
        taker.spent_atoms + required <= taker.lock_atoms,
        b"a taker spends and locks no more than its lock on arrival",
    )
    touch_balance(core, taker.lock_balance)
    lock.locked_atoms += required - taker.locked_before_atoms
    lock.free_atoms -= taker.spent_atoms + required - taker.locked_before_atoms
    check(core, lock.free_atoms >= 0, b"a lock is covered by the free balance")
    check(core, lock.locked_atoms >= 0, b"no more is spent than is locked")
    if taker.received_atoms != 0:
        touch_balance(core, taker.proceeds_balance)
        proceeds.free_atoms += taker.received_atoms


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def rest(core: cython.pointer(Core), taker: cython.pointer(Taker)) -> int64_t:
    """Put what is left of a taker at the back of its level; there is room (`reserve`).

    Returns:
        How much of it is seen.
    """
    slot: uint32_t = taker.slot
    if slot == 0:
        slot = enter(core, taker)
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    order.leaves_lots = taker.leaves_lots
    order.filled_lots = taker.filled_lots
    core.details[slot].fee_credit_ppm = taker.fee_credit_ppm
    core.details[slot].priority_sequence = core.next_priority
    core.next_priority += 1
    if taker.is_special:
        show_tranche(core, slot)
        link(core, taker.market, taker.side, taker.price_ticks, slot)
        return seen_lots(core, slot)
    link(core, taker.market, taker.side, taker.price_ticks, slot)
    return taker.leaves_lots


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def enter(core: cython.pointer(Core), taker: cython.pointer(Taker)) -> uint32_t:
    """Give a new order a slot, and enter it in the index and in its account's list."""
    account: cython.pointer(Account) = cython.address(core.accounts[taker.account_id])
    slot: uint32_t = take_order_slot(core)
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    note_new_order(core, slot)
    order.order_id = taker.order_id
    order.client_id_low = taker.client_id_low
    order.client_id_high = taker.client_id_high
    order.lock_balance = taker.lock_balance
    order.order_type = taker.order_type
    order.time_in_force = taker.time_in_force
    order.self_trade_prevention = taker.self_trade_prevention
    order.flags |= taker.flags
    if taker.is_special:
        order.flags |= SPECIAL
        core.extras[slot] = taker.extra
    core.details[slot].proceeds_balance = taker.proceeds_balance
    order.account_position = account.orders_count
    account.orders[account.orders_count] = slot
    account.orders_count += 1
    index_order(core, order.order_id, slot)
    if taker.is_special and taker.extra.expire_time_ns != 0:
        enter_due(core, slot)
    return slot
