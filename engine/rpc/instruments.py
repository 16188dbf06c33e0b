"""Definitions to messages, with tick and lot size as exact decimal text."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.commands import symbol_text
from realstack.common.v1 import common_pb2
from realstack.marketdata.v1 import marketdata_pb2 as pb


def decimal_text(atoms: int, decimals: int) -> str:
    """Give atoms as exact decimal text in whole units: 12500, 3 -> "12.5"."""
    whole, fraction = divmod(atoms, 10**decimals)
    digits = str(fraction).zfill(decimals).rstrip("0") if decimals else ""
    return f"{whole}.{digits}" if digits else str(whole)


def tick_size(
    quote_atoms_per_tick_lot: int, base_atoms_per_lot: int, base_decimals: int, quote_decimals: int
) -> str:
    """Give the tick in quote units per base unit, as exact decimal text.

    One tick is `quote_atoms_per_tick_lot` quote atoms for `base_atoms_per_lot` base atoms. That has
    an exact decimal form only when the reduced lot divides a power of ten; for the rare market
    where it does not, the text is the reduced fraction, such as "1/3".
    """
    numerator = quote_atoms_per_tick_lot * 10**base_decimals
    denominator = base_atoms_per_lot * 10**quote_decimals
    divisor = int(np.gcd(numerator, denominator, dtype=object))
    numerator, denominator = numerator // divisor, denominator // divisor
    twos, rest = _factor(denominator, 2)
    fives, rest = _factor(rest, 5)
    if rest != 1:
        return f"{numerator}/{denominator}"
    decimals = max(twos, fives)
    return decimal_text(numerator * 10**decimals // denominator, decimals)


def _factor(number: int, prime: int) -> tuple[int, int]:
    """Give how often a prime divides a number, and what is left."""
    count = 0
    while number % prime == 0:
        number, count = number // prime, count + 1
    return count, number


def asset_message(row: Any) -> pb.Asset:
    """Make the message of one asset."""
    return pb.Asset(
        asset_id=int(row["asset_id"]),
        symbol=symbol_text(int(row["symbol_low"]), int(row["symbol_high"])),
        decimals=int(row["decimals"]),
    )


def market_message(row: Any, decimals: dict[int, int]) -> pb.Market:
    """Make the message of one market.

    Args:
        row: Its MARKET_VIEW record.
        decimals: Decimals of each asset by id.
    """
    base, quote = int(row["base_asset_id"]), int(row["quote_asset_id"])
    quote_atoms, base_atoms = int(row["quote_atoms_per_tick_lot"]), int(row["base_atoms_per_lot"])
    return pb.Market(
        market_id=int(row["market_id"]),
        symbol=symbol_text(int(row["symbol_low"]), int(row["symbol_high"])),
        base_asset_id=base,
        quote_asset_id=quote,
        quote_atoms_per_tick_lot=quote_atoms,
        base_atoms_per_lot=base_atoms,
        maker_fee_ppm=int(row["maker_fee_ppm"]),
        taker_fee_ppm=int(row["taker_fee_ppm"]),
        last_price_ticks=int(row["last_price_ticks"]),
        tick_size=tick_size(quote_atoms, base_atoms, decimals[base], decimals[quote]),
        lot_size=decimal_text(base_atoms, decimals[base]),
        band_ppm=int(row["band_ppm"]),
        reference_price_ticks=int(row["reference_price_ticks"]),
        volatility_ppm=int(row["volatility_ppm"]),
        auction_ms=int(row["auction_ms"]),
        phase=common_pb2.Phase.ValueType(int(row["phase"])),
        auction_kind=common_pb2.AuctionKind.ValueType(int(row["auction_kind"])),
        auction_end_ns=int(row["auction_end_ns"]),
        allocation=common_pb2.Allocation.ValueType(int(row["allocation"])),
        minimum_allocation_lots=int(row["minimum_allocation_lots"]),
    )
