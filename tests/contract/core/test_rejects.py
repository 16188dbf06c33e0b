"""Every reject by itself, and their precedence."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import (
    HIDDEN,
    MINIMUM,
    POST_ONLY,
    SLIDE,
    TRIGGER_BEST_QUOTE,
    TRIGGER_REFERENCE,
    CommandKind,
    Side,
    TimeInForce,
    symbol_words,
)
from engine.core.limits import (
    ACCOUNT_ID_MAX,
    AMOUNT_ATOMS_MAX,
    ASSET_ID_MAX,
    FEE_PPM_MAX,
    MARKET_ID_MAX,
    PRICE_TICKS_MAX,
    QUANTITY_LOTS_MAX,
)
from engine.core.rejects import Reject
from tests.contract.core.desk import MARKET, QUOTE, Desk, U

PLACE = {
    "client_id_low": 1,
    "account_id": U,
    "market_id": MARKET,
    "side": 1,
    "order_type": 1,
    "time_in_force": 1,
    "self_trade_prevention": 2,
    "price_ticks": 100,
    "quantity_lots": 10,
}


@pytest.mark.parametrize(
    ("change", "reject"),
    [
        ({"order_id": 1}, Reject.RESERVED_FIELD_SET),
        ({"side": 0}, Reject.INVALID_SIDE),
        ({"side": 3}, Reject.INVALID_SIDE),
        ({"order_type": 0}, Reject.INVALID_ORDER_TYPE),
        ({"order_type": 9}, Reject.INVALID_ORDER_TYPE),  # of a quote, never placed alone
        ({"order_type": 10}, Reject.INVALID_ORDER_TYPE),
        ({"order_type": 255}, Reject.INVALID_ORDER_TYPE),
        ({"time_in_force": 0}, Reject.INVALID_TIME_IN_FORCE),
        ({"time_in_force": 8}, Reject.INVALID_TIME_IN_FORCE),
        ({"time_in_force": 255}, Reject.INVALID_TIME_IN_FORCE),
        ({"expire_time_ns": 1 << 62}, Reject.INVALID_TIME_IN_FORCE),
        ({"time_in_force": 2, "expire_time_ns": 1 << 62}, Reject.INVALID_TIME_IN_FORCE),
        ({"order_type": 2, "time_in_force": 5}, Reject.INVALID_TIME_IN_FORCE),
        ({"order_type": 3, "time_in_force": 2}, Reject.INVALID_TIME_IN_FORCE),
        ({"order_type": 4, "time_in_force": 3}, Reject.INVALID_TIME_IN_FORCE),
        ({"order_type": 5, "time_in_force": 2}, Reject.INVALID_TIME_IN_FORCE),
        ({"order_type": 6, "time_in_force": 3}, Reject.INVALID_TIME_IN_FORCE),
        ({"order_type": 6, "side": 2}, Reject.INVALID_SIDE),
        (
            {"order_type": 6, "time_in_force": 2, "self_trade_prevention": 5},
            Reject.INVALID_SELF_TRADE_PREVENTION,
        ),
        ({"order_type": 2, "price_ticks": 0}, Reject.INVALID_TIME_IN_FORCE),
        ({"self_trade_prevention": 0}, Reject.INVALID_SELF_TRADE_PREVENTION),
        ({"self_trade_prevention": 6}, Reject.INVALID_SELF_TRADE_PREVENTION),
        ({"flags": SLIDE}, Reject.INVALID_FLAGS),
        ({"flags": POST_ONLY, "time_in_force": 2}, Reject.INVALID_FLAGS),
        ({"flags": HIDDEN, "time_in_force": 2}, Reject.INVALID_FLAGS),
        ({"flags": HIDDEN, "order_type": 4}, Reject.INVALID_FLAGS),
        ({"flags": MINIMUM, "time_in_force": 3}, Reject.INVALID_FLAGS),
        ({"flags": MINIMUM | POST_ONLY}, Reject.INVALID_FLAGS),
        ({"flags": TRIGGER_BEST_QUOTE}, Reject.INVALID_FLAGS),
        ({"flags": TRIGGER_REFERENCE, "order_type": 5}, Reject.INVALID_FLAGS),
        ({"flags": TRIGGER_BEST_QUOTE | TRIGGER_REFERENCE, "order_type": 3}, Reject.INVALID_FLAGS),
        ({"flags": 64}, Reject.INVALID_FLAGS),
        ({"flags": 128}, Reject.INVALID_FLAGS),
        ({"client_id_low": 0}, Reject.INVALID_CLIENT_ID),
        ({"account_id": 0}, Reject.UNKNOWN_ACCOUNT),
        ({"account_id": ACCOUNT_ID_MAX + 1}, Reject.UNKNOWN_ACCOUNT),
        ({"account_id": (1 << 32) - 1}, Reject.UNKNOWN_ACCOUNT),
        ({"market_id": 0}, Reject.UNKNOWN_MARKET),
        ({"market_id": (1 << 32) - 1}, Reject.UNKNOWN_MARKET),
        ({"price_ticks": 0}, Reject.INVALID_PRICE),
        ({"price_ticks": -1}, Reject.INVALID_PRICE),
        ({"price_ticks": PRICE_TICKS_MAX + 1}, Reject.INVALID_PRICE),
        ({"price_ticks": (1 << 63) - 1}, Reject.INVALID_PRICE),
        ({"order_type": 2, "time_in_force": 2}, Reject.INVALID_PRICE),
        ({"trigger_price_ticks": 5}, Reject.INVALID_PRICE),
        ({"trail_ticks": 5}, Reject.INVALID_PRICE),
        ({"trail_ppm": 5}, Reject.INVALID_PRICE),
        ({"order_type": 3, "trigger_price_ticks": 5}, Reject.INVALID_PRICE),
        ({"order_type": 3, "price_ticks": 0}, Reject.INVALID_PRICE),
        ({"order_type": 4}, Reject.INVALID_PRICE),
        ({"order_type": 4, "trigger_price_ticks": PRICE_TICKS_MAX + 1}, Reject.INVALID_PRICE),
        ({"order_type": 4, "trigger_price_ticks": -1}, Reject.INVALID_PRICE),
        ({"order_type": 5, "price_ticks": 0}, Reject.INVALID_PRICE),
        (
            {"order_type": 5, "price_ticks": 0, "trail_ticks": 1, "trail_ppm": 1},
            Reject.INVALID_PRICE,
        ),
        ({"order_type": 5, "price_ticks": 0, "trail_ticks": -1}, Reject.INVALID_PRICE),
        ({"order_type": 5, "price_ticks": 0, "trail_ppm": 1_000_000}, Reject.INVALID_PRICE),
        (
            {"order_type": 5, "price_ticks": 0, "trail_ticks": 1, "trigger_price_ticks": 5},
            Reject.INVALID_PRICE,
        ),
        ({"display_lots": -1}, Reject.INVALID_QUANTITY),
        ({"display_lots": 10}, Reject.INVALID_QUANTITY),
        ({"display_lots": 11}, Reject.INVALID_QUANTITY),
        ({"display_lots": 5, "time_in_force": 2}, Reject.INVALID_QUANTITY),
        ({"display_lots": 5, "flags": HIDDEN}, Reject.INVALID_QUANTITY),
        ({"flags": MINIMUM}, Reject.INVALID_QUANTITY),
        ({"flags": MINIMUM, "minimum_lots": -1}, Reject.INVALID_QUANTITY),
        ({"flags": MINIMUM, "minimum_lots": 11}, Reject.INVALID_QUANTITY),
        ({"order_type": 6, "time_in_force": 2, "price_ticks": 0}, Reject.INVALID_QUANTITY),
        ({"amount_atoms": 1}, Reject.INVALID_AMOUNT),
        (
            {"order_type": 6, "time_in_force": 2, "price_ticks": 0, "quantity_lots": 0},
            Reject.INVALID_AMOUNT,
        ),
        (
            {
                "order_type": 6,
                "time_in_force": 2,
                "price_ticks": 0,
                "quantity_lots": 0,
                "amount_atoms": AMOUNT_ATOMS_MAX + 1,
            },
            Reject.INVALID_AMOUNT,
        ),
        ({"quantity_lots": 0}, Reject.INVALID_QUANTITY),
        ({"quantity_lots": -5}, Reject.INVALID_QUANTITY),
        ({"quantity_lots": QUANTITY_LOTS_MAX + 1}, Reject.INVALID_QUANTITY),
        ({"quantity_lots": -(1 << 63)}, Reject.INVALID_QUANTITY),
        ({"side": 9, "price_ticks": -1}, Reject.INVALID_SIDE),
        ({"account_id": 99, "price_ticks": -1}, Reject.UNKNOWN_ACCOUNT),
        ({"price_ticks": -1, "quantity_lots": -1}, Reject.INVALID_PRICE),
    ],
)
def test_a_broken_field_of_an_order_has_its_reject(
    desk: Desk, change: dict[str, int], reject: Reject
) -> None:
    """The first broken rule in the order of the numbers is returned; nothing changes."""
    fields: dict[str, Any] = {**PLACE, "sent_time_ns": desk.time_ns, **change}
    assert reject == desk.run(CommandKind.PLACE, **fields).reject
    assert desk.bids == []


@pytest.mark.parametrize("kind", [0, 17, 21, 255])
def test_an_unknown_command_kind_is_refused(desk: Desk, kind: int) -> None:
    """A kind that this version does not know is refused, not guessed."""
    assert desk.run(kind, account_id=U).reject == Reject.INVALID_COMMAND_KIND


@pytest.mark.parametrize(
    ("amount", "reject"),
    [
        (0, Reject.INVALID_AMOUNT),
        (-1, Reject.INVALID_AMOUNT),
        (AMOUNT_ATOMS_MAX + 1, Reject.INVALID_AMOUNT),
    ],
)
def test_amounts_are_bounded(desk: Desk, amount: int, reject: Reject) -> None:
    """Deposits and holds take 1 to the largest amount."""
    assert reject == desk.deposit(U, QUOTE, amount).reject
    assert reject == desk.hold(U, QUOTE, amount).reject


def test_unknown_assets_are_refused(desk: Desk) -> None:
    """A deposit, a hold or a market of an asset that is not defined is refused."""
    assert desk.deposit(U, 99, 5).reject == Reject.UNKNOWN_ASSET
    assert desk.hold(U, (1 << 32) - 1, 5).reject == Reject.UNKNOWN_ASSET
    assert desk.define_market(9, "X", base_asset_id=99).reject == Reject.UNKNOWN_ASSET


def test_cancel_all_checks_its_filters(desk: Desk) -> None:
    """Cancel all takes a known market or all, a side or both."""
    assert desk.run(CommandKind.CANCEL_ALL, account_id=U, side=3).reject == Reject.INVALID_SIDE
    unknown = desk.run(CommandKind.CANCEL_ALL, account_id=U, market_id=99)
    assert unknown.reject == Reject.UNKNOWN_MARKET


def test_a_cancel_names_one_target(desk: Desk) -> None:
    """Both ids at once are refused; none names no order."""
    both = desk.run(CommandKind.CANCEL, account_id=U, order_id=1, target_client_id_low=1)
    assert both.reject == Reject.RESERVED_FIELD_SET
    assert desk.run(CommandKind.CANCEL, account_id=U).reject == Reject.UNKNOWN_ORDER


def test_the_same_definition_again_is_answered_as_done(desk: Desk) -> None:
    """Definitions are idempotent by content, so a bootstrap can be run again."""
    assert desk.define_asset(QUOTE, "USDC", 6).reject == Reject.NONE
    assert desk.define_market(MARKET, "HARBOR-USDC").reject == Reject.NONE
    assert desk.run(CommandKind.DEFINE_ACCOUNT, account_id=U).reject == Reject.NONE


def test_a_definition_stays_the_same_after_trades(desk: Desk) -> None:
    """The last price is no part of a market's definition."""
    desk.sell(U, 1, 100)
    desk.buy(2, 1, 100)
    assert int(desk.venue.markets()["last_price_ticks"][0]) == 100
    assert desk.define_market(MARKET, "HARBOR-USDC").reject == Reject.NONE


