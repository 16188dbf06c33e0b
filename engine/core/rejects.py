"""Why a command changed nothing: reject codes, ordered by precedence and never reused."""

from __future__ import annotations

from enum import IntEnum


class Reject(IntEnum):
    """The first rule that a command breaks, in the order of these numbers.

    Some come earlier than their numbers: KILLED, the limits from ORDER_LOTS_EXCEEDED to
    RATE_EXCEEDED, and MARKET_PHASE, in this order right after the rules of price, quantity and
    amount, and for a replace after its order was found. What is not let in is not judged further.

    A refused command changes no state at all: the same digest before and after. So its client id
    is free again, and whether the very same command can succeed later is said by `transient`.
    The numbers are those of `realstack.common.v1.RejectCode`.
    """

    NONE = 0
    INVALID_COMMAND_KIND = 1
    RESERVED_FIELD_SET = 2
    INVALID_SIDE = 3
    INVALID_ORDER_TYPE = 4
    INVALID_TIME_IN_FORCE = 5
    INVALID_SELF_TRADE_PREVENTION = 6
    INVALID_FLAGS = 7
    INVALID_CLIENT_ID = 8
    UNKNOWN_ACCOUNT = 9
    UNKNOWN_ASSET = 10
    UNKNOWN_MARKET = 11
    SENT_TIME_IN_FUTURE = 12
    ID_TOO_OLD = 13
    DUPLICATE_WITH_DIFFERENT_BODY = 14
    INVALID_PRICE = 15
    INVALID_QUANTITY = 16
    INVALID_AMOUNT = 17
    NOTIONAL_TOO_LARGE = 18
    ALREADY_DEFINED = 19
    INVALID_PARAMETER = 20
    UNKNOWN_ORDER = 21
    UNKNOWN_WITHDRAWAL = 22
    INSUFFICIENT_FUNDS = 23
    BALANCE_TOO_LARGE = 24
    POST_ONLY_WOULD_CROSS = 25
    SELF_TRADE = 26
    FILL_OR_KILL_NOT_FILLABLE = 27
    TOO_OLD = 28
    EXPIRY_IN_PAST = 29
    MINIMUM_NOT_MET = 30
    NO_LAST_PRICE = 31
    NO_BAND = 32
    MARKET_PHASE = 33
    WRONG_PHASE_CHANGE = 34
    KILLED = 38
    ORDER_LOTS_EXCEEDED = 39
    ORDER_VALUE_EXCEEDED = 40
    PRICE_OUTSIDE_COLLAR = 41
    OPEN_ORDERS_EXCEEDED = 42
    HOLDING_EXCEEDED = 43
    RATE_EXCEEDED = 44
    CANCELLED_BEFORE_ARRIVAL = 46
    TOO_MANY_DEADLINES = 47
    GROUP_INCOMPLETE = 50
    QUOTE_CROSSES_ITSELF = 51
    TOO_MANY_PEGS = 56
    PEG_NOT_REPLACEABLE = 57

    @property
    def transient(self) -> bool:
        """Tell whether the very same command can succeed later."""
        return self in _TRANSIENT


_TRANSIENT = frozenset(
    {
        Reject.UNKNOWN_ACCOUNT,
        Reject.UNKNOWN_ASSET,
        Reject.UNKNOWN_MARKET,
        Reject.SENT_TIME_IN_FUTURE,
        Reject.INSUFFICIENT_FUNDS,
        Reject.BALANCE_TOO_LARGE,
        Reject.POST_ONLY_WOULD_CROSS,
        Reject.SELF_TRADE,
        Reject.FILL_OR_KILL_NOT_FILLABLE,
        Reject.MINIMUM_NOT_MET,
        Reject.NO_LAST_PRICE,
        Reject.MARKET_PHASE,
        Reject.WRONG_PHASE_CHANGE,
        Reject.KILLED,
        Reject.ORDER_LOTS_EXCEEDED,
        Reject.ORDER_VALUE_EXCEEDED,
        Reject.PRICE_OUTSIDE_COLLAR,
        Reject.OPEN_ORDERS_EXCEEDED,
        Reject.HOLDING_EXCEEDED,
        Reject.RATE_EXCEEDED,
        Reject.TOO_MANY_DEADLINES,
        Reject.TOO_MANY_PEGS,
    }
)


class CancelReason(IntEnum):
    """Why an order left without trading its leaves (`realstack.common.v1.CancelReason`)."""

    NONE = 0
    REQUESTED = 1
    NO_LIQUIDITY = 2
    SELF_TRADE = 3
    CANCEL_ALL = 4
    EXPIRED = 5
    PHASE_ENDED = 6
    AUCTION_ENDED = 7
    KILLED = 8
    DEADLINE = 9
    DISCONNECTED = 11
    QUOTE_REPLACED = 13
