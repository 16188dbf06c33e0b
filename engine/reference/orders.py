"""Order commands: place, cancel, replace, cancel all."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from engine.core.commands import (
    BEFORE_ARRIVAL,
    MINIMUM,
    ON_DISCONNECT,
    POST_ONLY,
    SLIDE,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from engine.core.events import ANSWER, EXISTED, KEPT_PRIORITY, RESTING, WAITING, EventKind
from engine.core.limits import PRICE_TICKS_MAX
from engine.core.phases import Phase
from engine.core.rejects import CancelReason, Reject
from engine.reference.band import aim
from engine.reference.book import opposite, reaches
from engine.reference.cancelling import cancel_of_account
from engine.reference.command import Command
from engine.reference.controls import Asked, control_reject, count_message
from engine.reference.event import Events
from engine.reference.iceberg import shrink
from engine.reference.ids import cancelled_id
from engine.reference.matching import cancel, drop, move_lock, reach
from engine.reference.money import (
    AUCTION_ONLY,
    STOPS_AT_MARKET,
    dearest_ticks,
    lock_asset_id,
    lock_required,
    locks_by_limit,
    too_large,
)
from engine.reference.pegs import has_pegs_enough, peg
from engine.reference.phases import auction_price_ticks, may_place, may_replace
from engine.reference.quotes import mass_quote
from engine.reference.state import Market, Order
from engine.reference.triggers import STOPS, fire_if_due, start_trailing
from engine.reference.work import work

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue


def place(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Accept, match, then rest or cancel what is left."""
    market = venue.markets_by_id[command.market_id]
    reject = control_reject(venue, _asked_by(market, command))
    if reject:
        return reject
    if not may_place(market, command):
        return Reject.MARKET_PHASE
    order = _arriving(venue, command)
    if too_large(market, dearest_ticks(market, order), order.leaves_lots):
        return Reject.NOTIONAL_TOO_LARGE
    lock_atoms = _lock_on_arrival(venue, market, order, command)
    asset_id = lock_asset_id(market, order.side)
    if venue.ledger.balance(order.account_id, asset_id).free < lock_atoms:
        return Reject.INSUFFICIENT_FUNDS
    if order.flags & POST_ONLY and _crosses(venue, order):
        return Reject.POST_ONLY_WOULD_CROSS
    if order.time_in_force == TimeInForce.FOK and reach(venue, order).lots < order.leaves_lots:
        return Reject.FILL_OR_KILL_NOT_FILLABLE
    reject = _late_reject(venue, market, order, command)
    if reject:
        return reject
    order.order_id = venue.take_order_id()
    venue.ledger.lock(order.account_id, asset_id, lock_atoms)
    order.locked_atoms = lock_atoms
    answer = events.of_order(
        EventKind.ACCEPTED,
        order,
        quantity_lots=order.leaves_lots,
        flags=ANSWER,
        maker_order_id=order.trigger_price_ticks,
    )
    if order.order_type in STOPS:
        answer.flags |= WAITING
        order.is_waiting = True
        venue.enter(order)
        fire_if_due(venue, order)
    elif order.is_waiting:  # a peg without a price
        answer.flags |= WAITING
        venue.enter(order)
    else:
        work(venue, order, answer, events)
    count_message(venue, command.account_id, market.market_id, command.time_ns)
    return Reject.NONE


def _asked_by(market: Market, command: Command) -> Asked:
    """Tell what a new order asks for."""
    last = market.last_price_ticks
    by_amount = command.order_type == OrderType.MARKET_BY_AMOUNT
    buys = command.amount_atoms // market.quote_atoms_per_tick_lot // last if last else 0
    return Asked(
        account_id=command.account_id,
        market=market,
        side=command.side,
        lots=buys if by_amount else command.quantity_lots,
        price_ticks=command.price_ticks,
        value_price_ticks=command.price_ticks or command.trigger_price_ticks or last,
        time_ns=command.time_ns,
        may_rest=command.time_in_force not in {TimeInForce.IOC, TimeInForce.FOK},
    )


def _late_reject(venue: ReferenceVenue, market: Market, order: Order, command: Command) -> Reject:
    """Give the first broken rule among those from TOO_OLD on."""
    if command.is_too_old:
        return Reject.TOO_OLD
    if order.time_in_force == TimeInForce.GTD and order.expire_time_ns <= command.time_ns:
        return Reject.EXPIRY_IN_PAST
    if order.flags & MINIMUM and reach(venue, order).lots < command.minimum_lots:
        return Reject.MINIMUM_NOT_MET
    if order.order_type == OrderType.TRAILING_STOP and market.last_price_ticks == 0:
        return Reject.NO_LAST_PRICE
    collected = order.order_type == OrderType.MARKET and order.time_in_force in AUCTION_ONLY
    if collected and order.price_ticks == 0 and market.band_ppm != 0:
        return Reject.NO_LAST_PRICE
    buys_at_market = order.side == Side.BUY and (order.order_type in STOPS_AT_MARKET or collected)
    if buys_at_market and market.band_ppm == 0:
        return Reject.NO_BAND  # without one its worst price, and so its lock, has no bound
    if order.is_peg and has_pegs_enough(venue, market, order.side):
        return Reject.TOO_MANY_PEGS
    return Reject.NONE


