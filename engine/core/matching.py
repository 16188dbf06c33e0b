# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Price-time matching, self-trade prevention, and what an order could take before it does.

A taker's money moves once, when it is done (`engine.core.orders`); a maker's moves with each fill.
"""

import cython
from cython.cimports.engine.core.allocation import count_own_group, share_level
from cython.cimports.engine.core.book import reaches, unlink
from cython.cimports.engine.core.constants import (
    ASSET_TOTAL_ATOMS_MAX,
    BUY,
    EVENT_FILL,
    EVENT_REDUCED,
    HIDDEN,
    PRO_RATA,
    REASON_NONE,
    REASON_SELF_TRADE,
    RESTING,
    STP_CANCEL_BOTH,
    STP_CANCEL_MAKER,
    STP_CANCEL_TAKER,
    STP_DECREMENT,
    STP_NONE,
    TRANCHE_DONE,
)
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.matching import Reach
from cython.cimports.engine.core.mixed import refresh, shrink, take_open
from cython.cimports.engine.core.money import credit_after, fee_atoms, notional_atoms
from cython.cimports.engine.core.resting import cancel, forget, locked_atoms, open_lots, unlock
from cython.cimports.engine.core.state import (
    SPECIAL,
    Asset,
    Balance,
    BookSide,
    Core,
    Level,
    Market,
    Order,
    OrderDetail,
    Taker,
    check,
)
from cython.cimports.engine.core.sums import touch_balance, touch_level, touch_order
from cython.cimports.engine.core.writer import order_event, taker_event, write_maker
from cython.cimports.libc.stdint import int64_t, uint32_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_prevented(
    core: cython.pointer(Core), taker: cython.pointer(cython.const[Taker]), slot: uint32_t
) -> cython.bint:
    """Tell whether self-trade prevention keeps these two from trading."""
    if taker.self_trade_prevention == STP_NONE:
        return False
    account_id: uint32_t = core.balances[core.orders[slot].lock_balance].account_id
    return core.accounts[account_id].group == taker.group


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def reach(core: cython.pointer(Core), taker: cython.pointer(cython.const[Taker])) -> Reach:
    """Walk the book as the order would, without changing it.

    It counts only what would really trade. At a level it takes what is seen, then the reserves of
    icebergs (all of them, whatever their tranches), then what is hidden. The walk ends when the
    cost is more than any balance can be: the sum stays within 64 bits.
    """
    found = cython.declare(Reach)
    market: cython.pointer(Market) = taker.market
    side: cython.pointer(BookSide) = taker.opposite
    level: cython.pointer(Level)
    remaining: int64_t = taker.leaves_lots
    reserve: int64_t
    credit_ppm: uint32_t = taker.fee_credit_ppm
    at: uint32_t = side.count
    is_pro_rata: cython.bint = market.allocation == PRO_RATA
    slot: uint32_t
    lots: int64_t
    found.lots = 0
    found.cost_atoms = 0
    found.meets_own_group = False
    while at > 0 and side.keys[at - 1] >= taker.limit_key:
        at -= 1
        level = cython.address(core.levels[side.levels[at]])
        slot = level.head
        reserve = 0
        if is_pro_rata and found.cost_atoms <= ASSET_TOTAL_ATOMS_MAX:
            remaining = count_own_group(
                core, taker, side.levels[at], remaining, cython.address(found.meets_own_group)
            )
            if remaining < 0:
                return found
        while slot != 0 or reserve != 0:
            if remaining == 0 or found.cost_atoms > ASSET_TOTAL_ATOMS_MAX:
                return found
            if reserve != 0 and (slot == 0 or core.orders[slot].flags & HIDDEN):
                lots = min(remaining, reserve)
                count_trade(cython.address(found), cython.address(credit_ppm), market, level, lots)
                remaining -= lots
                reserve = 0
                continue
            lots = min(remaining, core.orders[slot].leaves_lots)
            if is_prevented(core, taker, slot):
                if is_pro_rata and not core.orders[slot].flags & HIDDEN:
                    slot = core.orders[slot].next  # met already
                    continue
                found.meets_own_group = True
                if taker.self_trade_prevention in (STP_CANCEL_TAKER, STP_CANCEL_BOTH):
                    return found
                if taker.self_trade_prevention == STP_DECREMENT:
                    remaining -= lots
            else:
                if core.orders[slot].flags & SPECIAL:
                    lots = min(remaining, open_lots(core, slot))
                    reserve += core.orders[slot].leaves_lots - open_lots(core, slot)
                count_trade(cython.address(found), cython.address(credit_ppm), market, level, lots)
                remaining -= lots
            slot = core.orders[slot].next
    return found


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def count_trade(
    found: cython.pointer(Reach),
    credit_ppm: cython.pointer(uint32_t),
    market: cython.pointer(Market),
    level: cython.pointer(Level),
    lots: int64_t,
) -> cython.void:
    """Add what a trade at a level would give and cost."""
    notional: int64_t = notional_atoms(market, level.price_ticks, lots)
    fee: int64_t = fee_atoms(notional, market.taker_fee_ppm, credit_ppm[0])
    credit_ppm[0] = credit_after(notional, market.taker_fee_ppm, credit_ppm[0], fee)
    found.cost_atoms += notional + fee
    found.lots += lots


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def match(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    command: cython.pointer(cython.const[Command]),
) -> cython.int:
    """Trade an arriving order against the book.

    Returns:
        REASON_SELF_TRADE when prevention ended the taker, else REASON_NONE (it may have leaves).
    """
    side: cython.pointer(BookSide) = taker.opposite
    slot: uint32_t
    # By time no level is shared out. Keys are never 0.
    is_pro_rata: cython.bint = taker.market.allocation == PRO_RATA
    shared_key: int64_t = 0
    while taker.leaves_lots > 0 and reaches(side, taker.limit_key):
        if is_pro_rata and side.keys[side.count - 1] != shared_key:
            shared_key = side.keys[side.count - 1]
            if not share_level(core, taker, command):
                return REASON_SELF_TRADE
            continue
        slot = core.levels[side.levels[side.count - 1]].head
        if not is_prevented(core, taker, slot):
            trade(core, taker, slot, min(taker.leaves_lots, open_lots(core, slot)), command)
        elif not prevent(core, taker, slot, command):
            return REASON_SELF_TRADE
        if core.broken != cython.NULL:
            break
    return REASON_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def prevent(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    slot: uint32_t,
    command: cython.pointer(cython.const[Command]),
) -> cython.bint:
    """Apply the taker's prevention mode to a meeting; tell whether the taker goes on."""
    if taker.self_trade_prevention == STP_CANCEL_TAKER:
        return False
    if taker.self_trade_prevention == STP_DECREMENT:
        decrement(core, taker, slot, command)
        return True
    cancel(core, slot, REASON_SELF_TRADE, 0, command)
    return taker.self_trade_prevention == STP_CANCEL_MAKER


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def decrement(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    slot: uint32_t,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Take the smaller leaves from both orders without a trade: first the maker, then the taker."""
    maker: cython.pointer(Order) = cython.address(core.orders[slot])
    level: cython.pointer(Level) = cython.address(core.levels[maker.level])
    lots: int64_t = min(taker.leaves_lots, maker.leaves_lots)
    seen: int64_t = lots
    locked: int64_t = locked_atoms(core, slot)
    event: cython.pointer(Event)
    touch_order(core, slot)
    touch_level(core, maker.level)
    if maker.flags & SPECIAL:
        seen = shrink(core, slot, lots)
    else:
        maker.leaves_lots -= lots
        level.quantity_lots -= lots
    unlock(core, maker.lock_balance, locked - locked_atoms(core, slot))
    event = order_event(core, command, EVENT_REDUCED, slot)
    event.quantity_lots = lots
    event.flags = RESTING
    event.maker_fee_atoms = seen
    if maker.leaves_lots == 0:
        unlink(core, slot)
        forget(core, slot)
    taker.leaves_lots -= lots
    event = taker_event(core, command, EVENT_REDUCED, taker)
    event.quantity_lots = lots


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def trade(
    core: cython.pointer(Core),
    taker: cython.pointer(Taker),
    slot: uint32_t,
    lots: int64_t,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Trade lots that both have, of an iceberg what it shows, at the maker's price."""
    market: cython.pointer(Market) = taker.market
    asset: cython.pointer(Asset) = core.assets[market.quote_asset_id]
    maker: cython.pointer(Order) = cython.address(core.orders[slot])
    level: cython.pointer(Level) = cython.address(core.levels[maker.level])
    base: int64_t = lots * market.base_atoms_per_lot
    notional: int64_t = notional_atoms(market, level.price_ticks, lots)
    taker_fee: int64_t = fee_atoms(notional, market.taker_fee_ppm, taker.fee_credit_ppm)
    maker_fee: int64_t
    flags: cython.int = 0
    event: cython.pointer(Event)
    check(core, lots > 0, b"a trade has a quantity")
    check(core, lots <= taker.leaves_lots, b"a taker trades no more than it has")
    taker.fee_credit_ppm = credit_after(
        notional, market.taker_fee_ppm, taker.fee_credit_ppm, taker_fee
    )
    touch_order(core, slot)
    touch_level(core, maker.level)
    if taker.side == BUY:
        maker_fee = fill_resting_sell(core, market, slot, notional, lots, market.maker_fee_ppm)
        taker.spent_atoms += notional + taker_fee
        taker.received_atoms += base
    else:
        maker_fee = fill_resting_buy(core, market, slot, notional, lots, market.maker_fee_ppm)
        taker.spent_atoms += base
        taker.received_atoms += notional - taker_fee
    taker.filled_lots += lots
    taker.leaves_lots -= lots
    if maker.flags & SPECIAL:
        flags = take_open(core, slot, lots)
    else:
        level.quantity_lots -= lots
    market.last_price_ticks = level.price_ticks
    market.is_changed = True
    asset.fee_atoms += maker_fee + taker_fee
    asset.is_changed = True
    event = taker_event(core, command, EVENT_FILL, taker)
    event.price_ticks = level.price_ticks
    event.quantity_lots = lots
    event.flags = flags
    event.fee_atoms = taker_fee
    write_maker(core, event, slot, maker_fee)
    if maker.leaves_lots == 0:
        unlink(core, slot)
        forget(core, slot)
    elif flags & TRANCHE_DONE:
        refresh(core, slot, command)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def fill_resting_sell(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    slot: uint32_t,
    notional: int64_t,
    lots: int64_t,
    fee_ppm: uint32_t,
) -> int64_t:
    """Move a resting seller's money for a fill; give the fee that it paid."""
    maker: cython.pointer(Order) = cython.address(core.orders[slot])
    detail: cython.pointer(OrderDetail) = cython.address(core.details[slot])
    lock: cython.pointer(Balance) = cython.address(core.balances[maker.lock_balance])
    proceeds: cython.pointer(Balance) = cython.address(core.balances[detail.proceeds_balance])
    base: int64_t = lots * market.base_atoms_per_lot
    fee: int64_t = fee_atoms(notional, fee_ppm, detail.fee_credit_ppm)
    detail.fee_credit_ppm = credit_after(notional, fee_ppm, detail.fee_credit_ppm, fee)
    maker.filled_lots += lots
    maker.leaves_lots -= lots
    check(core, base <= lock.locked_atoms, b"no more is spent than is locked")
    check(core, fee <= notional, b"a fee is at most its notional")
    touch_balance(core, maker.lock_balance)
    lock.locked_atoms -= base
    touch_balance(core, detail.proceeds_balance)
    proceeds.free_atoms += notional - fee
    return fee


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def fill_resting_buy(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    slot: uint32_t,
    notional: int64_t,
    lots: int64_t,
    fee_ppm: uint32_t,
) -> int64_t:
    """Move a resting buyer's money for a fill, free what it need not lock; give the fee."""
    maker: cython.pointer(Order) = cython.address(core.orders[slot])
    detail: cython.pointer(OrderDetail) = cython.address(core.details[slot])
    lock: cython.pointer(Balance) = cython.address(core.balances[maker.lock_balance])
    proceeds: cython.pointer(Balance) = cython.address(core.balances[detail.proceeds_balance])
    locked: int64_t = locked_atoms(core, slot)
    fee: int64_t = fee_atoms(notional, fee_ppm, detail.fee_credit_ppm)
    detail.fee_credit_ppm = credit_after(notional, fee_ppm, detail.fee_credit_ppm, fee)
    maker.filled_lots += lots
    maker.leaves_lots -= lots
    locked -= locked_atoms(core, slot)
    check(core, locked <= lock.locked_atoms, b"no more is unlocked than is locked")
    check(core, notional + fee <= locked, b"no more is spent than is locked")
    touch_balance(core, maker.lock_balance)
    lock.locked_atoms -= locked
    lock.free_atoms += locked - notional - fee
    touch_balance(core, detail.proceeds_balance)
    proceeds.free_atoms += lots * market.base_atoms_per_lot
    return fee
