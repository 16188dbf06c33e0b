"""Definitions of assets and markets, as commands."""

from __future__ import annotations

from engine.core.commands import CommandKind, symbol_words
from tests.model.source_phases import Fields


class Definitions:
    """What defines assets and markets."""

    @staticmethod
    def _asset(asset_id: int, symbol: str, decimals: int) -> Fields:
        low, high = symbol_words(symbol)
        return {
            "kind": CommandKind.DEFINE_ASSET,
            "asset_id": asset_id,
            "decimals": decimals,
            "symbol_low": low,
            "symbol_high": high,
        }

    @staticmethod
    def _market(
        market_id: int,
        symbol: str,
        base: int,
        quote: int,
        *,
        price: int,
        lot: int,
        maker: int,
        taker: int,
        band: int = 0,
        allocation: int = 0,
        least: int = 0,
    ) -> Fields:
        low, high = symbol_words(symbol)
        return {
            "kind": CommandKind.DEFINE_MARKET,
            "market_id": market_id,
            "base_asset_id": base,
            "quote_asset_id": quote,
            "quote_atoms_per_tick_lot": price,
            "base_atoms_per_lot": lot,
            "maker_fee_ppm": maker,
            "taker_fee_ppm": taker,
            "band_ppm": band,
            "allocation": allocation,
            "minimum_allocation_lots": least,
            "symbol_low": low,
            "symbol_high": high,
        }