def _arriving(venue: ReferenceVenue, command: Command) -> Order:
    market = venue.markets_by_id[command.market_id]
    order = Order(
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
        tag=command.tag,
        expire_time_ns=command.expire_time_ns,
        display_lots=0 if command.flags & MINIMUM else command.display_lots,
        trigger_price_ticks=command.trigger_price_ticks,
        trail_ticks=command.trail_ticks,
        trail_ppm=command.trail_ppm,
    )
    if order.order_type == OrderType.TRAILING_STOP:
        start_trailing(market, order)
    if order.order_type == OrderType.MARKET and order.time_in_force in AUCTION_ONLY:
        order.price_ticks = auction_price_ticks(market, order.side)
    if order.is_peg:
        peg(venue, order)
    order.price_ticks = _slid(venue, order)
    aim(market, order)
    return order


def _slid(venue: ReferenceVenue, order: Order) -> int:
    """Give the price of an order: with SLIDE, one tick short of the best that it would trade with.

    Where there is no such price it keeps its own, and is refused as crossing.
    """
    if not order.flags & SLIDE or not _crosses(venue, order):
        return order.price_ticks
    best = venue.books[order.market_id].best_price(opposite(order.side)) or 0
    price = best - 1 if order.side == Side.BUY else best + 1
    return price if 1 <= price <= PRICE_TICKS_MAX else order.price_ticks


def _lock_on_arrival(venue: ReferenceVenue, market: Market, order: Order, command: Command) -> int:
    if order.order_type == OrderType.MARKET_BY_AMOUNT:
        return command.amount_atoms
    if locks_by_limit(order):
        return lock_required(market, order)
    return reach(venue, order).cost_atoms


def _crosses(venue: ReferenceVenue, order: Order) -> bool:
    best = venue.books[order.market_id].best_price(opposite(order.side))
    return best is not None and reaches(order.side, order.price_ticks, best)


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
    """Cancel one working order, or with BEFORE_ARRIVAL the id of one that is still to come."""
    order = _target(venue, command)
    if order is None and command.flags & BEFORE_ARRIVAL:
        return _cancel_before_arrival(venue, command, events)
    if order is None:
        return Reject.UNKNOWN_ORDER
    cancel(venue, order, CancelReason.REQUESTED, events, flags=ANSWER)
    return Reject.NONE


