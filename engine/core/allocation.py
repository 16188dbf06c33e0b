# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Pro rata: a level is shared out by the sizes of its seen orders, what is left by time.

An arriving order meets all seen orders of such a level at once, so self-trade prevention comes
first, for the orders of its own group there.
"""

import cython
from cython.cimports.engine.core.allocation import share_of
from cython.cimports.engine.core.amount import lots_that_fit
from cython.cimports.engine.core.constants import (
    HIDDEN,
    MARKET_BY_AMOUNT,
    STP_CANCEL_BOTH,
    STP_CANCEL_TAKER,
    STP_DECREMENT,
    STP_NONE,
)
from cython.cimports.engine.core.layout import Command
from cython.cimports.engine.core.matching import is_prevented, prevent, trade
from cython.cimports.engine.core.resting import open_lots
from cython.cimports.engine.core.state import BookSide, Core, Level, Taker
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def share_level(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    command: cython.pointer(cython.const[Command]),
) -> cython.bint:
    """Apply prevention at the best level that the taker reaches, then trade its shares.

    A share is a size times the incoming quantity over the total, rounded down; below the market's
    least it is none.

    Returns:
        Whether the taker goes on.
    """
    side: cython.pointer(BookSide) = taker.opposite
    key: int64_t = side.keys[side.count - 1]
    first_new: uint64_t = core.next_priority  # a tranche shown meanwhile has no share
    level: cython.pointer(Level)
    slot: uint32_t
    following: uint32_t
    total: int64_t
    incoming: int64_t
    share: int64_t
    if taker.self_trade_prevention != STP_NONE and not meet_own_group(core, taker, command):
        return False
    if side.count == 0 or side.keys[side.count - 1] != key:
        return True
    level = cython.address(core.levels[side.levels[side.count - 1]])
    total = level.quantity_lots
    incoming = min(total, taker.leaves_lots)
    if taker.order_type == MARKET_BY_AMOUNT:
        incoming = lots_that_fit(taker, level.price_ticks, total)
    slot = level.head
    while slot != 0 and incoming != 0 and core.broken == cython.NULL:
        if core.orders[slot].flags & HIDDEN or core.details[slot].priority_sequence >= first_new:
            break
        following = core.orders[slot].next
        share = share_of(open_lots(core, slot), incoming, total)
        if share >= max(taker.market.minimum_allocation_lots, 1):
            if taker.order_type == MARKET_BY_AMOUNT:
                taker.leaves_lots = share  # it has no quantity of its own
            trade(core, taker, slot, share, command)
        slot = following
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def meet_own_group(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    command: cython.pointer(cython.const[Command]),
) -> cython.bint:
    """Let the taker meet its own group's seen orders of the best level; tell whether it goes on."""
    index: uint32_t = taker.opposite.levels[taker.opposite.count - 1]
    left: uint32_t = core.levels[index].order_count
    slot: uint32_t = core.levels[index].head
    following: uint32_t
    while left != 0 and slot != 0 and not core.orders[slot].flags & HIDDEN:
        if taker.leaves_lots == 0 and taker.order_type != MARKET_BY_AMOUNT:
            return True
        left -= 1  # the last one takes its level with it
        following = core.orders[slot].next
        if is_prevented(core, taker, slot) and not prevent(core, taker, slot, command):
            return False
        slot = following
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def count_own_group(
    core: cython.pointer(Core),
    taker: cython.pointer(cython.const[Taker]),
    level: uint32_t,
    remaining: int64_t,
    met: cython.pointer(cython.bint),
) -> int64_t:
    """Give what a taker has left after it met its own group's seen orders of a level.

    Returns:
        Its quantity, or -1 when prevention ends it.
    """
    slot: uint32_t = core.levels[level].head
    while slot != 0 and remaining != 0 and not core.orders[slot].flags & HIDDEN:
        if is_prevented(core, taker, slot):
            met[0] = True
            if taker.self_trade_prevention in (STP_CANCEL_TAKER, STP_CANCEL_BOTH):
                return -1
            if taker.self_trade_prevention == STP_DECREMENT:
                remaining -= min(remaining, core.orders[slot].leaves_lots)
        slot = core.orders[slot].next
    return remaining
