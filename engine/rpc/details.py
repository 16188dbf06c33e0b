"""What each reject of the core says in words: the field and the rule. One table for all doors."""

from __future__ import annotations

import re

from engine.core.limits import (
    AMOUNT_ATOMS_MAX,
    DEADLINES_MAX,
    DEADLINES_PER_ACCOUNT_MAX,
    DECIMALS_MAX,
    FEE_PPM_MAX,
    NOTIONAL_ATOMS_MAX,
    PEGS_PER_SIDE_MAX,
    PRICE_TICKS_MAX,
    QUANTITY_LOTS_MAX,
    SENT_TIME_AHEAD_NS_MAX,
    UNIT_ATOMS_MAX,
)
from engine.core.rejects import Reject

DETAILS: dict[Reject, str] = {
    Reject.NONE: "",
    Reject.INVALID_COMMAND_KIND: "kind: this venue does not know it",
    Reject.RESERVED_FIELD_SET: "a field that this kind of command does not use is not zero, "
    "or order_id and order_client_id are both given",
    Reject.INVALID_SIDE: "side: must be buy or sell (for cancel all also unspecified)",
    Reject.INVALID_ORDER_TYPE: "order_type: not known to this venue",
    Reject.INVALID_TIME_IN_FORCE: "time_in_force: a limit order takes any, a market order "
    "IOC, FOK, AT_OPEN or AT_CLOSE, by amount IOC, a stop or a peg GTC, DAY or GTD; "
    "expire_time_ns goes with GTD",
    Reject.INVALID_SELF_TRADE_PREVENTION: "self_trade_prevention: not a known mode",
    Reject.INVALID_FLAGS: "post_only: post-only, slide and hidden are for limit orders that may "
    "rest, hidden also for primary pegs, slide goes with post-only, a minimum with neither "
    "post-only nor FOK, one trigger source with a stop",
    Reject.INVALID_CLIENT_ID: "client_id: required here, and sent_time_ns is zero without one",
    Reject.UNKNOWN_ACCOUNT: "account_id: not defined",
    Reject.UNKNOWN_ASSET: "asset_id: not defined",
    Reject.UNKNOWN_MARKET: "market_id: not defined",
    Reject.SENT_TIME_IN_FUTURE: f"sent_time_ns: more than {SENT_TIME_AHEAD_NS_MAX} ns ahead of "
    "the venue's time",
    Reject.ID_TOO_OLD: "sent_time_ns: older than the id window, so it is not known whether this "
    "ran before",
    Reject.DUPLICATE_WITH_DIFFERENT_BODY: "client_id: used before for something else",
    Reject.INVALID_PRICE: f"price_ticks: prices must be 1 to {PRICE_TICKS_MAX}, and 0 where the "
    "order type has none; a trailing stop has one distance, a primary peg may have an offset",
    Reject.INVALID_QUANTITY: f"quantity_lots: must be 1 to {QUANTITY_LOTS_MAX}, an iceberg shows "
    "less than that, a minimum is at most that",
    Reject.INVALID_AMOUNT: f"amount_atoms: must be 1 to {AMOUNT_ATOMS_MAX}",
    Reject.NOTIONAL_TOO_LARGE: f"quantity_lots: price times quantity exceeds {NOTIONAL_ATOMS_MAX} "
    f"quote atoms, or the quantity exceeds {AMOUNT_ATOMS_MAX} base atoms",
    Reject.ALREADY_DEFINED: "the id is defined with other content",
    Reject.INVALID_PARAMETER: "a parameter of the definition is out of range: symbols have 1 to 16 "
    f"of A-Z, 0-9, dot and hyphen, decimals at most {DECIMALS_MAX}, units 1 to {UNIT_ATOMS_MAX}, "
    f"fees at most {FEE_PPM_MAX} ppm, and a market's assets exist and differ",
    Reject.UNKNOWN_ORDER: "order_id: no working order of this account has it",
    Reject.UNKNOWN_WITHDRAWAL: "withdrawal_id: no open withdrawal of this account has it",
    Reject.INSUFFICIENT_FUNDS: "the free balance does not cover what this could cost with fees",
    Reject.BALANCE_TOO_LARGE: "amount_atoms: the asset's total would pass what the ledger carries",
    Reject.POST_ONLY_WOULD_CROSS: "price_ticks: a post-only order would trade on arrival",
    Reject.SELF_TRADE: "price_ticks: the replaced order would meet an order of its own group",
    Reject.FILL_OR_KILL_NOT_FILLABLE: "quantity_lots: cannot trade whole now",
    Reject.TOO_OLD: "max_age_ms: it was sequenced later than that after sent_time_ns",
    Reject.EXPIRY_IN_PAST: "expire_time_ns: must be later than the venue's time",
    Reject.MINIMUM_NOT_MET: "minimum_lots: so much cannot trade now",
    Reject.NO_LAST_PRICE: "order_type: a trailing stop needs a last price, a market buy in a "
    "call a last or reference price, and none is there yet",
    Reject.NO_BAND: "order_type: a buy at market that waits (a stop, or in a call) needs a market "
    "with a price band",
    Reject.MARKET_PHASE: "market_id: the market's phase does not allow this now",
    Reject.WRONG_PHASE_CHANGE: "phase: may not follow the market's phase",
    Reject.KILLED: "account_id: the account, its market or the venue was stopped",
    Reject.ORDER_LOTS_EXCEEDED: "quantity_lots: above a limit on an order's quantity",
    Reject.ORDER_VALUE_EXCEEDED: "quantity_lots: above a limit on an order's value",
    Reject.PRICE_OUTSIDE_COLLAR: "price_ticks: too far from the reference price or the last one",
    Reject.OPEN_ORDERS_EXCEEDED: "account_id: has as many working orders as it may",
    Reject.HOLDING_EXCEEDED: "quantity_lots: the account would hold more than it may",
    Reject.RATE_EXCEEDED: "account_id: sends more orders and replaces in a time than it may",
    Reject.CANCELLED_BEFORE_ARRIVAL: "client_id: a cancel of it came before the order",
    Reject.TOO_MANY_DEADLINES: f"tag: an account has at most {DEADLINES_PER_ACCOUNT_MAX} "
    f"deadlines, a venue {DEADLINES_MAX}",
    Reject.GROUP_INCOMPLETE: "entry_count: so many entries must follow their header, at most 999",
    Reject.QUOTE_CROSSES_ITSELF: "bid_price_ticks: the best bid must be below the best ask",
    Reject.TOO_MANY_PEGS: f"order_type: a side of a market has at most {PEGS_PER_SIDE_MAX} pegs",
    Reject.PEG_NOT_REPLACEABLE: "order_id: a peg is not replaced; cancel it and place another",
}

_FIELD_AND_RULE = re.compile(r"([a-z_]+): (.*)", re.DOTALL)

if set(DETAILS) != set(Reject):
    raise ImportError("every reject has its words")


def detail(code: int) -> str:
    """Give the words of a reject code."""
    return DETAILS[Reject(code)]


def field_and_rule(detail: str) -> tuple[str, str]:
    """Split a detail; the field is empty where none is at fault, as with missing funds."""
    match = _FIELD_AND_RULE.fullmatch(detail)
    return (match[1], match[2]) if match else ("", detail)
