"""The assets, markets and accounts of the instruments file, told to the engine at each start."""

from __future__ import annotations

from realstack.client import Client
from realstack.up.instruments import Instruments


async def define(client: Client, instruments: Instruments) -> int:
    """Define everything that the engine does not have yet, and return how much that was.

    Args:
        client: With the operator's key.
        instruments: What to define.

    Raises:
        RequestRefused: The engine has one of them with other content.
    """
    new = 0
    for asset in instruments.assets:
        new += not await client.define_asset(
            asset_id=asset.asset_id, symbol=asset.symbol, decimals=asset.decimals
        )
    for market in instruments.markets:
        new += not await client.define_market(
            market_id=market.market_id,
            symbol=market.symbol,
            base_asset_id=market.base_asset_id,
            quote_asset_id=market.quote_asset_id,
            quote_atoms_per_tick_lot=market.quote_atoms_per_tick_lot,
            base_atoms_per_lot=market.base_atoms_per_lot,
            maker_fee_ppm=market.maker_fee_ppm,
            taker_fee_ppm=market.taker_fee_ppm,
        )
    for account in instruments.accounts:
        new += not await client.define_account(account_id=account.account_id)
    return new
