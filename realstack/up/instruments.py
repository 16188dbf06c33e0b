"""The file that says what is traded: `instruments.json` of the data folder.

Settlement reads mints and wallets from it, the gateway reads names. `realstack up` makes it at the
first start and never changes it afterwards: whoever lists another asset adds it there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from realstack.up.folders import write_atomically


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """An asset, and the mint of its token on chain."""

    asset_id: int
    symbol: str
    name: str
    decimals: int
    mint: str


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """A market; units and fees are those of the engine's definition."""

    market_id: int
    symbol: str
    base_asset_id: int
    quote_asset_id: int
    quote_atoms_per_tick_lot: int
    base_atoms_per_lot: int
    maker_fee_ppm: int
    taker_fee_ppm: int


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A participant: its account, its wallet on chain, the name of its API key."""

    account_id: int
    name: str
    wallet: str
    key: str


class Instruments(msgspec.Struct, frozen=True, kw_only=True):
    """The file's content; the market program holds the vaults on chain."""

    assets: list[Asset]
    markets: list[Market]
    accounts: list[Account]
    market_program: str


class InstrumentsInvalid(Exception):
    """The file is there and cannot be read; the message names the place."""


@dataclass(frozen=True, slots=True)
class InstrumentsFile:
    """The file in a data folder."""

    path: Path

    def read(self) -> Instruments | None:
        """Return its content; nothing when there is none yet.

        Raises:
            InstrumentsInvalid: It breaks a rule.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return msgspec.json.decode(text, type=Instruments)
        except msgspec.DecodeError as error:
            raise InstrumentsInvalid(f"{self.path}: {error}") from error

    def write(self, instruments: Instruments) -> None:
        """Write the file whole or not at all."""
        text = msgspec.json.format(msgspec.json.encode(instruments), indent=2)
        write_atomically(self.path, text + b"\n", mode=0o644)
