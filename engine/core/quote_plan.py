# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What a mass quote will do: which orders go, stay and arrive, and whether it may."""

import cython
from cython.cimports.engine.core.book import opposite
from cython.cimports.engine.core.constants import (
    BUY,
    INSUFFICIENT_FUNDS,
    NOTIONAL_TOO_LARGE,
    POST_ONLY,
    POST_ONLY_WOULD_CROSS,
    QUOTE,
    QUOTE_CROSSES_ITSELF,
    REJECT_NONE,
    SELL,
    TOO_OLD,
)
from cython.cimports.engine.core.layout import Command
from cython.cimports.engine.core.money import is_too_large, lock_required
from cython.cimports.engine.core.pools import balance_of
from cython.cimports.engine.core.quote_plan import Former, Plan, Wanted
from cython.cimports.engine.core.resting import locked_atoms
from cython.cimports.engine.core.special import is_too_old
from cython.cimports.engine.core.state import (
    Account,
    BookSide,
    Core,
    Level,
    Order,
    check,
    level_side,
)
from cython.cimports.libc.stdint import int64_t, uint32_t
from cython.cimports.libc.stdlib import qsort


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def list_quotes(
    core: cython.pointer(Core),
    plan: cython.pointer(Plan),
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """List the quote that is there and the one that is asked for."""
    list_former(core, plan, command)
    list_wanted(plan, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def plan_quote(
    core: cython.pointer(Core),
    plan: cython.pointer(Plan),
    command: cython.pointer(cython.const[Command]),
) -> cython.int:
    """Plan what a quote will do; give the first rule that it breaks as a whole."""
    keep_places(core, plan)
    return plan_reject(core, plan, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def by_rank(
    left: cython.pointer(cython.const[cython.void]),
    right: cython.pointer(cython.const[cython.void]),
) -> cython.int:
    """Compare two former orders for `qsort`: by side, price with the best first, order id."""
    a: cython.pointer(cython.const[Former]) = cython.cast(
        cython.pointer(cython.const[Former]), left
    )
    b: cython.pointer(cython.const[Former]) = cython.cast(
        cython.pointer(cython.const[Former]), right
    )
    if a.side != b.side:
        return a.side - b.side
    if a.rank != b.rank:
        return (a.rank > b.rank) - (a.rank < b.rank)
    return (a.order_id > b.order_id) - (a.order_id < b.order_id)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def list_former(
    core: cython.pointer(Core),
    plan: cython.pointer(Plan),
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """List the account's quote in the market as it is."""
    account: cython.pointer(Account) = cython.address(core.accounts[command.account_id])
    level: cython.pointer(Level)
    former: cython.pointer(Former)
    slot: uint32_t
    i: uint32_t
    plan.former_count = 0
    for i in range(account.orders_count):
        slot = account.orders[i]
        level = cython.address(core.levels[core.orders[slot].level])
        if core.orders[slot].order_type != QUOTE or level.market_id != command.market_id:
            continue
        former = cython.address(plan.former[plan.former_count])
        former.slot = slot
        former.side = level_side(level)
        former.rank = -level.price_ticks * plan.market.sides[former.side].sign
        former.order_id = core.orders[slot].order_id
        former.is_kept = False
        plan.former_count += 1
    qsort(
        plan.former,
        cython.cast(cython.size_t, plan.former_count),
        cython.sizeof(Former),
        by_rank,
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def list_wanted(
    plan: cython.pointer(Plan), command: cython.pointer(cython.const[Command])
) -> cython.void:
    """List what the entries ask for: bids, then asks."""
    entry: cython.pointer(cython.const[Command])
    wanted: cython.pointer(Wanted)
    price_ticks: int64_t
    i: int64_t
    side: cython.int
    count: int64_t = cython.cast(uint32_t, command.amount_atoms)
    plan.wanted_count = 0
    for side in range(BUY, SELL + 1):
        for i in range(count):
            entry = command + 1 + i
            price_ticks = entry.price_ticks if side == BUY else entry.amount_atoms
            if price_ticks == 0:
                continue
            wanted = cython.address(plan.wanted[plan.wanted_count])
            wanted.price_ticks = price_ticks
            wanted.lots = entry.quantity_lots if side == BUY else entry.display_lots
            wanted.side = side
            wanted.kept = 0
            plan.wanted_count += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def keep_places(core: cython.pointer(Core), plan: cython.pointer(Plan)) -> cython.void:
    """Find the former order that stays for each wanted one; both lists are in the same order."""
    wanted: cython.pointer(Wanted)
    former: cython.pointer(Former)
    rank: int64_t
    at: int64_t = 0
    i: int64_t
    plan.kept_count = 0
    for i in range(plan.wanted_count):
        wanted = cython.address(plan.wanted[i])
        rank = -wanted.price_ticks * plan.market.sides[wanted.side].sign
        while at < plan.former_count:
            former = cython.address(plan.former[at])
            if former.side > wanted.side or (former.side == wanted.side and former.rank > rank):
                break
            at += 1
            same: cython.bint = former.side == wanted.side and former.rank == rank
            if same and core.orders[former.slot].leaves_lots >= wanted.lots:
                former.is_kept = True
                wanted.kept = at
                plan.kept_count += 1
                break


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def plan_reject(
    core: cython.pointer(Core),
    plan: cython.pointer(Plan),
    command: cython.pointer(cython.const[Command]),
) -> cython.int:
    """Give the first broken rule of a quote as a whole."""
    wanted: cython.pointer(Wanted)
    i: int64_t
    bid: int64_t = 0
    ask: int64_t = 0
    crosses: cython.bint = False
    for i in range(plan.wanted_count):
        wanted = cython.address(plan.wanted[i])
        if is_too_large(plan.market, wanted.price_ticks, wanted.lots):
            return NOTIONAL_TOO_LARGE
        if wanted.side == BUY and bid == 0:
            bid = wanted.price_ticks
        if wanted.side == SELL and ask == 0:
            ask = wanted.price_ticks
    if not has_funds(core, plan, BUY, command) or not has_funds(core, plan, SELL, command):
        return INSUFFICIENT_FUNDS
    if command.flags & POST_ONLY:
        for i in range(plan.wanted_count):
            wanted = cython.address(plan.wanted[i])
            crosses = crosses or (
                wanted.kept == 0 and meets_others(core, plan, wanted, command.account_id)
            )
    if crosses:
        return POST_ONLY_WOULD_CROSS
    if is_too_old(command):
        return TOO_OLD
    return QUOTE_CROSSES_ITSELF if ask != 0 and bid >= ask else REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def has_funds(
    core: cython.pointer(Core),
    plan: cython.pointer(Plan),
    side: cython.int,
    command: cython.pointer(cython.const[Command]),
) -> cython.bint:
    """Tell whether an account can lock a side of the new quote when the former one is gone."""
    wanted: cython.pointer(Wanted)
    slot: uint32_t
    needed: int64_t = 0
    i: int64_t
    index: uint32_t = balance_of(core, command.account_id, plan.market.lock_asset_id[side])
    if not check(core, index != 0, b"there is memory for a balance"):
        return True
    available: int64_t = core.balances[index].free_atoms
    for i in range(plan.former_count):
        if plan.former[i].side == side:
            available += locked_atoms(core, plan.former[i].slot)
    for i in range(plan.wanted_count):
        wanted = cython.address(plan.wanted[i])
        if wanted.side != side:
            continue
        slot = plan.former[wanted.kept - 1].slot if wanted.kept != 0 else 0
        needed += lock_required(
            plan.market,
            side,
            wanted.price_ticks,
            wanted.lots,
            core.details[slot].fee_credit_ppm if slot != 0 else 0,
        )
        if needed > available:  # at once: the sum stays within 64 bits
            return False
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def meets_others(
    core: cython.pointer(Core),
    plan: cython.pointer(Plan),
    wanted: cython.pointer(Wanted),
    account_id: uint32_t,
) -> cython.bint:
    """Tell whether a new order of a quote meets any that is not of the former quote."""
    side: cython.pointer(BookSide) = cython.address(plan.market.sides[opposite(wanted.side)])
    order: cython.pointer(Order)
    at: uint32_t = side.count
    slot: uint32_t
    while at > 0 and side.keys[at - 1] >= wanted.price_ticks * side.sign:
        at -= 1
        slot = core.levels[side.levels[at]].head
        while slot != 0:
            order = cython.address(core.orders[slot])
            if order.order_type != QUOTE:
                return True
            if core.balances[order.lock_balance].account_id != account_id:
                return True
            slot = order.next
    return False
