"""Small cases that Hypothesis finds and shrinks: both cores do the same, and stay sound."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.core.commands import COMMAND, CommandKind, symbol_words
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
cancels = st.fixed_dictionaries(
    {"kind": st.just(int(CommandKind.CANCEL)), "account_id": accounts, "order_id": ids}
)
replaces = st.fixed_dictionaries(
    {
        "kind": st.just(int(CommandKind.REPLACE)),
        "account_id": accounts,
        "order_id": ids,
        "price_ticks": prices,
        "quantity_lots": lots,
    }
)
cancel_alls = st.fixed_dictionaries(
    {
        "kind": st.just(int(CommandKind.CANCEL_ALL)),
        "account_id": accounts,
        "side": st.integers(0, 2),
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
anything = st.one_of(commands, commands, holds, ends)


def opening(fee_ppm: int) -> list[Fields]:
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


@settings(max_examples=200)
@given(rows=st.lists(anything, max_size=40), fee_ppm=st.sampled_from((0, 1, 99_999)))
def test_both_cores_give_the_same_events_and_digest(rows: list[Fields], fee_ppm: int) -> None:
    """Same commands, same bytes out, same digest, on both cores; every invariant holds."""
    reference, compiled = ReferenceVenue(), Venue()
    for row in [*opening(fee_ppm), *rows]:
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
    batch = stamped([*opening(99_999), *rows], whole)
    expected = whole.apply(batch).tobytes()
    pieces = [parts.apply(piece).tobytes() for piece in np.split(batch, sorted(cuts))]
    assert expected == b"".join(pieces)
    assert whole.digest() == parts.digest()
