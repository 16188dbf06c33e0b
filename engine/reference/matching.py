"""Trades, self-trade prevention, and what an order could take before it does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.commands import Allocation, SelfTradePrevention, Side
from engine.core.events import MAKER_HIDDEN, RESTING, TRANCHE_DONE, WAITING, EventKind
from engine.core.invariants import check
from engine.core.rejects import CancelReason
from engine.reference.book import opposite, reaches
from engine.reference.event import Events
from engine.reference.iceberg import refresh, shrink
from engine.reference.money import (
    charge,
    lock_asset_id,
    lock_required,
    locks_by_limit,
    notional_atoms,
)
from engine.reference.state import Market, Order

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue

_STOPS_TAKER = frozenset({SelfTradePrevention.CANCEL_TAKER, SelfTradePrevention.CANCEL_BOTH})


@dataclass(frozen=True, slots=True)
class Reach:
    """What an order would take if it arrived now."""

    lots: int
    cost_atoms: int  # notional and taker fee, for a buyer
    meets_own_group: bool


def prevented(venue: ReferenceVenue, taker: Order, maker: Order) -> bool:
    """Tell whether self-trade prevention keeps these two from trading."""
    return (
        taker.self_trade_prevention != SelfTradePrevention.NONE
        and venue.groups[taker.account_id] == venue.groups[maker.account_id]
    )


def reach(venue: ReferenceVenue, taker: Order) -> Reach:
    """Walk the book as the order would, without changing it.

    It counts only what would really trade: self-trade prevention is applied as when it matches.
    """
    market = venue.markets_by_id[taker.market_id]
    remaining, lots, cost = taker.leaves_lots, 0, 0
    credit_ppm, meets_own_group = taker.fee_credit_ppm, False
    for maker, open_lots in _meetings(venue, taker):
        if remaining == 0:
            break
        if prevented(venue, taker, maker):
            meets_own_group = True
            if taker.self_trade_prevention in _STOPS_TAKER:
                break
            if taker.self_trade_prevention == SelfTradePrevention.DECREMENT:
                remaining -= min(remaining, maker.leaves_lots)
            continue
        traded = min(remaining, open_lots)
        notional = notional_atoms(market, maker.price_ticks, traded)
        fee, credit_ppm = charge(notional, market.taker_fee_ppm, credit_ppm)
        cost += notional + fee
        lots += traded
        remaining -= traded
    return Reach(lots, cost, meets_own_group)


def _meetings(venue: ReferenceVenue, taker: Order) -> Iterator[tuple[Order, int]]:
    """Walk (maker, lots) as an order that takes everything would meet them.

    At a level: what is seen, then the reserves of icebergs, tranche after tranche, then what is
    hidden. Pro rata, what is seen of the own group comes first. Prevention takes an order of the
    own group as a whole where it is first met, so its reserve is not met again.
    """
    is_pro_rata = venue.markets_by_id[taker.market_id].allocation == Allocation.PRO_RATA
    for _, orders in venue.books[taker.market_id].levels(opposite(taker.side)):
        if not reaches_maker(taker, orders[0]):
            return
        queue = deque((order, order.open_lots, order.leaves_lots) for order in orders)
        hidden = deque(entry for entry in queue if entry[0].is_hidden)
        seen = [entry for entry in queue if not entry[0].is_hidden]
        if is_pro_rata:
            seen.sort(key=lambda entry: not prevented(venue, taker, entry[0]))
        queue = deque(seen)
        while queue or hidden:
            maker, open_lots, leaves_lots = (queue or hidden).popleft()
            yield maker, open_lots
            reserve = leaves_lots - open_lots
            if reserve and not prevented(venue, taker, maker):
                queue.append((maker, min(maker.display_lots, reserve), reserve))


def reaches_maker(taker: Order, maker: Order) -> bool:
    """Tell whether a taker's limit allows a maker's price."""
    return taker.limit_ticks is None or reaches(taker.side, taker.limit_ticks, maker.price_ticks)


def prevent(venue: ReferenceVenue, taker: Order, maker: Order, events: Events) -> bool:
    """Apply the taker's prevention mode to a meeting; tell whether the taker goes on."""
    mode = taker.self_trade_prevention
    if mode == SelfTradePrevention.CANCEL_TAKER:
        return False
    if mode == SelfTradePrevention.DECREMENT:
        decrement(venue, taker, maker, events)
        return True
    cancel(venue, maker, CancelReason.SELF_TRADE, events)
    return mode == SelfTradePrevention.CANCEL_MAKER


