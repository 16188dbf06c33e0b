# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Limits and kill switches of a mass quote: each of its orders alone, and all of them together."""

import cython
from cython.cimports.engine.core.constants import (
    BUY,
    KILLED,
    LIMIT_HOLDING_LOTS,
    LIMIT_OPEN_ORDERS,
    REJECT_NONE,
)
from cython.cimports.engine.core.controls import (
    Asked,
    broken_kinds,
    holding_lots,
    is_stopped,
    open_orders,
    reject_of_kinds,
)
from cython.cimports.engine.core.layout import Command
from cython.cimports.engine.core.quote_plan import Plan, Wanted
from cython.cimports.engine.core.state import Core, Limit
from cython.cimports.libc.stdint import int64_t, uint32_t

TOGETHER = cython.declare(uint32_t, 1 << LIMIT_OPEN_ORDERS | 1 << LIMIT_HOLDING_LOTS)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def quote_control_reject(
    core: cython.pointer(Core),
    plan: cython.pointer(Plan),
    command: cython.pointer(cython.const[Command]),
) -> cython.int:
    """Give the first kill switch or limit that keeps a quote out.

    One without entries takes an account's quote away: nothing keeps it out.
    """
    asked = cython.declare(Asked)
    wanted: cython.pointer(Wanted)
    limits: uint32_t = core.accounts[command.account_id].limits
    broken: uint32_t = 0
    i: int64_t
    if plan.wanted_count == 0:
        return REJECT_NONE
    if is_stopped(core, plan.market, command.account_id):
        return KILLED
    asked.market = plan.market
    asked.time_ns = command.time_ns
    asked.account_id = command.account_id
    asked.replaced = 0
    asked.may_rest = False
    for i in range(plan.wanted_count):
        wanted = cython.address(plan.wanted[i])
        asked.lots = wanted.lots
        asked.price_ticks = wanted.price_ticks
        asked.value_price_ticks = wanted.price_ticks
        asked.side = wanted.side
        broken |= broken_kinds(core, cython.address(asked), limits)
        broken |= broken_kinds(core, cython.address(asked), core.common_limits)
    broken &= ~TOGETHER
    broken |= broken_together(core, plan, cython.address(asked), limits)
    broken |= broken_together(core, plan, cython.address(asked), core.common_limits)
    return reject_of_kinds(broken)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def broken_together(
    core: cython.pointer(Core),
    plan: cython.pointer(Plan),
    asked: cython.pointer(Asked),
    index: uint32_t,
) -> uint32_t:
    """Give the kinds of a chain's limits that the quote as a whole breaks, as bits.

    The former quote does not count: it makes room for this one.
    """
    broken: uint32_t = 0
    bids: int64_t = 0
    others: int64_t
    limit: cython.pointer(Limit)
    i: int64_t
    for i in range(plan.wanted_count):
        if plan.wanted[i].side == BUY:
            bids += plan.wanted[i].lots
    asked.lots = bids
    for i in range(plan.former_count):
        if plan.former[i].side == BUY:
            asked.lots -= core.orders[plan.former[i].slot].leaves_lots
    while index != 0:
        limit = cython.address(core.limits[index])
        if limit.market_id in (0, plan.market.market_id):
            if limit.kind == LIMIT_OPEN_ORDERS:
                others = open_orders(core, asked, limit.market_id) - plan.former_count
                if others + plan.wanted_count > limit.value:
                    broken |= cython.cast(uint32_t, 1) << LIMIT_OPEN_ORDERS
            elif (
                limit.kind == LIMIT_HOLDING_LOTS
                and bids > 0
                and holding_lots(core, asked) > limit.value
            ):
                broken |= cython.cast(uint32_t, 1) << LIMIT_HOLDING_LOTS
        index = limit.next
    return broken
