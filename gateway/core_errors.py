"""The core's rejects as the gateway answers them: HTTP status, field and rule in its own words.

The core speaks of ticks, lots and atoms; whoever uses the gateway sent decimal text.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.rejects import Reject


@dataclass(frozen=True, slots=True)
class CoreError:
    """How one reject is answered."""

    status: int
    field: str | None
    meaning: str


CORE_ERRORS: dict[Reject, CoreError] = {
    Reject.INVALID_COMMAND_KIND: CoreError(422, None, "the venue does not know this command"),
    Reject.RESERVED_FIELD_SET: CoreError(
        422, None, "a field that this command does not use is set"
    ),
    Reject.INVALID_SIDE: CoreError(422, "side", "must be buy or sell; an order by amount buys"),
    Reject.INVALID_ORDER_TYPE: CoreError(422, "type", "the venue does not know this order type"),
    Reject.INVALID_TIME_IN_FORCE: CoreError(
        422,
        "time_in_force",
        "a limit order takes any, a market order ioc, fok, at_open or at_close, an order by amount "
        "ioc, a stop gtc, day or gtd",
    ),
    Reject.INVALID_SELF_TRADE_PREVENTION: CoreError(
        422,
        "self_trade_prevention",
        "the mode is not known; an order by amount does not take decrement",
    ),
    Reject.INVALID_FLAGS: CoreError(
        422,
        "post_only",
        "post-only, slide and hidden are for limit orders that may rest, slide goes with "
        "post-only, a minimum with neither post-only nor fok",
    ),
    Reject.INVALID_CLIENT_ID: CoreError(
        422, "client_id", "must be a UUID or a number from 1 to 2^128 - 1"
    ),
    Reject.UNKNOWN_ACCOUNT: CoreError(403, None, "the account is not defined at the venue"),
    Reject.UNKNOWN_ASSET: CoreError(404, "asset", "there is no such asset"),
    Reject.UNKNOWN_MARKET: CoreError(404, "market", "there is no such market"),
    Reject.SENT_TIME_IN_FUTURE: CoreError(
        422, "sent_time", "must not be more than one second ahead of the venue's time"
    ),
    Reject.ID_TOO_OLD: CoreError(
        422,
        "sent_time",
        "older than the ids that the venue remembers, so it cannot tell whether this ran before",
    ),
    Reject.DUPLICATE_WITH_DIFFERENT_BODY: CoreError(
        409, "client_id", "was used before for something else"
    ),
    Reject.INVALID_PRICE: CoreError(
        422, "price", "must be greater than zero and on the tick; a market order has none"
    ),
    Reject.INVALID_QUANTITY: CoreError(422, "quantity", "must be greater than zero and on the lot"),
    Reject.INVALID_AMOUNT: CoreError(
        422, "amount", "must be greater than zero, with no more decimals than the asset has"
    ),
    Reject.NOTIONAL_TOO_LARGE: CoreError(
        422, "quantity", "price times quantity is more than the ledger carries"
    ),
    Reject.ALREADY_DEFINED: CoreError(409, None, "the definition exists with other content"),
    Reject.INVALID_PARAMETER: CoreError(422, None, "a parameter of a definition is out of range"),
    Reject.UNKNOWN_ORDER: CoreError(404, "order_id", "the account has no such working order"),
    Reject.UNKNOWN_WITHDRAWAL: CoreError(
        404, "withdrawal_id", "the account has no such open withdrawal"
    ),
    Reject.INSUFFICIENT_FUNDS: CoreError(
        409, None, "the free balance does not cover what this could cost, fees included"
    ),
    Reject.BALANCE_TOO_LARGE: CoreError(
        409, "amount", "the asset's total would pass what the ledger carries"
    ),
    Reject.POST_ONLY_WOULD_CROSS: CoreError(
        409, "price", "the post-only order would trade on arrival"
    ),
    Reject.SELF_TRADE: CoreError(
        409, "price", "the replaced order would meet an order of the account's own group"
    ),
    Reject.FILL_OR_KILL_NOT_FILLABLE: CoreError(
        409, "quantity", "the fill-or-kill order cannot trade whole now"
    ),
    Reject.TOO_OLD: CoreError(
        409, "max_age_ms", "it was sequenced later than that after its sent_time"
    ),
    Reject.EXPIRY_IN_PAST: CoreError(422, "expire_time", "must be later than the venue's time"),
    Reject.MINIMUM_NOT_MET: CoreError(409, "minimum_quantity", "so much cannot trade now"),
    Reject.NO_LAST_PRICE: CoreError(
        409,
        "type",
        "a trailing stop needs a last price, a market buy in a call a last or reference price, "
        "and none is there yet",
    ),
    Reject.NO_BAND: CoreError(
        422,
        "type",
        "a buy at market that waits (a stop, or in a call) needs a market with a price band",
    ),
    Reject.MARKET_PHASE: CoreError(409, "market", "its phase does not allow this now"),
    Reject.WRONG_PHASE_CHANGE: CoreError(409, None, "this phase may not follow the market's phase"),
    Reject.KILLED: CoreError(409, None, "the account, the market or the venue was stopped"),
    Reject.ORDER_LOTS_EXCEEDED: CoreError(422, "quantity", "above a limit on an order's quantity"),
    Reject.ORDER_VALUE_EXCEEDED: CoreError(422, "quantity", "above a limit on an order's value"),
    Reject.PRICE_OUTSIDE_COLLAR: CoreError(
        422, "price", "too far from the reference price or the last one"
    ),
    Reject.OPEN_ORDERS_EXCEEDED: CoreError(
        409, None, "the account has as many working orders as it may"
    ),
    Reject.HOLDING_EXCEEDED: CoreError(
        409, "quantity", "the account would hold more of the asset than it may"
    ),
    Reject.RATE_EXCEEDED: CoreError(
        429, None, "the account sends more orders and changes in a time than it may"
    ),
    Reject.CANCELLED_BEFORE_ARRIVAL: CoreError(
        409, "client_id", "a cancel of this id came before the order"
    ),
    Reject.TOO_MANY_DEADLINES: CoreError(409, None, "the account has as many deadlines as it may"),
    Reject.GROUP_INCOMPLETE: CoreError(422, None, "a compound command needs all its entries"),
    Reject.QUOTE_CROSSES_ITSELF: CoreError(
        422, "price", "the best bid of a quote must be below its best ask"
    ),
    Reject.TOO_MANY_PEGS: CoreError(
        409, "type", "this side of the market has as many pegs as it may"
    ),
    Reject.PEG_NOT_REPLACEABLE: CoreError(
        409, "order_id", "a peg is not replaced; cancel it and place another"
    ),
}

if set(CORE_ERRORS) != set(Reject) - {Reject.NONE}:
    raise ImportError("every reject of the core must have its row")
