"""Limits and kill switches: what an order or a replace must pass before it is judged at all.

Every limit that is set for the account (or 0, each) and the market (or 0) must hold. They are
judged in the order of their kinds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.commands import CommandKind, LimitKind, Side
from engine.core.events import ANSWER, EventKind
from engine.core.limits import FEE_PPM_ONE, ID_WINDOW_NS_MAX
from engine.core.rejects import CancelReason, Reject
from engine.reference.cancelling import cancel_of_account, cancel_of_market
from engine.reference.command import Command
from engine.reference.definitions import answer
from engine.reference.event import Events
from engine.reference.state import Market, Order

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue

REJECTS = {
    LimitKind.ORDER_LOTS: Reject.ORDER_LOTS_EXCEEDED,
    LimitKind.ORDER_VALUE: Reject.ORDER_VALUE_EXCEEDED,
    LimitKind.COLLAR_PPM: Reject.PRICE_OUTSIDE_COLLAR,
    LimitKind.OPEN_ORDERS: Reject.OPEN_ORDERS_EXCEEDED,
    LimitKind.HOLDING_LOTS: Reject.HOLDING_EXCEEDED,
    LimitKind.MESSAGES: Reject.RATE_EXCEEDED,
}

LimitKey = tuple[int, int, int]  # account or 0, market or 0, kind


@dataclass(slots=True)
class Limit:
    """A limit; of MESSAGES the time up to which its window is used."""

    value: int
    window_ns: int
    used_to_ns: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What an order or a replace asks for.

    Attributes:
        account_id: Whose.
        market: Where.
        side: Of the order.
        lots: Its total quantity; by amount, what the amount buys at the last price.
        price_ticks: Its limit price, 0 for none.
        value_price_ticks: The price at which its value is taken: limit, trigger or last price.
        time_ns: Of the command.
        may_rest: It is a new order that may stay.
        replaced: The order that a replace changes.
    """

    account_id: int
    market: Market
    side: int
    lots: int
    price_ticks: int
    value_price_ticks: int
    time_ns: int
    may_rest: bool
    replaced: Order | None = None


def control_reject(venue: ReferenceVenue, asked: Asked) -> Reject:
    """Give the first kill switch or limit that keeps an order or a replace out."""
    market = asked.market
    if venue.is_killed or market.is_killed or asked.account_id in venue.killed_accounts:
        return Reject.KILLED
    for kind in LimitKind:
        for market_id, limit in _limits(venue, asked.account_id, market.market_id, kind):
            if _is_broken(venue, asked, kind, market_id, limit):
                return REJECTS[kind]
    return Reject.NONE


def quote_control_reject(venue: ReferenceVenue, orders: list[Asked], former: list[Order]) -> Reject:
    """Give the first kill switch or limit that keeps a quote of these orders out.

    Its orders are judged one by one, but for what bounds all of them together: working orders and
    the holding. There the former quote does not count: it makes room for this one. One without
    orders takes an account's quote away: nothing keeps it out.
    """
    if not orders:
        return Reject.NONE
    account_id, market = orders[0].account_id, orders[0].market
    if venue.is_killed or market.is_killed or account_id in venue.killed_accounts:
        return Reject.KILLED
    for kind in LimitKind:
        for market_id, limit in _limits(venue, account_id, market.market_id, kind):
            if kind == LimitKind.OPEN_ORDERS:
                others = len(_open_orders(venue, orders[0], market_id)) - len(former)
                is_broken = others + len(orders) > limit.value
            elif kind == LimitKind.HOLDING_LOTS:
                is_broken = _quote_holds(venue, orders, former) > limit.value
            else:
                is_broken = any(_is_broken(venue, each, kind, market_id, limit) for each in orders)
            if is_broken:
                return REJECTS[kind]
    return Reject.NONE


def _quote_holds(venue: ReferenceVenue, orders: list[Asked], former: list[Order]) -> int:
    """Give what the account would hold with all bids of a quote filled; 0 without bids."""
    bids = sum(each.lots for each in orders if each.side == Side.BUY)
    gone = sum(order.leaves_lots for order in former if order.side == Side.BUY)
    nothing = dataclasses.replace(orders[0], lots=0, side=Side.BUY)
    return _holding_lots(venue, nothing) - gone + bids if bids else 0


def _limits(
    venue: ReferenceVenue, account_id: int, market_id: int, kind: LimitKind
) -> Iterator[tuple[int, Limit]]:
    """Walk the limits of a kind that apply, with the market that each is for."""
    for account in (account_id, 0):
        for market in (market_id, 0):
            limit = venue.limits_by_key.get((account, market, kind))
            if limit is not None:
                yield market, limit


