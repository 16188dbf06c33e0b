# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The invariants of the whole state, by a full scan; the first that does not hold is noted."""

import cython
from cython.cimports.engine.core.book import find_key
from cython.cimports.engine.core.constants import (
    ASSET_ID_MAX,
    BUY,
    HIDDEN,
    MARKET_ID_MAX,
    PHASE_OPEN,
    PHASE_POST_ONLY,
    SELL,
)
from cython.cimports.engine.core.deadlines import audit_deadlines
from cython.cimports.engine.core.hashing import client_id_hash
from cython.cimports.engine.core.ids import entry_at, find_entry
from cython.cimports.engine.core.order_index import find_order
from cython.cimports.engine.core.pools import find_balance
from cython.cimports.engine.core.resting import locked_atoms, open_lots, seen_lots
from cython.cimports.engine.core.state import (
    BOOKS,
    MIXED,
    SPECIAL,
    Account,
    Asset,
    Balance,
    BookSide,
    Core,
    Extra,
    IdEntry,
    Level,
    LevelDetail,
    Order,
    Withdrawal,
    check,
)
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t
from cython.cimports.libc.stdlib import calloc, free


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def audit(core: cython.pointer(Core)) -> cython.void:
    """Check every invariant of the state."""
    sums: cython.pointer(int64_t) = cython.cast(
        cython.pointer(int64_t),
        calloc(core.balance_slab.capacity * 2 + ASSET_ID_MAX + 1, cython.sizeof(int64_t)),
    )
    if not check(core, sums != cython.NULL, b"there is memory for an audit"):
        return
    locked: cython.pointer(int64_t) = sums
    held: cython.pointer(int64_t) = sums + core.balance_slab.capacity
    totals: cython.pointer(int64_t) = held + core.balance_slab.capacity
    audit_books(core, locked)
    audit_accounts(core)
    audit_deadlines(core)
    audit_withdrawals(core, held)
    audit_balances(core, locked, held, totals)
    audit_conservation(core, totals)
    audit_ids(core)
    free(sums)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def audit_books(core: cython.pointer(Core), locked: cython.pointer(int64_t)) -> cython.void:
    """Check every book, and add up what its orders lock."""
    i: uint32_t
    resting: uint64_t = 0
    waiting: uint64_t = 0
    levels: uint64_t = 0
    book: cython.int
    bids: cython.pointer(BookSide)
    asks: cython.pointer(BookSide)
    for i in range(1, MARKET_ID_MAX + 1):
        if core.markets[i] == cython.NULL:
            continue
        bids = cython.address(core.markets[i].sides[BUY])
        asks = cython.address(core.markets[i].sides[SELL])
        if (
            core.markets[i].phase in (PHASE_OPEN, PHASE_POST_ONLY)
            and bids.count != 0
            and asks.count != 0
        ):
            check(
                core,
                bids.keys[bids.count - 1] < -asks.keys[asks.count - 1],
                b"a book is not crossed",
            )
        resting += audit_side(core, i, BUY, locked)
        resting += audit_side(core, i, SELL, locked)
        levels += bids.count + asks.count
        for book in range(SELL + 1, BOOKS):
            waiting += audit_side(core, i, book, locked)
            levels += core.markets[i].sides[book].count
    check(core, waiting == core.waiting_count, b"every waiting stop is on its market's lists")
    resting += waiting
    check(core, resting == core.order_slab.count, b"every order in a slot rests or waits")
    check(core, resting == indexed_orders(core), b"every order in the index rests or waits")
    check(core, core.fired.count == 0, b"what a command triggered is worked")
    check(core, levels == core.level_slab.count, b"every level in a slot is on a book")


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def indexed_orders(core: cython.pointer(Core)) -> uint64_t:
    """Count the orders in the index."""
    i: uint64_t
    count: uint64_t = core.order_table.count
    for i in range(core.recent_count):
        count += core.recent[i] != 0
    return count


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def audit_side(
    core: cython.pointer(Core),
    market_id: uint32_t,
    side_number: cython.int,
    locked: cython.pointer(int64_t),
) -> uint64_t:
    """Check one side of a book; give how many orders rest there."""
    side: cython.pointer(BookSide) = cython.address(core.markets[market_id].sides[side_number])
    level: cython.pointer(Level)
    i: uint32_t
    resting: uint64_t = 0
    for i in range(side.count):
        level = cython.address(core.levels[side.levels[i]])
        check(core, i == 0 or side.keys[i - 1] < side.keys[i], b"a side is in order of price")
        check(core, find_key(side, side.keys[i]) == i, b"a level is found by its price")
        check(core, level.price_ticks * side.sign == side.keys[i], b"a level is at its price")
        check(
            core,
            level.market_id == market_id and level.book == side_number,
            b"a level is of its market and side",
        )
        check(core, level.order_count > 0, b"a level has orders")
        audit_queue(core, side.levels[i], locked)
        resting += level.order_count
    return resting


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def audit_queue(
    core: cython.pointer(Core), index: uint32_t, locked: cython.pointer(int64_t)
) -> cython.void:
    """Check the orders of a level."""
    level: cython.pointer(Level) = cython.address(core.levels[index])
    order: cython.pointer(Order)
    slot: uint32_t = level.head
    previous: uint32_t = 0
    priority: uint64_t = 0
    count: uint32_t = 0
    quantity_lots: int64_t = 0
    hidden_lots: int64_t = 0
    hidden_count: uint32_t = 0
    reserve_lots: int64_t = 0
    age: uint64_t
    is_hidden: cython.bint = False
    while slot != 0 and count <= level.order_count:
        order = cython.address(core.orders[slot])
        check(core, order.previous == previous, b"a queue is linked both ways")
        check(core, order.level == index, b"an order rests at its level")
        check(core, order.leaves_lots > 0, b"a resting order has leaves")
        check(core, find_order(core, order.order_id) == slot, b"a working order is in the index")
        if order.flags & HIDDEN and not is_hidden:
            is_hidden = True
            priority = 0
        check(core, (order.flags & HIDDEN != 0) == is_hidden, b"what is hidden comes last")
        age = order.order_id if level.book > SELL else core.details[slot].priority_sequence
        check(core, age > priority, b"a queue is in order of arrival")
        check_extra(core, slot, level.book > SELL)
        locked[order.lock_balance] += locked_atoms(core, slot)
        quantity_lots += seen_lots(core, slot)
        if is_hidden:
            hidden_lots += order.leaves_lots
            hidden_count += 1
        elif level.book <= SELL:
            reserve_lots += order.leaves_lots - open_lots(core, slot)
        priority = age
        count += 1
        previous = slot
        slot = order.next
    check(core, level.tail == previous, b"a queue ends at its level's tail")
    check(core, level.order_count == count, b"a level counts its orders")
    check(core, level.quantity_lots == quantity_lots, b"a level's quantity is what is seen")
    is_mixed: cython.bint = hidden_count != 0 or reserve_lots != 0
    check(core, (level.flags & MIXED != 0) == is_mixed, b"a level knows whether all is seen")
    detail: cython.pointer(LevelDetail) = cython.address(core.level_details[index])
    if is_mixed:
        check(
            core,
            detail.hidden_lots == hidden_lots
            and detail.hidden_count == hidden_count
            and detail.reserve_lots == reserve_lots,
            b"a level's detail is what is not seen",
        )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def check_extra(core: cython.pointer(Core), slot: uint32_t, waits: cython.bint) -> cython.void:
    """Check what only special orders have."""
    order: cython.pointer(Order) = cython.address(core.orders[slot])
    extra: cython.pointer(Extra) = cython.address(core.extras[slot])
    if not order.flags & SPECIAL:
        check(core, not waits and not order.flags & HIDDEN, b"a plain order is seen on the book")
        return
    check(core, extra.is_waiting == waits, b"an order knows whether it waits")
    check(
        core,
        waits or 0 < open_lots(core, slot) <= order.leaves_lots,
        b"a resting order is open for some of its leaves",
    )
    if extra.expire_time_ns != 0:
        check(
            core,
            0 < extra.due_position < core.due.count
            and core.due.slots[extra.due_position] == slot
            and core.next_due_ns <= extra.expire_time_ns,
            b"an order with an expiry is in the heap",
        )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def audit_accounts(core: cython.pointer(Core)) -> cython.void:
    """Check every account's list of orders."""
    i: uint32_t
    j: uint32_t
    listed: uint64_t = 0
    account: cython.pointer(Account)
    order: cython.pointer(Order)
    for i in range(core.accounts_capacity):
        account = cython.address(core.accounts[i])
        listed += account.orders_count
        for j in range(account.orders_count):
            order = cython.address(core.orders[account.orders[j]])
            check(core, order.level != 0, b"a listed order works")
            check(core, order.account_position == j, b"an order knows its place in the list")
            check(
                core,
                core.balances[order.lock_balance].account_id == i,
                b"a listed order is the account's own",
            )
    check(core, listed == core.order_slab.count, b"every working order is in its account's list")


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def audit_withdrawals(core: cython.pointer(Core), held: cython.pointer(int64_t)) -> cython.void:
    """Add up what open withdrawals hold."""
    i: uint32_t
    item: cython.pointer(Withdrawal)
    count: uint64_t = 0
    for i in range(1, core.withdrawal_slab.length):
        item = cython.address(core.withdrawals[i])
        if item.withdrawal_id != 0:
            held[find_balance(core, item.account_id, item.asset_id)] += item.amount_atoms
            count += 1
    check(core, count == core.withdrawal_table.count, b"every open withdrawal is in the index")


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def audit_balances(
    core: cython.pointer(Core),
    locked: cython.pointer(int64_t),
    held: cython.pointer(int64_t),
    totals: cython.pointer(int64_t),
) -> cython.void:
    """Check every balance against its orders and withdrawals; add up each asset."""
    i: uint32_t
    balance: cython.pointer(Balance)
    for i in range(1, core.balance_slab.length):
        balance = cython.address(core.balances[i])
        check(core, balance.free_atoms >= 0, b"free is not negative")
        check(core, balance.locked_atoms == locked[i], b"locked is the sum of the orders' locks")
        check(core, balance.held_atoms == held[i], b"held is the sum of open withdrawals")
        check(
            core,
            find_balance(core, balance.account_id, balance.asset_id) == i,
            b"a balance is found by its account and asset",
        )
        totals[balance.asset_id] += balance.free_atoms + balance.locked_atoms + balance.held_atoms
    if core.balance_slab.length != 0:
        check(core, locked[0] == 0 and held[0] == 0, b"every lock and hold has a balance")


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def audit_conservation(core: cython.pointer(Core), totals: cython.pointer(int64_t)) -> cython.void:
    """Check that no atom came or went unaccounted for."""
    i: uint32_t
    asset: cython.pointer(Asset)
    for i in range(1, ASSET_ID_MAX + 1):
        asset = core.assets[i]
        if asset != cython.NULL:
            check(
                core,
                totals[i] + asset.fee_atoms == asset.deposited_atoms - asset.withdrawn_atoms,
                b"balances and fees are deposits less withdrawals",
            )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def audit_ids(core: cython.pointer(Core)) -> cython.void:
    """Check that every remembered id is found."""
    position: uint64_t = core.ids.first
    place: uint64_t = 0
    entry: cython.pointer(IdEntry)
    while position < core.ids.next:
        entry = entry_at(cython.address(core.ids), position)
        check(
            core,
            find_entry(
                cython.address(core.ids),
                client_id_hash(entry.account_id, entry.client_id_low, entry.client_id_high),
                entry.account_id,
                entry.client_id_low,
                entry.client_id_high,
                cython.address(place),
            )
            == entry,
            b"every remembered id is in the table",
        )
        position += 1
    check(
        core,
        core.ids.table.count == core.ids.next - core.ids.first,
        b"the table holds the remembered ids and no others",
    )
