"""Small cases that Hypothesis finds and shrinks: both cores do the same, and stay sound."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.core.commands import (
    COMMAND,
    HIDDEN,
    MINIMUM,
    POST_ONLY,
    SLIDE,
    TRIGGER_BEST_QUOTE,
    TRIGGER_REFERENCE,
    CommandKind,
    symbol_words,
)
from engine.core.venue import Venue
from engine.reference.venue import ReferenceVenue

START_NS = 1_700_000_000_000_000_000
SECOND = 1_000_000_000

Fields = dict[str, int]

accounts = st.integers(1, 3)
lots = st.integers(1, 6)
prices = st.integers(1, 5)
ids = st.integers(0, 12)

places = st.fixed_dictionaries(
    {
        "kind": st.just(int(CommandKind.PLACE)),
        "client_id_low": st.integers(1, 40),
        "account_id": accounts,
        "market_id": st.just(1),
        "side": st.integers(1, 2),
        "order_type": st.just(1),
        "time_in_force": st.sampled_from((1, 1, 1, 2, 3)),
        "self_trade_prevention": st.integers(1, 5),
        "price_ticks": prices,
        "quantity_lots": lots,
    }
)
post_only = places.map(lambda row: {**row, "time_in_force": 1, "flags": 1})
market_orders = places.map(
    lambda row: {**row, "order_type": 2, "price_ticks": 0, "time_in_force": 2 + row["side"] % 2}
)
until = st.integers(1, 30).map(
    lambda n: {"time_in_force": 5, "expire_time_ns": START_NS + n * 1_000}
)
timed = st.tuples(places, until).map(lambda pair: {**pair[0], **pair[1]})
shown_in_part = st.tuples(
    places,
    st.sampled_from(
        (
            {"flags": HIDDEN},
            {"flags": HIDDEN | POST_ONLY},
            {"flags": POST_ONLY | SLIDE},
            {"quantity_lots": 6, "display_lots": 2},
            {"quantity_lots": 9, "display_lots": 1},
            {"flags": MINIMUM, "quantity_lots": 4, "minimum_lots": 3},
            {"tag": 1},
        )
    ),
).map(lambda pair: {**pair[0], "time_in_force": 1, **pair[1]})
by_amounts = st.tuples(places, st.integers(1, 120)).map(
    lambda pair: {
        **pair[0],
        "side": 1,
        "order_type": 6,
        "time_in_force": 2,
        "self_trade_prevention": 1 + pair[0]["self_trade_prevention"] % 4,
        "price_ticks": 0,
        "quantity_lots": 0,
        "amount_atoms": pair[1],
    }
)
sources = st.sampled_from((0, 0, TRIGGER_BEST_QUOTE, TRIGGER_REFERENCE))
stops = st.tuples(places, prices, sources, st.booleans()).map(
    lambda drawn: {
        **drawn[0],
        "order_type": 3 + drawn[3],
        "time_in_force": 1,
        "flags": drawn[2],
        "price_ticks": drawn[0]["price_ticks"] if drawn[3] else 0,
        "trigger_price_ticks": drawn[1],
    }
)
trails = st.sampled_from(({"trail_ticks": 1}, {"trail_ticks": 3}, {"trail_ppm": 300_000}))
trailing_stops = st.tuples(places, trails).map(
    lambda pair: {
        **pair[0],
        "order_type": 5,
        "time_in_force": 1,
        "price_ticks": 0,
        **pair[1],
    }
)
ticks = st.just({"kind": int(CommandKind.TICK)})
reference_prices = prices.map(
    lambda price: {
        "kind": int(CommandKind.SET_REFERENCE_PRICE),
        "market_id": 1,
        "price_ticks": price,
    }
)
cancels = st.fixed_dictionaries(
    {"kind": st.just(int(CommandKind.CANCEL)), "account_id": accounts, "order_id": ids}
)
replaces = st.fixed_dictionaries(
    {
        "kind": st.just(int(CommandKind.REPLACE)),
        "account_id": accounts,
        "order_id": ids,
        "price_ticks": st.integers(0, 5),
        "quantity_lots": lots,
        "new_trigger_price_ticks": st.sampled_from((0, 0, 0, 2, 4)),
    }
)
cancel_alls = st.fixed_dictionaries(
    {
        "kind": st.just(int(CommandKind.CANCEL_ALL)),
        "account_id": accounts,
        "side": st.integers(0, 2),
        "tag": st.integers(0, 1),
    }
)
holds = st.fixed_dictionaries(
    {
        "kind": st.just(int(CommandKind.WITHDRAW_HOLD)),
        "client_id_low": st.integers(1, 40),
        "account_id": accounts,
        "asset_id": st.integers(1, 2),
        "amount_atoms": st.integers(1, 100),
    }
)
ends = st.fixed_dictionaries(
    {
        "kind": st.sampled_from((7, 8)),
        "client_id_low": st.integers(1, 40),
        "account_id": accounts,
        "order_id": ids,
    }
)
commands = st.one_of(places, places, post_only, market_orders, cancels, replaces, cancel_alls)
specials = st.one_of(timed, shown_in_part, by_amounts, stops, trailing_stops)
movers = st.one_of(ticks, reference_prices)
anything = st.one_of(commands, commands, specials, specials, movers, holds, ends)


def opening(fee_ppm: int, band_ppm: int = 0) -> list[Fields]:
    """Definitions and modest funds, so that refusals for funds happen too."""
    rows: list[Fields] = []
    for asset_id, symbol in ((1, "USDC"), (2, "HARBOR")):
        low, high = symbol_words(symbol)
        rows.append({"kind": 9, "asset_id": asset_id, "symbol_low": low, "symbol_high": high})
    low, high = symbol_words("HARBOR-USDC")
    rows.append(
        {
            "kind": 10,
            "market_id": 1,
            "base_asset_id": 2,
            "quote_asset_id": 1,
            "quote_atoms_per_tick_lot": 7,
            "base_atoms_per_lot": 1,
            "maker_fee_ppm": fee_ppm // 3,
            "taker_fee_ppm": fee_ppm,
            "symbol_low": low,
            "symbol_high": high,
            "band_ppm": band_ppm,
        }
    )
    for account_id in (1, 2, 3):
        group_id = 9 if account_id > 1 else 0
        rows.append({"kind": 11, "account_id": account_id, "group_id": group_id})
        for asset_id in (1, 2):
            rows.append(
                {
                    "kind": 5,
                    "client_id_low": 100 + asset_id,
                    "account_id": account_id,
                    "asset_id": asset_id,
                    "amount_atoms": 300 if asset_id == 1 else 20,
                }
            )
    return rows


def stamped(rows: list[Fields], venue: Any) -> NDArray[np.void]:
    """Give rows their sequences and times after the venue's last."""
    out = np.zeros(len(rows), dtype=COMMAND)
    for index, row in enumerate(rows):
        for name, value in row.items():
            out[index][name] = value
        out[index]["sequence"] = venue.sequence_last + 1 + index
        out[index]["time_ns"] = START_NS + (venue.sequence_last + 1 + index) * 1_000
        if row.get("client_id_low"):
            out[index]["sent_time_ns"] = START_NS
    return out


