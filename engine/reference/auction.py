"""The call auction: at which price a crossed book trades, and the trades.

The price is the one of the greatest volume; among several the one of the least surplus; then, when
buyers are left over at all of them, the highest, when sellers are, the lowest; otherwise the one
nearest to the reference price (the last price where there is none), and of two as near, or without
either, the higher. What is published while orders are collected comes from the same function.

All trades have that price, and each side trades by price, then what is seen before what is hidden,
then time. An iceberg takes part with all of its quantity at its place. Self-trade prevention is not
applied: both orders were there before, and preventing a pair would trade less than was published.
Of two orders the one that joined its queue later is the taker.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from engine.core.commands import Side
from engine.core.events import AUCTION, RESTING, EventKind
from engine.core.invariants import check
from engine.reference.event import Events
from engine.reference.matching import drop, fill
from engine.reference.state import Indication

if TYPE_CHECKING:
    from engine.reference.book import Book
    from engine.reference.state import Market, Order
    from engine.reference.venue import ReferenceVenue


@dataclass(frozen=True, slots=True)
class Plateau:
    """Prices `low` to `high`, at each of which the same would trade."""

    low: int
    high: int
    demand_lots: int
    supply_lots: int

    @property
    def volume_lots(self) -> int:
        """What would trade."""
        return min(self.demand_lots, self.supply_lots)

    @property
    def surplus_lots(self) -> int:
        """What would be left over: of buyers above 0, of sellers below."""
        return self.demand_lots - self.supply_lots


def indication(venue: ReferenceVenue, market: Market) -> Indication:
    """Give price, volume and surplus of an uncross now."""
    plateaus = list(_plateaus(venue.books[market.market_id]))
    if not plateaus:
        return Indication()
    volume = max(plateau.volume_lots for plateau in plateaus)
    plateaus = [plateau for plateau in plateaus if plateau.volume_lots == volume]
    least = min(abs(plateau.surplus_lots) for plateau in plateaus)
    plateaus = [plateau for plateau in plateaus if abs(plateau.surplus_lots) == least]
    price = _price(plateaus, market.reference_price_ticks or market.last_price_ticks)
    surplus = next(p.surplus_lots for p in plateaus if p.low <= price <= p.high)
    side = Side.BUY if surplus > 0 else Side.SELL
    return Indication(price, volume, abs(surplus), side if surplus else 0)


def _price(plateaus: list[Plateau], reference_ticks: int) -> int:
    """Choose among prices of the same volume and surplus; plateaus rise."""
    highest = plateaus[-1].high
    if all(plateau.surplus_lots > 0 for plateau in plateaus):
        return highest
    if all(plateau.surplus_lots < 0 for plateau in plateaus):
        return plateaus[0].low
    if not reference_ticks:
        return highest
    nearest = [min(max(reference_ticks, p.low), p.high) for p in plateaus]
    return min(nearest, key=lambda price: (abs(price - reference_ticks), -price))


def _plateaus(book: Book) -> Iterator[Plateau]:
    """Walk the prices at which something would trade, from the lowest."""
    low, high = book.best_price(Side.SELL), book.best_price(Side.BUY)
    if low is None or high is None or high < low:
        return
    bids = {price: _all_lots(orders) for price, orders in book.levels(Side.BUY) if price >= low}
    asks = {price: _all_lots(orders) for price, orders in book.levels(Side.SELL) if price <= high}
    starts = {low, *asks, *(price + 1 for price in bids if price < high)}
    bounds = [*sorted(starts), high + 1]
    for start, following in pairwise(bounds):
        demand = sum(lots for price, lots in bids.items() if price >= start)
        supply = sum(lots for price, lots in asks.items() if price <= start)
        yield Plateau(start, following - 1, demand, supply)


def _all_lots(orders: list[Order]) -> int:
    return sum(order.leaves_lots for order in orders)


def uncross(venue: ReferenceVenue, market: Market, found: Indication, events: Events) -> None:
    """Trade the volume at the price, in priority on both sides."""
    book = venue.books[market.market_id]
    remaining = found.volume_lots
    while remaining:
        buy = next(order for _, orders in book.levels(Side.BUY) for order in orders)
        sell = next(order for _, orders in book.levels(Side.SELL) for order in orders)
        lots = min(buy.leaves_lots, sell.leaves_lots, remaining)
        check(sell.price_ticks <= found.price_ticks <= buy.price_ticks, "both agree to the price")
        maker, taker = sorted((buy, sell), key=lambda order: order.priority_sequence)
        _trade(venue, market, taker, maker, found.price_ticks, lots, events)
        remaining -= lots
    if found.volume_lots:
        low = market.missed_low_ticks or found.price_ticks
        market.missed_low_ticks = min(low, found.price_ticks)
        market.missed_high_ticks = max(market.missed_high_ticks, found.price_ticks)


def _trade(
    venue: ReferenceVenue,
    market: Market,
    taker: Order,
    maker: Order,
    price_ticks: int,
    lots: int,
    events: Events,
) -> None:
    """Trade between two resting orders; each then tells what it takes off the book."""
    seen_before = {order.order_id: order.seen_lots for order in (maker, taker)}
    maker_fee = fill(venue, market, maker, price_ticks, lots, market.maker_fee_ppm)
    taker_fee = fill(venue, market, taker, price_ticks, lots, market.taker_fee_ppm)
    market.last_price_ticks = price_ticks
    events.filled(
        taker,
        maker,
        price_ticks,
        lots,
        fees=(taker_fee, maker_fee),
        trade_id=venue.take_trade_id(),
        flags=AUCTION,
    )
    for order in (maker, taker):
        order.visible_lots = min(order.visible_lots, order.leaves_lots)
        events.of_order(
            EventKind.REDUCED,
            order,
            quantity_lots=lots,
            flags=RESTING | AUCTION,
            maker_fee_atoms=seen_before[order.order_id] - order.seen_lots,
        )
        if order.leaves_lots == 0:
            drop(venue, order)
