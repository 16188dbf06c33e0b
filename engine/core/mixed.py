# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Levels at which not everything is seen: hidden orders, and reserves of icebergs.

A queue is the seen orders by priority, then the hidden ones; the stops of one trigger price are a
queue by age. What a level shows is its quantity; the rest is in its detail.
"""

import cython
from cython.cimports.engine.core.book import insert_after, link, unlink
from cython.cimports.engine.core.constants import (
    EVENT_REFRESHED,
    HIDDEN,
    MAKER_HIDDEN,
    SELL,
    TRANCHE_DONE,
)
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.mixed import show_tranche
from cython.cimports.engine.core.resting import open_lots, seen_lots
from cython.cimports.engine.core.state import (
    MIXED,
    Core,
    Extra,
    Level,
    LevelDetail,
    Market,
    Order,
    check,
    level_side,
)
from cython.cimports.engine.core.writer import order_event
from cython.cimports.libc.stdint import int64_t, uint32_t
from cython.cimports.libc.string import memset


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def open_detail(core: cython.pointer(Core), index: uint32_t) -> cython.pointer(LevelDetail):
    """Give a level's detail, made empty when it is not in use."""
    detail: cython.pointer(LevelDetail) = cython.address(core.level_details[index])
    if not core.levels[index].flags & MIXED:
        core.levels[index].flags |= MIXED
        memset(detail, 0, cython.sizeof(LevelDetail))
    return detail


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def link_special(core: cython.pointer(Core), index: uint32_t, slot: uint32_t) -> cython.void:
    """Put an order into the queue of its level, where it or the level is not plain."""
    level: cython.pointer(Level) = cython.address(core.levels[index])
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    detail: cython.pointer(LevelDetail)
    after: uint32_t = level.tail
    reserve: int64_t
    if level.book > SELL:
        while after != 0 and core.orders[after].order_id > order.order_id:
            after = core.orders[after].previous
        insert_after(core, level, after, slot)
        return
    if order.flags & HIDDEN:
        insert_after(core, level, after, slot)
        detail = open_detail(core, index)
        if detail.first_hidden == 0:
            detail.first_hidden = slot
        detail.hidden_count += 1
        detail.hidden_lots += order.leaves_lots
        return
    if level.flags & MIXED and core.level_details[index].first_hidden != 0:
        after = core.orders[core.level_details[index].first_hidden].previous
    insert_after(core, level, after, slot)
    level.quantity_lots += open_lots(core, slot)
    reserve = order.leaves_lots - open_lots(core, slot)
    if reserve != 0:
        detail = open_detail(core, index)
        detail.reserve_lots += reserve


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def unlink_special(core: cython.pointer(Core), slot: uint32_t) -> cython.void:
    """Take what a special order has off the sums of its level; it is still in the queue."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    level: cython.pointer(Level) = cython.address(core.levels[order.level])
    detail: cython.pointer(LevelDetail) = cython.address(core.level_details[order.level])
    if level.book > SELL:
        return
    if order.flags & HIDDEN:
        if detail.first_hidden == slot:
            detail.first_hidden = order.next
        detail.hidden_count -= 1
        detail.hidden_lots -= order.leaves_lots
    else:
        level.quantity_lots -= open_lots(core, slot)
        if order.leaves_lots != open_lots(core, slot):
            detail.reserve_lots -= order.leaves_lots - open_lots(core, slot)
    close_detail(core, order.level)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def close_detail(core: cython.pointer(Core), index: uint32_t) -> cython.void:
    """Let a level be plain again when everything at it is seen."""
    detail: cython.pointer(LevelDetail) = cython.address(core.level_details[index])
    if core.levels[index].flags & MIXED and detail.hidden_count == 0 and detail.reserve_lots == 0:
        core.levels[index].flags &= ~MIXED


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def take_open(core: cython.pointer(Core), slot: uint32_t, lots: int64_t) -> cython.int:
    """Take traded lots off the sums of a special order's level; its own leaves are done.

    Returns:
        The flags of the fill's event.
    """
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    level: cython.pointer(Level) = cython.address(core.levels[order.level])
    extra: cython.pointer(Extra) = cython.address(core.extras[slot])
    if order.flags & HIDDEN:
        core.level_details[order.level].hidden_lots -= lots
        return MAKER_HIDDEN
    level.quantity_lots -= lots
    if extra.display_lots == 0:
        return 0
    extra.visible_lots -= lots
    check(core, extra.visible_lots >= 0, b"a fill takes no more than is open")
    return TRANCHE_DONE if extra.visible_lots == 0 and order.leaves_lots != 0 else 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def shrink(core: cython.pointer(Core), slot: uint32_t, lots: int64_t) -> int64_t:
    """Take lots off a resting order without a trade: the reserve goes first.

    Returns:
        How many of them were seen.
    """
    seen: int64_t = seen_lots(core, slot)
    core.orders[slot].leaves_lots -= lots
    return take_off(core, slot, lots, seen)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def take_off(core: cython.pointer(Core), slot: uint32_t, lots: int64_t, seen: int64_t) -> int64_t:
    """Take lots, which its leaves have lost, off the sums of a special order's level.

    Args:
        seen: How many were seen before.

    Returns:
        How many of the lots were seen.
    """
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    level: cython.pointer(Level) = cython.address(core.levels[order.level])
    detail: cython.pointer(LevelDetail) = cython.address(core.level_details[order.level])
    extra: cython.pointer(Extra) = cython.address(core.extras[slot])
    if order.flags & HIDDEN:
        detail.hidden_lots -= lots
        return 0
    if extra.display_lots != 0:
        extra.visible_lots = min(extra.visible_lots, order.leaves_lots)
    seen -= seen_lots(core, slot)
    level.quantity_lots -= seen
    if lots != seen:
        detail.reserve_lots -= lots - seen
        close_detail(core, order.level)
    return seen


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def refresh(
    core: cython.pointer(Core),
    slot: uint32_t,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Show an iceberg's next tranche, at the back of what is seen at its level."""
    level: cython.pointer(Level) = cython.address(core.levels[core.orders[slot].level])
    market: cython.pointer(Market) = core.markets[level.market_id]
    side: cython.int = level_side(level)
    price_ticks: int64_t = level.price_ticks
    event: cython.pointer(Event)
    unlink(core, slot)
    show_tranche(core, slot)
    core.details[slot].priority_sequence = core.next_priority
    core.next_priority += 1
    link(core, market, side, price_ticks, slot)
    event = order_event(core, command, EVENT_REFRESHED, slot)
    event.quantity_lots = core.extras[slot].visible_lots
    event.maker_fee_atoms = core.extras[slot].visible_lots