def _is_broken(
    venue: ReferenceVenue, asked: Asked, kind: LimitKind, market_id: int, limit: Limit
) -> bool:
    market = asked.market
    if kind == LimitKind.ORDER_LOTS:
        return asked.lots > limit.value
    if kind == LimitKind.ORDER_VALUE:
        return asked.value_price_ticks * asked.lots * market.quote_atoms_per_tick_lot > limit.value
    if kind == LimitKind.COLLAR_PPM:
        reference = market.reference_price_ticks or market.last_price_ticks
        away = abs(asked.price_ticks - reference) * FEE_PPM_ONE
        return asked.price_ticks != 0 and reference != 0 and away > reference * limit.value
    if kind == LimitKind.OPEN_ORDERS:
        return asked.may_rest and len(_open_orders(venue, asked, market_id)) >= limit.value
    if kind == LimitKind.HOLDING_LOTS:
        return asked.side == Side.BUY and _holding_lots(venue, asked) > limit.value
    return _used_to_ns(limit, asked.time_ns) - asked.time_ns > limit.window_ns


def _open_orders(venue: ReferenceVenue, asked: Asked, market_id: int) -> list[Order]:
    return [
        order
        for order in venue.orders_by_id.values()
        if order.account_id == asked.account_id and market_id in {0, order.market_id}
    ]


def _holding_lots(venue: ReferenceVenue, asked: Asked) -> int:
    """Give what the account would hold of the base asset when all its buys here were filled."""
    balance = venue.ledger.balance(asked.account_id, asked.market.base_asset_id)
    held = balance.free + balance.locked + balance.held
    orders = _open_orders(venue, asked, asked.market.market_id)
    buys = sum(
        order.leaves_lots
        for order in orders
        if order.side == Side.BUY and order is not asked.replaced
    )
    filled = asked.replaced.filled_lots if asked.replaced else 0
    wanted = max(asked.lots - filled, 0)
    return held // asked.market.base_atoms_per_lot + buys + wanted


def _used_to_ns(limit: Limit, time_ns: int) -> int:
    """Give up to when the window is used with one message more.

    Each message uses the same share of the window, from now or from where the last one ended: the
    generic cell rate algorithm of ITU-T I.371, exact in whole nanoseconds.
    """
    return max(limit.used_to_ns, time_ns) + limit.window_ns // limit.value


def count_message(venue: ReferenceVenue, account_id: int, market_id: int, time_ns: int) -> None:
    """Count an order or a replace that was taken: refused ones cost nothing."""
    for _, limit in _limits(venue, account_id, market_id, LimitKind.MESSAGES):
        limit.used_to_ns = _used_to_ns(limit, time_ns)


def set_limit(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Set, change or remove a limit."""
    kind, value, window_ns = command.price_ticks, command.quantity_lots, command.amount_atoms
    if command.account_id and command.account_id not in venue.groups:
        return Reject.UNKNOWN_ACCOUNT
    if command.market_id and command.market_id not in venue.markets_by_id:
        return Reject.UNKNOWN_MARKET
    if kind not in set(LimitKind) or value < 0:
        return Reject.INVALID_PARAMETER
    if kind == LimitKind.COLLAR_PPM and value > FEE_PPM_ONE:
        return Reject.INVALID_PARAMETER
    has_window = kind == LimitKind.MESSAGES and value != 0
    if has_window and not value <= window_ns <= ID_WINDOW_NS_MAX:
        return Reject.INVALID_PARAMETER
    if not has_window and window_ns != 0:
        return Reject.INVALID_PARAMETER
    key = (command.account_id, command.market_id, kind)
    known = venue.limits_by_key.get(key)
    same = (known.value, known.window_ns) == (value, window_ns) if known else value == 0
    if not same:
        venue.limits_by_key.pop(key, None)
        if value:
            venue.limits_by_key[key] = Limit(value, window_ns)
    answer(command, events, existed=same, market_id=command.market_id)
    return Reject.NONE


def kill(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Stop an account, a market or (neither is named) the venue, or lift that."""
    account_id, market_id, is_on = command.account_id, command.market_id, command.price_ticks
    if account_id and account_id not in venue.groups:
        return Reject.UNKNOWN_ACCOUNT
    if market_id and market_id not in venue.markets_by_id:
        return Reject.UNKNOWN_MARKET
    if is_on not in {0, 1} or (account_id and market_id):
        return Reject.INVALID_PARAMETER
    if market_id:
        venue.markets_by_id[market_id].is_killed = is_on == 1
    elif not account_id:
        venue.is_killed = is_on == 1
    elif is_on:
        venue.killed_accounts.add(account_id)
    else:
        venue.killed_accounts.discard(account_id)
    count = 0
    if is_on and account_id:
        count = cancel_of_account(venue, events, CancelReason.KILLED, account_id)
    elif is_on:
        count = cancel_of_market(venue, events, CancelReason.KILLED, market_id)
    events.add(
        EventKind.CANCELLED_ALL,
        code=is_on,
        flags=ANSWER,
        account_id=account_id,
        market_id=market_id,
        quantity_lots=count,
    )
    return Reject.NONE


CONTROL_COMMANDS = {CommandKind.SET_LIMIT: set_limit, CommandKind.KILL: kill}
