"""What the venue's instruments file tells settlement: mints of assets, wallets of accounts.

The file (`instruments.json` of the data folder) holds more than settlement needs; what it does not
know it leaves alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
from solders.pubkey import Pubkey
from spl.token.constants import TOKEN_2022_PROGRAM_ID, TOKEN_PROGRAM_ID

from engine.core.limits import ACCOUNT_ID_MAX, ASSET_ID_MAX, DECIMALS_MAX
from realstack.chain.market import IDL

MARKET_PROGRAM = IDL.address
TOKEN_PROGRAMS = (TOKEN_PROGRAM_ID, TOKEN_2022_PROGRAM_ID)


class RegistryInvalid(ValueError):
    """The instruments file breaks a rule; the message names the entry, the field and the rule."""


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset and the mint of its token."""

    asset_id: int
    symbol: str
    decimals: int
    mint: Pubkey
    token_program: Pubkey = TOKEN_PROGRAM_ID


@dataclass(frozen=True, slots=True)
class Registry:
    """Assets by id, wallets by account id (None: the account has no wallet), and the program."""

    assets: dict[int, Asset]
    wallets: dict[int, Pubkey | None]
    market_program: Pubkey = MARKET_PROGRAM


class _AssetEntry(msgspec.Struct):
    asset_id: int
    symbol: str
    decimals: int
    mint: str
    token_program: str = str(TOKEN_PROGRAM_ID)


class _AccountEntry(msgspec.Struct):
    account_id: int
    wallet: str | None = None


class _File(msgspec.Struct):
    assets: list[_AssetEntry]
    accounts: list[_AccountEntry]
    market_program: str = str(MARKET_PROGRAM)


def parse_registry(text: bytes) -> Registry:
    """Read the instruments file's content.

    Raises:
        RegistryInvalid: When it breaks a rule.
    """
    try:
        content = msgspec.json.decode(text, type=_File)
    except msgspec.DecodeError as error:
        raise RegistryInvalid(str(error)) from error
    assets: dict[int, Asset] = {}
    for entry in content.assets:
        asset = _asset(entry)
        if asset.asset_id in assets:
            raise RegistryInvalid(f"asset {asset.asset_id}: asset_id appears twice")
        assets[asset.asset_id] = asset
    mints = [asset.mint for asset in assets.values()]
    if len(set(mints)) != len(mints):
        raise RegistryInvalid("assets: two assets have one mint")
    wallets: dict[int, Pubkey | None] = {}
    owners: set[Pubkey | None] = set()
    for account in content.accounts:
        where = f"account {account.account_id}"
        if not 1 <= account.account_id <= ACCOUNT_ID_MAX:
            raise RegistryInvalid(f"{where}: account_id must be 1 to {ACCOUNT_ID_MAX}")
        if account.account_id in wallets:
            raise RegistryInvalid(f"{where}: account_id appears twice")
        wallet = None if not account.wallet else _address(account.wallet, f"{where}: wallet")
        if wallet is not None and wallet in owners:
            raise RegistryInvalid(f"{where}: wallet is that of another account: vaults have one")
        owners.add(wallet)
        wallets[account.account_id] = wallet
    program = _address(content.market_program, "market_program")
    return Registry(assets, wallets, program)


def _asset(entry: _AssetEntry) -> Asset:
    where = f"asset {entry.asset_id}"
    if not 1 <= entry.asset_id <= ASSET_ID_MAX:
        raise RegistryInvalid(f"{where}: asset_id must be 1 to {ASSET_ID_MAX}")
    if not 0 <= entry.decimals <= DECIMALS_MAX:
        raise RegistryInvalid(f"{where}: decimals must be 0 to {DECIMALS_MAX}")
    program = _address(entry.token_program, f"{where}: token_program")
    if program not in TOKEN_PROGRAMS:
        raise RegistryInvalid(f"{where}: token_program must be SPL Token or Token-2022")
    mint = _address(entry.mint, f"{where}: mint")
    return Asset(entry.asset_id, entry.symbol, entry.decimals, mint, program)


def _address(text: str, where: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except ValueError as error:
        raise RegistryInvalid(f"{where} must be a base 58 address of 32 bytes") from error


class RegistryFile:
    """The instruments file, read again when it changes."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            RegistryInvalid: When the file is missing or breaks a rule.
        """
        self._path = path
        self._stamp = (0, 0, 0)
        self.current = Registry({}, {})
        self.refresh()

    def refresh(self) -> bool:
        """Read the file again if it changed; tell whether it did.

        Raises:
            RegistryInvalid: When the new content breaks a rule; the former stays in force.
        """
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp == self._stamp:
                return False
            self._stamp = stamp  # also when the content is bad: it is reported once
            text = self._path.read_bytes()
        except FileNotFoundError:
            raise RegistryInvalid(f"{self._path}: there is no such file") from None
        try:
            self.current = parse_registry(text)
        except RegistryInvalid as error:
            raise RegistryInvalid(f"{self._path}: {error}") from error
        return True
