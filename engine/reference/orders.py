"""Order commands: place, cancel, replace, cancel all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.commands import (
    POST_ONLY,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from engine.core.events import ANSWER, KEPT_PRIORITY, RESTING, EventKind
from engine.core.limits import AMOUNT_ATOMS_MAX, NOTIONAL_ATOMS_MAX
from engine.core.rejects import CancelReason, Reject
from engine.reference.book import opposite, reaches
from engine.reference.command import Command
from engine.reference.event import Event, Events
from engine.reference.matching import cancel, match, reach
from engine.reference.money import lock_asset_id, lock_required, locks_by_limit, notional_atoms
from engine.reference.state import Market, Order

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue


def place(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Accept, match, then rest or cancel what is left."""
    market = venue.markets_by_id[command.market_id]
    order = _arriving(command)
    if _too_large(market, order.price_ticks, order.leaves_lots):
        return Reject.NOTIONAL_TOO_LARGE
    lock_atoms = _lock_on_arrival(venue, market, order)
    asset_id = lock_asset_id(market, order.side)
    if venue.ledger.balance(order.account_id, asset_id).free < lock_atoms:
        return Reject.INSUFFICIENT_FUNDS
    if order.flags & POST_ONLY and _crosses(venue, order):
        return Reject.POST_ONLY_WOULD_CROSS
    if order.time_in_force == TimeInForce.FOK and reach(venue, order).lots < order.leaves_lots:
        return Reject.FILL_OR_KILL_NOT_FILLABLE
    order.order_id = venue.take_order_id()
    venue.ledger.lock(order.account_id, asset_id, lock_atoms)
    order.locked_atoms = lock_atoms
    answer = events.of_order(
        EventKind.ACCEPTED, order, quantity_lots=order.leaves_lots, flags=ANSWER
    )
    _work(venue, order, answer, events, command.sequence)
    return Reject.NONE


def _arriving(command: Command) -> Order:
    return Order(
        order_id=0,
        account_id=command.account_id,
        market_id=command.market_id,
        side=Side(command.side),
        order_type=command.order_type,
        time_in_force=command.time_in_force,
        self_trade_prevention=command.self_trade_prevention,
        flags=command.flags,
        price_ticks=command.price_ticks,
        leaves_lots=command.quantity_lots,
        client_id_low=command.client_id_low,
        client_id_high=command.client_id_high,
    )


def _too_large(market: Market, price_ticks: int, quantity_lots: int) -> bool:
    return (
        quantity_lots * market.base_atoms_per_lot > AMOUNT_ATOMS_MAX
        or notional_atoms(market, price_ticks, quantity_lots) > NOTIONAL_ATOMS_MAX
    )


def _lock_on_arrival(venue: ReferenceVenue, market: Market, order: Order) -> int:
    if locks_by_limit(order):
        return lock_required(market, order)
    return reach(venue, order).cost_atoms


def _crosses(venue: ReferenceVenue, order: Order) -> bool:
    best = venue.books[order.market_id].best_price(opposite(order.side))
    return best is not None and reaches(order.side, order.price_ticks, best)


def _work(
    venue: ReferenceVenue, order: Order, answer: Event, events: Events, sequence: int
) -> None:
    """Match, then rest or cancel the leaves; complete the answer with how it ended."""
    stopped = match(venue, order, events)
    rests = order.order_type == OrderType.LIMIT and order.time_in_force == TimeInForce.GTC
    answer.filled_lots, answer.leaves_lots = order.filled_lots, 0
    if order.leaves_lots == 0:
        return
    if stopped or not rests:
        cancel(venue, order, stopped or CancelReason.NO_LIQUIDITY, events)
        return
    venue.books[order.market_id].rest(order, sequence)
    venue.orders_by_id[order.order_id] = order
    answer.leaves_lots = order.leaves_lots
    answer.flags |= RESTING


def _target(venue: ReferenceVenue, command: Command) -> Order | None:
    """Find the working order that a command names by either id, if it is the account's own."""
    order_id = command.order_id
    if order_id == 0:
        entry = venue.ids.entries.get((command.account_id, *command.target_client_id))
        order_id = entry.order_id if entry is not None else 0
    order = venue.orders_by_id.get(order_id)
    if order is None or order.account_id != command.account_id:
        return None
    named = (order.client_id_low, order.client_id_high)
    return order if command.order_id or named == command.target_client_id else None


