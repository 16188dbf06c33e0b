"""Mass quotes: all of an account's quote in one market, replaced in one command."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.core.commands import POST_ONLY, OrderType, Side, TimeInForce
from engine.core.events import ANSWER, KEPT_PRIORITY, RESTING, EventKind
from engine.core.phases import Phase
from engine.core.rejects import CancelReason, Reject
from engine.reference.band import aim
from engine.reference.book import opposite, reaches
from engine.reference.command import Command
from engine.reference.controls import Asked, count_message, quote_control_reject
from engine.reference.event import Events
from engine.reference.iceberg import shrink
from engine.reference.matching import cancel, move_lock
from engine.reference.money import lock_asset_id, lock_required, too_large
from engine.reference.state import Market, Order
from engine.reference.work import work

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue


@dataclass(slots=True)
class Plan:
    """What a mass quote will do; lists are bids first, then asks, each best first."""

    former: list[Order] = field(default_factory=list)
    dropped: list[Order] = field(default_factory=list)
    kept: list[tuple[Order, int]] = field(default_factory=list)  # with the leaves that stay
    new: list[Order] = field(default_factory=list)


def mass_quote(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Replace the account's quote in a market.

    An order of the former quote stays in its place when the new one has its price on its side, and
    no more than its leaves. Every other one is cancelled, then what stays is lowered to what the
    new quote wants, then the new orders arrive, one after the other.
    """
    market = venue.markets_by_id[command.market_id]
    plan = _planned(venue, command)
    reject = quote_control_reject(
        venue, [_asked_by(market, order, command) for order in _wanted(command)], plan.former
    )
    if reject:
        return reject
    if market.phase != Phase.OPEN and not (
        market.phase == Phase.POST_ONLY and command.flags & POST_ONLY
    ):
        return Reject.MARKET_PHASE
    reject = _quote_reject(venue, market, command, plan)
    if reject:
        return reject
    for order in plan.dropped:
        cancel(venue, order, CancelReason.QUOTE_REPLACED, events)
    for order, leaves_lots in plan.kept:
        if leaves_lots < order.leaves_lots:
            _lower(venue, order, leaves_lots, events)
    for order in plan.new:
        aim(market, order)
        order.order_id = venue.take_order_id()
        order.locked_atoms = lock_required(market, order)
        venue.ledger.lock(order.account_id, lock_asset_id(market, order.side), order.locked_atoms)
        accepted = events.of_order(EventKind.ACCEPTED, order, quantity_lots=order.leaves_lots)
        work(venue, order, accepted, events)
    events.add(
        EventKind.QUOTED,
        flags=ANSWER,
        account_id=command.account_id,
        market_id=command.market_id,
        client_id_low=command.client_id_low,
        client_id_high=command.client_id_high,
        quantity_lots=len(plan.new),
        filled_lots=len(plan.kept),
        leaves_lots=len(plan.dropped),
    )
    if command.entries:
        count_message(venue, command.account_id, market.market_id, command.time_ns)
    return Reject.NONE


def _asked_by(market: Market, order: Order, command: Command) -> Asked:
    """Tell what an order of a quote asks for."""
    return Asked(
        account_id=order.account_id,
        market=market,
        side=order.side,
        lots=order.leaves_lots,
        price_ticks=order.price_ticks,
        value_price_ticks=order.price_ticks,
        time_ns=command.time_ns,
        may_rest=True,
    )


def _planned(venue: ReferenceVenue, command: Command) -> Plan:
    former = sorted(
        (
            order
            for order in venue.orders_by_id.values()
            if order.order_type == OrderType.QUOTE
            and (order.account_id, order.market_id) == (command.account_id, command.market_id)
        ),
        key=lambda order: (order.side, _best_first(order), order.order_id),
    )
    plan = Plan(former)
    kept_ids = set()
    for wanted in _wanted(command):
        fit = [
            order
            for order in former
            if (order.side, order.price_ticks) == (wanted.side, wanted.price_ticks)
            and order.leaves_lots >= wanted.leaves_lots
        ]
        if fit:
            plan.kept.append((fit[0], wanted.leaves_lots))
            kept_ids.add(fit[0].order_id)
        else:
            plan.new.append(wanted)
    plan.dropped = [order for order in former if order.order_id not in kept_ids]
    return plan


