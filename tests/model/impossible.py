"""What cannot happen, as data: combinations of command, phase, order type, time in force and reject
that no run can hit, each with the reason. A hit of one of them is an error of this table.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.commands import OrderType as T
from engine.core.commands import TimeInForce as F
from engine.core.phases import Phase as P
from engine.core.rejects import Reject as R

GOOD_TILL = frozenset({F.GTC, F.DAY, F.GTD})
AT_ONCE = frozenset({F.IOC, F.FOK})
AUCTION_ONLY = frozenset({F.AT_OPEN, F.AT_CLOSE})
PEGS = frozenset({T.PRIMARY_PEG, T.MIDPOINT_PEG})
STOPS = frozenset({T.STOP, T.STOP_LIMIT, T.TRAILING_STOP})
SHUT = frozenset({P.CLOSED, P.HALTED, P.WIND_DOWN})
CALLS = frozenset({P.PRE_OPEN, P.AUCTION})
# Rejects of an order, from the first rule on that needs the market's state.
STATE = frozenset(
    {
        R.NONE,
        R.NOTIONAL_TOO_LARGE,
        R.INSUFFICIENT_FUNDS,
        R.POST_ONLY_WOULD_CROSS,
        R.FILL_OR_KILL_NOT_FILLABLE,
        R.TOO_OLD,
        R.EXPIRY_IN_PAST,
        R.MINIMUM_NOT_MET,
        R.NO_LAST_PRICE,
        R.NO_BAND,
        R.TOO_MANY_PEGS,
    }
)
# What a new order is never refused for.
NOT_OF_ORDERS = frozenset(
    {
        R.INVALID_COMMAND_KIND,
        R.UNKNOWN_ASSET,
        R.UNKNOWN_MARKET,
        R.ALREADY_DEFINED,
        R.INVALID_PARAMETER,
        R.UNKNOWN_ORDER,
        R.UNKNOWN_WITHDRAWAL,
        R.BALANCE_TOO_LARGE,
        R.SELF_TRADE,
        R.WRONG_PHASE_CHANGE,
        R.GROUP_INCOMPLETE,
        R.QUOTE_CROSSES_ITSELF,
        R.TOO_MANY_DEADLINES,
        R.PEG_NOT_REPLACEABLE,
    }
)
ANY: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Impossible:
    """One reason, and the combinations that it rules out; an empty set stands for all."""

    reason: str
    rejects: frozenset[R]
    phases: frozenset[int] = ANY
    types: frozenset[int] = ANY
    times: frozenset[int] = ANY

    def covers(self, phase: int, order_type: int, time: int, reject: int) -> bool:
        """Tell whether a combination is one of these."""
        axes = ((self.phases, phase), (self.types, order_type), (self.times, time))
        return reject in self.rejects and all(not axis or value in axis for axis, value in axes)


def but(*types: T) -> frozenset[int]:
    """Give all order types but these."""
    return frozenset(T) - set(types)


def except_times(*times: F) -> frozenset[int]:
    """Give all times in force but these."""
    return frozenset(F) - set(times)


ORDERS = (
    Impossible("not a rule for new orders", NOT_OF_ORDERS),
    Impossible("a known type is not refused as unknown", frozenset({R.INVALID_ORDER_TYPE})),
    Impossible(
        "only a limit price can be outside the collar",
        frozenset({R.PRICE_OUTSIDE_COLLAR}),
        types=but(T.LIMIT, T.STOP_LIMIT, *PEGS),
    ),
    Impossible(
        "an order at once does not stay, so it is not counted",
        frozenset({R.OPEN_ORDERS_EXCEEDED}),
        times=AT_ONCE,
    ),
    Impossible("only GTD has an expiry", frozenset({R.EXPIRY_IN_PAST}), times=except_times(F.GTD)),
    Impossible(
        "an expiry belongs to GTD", frozenset({R.INVALID_TIME_IN_FORCE}), times=frozenset({F.GTD})
    ),
    Impossible(
        "only a resting limit order is post-only",
        frozenset({R.POST_ONLY_WOULD_CROSS}),
        types=but(T.LIMIT),
    ),
    Impossible(
        "only an order that rests is post-only",
        frozenset({R.POST_ONLY_WOULD_CROSS}),
        times=AT_ONCE | AUCTION_ONLY,
    ),
    Impossible(
        "only FOK is killed",
        frozenset({R.FILL_OR_KILL_NOT_FILLABLE}),
        times=except_times(F.FOK),
    ),
    Impossible(
        "a minimum belongs to limit and market orders",
        frozenset({R.MINIMUM_NOT_MET}),
        types=but(T.LIMIT, T.MARKET),
    ),
    Impossible(
        "FOK and auction-only orders have no minimum",
        frozenset({R.MINIMUM_NOT_MET}),
        times=AUCTION_ONLY | {F.FOK},
    ),
    Impossible(
        "only trailing stops and market orders of a call need a last price",
        frozenset({R.NO_LAST_PRICE}),
        types=but(T.TRAILING_STOP, T.MARKET),
    ),
    Impossible(
        "a market order needs a last price only in a call",
        frozenset({R.NO_LAST_PRICE, R.NO_BAND}),
        types=frozenset({T.MARKET}),
        times=AT_ONCE,
    ),
    Impossible(
        "only buys at market that wait need a band",
        frozenset({R.NO_BAND}),
        types=PEGS | {T.LIMIT, T.STOP_LIMIT, T.MARKET_BY_AMOUNT},
    ),
    Impossible(
        "its amount is limited by itself",
        frozenset({R.NOTIONAL_TOO_LARGE}),
        types=frozenset({T.MARKET_BY_AMOUNT}),
    ),
    Impossible("the phase refuses every new order first", STATE, phases=SHUT),
    Impossible(
        "POST_ONLY takes post-only orders",
        STATE,
        phases=frozenset({P.POST_ONLY}),
        types=but(T.LIMIT),
    ),
    Impossible(
        "POST_ONLY takes orders that rest",
        STATE,
        phases=frozenset({P.POST_ONLY}),
        times=AT_ONCE | AUCTION_ONLY,
    ),
    Impossible(
        "a post-only order has no minimum",
        frozenset({R.MINIMUM_NOT_MET}),
        phases=frozenset({P.POST_ONLY}),
    ),
    Impossible("a call takes nothing that trades at once", STATE, phases=CALLS, times=AT_ONCE),
    Impossible(
        "a call takes no post-only order and no minimum",
        frozenset({R.POST_ONLY_WOULD_CROSS, R.MINIMUM_NOT_MET}),
        phases=CALLS,
    ),
    Impossible(
        "AT_CLOSE is not for an opening call",
        STATE,
        phases=frozenset({P.PRE_OPEN}),
        times=frozenset({F.AT_CLOSE}),
    ),
    Impossible(
        "AT_OPEN is for PRE_OPEN, and has no flags",
        frozenset({R.MARKET_PHASE}),
        phases=frozenset({P.PRE_OPEN}),
        times=frozenset({F.AT_OPEN}),
    ),
    Impossible(
        "auction-only orders are not for OPEN",
        STATE,
        phases=frozenset({P.OPEN}),
        times=AUCTION_ONLY,
    ),
    Impossible(
        "OPEN takes all but auction-only orders",
        frozenset({R.MARKET_PHASE}),
        phases=frozenset({P.OPEN}),
        times=GOOD_TILL | AT_ONCE,
    ),
    Impossible(
        "a call takes every stop and every peg",
        frozenset({R.MARKET_PHASE}),
        phases=CALLS,
        types=STOPS | PEGS,
    ),
    Impossible("only pegs are counted as pegs", frozenset({R.TOO_MANY_PEGS}), types=but(*PEGS)),
)
