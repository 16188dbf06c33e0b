# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What calls would trade: told when a command changed it."""

import cython
from cython.cimports.engine.core.auction import Indication, indication
from cython.cimports.engine.core.constants import EVENT_INDICATIVE
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.phasing import is_call
from cython.cimports.engine.core.pools import new_event
from cython.cimports.engine.core.state import Core, Market
from cython.cimports.libc.stdint import int64_t, uint32_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def publish_indications(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.void:
    """Tell what each call would trade now, when the command changed it."""
    found = cython.declare(Indication)
    market: cython.pointer(Market)
    i: uint32_t
    if core.broken != cython.NULL:
        return
    for i in range(1, core.market_id_max + 1):
        market = core.markets[i]
        if market == cython.NULL or not is_call(market.phase) or not is_touched(core, i):
            continue
        found = indication(core, market)
        if (
            found.price_ticks == market.indicative_price_ticks
            and found.volume_lots == market.indicative_volume_lots
            and found.surplus_lots == market.indicative_surplus_lots
            and found.surplus_side == market.indicative_surplus_side
        ):
            continue
        market.indicative_price_ticks = found.price_ticks
        market.indicative_volume_lots = found.volume_lots
        market.indicative_surplus_lots = found.surplus_lots
        market.indicative_surplus_side = found.surplus_side
        market.is_changed = True
        tell(core, market, cython.address(found), EVENT_INDICATIVE, 0, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_touched(core: cython.pointer(Core), market_id: uint32_t) -> cython.bint:
    """Tell whether an event of the command is about a market: without one its book is as it was."""
    i: int64_t
    for i in range(core.events_first, core.events_count):
        if core.events[i].market_id == market_id:
            return True
    return False


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def tell(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    found: cython.pointer(cython.const[Indication]),
    kind: cython.int,
    flags: cython.int,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Write what a call would trade, or trades."""
    event: cython.pointer(Event) = new_event(core, command, kind)
    event.side = found.surplus_side
    event.flags = flags
    event.market_id = market.market_id
    event.price_ticks = found.price_ticks
    event.quantity_lots = found.volume_lots
    event.leaves_lots = found.surplus_lots
