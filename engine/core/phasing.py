# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Trading phases: who may do what, how a phase changes, and what time ends.

The rules are those of `engine.core.phases` and `engine.reference.phases`.
"""

import cython
from cython.cimports.engine.core.auction import Indication, indication, uncross
from cython.cimports.engine.core.constants import (
    ANSWER,
    AT_CLOSE,
    AT_OPEN,
    AUCTION_CLOSING,
    AUCTION_ON_DEMAND,
    AUCTION_OPENING,
    AUCTION_VOLATILITY,
    BUY,
    DAY,
    EVENT_PHASE_CHANGED,
    EVENT_UNCROSSED,
    EXPIRY_IN_PAST,
    FOK,
    HIDDEN,
    INVALID_PARAMETER,
    IOC,
    LIMIT,
    MARKET,
    MARKET_PHASE,
    NEVER_NS,
    PHASE_AUCTION,
    PHASE_CLOSED,
    PHASE_OPEN,
    PHASE_POST_ONLY,
    PHASE_PRE_OPEN,
    PHASE_WIND_DOWN,
    POST_ONLY,
    PRICE_TICKS_MAX,
    REASON_AUCTION_ENDED,
    REASON_EXPIRED,
    REASON_PHASE_ENDED,
    REJECT_NONE,
    SELL,
    UNKNOWN_MARKET,
    WRONG_PHASE_CHANGE,
)
from cython.cimports.engine.core.deadlines import pass_deadline
from cython.cimports.engine.core.due import note_next
from cython.cimports.engine.core.fired import work_fired
from cython.cimports.engine.core.indications import tell
from cython.cimports.engine.core.layout import Command, Event
from cython.cimports.engine.core.phasing import for_auction_only, is_call
from cython.cimports.engine.core.pools import has_market, new_event
from cython.cimports.engine.core.resting import cancel, cancel_of_market
from cython.cimports.engine.core.state import Core, Market, check
from cython.cimports.engine.core.stops import fire_by_reference, moved_ticks, observe
from cython.cimports.libc.stdint import int64_t, uint32_t


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def call_takes(
    market: cython.pointer(cython.const[Market]), time_in_force: cython.int
) -> cython.bint:
    """Tell whether a market is in the call that an auction-only order is for."""
    if time_in_force == AT_OPEN:
        return market.phase == PHASE_PRE_OPEN or market.auction_kind == AUCTION_OPENING
    return market.auction_kind == AUCTION_CLOSING


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def may_place(
    market: cython.pointer(cython.const[Market]),
    command: cython.pointer(cython.const[Command]),
) -> cython.bint:
    """Tell whether a market's phase takes a new order."""
    collected: cython.bint = for_auction_only(command.time_in_force)
    if market.phase == PHASE_OPEN:
        return not collected
    if market.phase == PHASE_POST_ONLY:
        return command.flags & POST_ONLY != 0 and not collected
    if not is_call(market.phase) or command.time_in_force in (IOC, FOK):
        return False
    if collected and not call_takes(market, command.time_in_force):
        return False
    return command.order_type not in (LIMIT, MARKET) or command.flags & ~HIDDEN == 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def may_replace(
    market: cython.pointer(cython.const[Market]), flags: cython.int, crosses: cython.bint
) -> cython.bint:
    """Tell whether a market's phase takes a change of an order."""
    if market.phase == PHASE_POST_ONLY:
        return flags & POST_ONLY != 0 or not crosses
    if is_call(market.phase):
        return flags & POST_ONLY == 0
    return market.phase == PHASE_OPEN


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def auction_price_ticks(market: cython.pointer(cython.const[Market]), side: cython.int) -> int64_t:
    """Give the price at which a market order stands in a call; 0 when it has none."""
    base: int64_t = market.last_price_ticks
    if side == SELL:
        return 1
    if base == 0:
        base = market.reference_price_ticks
    return min(moved_ticks(base, market.band_ppm, BUY), PRICE_TICKS_MAX)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def set_phase(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Change a market's phase; into continuous trading by an uncross."""
    phase: int64_t = command.price_ticks
    kind: int64_t = command.quantity_lots
    end_ns: int64_t = command.amount_atoms
    has_kind: cython.bint = AUCTION_OPENING <= kind <= AUCTION_ON_DEMAND
    market: cython.pointer(Market)
    if not has_market(core, command.market_id):
        return UNKNOWN_MARKET
    if not PHASE_CLOSED <= phase <= PHASE_WIND_DOWN or has_kind != (phase == PHASE_AUCTION):
        return INVALID_PARAMETER
    if (kind != 0 or end_ns != 0) and phase != PHASE_AUCTION:
        return INVALID_PARAMETER
    if end_ns != 0 and end_ns <= command.time_ns:
        return EXPIRY_IN_PAST
    market = core.markets[command.market_id]
    if not core.followers[market.phase] >> phase & 1:
        return WRONG_PHASE_CHANGE
    change_phase(core, market, phase, kind, end_ns, ANSWER, command)
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def enter_phase(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    phase: cython.int,
    kind: cython.int,
    end_ns: int64_t,
) -> cython.void:
    """Set a market's phase, and keep up how many are in a call and when the next one ends."""
    i: uint32_t
    market.phase = phase
    market.auction_kind = kind
    market.auction_end_ns = end_ns
    market.is_changed = True
    core.call_count = 0
    core.next_call_end_ns = NEVER_NS
    for i in range(1, core.market_id_max + 1):
        if core.markets[i] == cython.NULL:
            continue
        core.call_count += is_call(core.markets[i].phase)
        if core.markets[i].auction_end_ns != 0:
            core.next_call_end_ns = min(core.next_call_end_ns, core.markets[i].auction_end_ns)
    note_next(core)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def change_phase(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    phase: cython.int,
    kind: cython.int,
    end_ns: int64_t,
    flags: cython.int,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Enter a phase: tell, uncross, end the orders that end with the old one, fire stops.

    Stops look at every auction price since the market was last open: by its extremes.
    """
    found = cython.declare(Indication)
    event: cython.pointer(Event)
    enter_phase(core, market, phase, kind, end_ns)
    event = new_event(core, command, EVENT_PHASE_CHANGED)
    event.code = phase
    event.order_type = kind
    event.flags = flags
    event.market_id = market.market_id
    event.quantity_lots = end_ns
    if phase in (PHASE_OPEN, PHASE_POST_ONLY):
        found = indication(core, market)
        if found.volume_lots != 0:
            tell(core, market, cython.address(found), EVENT_UNCROSSED, 0, command)
            uncross(core, market, cython.address(found), command)
    if not is_call(phase):
        market.indicative_price_ticks = 0
        market.indicative_volume_lots = 0
        market.indicative_surplus_lots = 0
        market.indicative_surplus_side = 0
    if not is_call(phase) or not call_takes(market, AT_OPEN):
        cancel_of_market(core, market.market_id, AT_OPEN, REASON_AUCTION_ENDED, command)
    if not is_call(phase) or not call_takes(market, AT_CLOSE):
        cancel_of_market(core, market.market_id, AT_CLOSE, REASON_AUCTION_ENDED, command)
    if phase == PHASE_CLOSED:
        cancel_of_market(core, market.market_id, DAY, REASON_PHASE_ENDED, command)
    if phase == PHASE_OPEN:
        if market.missed_low_ticks != 0:
            observe(core, market, market.missed_low_ticks)
            observe(core, market, market.missed_high_ticks)
            market.missed_low_ticks = 0
            market.missed_high_ticks = 0
        if market.last_price_ticks != 0:
            observe(core, market, market.last_price_ticks)
        fire_by_reference(core, market)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def uncross_now(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.int:
    """Uncross a call and let it go on."""
    if not has_market(core, command.market_id):
        return UNKNOWN_MARKET
    if not is_call(core.markets[command.market_id].phase):
        return MARKET_PHASE
    uncross_call(core, core.markets[command.market_id], ANSWER, command)
    return REJECT_NONE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def uncross_call(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    flags: cython.int,
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Trade what a call has collected, and end the orders that were only for that."""
    found = cython.declare(Indication)
    found = indication(core, market)
    tell(core, market, cython.address(found), EVENT_UNCROSSED, flags, command)
    uncross(core, market, cython.address(found), command)
    cancel_of_market(core, market.market_id, AT_OPEN, REASON_AUCTION_ENDED, command)
    cancel_of_market(core, market.market_id, AT_CLOSE, REASON_AUCTION_ENDED, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def start_volatility_auction(
    core: cython.pointer(Core),
    market: cython.pointer(Market),
    command: cython.pointer(cython.const[Command]),
) -> cython.void:
    """Hold a call because a trade would have left the dynamic band."""
    end_ns: int64_t = command.time_ns + cython.cast(int64_t, market.auction_ms) * 1000000
    change_phase(core, market, PHASE_AUCTION, AUCTION_VOLATILITY, end_ns, 0, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def let_time_pass(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.void:
    """Do all that has become due, by time, then kind, then id."""
    slot: uint32_t
    expiry_ns: int64_t
    while core.next_due_ns <= command.time_ns and core.broken == cython.NULL:
        slot = core.due.slots[1] if core.due.count > 1 else 0
        expiry_ns = core.extras[slot].expire_time_ns if slot != 0 else NEVER_NS
        if expiry_ns <= min(core.next_call_end_ns, core.next_deadline_ns):
            cancel(core, slot, REASON_EXPIRED, 0, command)
        elif core.next_deadline_ns < core.next_call_end_ns:
            pass_deadline(core, command)
        else:
            end_call(core, command)
        work_fired(core, command)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def end_call(
    core: cython.pointer(Core), command: cython.pointer(cython.const[Command])
) -> cython.void:
    """End the call whose time has come first: a closing one closes the market, others open it."""
    i: uint32_t
    market: cython.pointer(Market)
    for i in range(1, core.market_id_max + 1):
        market = core.markets[i]
        if market == cython.NULL or market.auction_end_ns != core.next_call_end_ns:
            continue
        if market.auction_kind == AUCTION_CLOSING:
            uncross_call(core, market, 0, command)
            change_phase(core, market, PHASE_CLOSED, 0, 0, 0, command)
        else:
            change_phase(core, market, PHASE_OPEN, 0, 0, 0, command)
        return
    check(core, False, b"a call ends when it is due")
