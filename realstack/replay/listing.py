"""What a replay lists at a venue: the recorded instrument, its market, and ten accounts."""

from __future__ import annotations

from dataclasses import dataclass

from realstack.replay.plan import ACCOUNTS
from realstack.replay.recording import QUOTE_DECIMALS, QUOTE_SYMBOL, Recording
from realstack.units import MarketUnits
from realstack.up.first_start import wallet_name
from realstack.up.instruments import Account, Asset, Instruments, Market
from realstack.up.keyring import Keyring

BASE_DECIMALS = 0  # whole shares and whole contracts
BASE_ATOMS_PER_LOT = 1


class ListingRefused(Exception):
    """The venue has something of the same name that is not the same."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a replay uses at a venue.

    Attributes:
        instruments: What the replay needs, and nothing else.
        everything: The same with what the venue had before.
    """

    instruments: Instruments
    everything: Instruments

    @property
    def quote(self) -> Asset:
        """What prices are in."""
        return self.instruments.assets[0]

    @property
    def base(self) -> Asset:
        """What was recorded."""
        return self.instruments.assets[1]

    @property
    def market(self) -> Market:
        """Where it is replayed."""
        return self.instruments.markets[0]

    @property
    def units(self) -> MarketUnits:
        """What a tick and a lot of the market are worth."""
        return MarketUnits(
            quote_atoms_per_tick_lot=self.market.quote_atoms_per_tick_lot,
            base_atoms_per_lot=self.market.base_atoms_per_lot,
            base_decimals=self.base.decimals,
            quote_decimals=self.quote.decimals,
        )

    @property
    def accounts(self) -> list[Account]:
        """The accounts, in the order of `Action.order.account`."""
        return self.instruments.accounts


def make_listing(
    recording: Recording, keyring: Keyring, before: Instruments, label: str
) -> Listing:
    """Return what to list; assets and market of an earlier replay are used again.

    Args:
        recording: What is replayed.
        keyring: Makes the keypairs of new mints and wallets.
        before: What the venue lists already.
        label: Part of the names of this replay's accounts, which are always new.

    Raises:
        ListingRefused: An asset or a market has the name of a needed one, and other units.
    """
    quote = _asset(keyring, before.assets, QUOTE_SYMBOL, "US dollar coin", QUOTE_DECIMALS)
    name = f"{recording.symbol} (recorded)"
    assets = [*before.assets, quote]
    base = _asset(keyring, assets, recording.symbol, name, BASE_DECIMALS)
    market = _market(recording, before.markets, base, quote)
    accounts = _accounts(keyring, before.accounts, label)
    return Listing(
        Instruments(
            assets=[quote, base],
            markets=[market],
            accounts=accounts,
            market_program=before.market_program,
        ),
        Instruments(
            assets=[*before.assets, *(one for one in (quote, base) if one not in before.assets)],
            markets=[*before.markets, *([] if market in before.markets else [market])],
            accounts=[*before.accounts, *accounts],
            market_program=before.market_program,
        ),
    )


def _asset(keyring: Keyring, known: list[Asset], symbol: str, name: str, decimals: int) -> Asset:
    for asset in known:
        if asset.symbol == symbol and asset.decimals == decimals:
            return asset
        if asset.symbol == symbol:
            rule = f"it has {asset.decimals} decimals, and the replay needs {decimals}"
            raise ListingRefused(f"the venue's asset {symbol} is another one: {rule}")
    return Asset(
        asset_id=max((asset.asset_id for asset in known), default=0) + 1,
        symbol=symbol,
        name=name,
        decimals=decimals,
        mint=str(keyring.keypair(f"mint-{symbol}").pubkey()),
    )


def _market(recording: Recording, known: list[Market], base: Asset, quote: Asset) -> Market:
    symbol = f"{base.symbol}-{quote.symbol}"
    same = next((market for market in known if market.symbol == symbol), None)
    wanted = Market(
        market_id=(
            max((market.market_id for market in known), default=0) + 1
            if same is None
            else same.market_id
        ),
        symbol=symbol,
        base_asset_id=base.asset_id,
        quote_asset_id=quote.asset_id,
        quote_atoms_per_tick_lot=recording.quote_atoms_per_tick_lot,
        base_atoms_per_lot=BASE_ATOMS_PER_LOT,
        maker_fee_ppm=0,
        taker_fee_ppm=0,
    )
    if same is not None and same != wanted:
        raise ListingRefused(f"the venue's market {symbol} has other units or fees: {same}")
    return wanted


def _accounts(keyring: Keyring, known: list[Account], label: str) -> list[Account]:
    first = max((account.account_id for account in known), default=0) + 1
    names = [f"replay-{label}-{number}" for number in range(1, ACCOUNTS + 1)]
    return [
        Account(
            account_id=first + index,
            name=f"Replay {label}, account {index + 1}",
            wallet=str(keyring.keypair(wallet_name(name)).pubkey()),
            key=name,
        )
        for index, name in enumerate(names)
    ]
