"""Trading phases: who may do what, how a phase changes, and what time ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.commands import (
    HIDDEN,
    POST_ONLY,
    CommandKind,
    OrderType,
    Side,
    TimeInForce,
)
from engine.core.events import ANSWER, EventKind
from engine.core.limits import PRICE_TICKS_MAX
from engine.core.phases import CALLS, FOLLOWERS, AuctionKind, Phase
from engine.core.rejects import CancelReason, Reject
from engine.reference.auction import indication, uncross
from engine.reference.band import moved_ticks
from engine.reference.cancelling import cancel_of_market
from engine.reference.command import Command
from engine.reference.event import Events
from engine.reference.state import Indication, Market, Order
from engine.reference.triggers import fire_by_reference, observe

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue

_AUCTION_TIMES = frozenset({TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE})
_COLLECTED = frozenset({OrderType.LIMIT, OrderType.MARKET})
_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})
NS_PER_MS = 1_000_000


def call_takes(market: Market, time_in_force: int) -> bool:
    """Tell whether a market is in the call that an auction-only order is for."""
    if time_in_force == TimeInForce.AT_OPEN:
        return market.phase == Phase.PRE_OPEN or market.auction_kind == AuctionKind.OPENING
    return market.auction_kind == AuctionKind.CLOSING


def may_place(market: Market, command: Command) -> bool:
    """Tell whether a market's phase takes a new order."""
    for_auction = command.time_in_force in _AUCTION_TIMES
    if market.phase == Phase.OPEN:
        return not for_auction
    if market.phase == Phase.POST_ONLY:
        return command.flags & POST_ONLY != 0 and not for_auction
    if market.phase not in CALLS or command.time_in_force in _AT_ONCE:
        return False
    if for_auction and not call_takes(market, command.time_in_force):
        return False
    return command.order_type not in _COLLECTED or command.flags & ~HIDDEN == 0


def may_replace(market: Market, order: Order, *, crosses: bool) -> bool:
    """Tell whether a market's phase takes a change of an order."""
    if market.phase == Phase.POST_ONLY:
        return order.flags & POST_ONLY != 0 or not crosses
    if market.phase in CALLS:
        return order.flags & POST_ONLY == 0
    return market.phase == Phase.OPEN


def auction_price_ticks(market: Market, side: int) -> int:
    """Give the price at which a market order stands in a call; 0 when it has none.

    A sell takes any price. A buy needs a worst one, which it locks: the band above the last price,
    or before the first trade above the reference price.
    """
    if side == Side.SELL:
        return 1
    base = market.last_price_ticks or market.reference_price_ticks
    return min(moved_ticks(base, market.band_ppm, Side.BUY) or 0, PRICE_TICKS_MAX)


