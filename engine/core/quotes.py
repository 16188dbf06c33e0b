# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Mass quotes: all of an account's quote in one market, replaced in one command."""

import cython
from cython.cimports.engine.core.arrivals import aim, reserve, work
from cython.cimports.engine.core.constants import (
    ANSWER,
    EVENT_ACCEPTED,
    EVENT_QUOTED,
    EVENT_REPLACED,
    GTC,
    KEPT_PRIORITY,
    MARKET_PHASE,
    PHASE_OPEN,
    PHASE_POST_ONLY,
    POST_ONLY,
    QUOTE,
    REASON_QUOTE_REPLACED,
    REJECT_NONE,
    RESTING,
)
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.money import lock_required
from cython.cimports.engine.core.order_index import take_order_id
from cython.cimports.engine.core.pools import new_event
from cython.cimports.engine.core.quote_limits import quote_control_reject
from cython.cimports.engine.core.quote_plan import (
    Former,
    Plan,
    Wanted,
    list_quotes,
    plan_quote,
)
from cython.cimports.engine.core.resting import cancel, locked_atoms, unlock
from cython.cimports.engine.core.state import Account, Core, Level, Order, Taker, check
from cython.cimports.engine.core.sums import touch_level, touch_order
from cython.cimports.engine.core.writer import order_event, taker_event
from cython.cimports.libc.stdint import int64_t, uint32_t
from cython.cimports.libc.stdlib import free, malloc


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def mass_quote(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Replace the account's quote in a market."""
    plan = cython.declare(Plan)
    reject: cython.int
    account: cython.pointer(Account) = cython.address(core.accounts[command.account_id])
    count: int64_t = cython.cast(uint32_t, command.amount_atoms)
    plan.market = core.markets[command.market_id]
    plan.former = cython.cast(
        cython.pointer(Former), malloc((account.orders_count + 1) * cython.sizeof(Former))
    )
    plan.wanted = cython.cast(
        cython.pointer(Wanted), malloc((2 * count + 1) * cython.sizeof(Wanted))
    )
    if check(
        core,
        plan.former != cython.NULL and plan.wanted != cython.NULL,  # noqa: PLR1714
        b"there is memory for a quote",
    ):
        reject = quote(core, cython.address(plan), command)
    else:
        reject = REJECT_NONE
    free(plan.former)
    free(plan.wanted)
    return reject


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def quote(
    core: cython.pointer(Core),
    plan: cython.pointer(Plan),
    command: cython.pointer(cython.const[Command]),
) -> cython.int:
    """Plan a quote, refuse it as a whole or carry it out."""
    reject: cython.int
    i: int64_t
    event: cython.pointer(Event)
    list_quotes(core, plan, command)
    reject = quote_control_reject(core, plan, command) if core.control_count != 0 else REJECT_NONE
    if reject != REJECT_NONE:
        return reject
    if plan.market.phase != PHASE_OPEN and (
        plan.market.phase != PHASE_POST_ONLY or not command.flags & POST_ONLY
    ):
        return MARKET_PHASE
    reject = plan_quote(core, plan, command)
    if reject != REJECT_NONE:
        return reject
    for i in range(plan.former_count):
        if not plan.former[i].is_kept:
            cancel(core, plan.former[i].slot, REASON_QUOTE_REPLACED, 0, command)
    for i in range(plan.wanted_count):
        if plan.wanted[i].kept != 0:
            lower(core, plan, cython.address(plan.wanted[i]), command)
    for i in range(plan.wanted_count):
        if plan.wanted[i].kept == 0 and core.broken == cython.NULL:
            let_arrive(core, plan, cython.address(plan.wanted[i]), command)
    event = new_event(core, command, EVENT_QUOTED)
    event.flags = ANSWER
    event.account_id = command.account_id
    event.market_id = command.market_id
    event.client_id_low = command.client_id_low
    event.client_id_high = command.client_id_high
    event.quantity_lots = plan.wanted_count - plan.kept_count
    event.filled_lots = plan.kept_count
    event.leaves_lots = plan.former_count - plan.kept_count
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def lower(
    core: cython.pointer(Core),
    plan: cython.pointer(Plan),
    wanted: cython.pointer(Wanted),
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Lower a former order's quantity where it is, if the new quote wants less."""
    slot: uint32_t = plan.former[wanted.kept - 1].slot
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    level: cython.pointer(Level) = cython.address(core.levels[order.level])
    previous_leaves: int64_t = order.leaves_lots
    locked: int64_t = locked_atoms(core, slot)
    event: cython.pointer(Event)
    if wanted.lots == previous_leaves:
        return
    touch_order(core, slot)
    touch_level(core, order.level)
    level.quantity_lots -= previous_leaves - wanted.lots
    order.leaves_lots = wanted.lots
    unlock(core, order.lock_balance, locked - locked_atoms(core, slot))
    event = order_event(core, command, EVENT_REPLACED, slot)
    event.quantity_lots = order.filled_lots + wanted.lots
    event.maker_order_id = level.price_ticks
    event.maker_leaves_lots = previous_leaves
    event.maker_fee_atoms = wanted.lots
    event.trade_id = previous_leaves
    event.flags = KEPT_PRIORITY | RESTING


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def let_arrive(
    core: cython.pointer(Core),
    plan: cython.pointer(Plan),
    wanted: cython.pointer(Wanted),
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Let a new order of a quote arrive."""
    taker = cython.declare(Taker)
    event: cython.pointer(Event)
    answer_index: int64_t = core.events_count
    taker.client_id_low = command.client_id_low
    taker.client_id_high = command.client_id_high
    taker.leaves_lots = wanted.lots
    taker.filled_lots = 0
    taker.fee_credit_ppm = 0
    taker.locked_before_atoms = 0
    taker.slot = 0
    taker.is_special = False
    taker.may_rest = True
    taker.account_id = command.account_id
    taker.side = wanted.side
    taker.order_type = QUOTE
    taker.time_in_force = GTC
    taker.self_trade_prevention = command.self_trade_prevention
    taker.flags = command.flags
    aim(core, cython.address(taker), plan.market, wanted.price_ticks)
    if not reserve(core, cython.address(taker)):
        return
    taker.lock_atoms = lock_required(plan.market, taker.side, wanted.price_ticks, wanted.lots, 0)
    taker.order_id = take_order_id(core)
    event = taker_event(core, command, EVENT_ACCEPTED, cython.address(taker))
    event.quantity_lots = taker.leaves_lots
    work(core, cython.address(taker), answer_index, command)