def test_another_definition_under_a_used_id_or_symbol_is_refused(desk: Desk) -> None:
    """Ids and symbols are defined once."""
    for outcome in (
        desk.define_asset(QUOTE, "USDC", 5),
        desk.define_asset(QUOTE, "USDX", 6),
        desk.define_asset(9, "USDC", 6),
        desk.define_market(MARKET, "HARBOR-USDC", taker_fee_ppm=1),
        desk.define_market(9, "HARBOR-USDC"),
        desk.run(CommandKind.DEFINE_ACCOUNT, account_id=U, group_id=5),
    ):
        assert outcome.reject == Reject.ALREADY_DEFINED


@pytest.mark.parametrize(
    "change",
    [
        {"market_id": MARKET_ID_MAX + 1},
        {"market_id": 0},
        {"base_asset_id": QUOTE},
        {"quote_atoms_per_tick_lot": 0},
        {"quote_atoms_per_tick_lot": -1},
        {"base_atoms_per_lot": 0},
        {"base_atoms_per_lot": (1 << 40) + 1},
        {"maker_fee_ppm": FEE_PPM_MAX + 1},
        {"taker_fee_ppm": FEE_PPM_MAX + 1},
    ],
)
def test_parameters_of_a_market_are_bounded(desk: Desk, change: dict[str, int]) -> None:
    """A market definition out of range is refused."""
    fields = {"market_id": 9, **change}
    market_id = fields.pop("market_id")
    assert desk.define_market(market_id, "NEW", **fields).reject == Reject.INVALID_PARAMETER


