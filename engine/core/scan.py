# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The digest by a full scan: it walks the books and trusts no sum or hash that is kept up."""

import cython
from cython.cimports.engine.core.constants import ASSET_ID_MAX, HIDDEN, MARKET_ID_MAX
from cython.cimports.engine.core.controls import hash_limit
from cython.cimports.engine.core.deadlines import hash_deadline
from cython.cimports.engine.core.hashing import Hash, add_to
from cython.cimports.engine.core.ids import entry_at
from cython.cimports.engine.core.resting import seen_lots
from cython.cimports.engine.core.state import BOOKS, BookSide, Core, LevelDetail
from cython.cimports.engine.core.sums import (
    hash_account,
    hash_asset,
    hash_balance,
    hash_id_entry,
    hash_level,
    hash_market,
    hash_order,
    hash_venue,
    hash_withdrawal,
)
from cython.cimports.libc.stdint import uint32_t, uint64_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def scanned_sum(core: cython.pointer(Core)) -> Hash:
    """Sum the hashes of all records."""
    total = cython.declare(Hash)
    i: uint32_t
    j: cython.int
    position: uint64_t = core.ids.first
    total.high = 0
    total.low = 0
    for i in range(1, core.balance_slab.length):
        add_to(cython.address(total), hash_balance(core, i))
    for i in range(1, core.withdrawal_slab.length):
        if core.withdrawals[i].withdrawal_id != 0:
            add_to(cython.address(total), hash_withdrawal(cython.address(core.withdrawals[i])))
    for i in range(1, core.accounts_capacity):
        if core.accounts[i].group != 0:
            add_to(
                cython.address(total),
                hash_account(i, core.accounts[i].group, core.accounts[i].is_killed),
            )
    for i in range(1, core.limit_slab.length):
        if core.limits[i].value != 0:
            add_to(cython.address(total), hash_limit(cython.address(core.limits[i])))
    for i in range(ASSET_ID_MAX + 1):
        if core.assets[i] != cython.NULL:
            add_to(cython.address(total), hash_asset(core.assets[i]))
    for i in range(MARKET_ID_MAX + 1):
        if core.markets[i] != cython.NULL:
            add_to(cython.address(total), hash_market(core.markets[i]))
            for j in range(1, BOOKS):
                scan_side(core, cython.address(core.markets[i].sides[j]), cython.address(total))
    while position < core.ids.next:
        add_to(cython.address(total), hash_id_entry(entry_at(cython.address(core.ids), position)))
        position += 1
    for i in range(core.deadlines_count):
        add_to(cython.address(total), hash_deadline(cython.address(core.deadlines[i])))
    add_to(cython.address(total), hash_venue(core))
    return total


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def scan_side(
    core: cython.pointer(Core), side: cython.pointer(BookSide), total: cython.pointer(Hash)
) -> cython.void:
    """Add the orders and levels of one side of a book."""
    i: uint32_t
    slot: uint32_t
    quantity_lots: uint64_t
    order_count: uint64_t
    hidden = cython.declare(LevelDetail)
    for i in range(side.count):
        quantity_lots = 0
        order_count = 0
        hidden.hidden_lots = 0
        hidden.hidden_count = 0
        slot = core.levels[side.levels[i]].head
        while slot != 0:
            add_to(total, hash_order(core, slot))
            if core.orders[slot].flags & HIDDEN:
                hidden.hidden_lots += core.orders[slot].leaves_lots
                hidden.hidden_count += 1
            quantity_lots += seen_lots(core, slot)
            order_count += 1
            slot = core.orders[slot].next
        add_to(
            total,
            hash_level(core, side.levels[i], quantity_lots, order_count, cython.address(hidden)),
        )
