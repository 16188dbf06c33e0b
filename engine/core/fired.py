# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The work queue: stops that a command triggers arrive one after the other, inside it."""

import cython
from cython.cimports.engine.core.arrivals import aim, narrow, reserve, work
from cython.cimports.engine.core.constants import BUY, EVENT_TRIGGERED, PHASE_OPEN, STOP_LIMIT
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.resting import dearest_ticks, stop_locked_atoms
from cython.cimports.engine.core.special import reserve_stop
from cython.cimports.engine.core.state import ORDER_FLAGS, Core, Extra, Market, Order, Taker
from cython.cimports.engine.core.stops import fire_by_quotes, trigger_book, wait
from cython.cimports.engine.core.writer import taker_event
from cython.cimports.libc.stdint import int64_t, uint32_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def work_fired(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.void:
    """Work everything that the command has triggered, in order, until nothing more fires."""
    while core.broken == cython.NULL:
        while core.fired.first < core.fired.count and core.broken == cython.NULL:
            core.fired.first += 1
            work_one(core, core.fired.slots[core.fired.first - 1], command)
        core.fired.first = 0
        core.fired.count = 0
        if not fire_by_quotes(core):
            return


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def work_one(
    core: cython.pointer(Core),
    slot: uint32_t,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Let a stop that fired arrive."""
    taker = cython.declare(Taker)
    extra: cython.pointer(Extra) = cython.address(core.extras[slot])
    market: cython.pointer(Market) = core.markets[extra.market_id]
    answer_index: int64_t = core.events_count
    event: cython.pointer(Event)
    if market.phase != PHASE_OPEN:  # a stop before it in the queue has ended continuous trading
        if reserve_stop(core, market, trigger_book(core.orders[slot].flags, extra.side)):
            wait(core, slot)
        return
    resume(core, cython.address(taker), slot)
    aim(core, cython.address(taker), market, extra.limit_price_ticks)
    if taker.side == BUY:  # never beyond what it has locked
        taker.own_limit_key = taker.opposite.sign * dearest_ticks(
            market, taker.order_type, extra.limit_price_ticks, extra.trigger_price_ticks
        )
        narrow(cython.address(taker))
    if not reserve(core, cython.address(taker)):
        return
    event = taker_event(core, command, EVENT_TRIGGERED, cython.address(taker))
    event.quantity_lots = taker.leaves_lots
    event.maker_order_id = taker.extra.trigger_price_ticks
    work(core, cython.address(taker), answer_index, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def resume(core: cython.pointer(Core), taker: cython.pointer(Taker), slot: uint32_t) -> cython.void:
    """Make a taker of a stop, with what it has locked."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    taker.order_id = order.order_id
    taker.client_id_low = order.client_id_low
    taker.client_id_high = order.client_id_high
    taker.leaves_lots = order.leaves_lots
    taker.filled_lots = 0
    taker.fee_credit_ppm = 0
    taker.lock_atoms = stop_locked_atoms(core, slot)
    taker.locked_before_atoms = taker.lock_atoms
    taker.slot = slot
    taker.account_id = core.balances[order.lock_balance].account_id
    taker.side = core.extras[slot].side
    taker.order_type = order.order_type
    taker.time_in_force = order.time_in_force
    taker.self_trade_prevention = order.self_trade_prevention
    taker.flags = order.flags & ORDER_FLAGS
    taker.may_rest = order.order_type == STOP_LIMIT
    taker.is_special = True
    taker.extra = core.extras[slot]