def set_phase(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Change a market's phase; into continuous trading by an uncross."""
    market = venue.markets_by_id.get(command.market_id)
    if market is None:
        return Reject.UNKNOWN_MARKET
    phase, kind, end_ns = command.price_ticks, command.quantity_lots, command.amount_atoms
    is_auction = phase == Phase.AUCTION
    if phase not in set(Phase) or (kind in set(AuctionKind)) != is_auction:
        return Reject.INVALID_PARAMETER
    if (kind != 0 or end_ns != 0) and not is_auction:
        return Reject.INVALID_PARAMETER
    if end_ns != 0 and end_ns <= command.time_ns:
        return Reject.EXPIRY_IN_PAST
    if phase not in FOLLOWERS[Phase(market.phase)]:
        return Reject.WRONG_PHASE_CHANGE
    change_phase(venue, market, Phase(phase), events, kind=kind, end_ns=end_ns, flags=ANSWER)
    return Reject.NONE


def change_phase(
    venue: ReferenceVenue,
    market: Market,
    phase: Phase,
    events: Events,
    *,
    kind: int = 0,
    end_ns: int = 0,
    flags: int = 0,
) -> None:
    """Enter a phase: tell, uncross, end the orders that end with the old one, fire stops.

    Stops look at every auction price since the market was last open: by its extremes.
    """
    market.phase, market.auction_kind, market.auction_end_ns = phase, kind, end_ns
    events.add(
        EventKind.PHASE_CHANGED,
        code=phase,
        order_type=kind,
        flags=flags,
        market_id=market.market_id,
        quantity_lots=end_ns,
    )
    if phase in {Phase.OPEN, Phase.POST_ONLY}:
        found = indication(venue, market)
        if found.volume_lots:
            _told(market, found, EventKind.UNCROSSED, events)
            uncross(venue, market, found, events)
    if phase not in CALLS:
        market.indication = Indication()
    for time_in_force in sorted(_AUCTION_TIMES):
        if phase not in CALLS or not call_takes(market, time_in_force):
            cancel_of_market(
                venue, events, CancelReason.AUCTION_ENDED, market.market_id, time_in_force
            )
    if phase == Phase.CLOSED:
        cancel_of_market(venue, events, CancelReason.PHASE_ENDED, market.market_id, TimeInForce.DAY)
    if phase == Phase.OPEN:
        last_ticks = market.last_price_ticks
        if market.missed_low_ticks:
            observe(venue, market, market.missed_low_ticks, market.missed_high_ticks)
            market.missed_low_ticks = market.missed_high_ticks = 0
        if last_ticks:
            observe(venue, market, last_ticks, last_ticks)
        fire_by_reference(venue, market)


def end_call(venue: ReferenceVenue, market: Market, events: Events) -> None:
    """End a call whose time has come: a closing one closes the market, others open it."""
    closes = market.auction_kind == AuctionKind.CLOSING
    if closes:
        _uncross_now(venue, market, events, flags=0)
    change_phase(venue, market, Phase.CLOSED if closes else Phase.OPEN, events)


def uncross_command(venue: ReferenceVenue, command: Command, events: Events) -> Reject:
    """Uncross a call and let it go on."""
    market = venue.markets_by_id.get(command.market_id)
    if market is None:
        return Reject.UNKNOWN_MARKET
    if market.phase not in CALLS:
        return Reject.MARKET_PHASE
    _uncross_now(venue, market, events, flags=ANSWER)
    return Reject.NONE


def _uncross_now(venue: ReferenceVenue, market: Market, events: Events, *, flags: int) -> None:
    found = indication(venue, market)
    _told(market, found, EventKind.UNCROSSED, events, flags=flags)
    uncross(venue, market, found, events)
    for time_in_force in sorted(_AUCTION_TIMES):
        cancel_of_market(venue, events, CancelReason.AUCTION_ENDED, market.market_id, time_in_force)


def start_volatility_auction(
    venue: ReferenceVenue, market: Market, time_ns: int, events: Events
) -> None:
    """Hold a call because a trade would have left the dynamic band."""
    change_phase(
        venue,
        market,
        Phase.AUCTION,
        events,
        kind=AuctionKind.VOLATILITY,
        end_ns=time_ns + market.auction_ms * NS_PER_MS,
    )


def publish_indications(venue: ReferenceVenue, events: Events) -> None:
    """Tell what each call would trade now, when the command changed it."""
    for _, market in sorted(venue.markets_by_id.items()):
        if market.phase not in CALLS:
            continue
        found = indication(venue, market)
        if found != market.indication:
            market.indication = found
            _told(market, found, EventKind.INDICATIVE, events)


def _told(
    market: Market, found: Indication, kind: EventKind, events: Events, *, flags: int = 0
) -> None:
    events.add(
        kind,
        side=found.surplus_side,
        flags=flags,
        market_id=market.market_id,
        price_ticks=found.price_ticks,
        quantity_lots=found.volume_lots,
        leaves_lots=found.surplus_lots,
    )


PHASE_COMMANDS = {
    CommandKind.SET_PHASE: set_phase,
    CommandKind.UNCROSS: uncross_command,
}
