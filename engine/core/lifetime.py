# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Making and freeing the venue's state."""

import cython
from cython.cimports.engine.core.constants import (
    ASSET_ID_MAX,
    ID_WINDOW_NS_DEFAULT,
    IDS_MAX_DEFAULT,
    MARKET_ID_MAX,
    NEVER_NS,
)
from cython.cimports.engine.core.ids import ids_free
from cython.cimports.engine.core.state import BOOKS, BookSide, Core
from cython.cimports.engine.core.table import table_free
from cython.cimports.libc.stdint import INT64_MAX, uint32_t
from cython.cimports.libc.stdlib import calloc, free


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def new_core() -> cython.pointer(Core):
    """Make the state of an empty venue; NULL when there is no memory."""
    core: cython.pointer(Core) = cython.cast(cython.pointer(Core), calloc(1, cython.sizeof(Core)))
    if core != cython.NULL:
        core.next_order_id = 1
        core.recent_first = 1
        core.next_trade_id = 1
        core.next_priority = 1
        core.next_due_ns = NEVER_NS
        core.next_call_end_ns = NEVER_NS
        core.next_deadline_ns = NEVER_NS
        core.due.count = 1
        core.ids.window_ns = ID_WINDOW_NS_DEFAULT
        core.ids.ids_max = IDS_MAX_DEFAULT
        core.events_limit = INT64_MAX
    return core


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def free_core(core: cython.pointer(Core)) -> cython.void:
    """Give all memory back."""
    i: uint32_t
    j: cython.int
    if core == cython.NULL:
        return
    for i in range(core.accounts_capacity):
        free(core.accounts[i].balances)
        free(core.accounts[i].orders)
    for i in range(ASSET_ID_MAX + 1):
        free(core.assets[i])
    for i in range(MARKET_ID_MAX + 1):
        if core.markets[i] != cython.NULL:
            for j in range(BOOKS):
                free_side(cython.address(core.markets[i].sides[j]))
            free(core.markets[i])
    free(core.recent)
    table_free(cython.address(core.order_table))
    table_free(cython.address(core.withdrawal_table))
    ids_free(cython.address(core.ids))
    free(core.orders_changed.slots)
    free(core.levels_changed.slots)
    free(core.balances_changed.slots)
    free(core.orders)
    free(core.details)
    free(core.extras)
    free(core.levels)
    free(core.level_details)
    free(core.deadlines)
    free(core.due.slots)
    free(core.fired.slots)
    free(core.balances)
    free(core.accounts)
    free(core.limits)
    free(core.withdrawals)
    free(core.events)
    free(core)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def free_side(side: cython.pointer(BookSide)) -> cython.void:
    """Free one side of a book."""
    free(side.keys)
    free(side.levels)
