# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Mass quotes: all of an account's quote in one market, replaced in one command."""

import cython
from cython.cimports.engine.core.arrivals import aim, reserve, work
from cython.cimports.engine.core.book import opposite
from cython.cimports.engine.core.constants import (
    ANSWER,
    BUY,
    EVENT_ACCEPTED,
    EVENT_QUOTED,
    EVENT_REPLACED,
    GROUP_ENTRIES_MAX,
    GROUP_INCOMPLETE,
    GTC,
    INSUFFICIENT_FUNDS,
    INVALID_FLAGS,
    INVALID_PRICE,
    INVALID_QUANTITY,
    INVALID_SELF_TRADE_PREVENTION,
    KEPT_PRIORITY,
    MARKET_PHASE,
    MASS_QUOTE,
    NOTIONAL_TOO_LARGE,
    PHASE_OPEN,
    PHASE_POST_ONLY,
    POST_ONLY,
    POST_ONLY_WOULD_CROSS,
    PRICE_TICKS_MAX,
    QUANTITY_LOTS_MAX,
    QUOTE,
    QUOTE_CROSSES_ITSELF,
    QUOTE_ENTRY,
    REASON_QUOTE_REPLACED,
    REJECT_NONE,
    RESERVED_FIELD_SET,
    RESTING,
    SELL,
    STP_DECREMENT,
    STP_NONE,
    TOO_OLD,
)
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.money import is_too_large, lock_required
from cython.cimports.engine.core.order_index import take_order_id
from cython.cimports.engine.core.pools import balance_of, new_event
from cython.cimports.engine.core.quotes import Former, Plan, Wanted
from cython.cimports.engine.core.resting import cancel, locked_atoms, unlock
from cython.cimports.engine.core.special import is_too_old
from cython.cimports.engine.core.state import (
    Account,
    BookSide,
    Core,
    Level,
    Order,
    Taker,
    check,
    level_side,
)
from cython.cimports.engine.core.sums import touch_level, touch_order
from cython.cimports.engine.core.writer import order_event, taker_event
from cython.cimports.libc.stdint import int64_t, uint32_t, uint64_t
from cython.cimports.libc.stdlib import free, malloc, qsort


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def entries_behind(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> uint32_t:
    """Count the entries directly behind a header in its batch, as many as it says at most."""
    said: int64_t = cython.cast(uint32_t, command.amount_atoms)
    count: int64_t = 0
    while count < said and command + 1 + count < core.batch_end:
        if (command + 1 + count).kind != QUOTE_ENTRY:
            break
        count += 1
    return cython.cast(uint32_t, count)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def group_reject(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Give the first broken rule of a compound command's shape, or of an entry alone."""
    words: cython.pointer(cython.const[uint64_t])
    unused: uint64_t = 0
    i: int64_t
    j: cython.int
    if command.kind != MASS_QUOTE:
        return GROUP_INCOMPLETE
    for i in range(core.entries_left):
        words = cython.cast(cython.pointer(cython.const[uint64_t]), command + 1 + i)
        for j in range(2, 16):
            unused |= words[j] & core.unused_masks[QUOTE_ENTRY][j]
    if unused != 0:
        return RESERVED_FIELD_SET
    said: int64_t = cython.cast(uint32_t, command.amount_atoms)
    if said > GROUP_ENTRIES_MAX or core.entries_left < said:
        return GROUP_INCOMPLETE
    if not STP_NONE <= command.self_trade_prevention <= STP_DECREMENT:
        return INVALID_SELF_TRADE_PREVENTION
    return INVALID_FLAGS if command.flags & ~POST_ONLY else REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def quote_reject(command: cython.pointer(cython.const[Command])) -> cython.int:
    """Give the first broken rule of a quote's entries: all prices, then all quantities."""
    entry: cython.pointer(cython.const[Command])
    count: int64_t = cython.cast(uint32_t, command.amount_atoms)
    i: int64_t
    bid: int64_t = PRICE_TICKS_MAX + 1
    ask: int64_t = 0
    for i in range(count):
        entry = command + 1 + i
        if entry.price_ticks != 0:
            if not 1 <= entry.price_ticks <= PRICE_TICKS_MAX or entry.price_ticks >= bid:
                return INVALID_PRICE
            bid = entry.price_ticks
        if entry.amount_atoms != 0:
            if not 1 <= entry.amount_atoms <= PRICE_TICKS_MAX or entry.amount_atoms <= ask:
                return INVALID_PRICE
            ask = entry.amount_atoms
    for i in range(count):
        entry = command + 1 + i
        if not lots_fit(entry.price_ticks, entry.quantity_lots):
            return INVALID_QUANTITY
        if not lots_fit(entry.amount_atoms, entry.display_lots):
            return INVALID_QUANTITY
    return REJECT_NONE


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def lots_fit(price_ticks: int64_t, lots: int64_t) -> cython.bint:
    """Tell whether a side of an entry has a quantity just when it has a price."""
    return lots == 0 if price_ticks == 0 else 1 <= lots <= QUANTITY_LOTS_MAX


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
    if plan.market.phase != PHASE_OPEN and (
        plan.market.phase != PHASE_POST_ONLY or not command.flags & POST_ONLY
    ):
        return MARKET_PHASE
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
    list_former(core, plan, command)
    list_wanted(plan, command)
    keep_places(core, plan)
    reject = plan_reject(core, plan, command)
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