def decrement(venue: ReferenceVenue, taker: Order, maker: Order, events: Events) -> None:
    """Take the smaller leaves from both orders without a trade."""
    lots = min(taker.leaves_lots, maker.leaves_lots)
    seen = shrink(maker, lots)
    taker.leaves_lots -= lots
    for order, flags, seen_lots in ((maker, RESTING, seen), (taker, 0, 0)):
        relock(venue, order)
        events.of_order(
            EventKind.REDUCED,
            order,
            quantity_lots=lots,
            flags=flags,
            maker_fee_atoms=seen_lots,
        )
    if maker.leaves_lots == 0:
        drop(venue, maker)


def trade(venue: ReferenceVenue, taker: Order, maker: Order, lots: int, events: Events) -> None:
    """Trade lots that both have, of an iceberg what it shows, at the maker's price."""
    market = venue.markets_by_id[taker.market_id]
    price = maker.price_ticks
    check(0 < lots <= min(taker.leaves_lots, maker.open_lots), "both have what they trade")
    maker_fee = fill(venue, market, maker, price, lots, market.maker_fee_ppm)
    taker_fee = fill(venue, market, taker, price, lots, market.taker_fee_ppm)
    market.last_price_ticks = price
    if maker.display_lots:
        maker.visible_lots -= lots
    if maker.leaves_lots == 0:
        drop(venue, maker)
    tranche_done = maker.leaves_lots > 0 and maker.open_lots == 0
    events.filled(
        taker,
        maker,
        price,
        lots,
        fees=(taker_fee, maker_fee),
        trade_id=venue.take_trade_id(),
        flags=MAKER_HIDDEN * maker.is_hidden | TRANCHE_DONE * tranche_done,
    )
    if tranche_done:
        refresh(venue, maker, events)


def fill(
    venue: ReferenceVenue, market: Market, order: Order, price: int, lots: int, fee_ppm: int
) -> int:
    """Move one side's money for a trade; give the fee that it paid."""
    ledger, account_id = venue.ledger, order.account_id
    notional = notional_atoms(market, price, lots)
    base_atoms = lots * market.base_atoms_per_lot
    fee, order.fee_credit_ppm = charge(notional, fee_ppm, order.fee_credit_ppm)
    order.filled_lots += lots
    order.leaves_lots -= lots
    check(order.leaves_lots >= 0, "an order is never overfilled")
    if order.side == Side.BUY:
        ledger.spend(account_id, market.quote_asset_id, notional + fee)
        order.locked_atoms -= notional + fee
        ledger.credit(account_id, market.base_asset_id, base_atoms)
    else:
        ledger.spend(account_id, market.base_asset_id, base_atoms)
        order.locked_atoms -= base_atoms
        ledger.credit(account_id, market.quote_asset_id, notional - fee)
    venue.assets_by_id[market.quote_asset_id].fees += fee
    relock(venue, order)
    return fee


def relock(venue: ReferenceVenue, order: Order) -> None:
    """Free what the order no longer needs to have locked."""
    if not locks_by_limit(order):
        return  # a market buy locked what it takes, or may spend
    market = venue.markets_by_id[order.market_id]
    surplus = order.locked_atoms - lock_required(market, order)
    venue.ledger.unlock(order.account_id, lock_asset_id(market, order.side), surplus)
    order.locked_atoms -= surplus


def move_lock(venue: ReferenceVenue, market: Market, order: Order) -> None:
    """Lock what an order now needs, more or less than it had."""
    asset_id = lock_asset_id(market, order.side)
    required = lock_required(market, order)
    more_atoms = required - order.locked_atoms
    if more_atoms >= 0:
        venue.ledger.lock(order.account_id, asset_id, more_atoms)
    else:
        venue.ledger.unlock(order.account_id, asset_id, -more_atoms)
    order.locked_atoms = required


def cancel(
    venue: ReferenceVenue, order: Order, reason: CancelReason, events: Events, *, flags: int = 0
) -> None:
    """End the leaves of an order that arrives, rests or waits."""
    lots, seen = order.leaves_lots, 0
    if order.order_id in venue.orders_by_id:
        flags |= WAITING if order.is_waiting else RESTING
        seen = order.seen_lots
        drop(venue, order)
    order.leaves_lots = 0
    release_lock(venue, order)
    events.cancelled(order, lots, seen, reason, flags)


def release_lock(venue: ReferenceVenue, order: Order) -> None:
    """Free all that an order still has locked."""
    market = venue.markets_by_id[order.market_id]
    venue.ledger.unlock(order.account_id, lock_asset_id(market, order.side), order.locked_atoms)
    order.locked_atoms = 0


def drop(venue: ReferenceVenue, order: Order) -> None:
    """Take a working order off the book, if it rests, and out of the index."""
    if not order.is_waiting:
        venue.books[order.market_id].remove(order)
    venue.leave(order)