@pytest.mark.parametrize("symbol", ["", "lower", "A B", "A\x00B", "A/B"])
def test_symbols_have_an_alphabet(desk: Desk, symbol: str) -> None:
    """Symbols are 1 to 16 of A-Z, 0-9, dot and hyphen."""
    assert desk.define_asset(9, symbol, 6).reject == Reject.INVALID_PARAMETER


def test_parameters_of_assets_accounts_and_ids_are_bounded(desk: Desk) -> None:
    """Asset ids, decimals, account ids and the id window have limits."""
    low, high = symbol_words("NEW")
    symbol = {"symbol_low": low, "symbol_high": high}
    for outcome in (
        desk.run(CommandKind.DEFINE_ASSET, asset_id=0, **symbol),
        desk.run(CommandKind.DEFINE_ASSET, asset_id=ASSET_ID_MAX + 1, **symbol),
        desk.run(CommandKind.DEFINE_ASSET, asset_id=9, decimals=19, **symbol),
        desk.run(CommandKind.DEFINE_ASSET, asset_id=9, decimals=-1, **symbol),
        desk.run(CommandKind.DEFINE_ACCOUNT, account_id=0),
        desk.run(CommandKind.DEFINE_ACCOUNT, account_id=ACCOUNT_ID_MAX + 1),
        desk.run(CommandKind.SET_ID_WINDOW, id_window_ns=1, ids_max=10),
        desk.run(CommandKind.SET_ID_WINDOW, id_window_ns=10**10, ids_max=0),
    ):
        assert outcome.reject == Reject.INVALID_PARAMETER


def test_definitions_take_no_client_id(desk: Desk) -> None:
    """A field that a kind does not use must be zero."""
    outcome = desk.run(CommandKind.DEFINE_ACCOUNT, account_id=U, client_id_low=1)
    assert outcome.reject == Reject.RESERVED_FIELD_SET


def test_funds_come_before_post_only_and_fill_or_kill(desk: Desk) -> None:
    """Precedence is the order of the reject numbers."""
    desk.sell(U, 1, 100)
    poor = desk.place(2, Side.BUY, QUANTITY_LOTS_MAX, 1 << 15, time_in_force=TimeInForce.FOK)
    assert poor.reject == Reject.INSUFFICIENT_FUNDS
    both = desk.place(2, Side.BUY, QUANTITY_LOTS_MAX, 1 << 15, post_only=True)
    assert both.reject == Reject.INSUFFICIENT_FUNDS