def _cancel_before_arrival(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Remember an id that no command has had as cancelled: what comes with it is refused."""
    key = (command.account_id, *command.target_client_id)
    known = venue.ids.entries.get(key)
    if known is not None and known.sequence != 0:
        return Reject.UNKNOWN_ORDER
    if known is None:
        venue.ids.remember(key, cancelled_id(command.time_ns), venue.is_working)
    events.add(
        EventKind.DEFINED,
        code=CommandKind.CANCEL,
        flags=ANSWER | (EXISTED if known is not None else 0),
        account_id=command.account_id,
        client_id_low=command.client_id_low,
        client_id_high=command.client_id_high,
    )
    return Reject.NONE


def cancel_all(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Cancel the account's orders, or those of a market, side and tag, by rising order id."""
    is_gone = command.flags & ON_DISCONNECT
    count = cancel_of_account(
        venue,
        events,
        CancelReason.DISCONNECTED if is_gone else CancelReason.CANCEL_ALL,
        command.account_id,
        market_id=command.market_id,
        side=command.side,
        tag=command.tag,
    )
    events.add(
        EventKind.CANCELLED_ALL,
        side=command.side,
        flags=ANSWER,
        account_id=command.account_id,
        market_id=command.market_id,
        client_id_low=command.client_id_low,
        client_id_high=command.client_id_high,
        quantity_lots=count,
    )
    return Reject.NONE


def replace(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Change price or total quantity; a refusal leaves the order as it was, place included."""
    order = _target(venue, command)
    if order is None:
        return Reject.UNKNOWN_ORDER
    if order.is_peg:
        return Reject.PEG_NOT_REPLACEABLE
    if not _fits_target(command, order):
        return Reject.INVALID_PRICE
    market = venue.markets_by_id[order.market_id]
    wanted = _wanted(venue, order, command)
    leaves_lots = wanted.leaves_lots
    asked = Asked(
        account_id=order.account_id,
        market=market,
        side=order.side,
        lots=command.quantity_lots,
        price_ticks=command.price_ticks,
        value_price_ticks=command.price_ticks
        or wanted.trigger_price_ticks
        or market.last_price_ticks,
        time_ns=command.time_ns,
        may_rest=False,
        replaced=order,
    )
    reject = control_reject(venue, asked)
    if reject:
        return reject
    crosses = leaves_lots > 0 and not order.is_waiting and _crosses(venue, wanted)
    if not may_replace(market, order, crosses=crosses):
        return Reject.MARKET_PHASE
    if too_large(market, dearest_ticks(market, wanted), command.quantity_lots):
        return Reject.NOTIONAL_TOO_LARGE
    asset_id = lock_asset_id(market, order.side)
    more_atoms = lock_required(market, wanted) - order.locked_atoms
    if venue.ledger.balance(order.account_id, asset_id).free < more_atoms:
        return Reject.INSUFFICIENT_FUNDS
    if crosses and market.phase in {Phase.OPEN, Phase.POST_ONLY}:
        if order.flags & POST_ONLY:
            return Reject.POST_ONLY_WOULD_CROSS
        stops = order.self_trade_prevention != SelfTradePrevention.NONE
        if stops and reach(venue, wanted).meets_own_group:
            return Reject.SELF_TRADE
    if command.is_too_old:
        return Reject.TOO_OLD
    if order.is_waiting:
        _replace_waiting(venue, command, order, wanted, events)
    else:
        _replace_resting(venue, command, order, wanted, events)
    count_message(venue, command.account_id, market.market_id, command.time_ns)
    return Reject.NONE


def _fits_target(command: Command, order: Order) -> bool:
    """Tell whether a replace gives the prices that its order has, and no others."""
    has_limit = order.order_type not in STOPS_AT_MARKET | {OrderType.MARKET}
    may_move = order.is_waiting and order.order_type != OrderType.TRAILING_STOP
    return (command.price_ticks != 0) == has_limit and (
        may_move or command.new_trigger_price_ticks == 0
    )


def _wanted(venue: ReferenceVenue, order: Order, command: Command) -> Order:
    """Copy an order as a replace wants it; the price slides as on arrival."""
    has_own = order.order_type != OrderType.MARKET  # one in a call stands at what it was given
    wanted = dataclasses.replace(
        order,
        price_ticks=command.price_ticks if has_own else order.price_ticks,
        leaves_lots=max(command.quantity_lots - order.filled_lots, 0),
        trigger_price_ticks=command.new_trigger_price_ticks or order.trigger_price_ticks,
    )
    wanted.price_ticks = _slid(venue, wanted)
    aim(venue.markets_by_id[order.market_id], wanted)
    return wanted


def _replace_resting(
    venue: ReferenceVenue, command: Command, order: Order, wanted: Order, events: Events
) -> None:
    market = venue.markets_by_id[order.market_id]
    previous_price, previous_leaves = order.price_ticks, order.leaves_lots
    previous_seen = order.seen_lots
    keeps = previous_price == wanted.price_ticks and 0 < wanted.leaves_lots <= previous_leaves
    if keeps:
        shrink(order, previous_leaves - wanted.leaves_lots)
    else:
        drop(venue, order)
        order.price_ticks = wanted.price_ticks
        order.own_limit_ticks, order.limit_ticks = wanted.own_limit_ticks, wanted.limit_ticks
        order.leaves_lots, order.visible_lots = wanted.leaves_lots, 0
    move_lock(venue, market, order)
    answer = events.of_order(
        EventKind.REPLACED,
        order,
        quantity_lots=command.quantity_lots,
        maker_order_id=previous_price,
        maker_leaves_lots=previous_leaves,
        trade_id=previous_seen,
        maker_fee_atoms=order.seen_lots if keeps else 0,
        flags=ANSWER | (KEPT_PRIORITY | RESTING if keeps else 0),
    )
    if not keeps and wanted.leaves_lots:
        work(venue, order, answer, events)


def _replace_waiting(
    venue: ReferenceVenue, command: Command, order: Order, wanted: Order, events: Events
) -> None:
    """Change a waiting stop where it waits; its age stays, and what it trails."""
    previous_price, previous_leaves = order.price_ticks, order.leaves_lots
    order.price_ticks, order.leaves_lots = wanted.price_ticks, wanted.leaves_lots
    order.trigger_price_ticks = wanted.trigger_price_ticks
    move_lock(venue, venue.markets_by_id[order.market_id], order)
    events.of_order(
        EventKind.REPLACED,
        order,
        quantity_lots=command.quantity_lots,
        maker_order_id=previous_price,
        maker_leaves_lots=previous_leaves,
        flags=ANSWER | WAITING | KEPT_PRIORITY,
    )
    fire_if_due(venue, order)


WORKERS = {
    CommandKind.PLACE: place,
    CommandKind.CANCEL: cancel_one,
    CommandKind.REPLACE: replace,
    CommandKind.CANCEL_ALL: cancel_all,
    CommandKind.MASS_QUOTE: mass_quote,
}
