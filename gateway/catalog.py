"""Assets, markets and accounts by the names that people know, beside the venue's own ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog

from engine.core.rejects import Reject
from gateway.errors import ApiError, field_error
from realstack.client import Asset, Instruments, Market

FEE_ACCOUNT_NAME = "Fees"
CLEARING_ACCOUNT_ID = (1 << 31) - 1  # of a transfer to or from a clearing vault
CLEARING_ACCOUNT_NAME = "Clearing"

log = structlog.get_logger()


class _NamedAsset(msgspec.Struct):
    asset_id: int
    name: str = ""
    mint: str | None = None


class _NamedAccount(msgspec.Struct):
    account_id: int
    name: str = ""


class _NamesFile(msgspec.Struct):
    assets: list[_NamedAsset] = []
    accounts: list[_NamedAccount] = []


@dataclass(frozen=True, slots=True)
class Names:
    """What `instruments.json` adds to the venue's definitions."""

    assets: Mapping[int, str] = field(default_factory=dict)
    mints: Mapping[int, str] = field(default_factory=dict)
    accounts: Mapping[int, str] = field(default_factory=dict)


def read_names(path: Path) -> Names:
    """Read the names; without the file, or with one that cannot be read, there are none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Names()
    try:
        file = msgspec.json.decode(data, type=_NamesFile)
    except msgspec.DecodeError as error:
        log.warning("names not readable", path=str(path), detail=str(error))
        return Names()
    return Names(
        assets={entry.asset_id: entry.name for entry in file.assets if entry.name},
        mints={entry.asset_id: entry.mint for entry in file.assets if entry.mint},
        accounts={entry.account_id: entry.name for entry in file.accounts if entry.name},
    )


@dataclass(frozen=True, slots=True)
class Catalog:
    """The venue's instruments at one sequence, with names."""

    instruments: Instruments
    names: Names

    def market(self, symbol: str) -> Market | None:
        """Return the market of a symbol."""
        return self.instruments.find_market(symbol)

    def market_of(self, market_id: int) -> Market | None:
        """Return the market of an id."""
        return self.instruments.markets.get(market_id)

    def asset_of(self, asset_id: int) -> Asset | None:
        """Return the asset of an id."""
        return self.instruments.assets.get(asset_id)

    def asset_name(self, asset: Asset) -> str:
        """Return what people call an asset."""
        return self.names.assets.get(asset.asset_id, asset.symbol)

    def market_name(self, market: Market) -> str:
        """Return what people call a market: by what is traded on it."""
        return self.asset_name(market.base)

    def account_name(self, account_id: int) -> str:
        """Return what people call an account."""
        if account_id == 0:
            return FEE_ACCOUNT_NAME
        if account_id == CLEARING_ACCOUNT_ID:
            return CLEARING_ACCOUNT_NAME
        return self.names.accounts.get(account_id, f"Account {account_id}")

    def asset_symbol(self, asset_id: int) -> str:
        """Return an asset's symbol, or its number when the list is older than the asset."""
        asset = self.asset_of(asset_id)
        return asset.symbol if asset else f"#{asset_id}"

    def amount_text(self, asset_id: int, atoms: int) -> str:
        """Print an amount of an asset in units; in atoms when the asset is not known here."""
        asset = self.asset_of(asset_id)
        return asset.text(atoms) if asset else str(atoms)


def unknown_market(catalog: Catalog) -> ApiError:
    """Return the error for a market that is not there."""
    known = ", ".join(market.symbol for market in catalog.instruments.markets.values())
    return field_error(Reject.UNKNOWN_MARKET, "market", f"must be one of: {known or 'none yet'}")


def unknown_asset(catalog: Catalog) -> ApiError:
    """Return the error for an asset that is not there."""
    known = ", ".join(asset.symbol for asset in catalog.instruments.assets.values())
    return field_error(Reject.UNKNOWN_ASSET, "asset", f"must be one of: {known or 'none yet'}")
