"""Price-time matching, self-trade prevention, and what an order could take before it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.commands import OrderType, SelfTradePrevention, Side
from engine.core.events import RESTING, EventKind
from engine.core.invariants import check
from engine.core.rejects import CancelReason
from engine.reference.event import Events
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


def limit_of(order: Order) -> int | None:
    """Give the price limit; a market order has none."""
    return None if order.order_type == OrderType.MARKET else order.price_ticks


def prevented(venue: ReferenceVenue, taker: Order, maker: Order) -> bool:
    """Tell whether self-trade prevention keeps these two from trading."""
    return (
        taker.self_trade_prevention != SelfTradePrevention.NONE
        and venue.groups[taker.account_id] == venue.groups[maker.account_id]
    )


def reach(venue: ReferenceVenue, taker: Order) -> Reach:
    """Walk the book as the order would, without changing it.

    It counts only what would really trade: self-trade prevention is applied as in `match`.
    """
    market = venue.markets_by_id[taker.market_id]
    remaining, lots, cost = taker.leaves_lots, 0, 0
    credit_ppm, meets_own_group = taker.fee_credit_ppm, False
    for maker in venue.books[taker.market_id].reachable(taker.side, limit_of(taker)):
        if remaining == 0:
            break
        if prevented(venue, taker, maker):
            meets_own_group = True
            if taker.self_trade_prevention in _STOPS_TAKER:
                break
            if taker.self_trade_prevention == SelfTradePrevention.DECREMENT:
                remaining -= min(remaining, maker.leaves_lots)
            continue
        traded = min(remaining, maker.leaves_lots)
        notional = notional_atoms(market, maker.price_ticks, traded)
        fee, credit_ppm = charge(notional, market.taker_fee_ppm, credit_ppm)
        cost += notional + fee
        lots += traded
        remaining -= traded
    return Reach(lots, cost, meets_own_group)


def match(venue: ReferenceVenue, taker: Order, events: Events) -> CancelReason:
    """Trade an arriving order against the book.

    Returns:
        SELF_TRADE when prevention ended the taker, else NONE (it may have leaves).
    """
    book = venue.books[taker.market_id]
    while taker.leaves_lots > 0:
        maker = next(book.reachable(taker.side, limit_of(taker)), None)
        if maker is None:
            return CancelReason.NONE
        if not prevented(venue, taker, maker):
            trade(venue, taker, maker, events)
        elif not prevent(venue, taker, maker, events):
            return CancelReason.SELF_TRADE
    return CancelReason.NONE


def prevent(venue: ReferenceVenue, taker: Order, maker: Order, events: Events) -> bool:
    """Apply the taker's prevention mode to a meeting; tell whether the taker goes on."""
    mode = taker.self_trade_prevention
    if mode == SelfTradePrevention.CANCEL_TAKER:
        return False
    if mode == SelfTradePrevention.DECREMENT:
        decrement(venue, taker, maker, events)
        return True
    cancel(venue, maker, CancelReason.SELF_TRADE, events, flags=RESTING)
    return mode == SelfTradePrevention.CANCEL_MAKER


def decrement(venue: ReferenceVenue, taker: Order, maker: Order, events: Events) -> None:
    """Take the smaller leaves from both orders without a trade."""
    lots = min(taker.leaves_lots, maker.leaves_lots)
    for order, flags in ((maker, RESTING), (taker, 0)):
        order.leaves_lots -= lots
        relock(venue, order)
        events.of_order(EventKind.REDUCED, order, quantity_lots=lots, flags=flags)
    if maker.leaves_lots == 0:
        drop(venue, maker)


def trade(venue: ReferenceVenue, taker: Order, maker: Order, events: Events) -> None:
    """Trade the smaller leaves at the maker's price."""
    market = venue.markets_by_id[taker.market_id]
    lots = min(taker.leaves_lots, maker.leaves_lots)
    price = maker.price_ticks
    check(lots > 0, "a trade has a quantity")
    maker_fee = fill(venue, market, maker, price, lots, market.maker_fee_ppm)
    taker_fee = fill(venue, market, taker, price, lots, market.taker_fee_ppm)
    market.last_price_ticks = price
    if maker.leaves_lots == 0:
        drop(venue, maker)
    events.of_order(
        EventKind.FILL,
        taker,
        price_ticks=price,
        quantity_lots=lots,
        fee_atoms=taker_fee,
        maker_order_id=maker.order_id,
        maker_leaves_lots=maker.leaves_lots,
        maker_fee_atoms=maker_fee,
        trade_id=venue.take_trade_id(),
        maker_account_id=maker.account_id,
        maker_client_id_low=maker.client_id_low,
        maker_client_id_high=maker.client_id_high,
        maker_filled_lots=maker.filled_lots,
    )


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
        return  # a market buy locked exactly what it takes
    market = venue.markets_by_id[order.market_id]
    surplus = order.locked_atoms - lock_required(market, order)
    venue.ledger.unlock(order.account_id, lock_asset_id(market, order.side), surplus)
    order.locked_atoms -= surplus


def cancel(
    venue: ReferenceVenue, order: Order, reason: CancelReason, events: Events, *, flags: int = 0
) -> None:
    """End an order's leaves; `flags` has RESTING when it comes off the book."""
    lots = order.leaves_lots
    if flags & RESTING:
        drop(venue, order)
    order.leaves_lots = 0
    release_lock(venue, order)
    events.cancelled(order, lots, reason, flags=flags)


def release_lock(venue: ReferenceVenue, order: Order) -> None:
    """Free all that an order still has locked."""
    market = venue.markets_by_id[order.market_id]
    venue.ledger.unlock(order.account_id, lock_asset_id(market, order.side), order.locked_atoms)
    order.locked_atoms = 0


def drop(venue: ReferenceVenue, order: Order) -> None:
    """Take a resting order off the book and out of the index."""
    venue.books[order.market_id].remove(order)
    del venue.orders_by_id[order.order_id]