@settings(max_examples=300)
@given(
    rows=st.lists(anything, max_size=40),
    fee_ppm=st.sampled_from((0, 1, 99_999)),
    band_ppm=st.sampled_from((0, 250_000, 1_000_000)),
)
def test_both_cores_give_the_same_events_and_digest(
    rows: list[Fields], fee_ppm: int, band_ppm: int
) -> None:
    """Same commands, same bytes out, same digest, on both cores; every invariant holds."""
    reference, compiled = ReferenceVenue(), Venue()
    for row in [*opening(fee_ppm, band_ppm), *rows]:
        batch = stamped([row], reference)
        assert reference.apply(batch).tobytes() == compiled.apply(batch).tobytes()
        compiled.validate()
        assert reference.digest() == compiled.digest() == compiled.digest_scan()
    reference.validate()


@settings(max_examples=100)
@given(
    rows=st.lists(anything, min_size=1, max_size=40),
    cuts=st.lists(st.integers(1, 40), max_size=4),
)
def test_how_commands_are_batched_changes_nothing(rows: list[Fields], cuts: list[int]) -> None:
    """One batch, many batches or single commands give the same events and digest."""
    whole, parts = Venue(), Venue()
    batch = stamped([*opening(99_999, 500_000), *rows], whole)
    expected = whole.apply(batch).tobytes()
    pieces = [parts.apply(piece).tobytes() for piece in np.split(batch, sorted(cuts))]
    assert expected == b"".join(pieces)
    assert whole.digest() == parts.digest()