def cancel_one(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Cancel one working order."""
    order = _target(venue, command)
    if order is None:
        return Reject.UNKNOWN_ORDER
    cancel(venue, order, CancelReason.REQUESTED, events, flags=ANSWER | RESTING)
    return Reject.NONE


def cancel_all(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Cancel the account's orders, all or those of one market or side, by rising order id."""
    doomed = [
        order
        for order_id, order in sorted(venue.orders_by_id.items())
        if order.account_id == command.account_id
        and command.market_id in {0, order.market_id}
        and command.side in {0, order.side}
    ]
    for order in doomed:
        cancel(venue, order, CancelReason.CANCEL_ALL, events, flags=RESTING)
    events.add(
        EventKind.CANCELLED_ALL,
        side=command.side,
        flags=ANSWER,
        account_id=command.account_id,
        market_id=command.market_id,
        client_id_low=command.client_id_low,
        client_id_high=command.client_id_high,
        quantity_lots=len(doomed),
    )
    return Reject.NONE


def replace(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Change price or total quantity; a refusal leaves the order as it was, place included."""
    order = _target(venue, command)
    if order is None:
        return Reject.UNKNOWN_ORDER
    market = venue.markets_by_id[order.market_id]
    if _too_large(market, command.price_ticks, command.quantity_lots):
        return Reject.NOTIONAL_TOO_LARGE
    leaves_lots = max(command.quantity_lots - order.filled_lots, 0)
    wanted = _copy_with(order, command.price_ticks, leaves_lots)
    asset_id = lock_asset_id(market, order.side)
    more_atoms = lock_required(market, wanted) - order.locked_atoms
    if venue.ledger.balance(order.account_id, asset_id).free < more_atoms:
        return Reject.INSUFFICIENT_FUNDS
    if leaves_lots and _crosses(venue, wanted):
        if order.flags & POST_ONLY:
            return Reject.POST_ONLY_WOULD_CROSS
        stops = order.self_trade_prevention != SelfTradePrevention.NONE
        if stops and reach(venue, wanted).meets_own_group:
            return Reject.SELF_TRADE
    _apply_replace(venue, command, order, leaves_lots, events)
    return Reject.NONE


def _copy_with(order: Order, price_ticks: int, leaves_lots: int) -> Order:
    return Order(
        order_id=order.order_id,
        account_id=order.account_id,
        market_id=order.market_id,
        side=order.side,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        self_trade_prevention=order.self_trade_prevention,
        flags=order.flags,
        price_ticks=price_ticks,
        leaves_lots=leaves_lots,
        client_id_low=order.client_id_low,
        client_id_high=order.client_id_high,
        fee_credit_ppm=order.fee_credit_ppm,
    )


def _apply_replace(
    venue: ReferenceVenue, command: Command, order: Order, leaves_lots: int, events: Events
) -> None:
    market = venue.markets_by_id[order.market_id]
    book = venue.books[order.market_id]
    previous_price, previous_leaves = order.price_ticks, order.leaves_lots
    keeps = previous_price == command.price_ticks and 0 < leaves_lots <= previous_leaves
    if not keeps:
        book.remove(order)
        del venue.orders_by_id[order.order_id]
    order.price_ticks, order.leaves_lots = command.price_ticks, leaves_lots
    _move_lock(venue, market, order)
    answer = events.of_order(
        EventKind.REPLACED,
        order,
        quantity_lots=command.quantity_lots,
        maker_order_id=previous_price,
        maker_leaves_lots=previous_leaves,
        flags=ANSWER | (KEPT_PRIORITY | RESTING if keeps else 0),
    )
    if not keeps and leaves_lots:
        _work(venue, order, answer, events, command.sequence)


def _move_lock(venue: ReferenceVenue, market: Market, order: Order) -> None:
    asset_id = lock_asset_id(market, order.side)
    required = lock_required(market, order)
    more_atoms = required - order.locked_atoms
    if more_atoms >= 0:
        venue.ledger.lock(order.account_id, asset_id, more_atoms)
    else:
        venue.ledger.unlock(order.account_id, asset_id, -more_atoms)
    order.locked_atoms = required


WORKERS = {
    CommandKind.PLACE: place,
    CommandKind.CANCEL: cancel_one,
    CommandKind.REPLACE: replace,
    CommandKind.CANCEL_ALL: cancel_all,
}