def _best_first(order: Order) -> int:
    return -order.price_ticks if order.side == Side.BUY else order.price_ticks


def _wanted(command: Command) -> list[Order]:
    bids = [(Side.BUY, entry.price_ticks, entry.quantity_lots) for entry in command.entries]
    asks = [(Side.SELL, entry.amount_atoms, entry.display_lots) for entry in command.entries]
    return [
        Order(
            order_id=0,
            account_id=command.account_id,
            market_id=command.market_id,
            side=side,
            order_type=OrderType.QUOTE,
            time_in_force=TimeInForce.GTC,
            self_trade_prevention=command.self_trade_prevention,
            flags=command.flags,
            price_ticks=price_ticks,
            leaves_lots=lots,
            client_id_low=command.client_id_low,
            client_id_high=command.client_id_high,
        )
        for side, price_ticks, lots in (*bids, *asks)
        if price_ticks
    ]


def _quote_reject(venue: ReferenceVenue, market: Market, command: Command, plan: Plan) -> Reject:
    """Give the first broken rule of a quote as a whole."""
    wanted = _wanted(command)
    if any(too_large(market, order.price_ticks, order.leaves_lots) for order in wanted):
        return Reject.NOTIONAL_TOO_LARGE
    for side in Side:
        more_atoms = _more_atoms(market, plan, side)
        free_atoms = venue.ledger.balance(command.account_id, lock_asset_id(market, side)).free
        if free_atoms < more_atoms:
            return Reject.INSUFFICIENT_FUNDS
    if command.flags & POST_ONLY and any(_crosses(venue, order) for order in plan.new):
        return Reject.POST_ONLY_WOULD_CROSS
    if command.is_too_old:
        return Reject.TOO_OLD
    bids = [order.price_ticks for order in wanted if order.side == Side.BUY]
    asks = [order.price_ticks for order in wanted if order.side == Side.SELL]
    if bids and asks and bids[0] >= asks[0]:
        return Reject.QUOTE_CROSSES_ITSELF
    return Reject.NONE


def _more_atoms(market: Market, plan: Plan, side: Side) -> int:
    """What a side's locks are more after the quote than before it, without its trades."""
    needed = sum(lock_required(market, order) for order in plan.new if order.side == side)
    freed = sum(order.locked_atoms for order in plan.dropped if order.side == side)
    for order, leaves_lots in plan.kept:
        if order.side == side:
            lowered = dataclasses.replace(order, leaves_lots=leaves_lots)
            freed += order.locked_atoms - lock_required(market, lowered)
    return needed - freed


def _crosses(venue: ReferenceVenue, order: Order) -> bool:
    """Tell whether a new order of a quote meets any that is not of the former quote."""
    for price, makers in venue.books[order.market_id].levels(opposite(order.side)):
        if not reaches(order.side, order.price_ticks, price):
            return False
        if any(
            maker.order_type != OrderType.QUOTE or maker.account_id != order.account_id
            for maker in makers
        ):
            return True
    return False


def _lower(venue: ReferenceVenue, order: Order, leaves_lots: int, events: Events) -> None:
    previous_leaves, previous_seen = order.leaves_lots, order.seen_lots
    shrink(order, previous_leaves - leaves_lots)
    move_lock(venue, venue.markets_by_id[order.market_id], order)
    events.of_order(
        EventKind.REPLACED,
        order,
        quantity_lots=order.filled_lots + leaves_lots,
        maker_order_id=order.price_ticks,
        maker_leaves_lots=previous_leaves,
        trade_id=previous_seen,
        maker_fee_atoms=order.seen_lots,
        flags=KEPT_PRIORITY | RESTING,
    )
