"""A first start makes keys and instruments once; later starts find the same."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from solders.pubkey import Pubkey

from engine.core.commands import symbol_words
from engine.keys import KeyTable
from realstack.units import MarketUnits
from realstack.up import demo, first_start
from realstack.up.folders import open_folder
from realstack.up.instruments import InstrumentsFile, InstrumentsInvalid
from realstack.up.keyring import Keyring
from settlement.registry import parse_registry


def test_the_second_start_finds_what_the_first_has_made(tmp_path: Path) -> None:
    """Mints, wallets and API keys stay the same."""
    folder = open_folder(tmp_path)
    file = InstrumentsFile(tmp_path / "instruments.json")
    keyring = Keyring(folder)
    first = first_start.make_instruments(file, keyring)
    first_start.make_keys(keyring, first)
    keys = (tmp_path / "keys.json").read_bytes()
    again = Keyring(folder)
    assert first_start.make_instruments(file, again) == first
    first_start.make_keys(again, first)
    assert (tmp_path / "keys.json").read_bytes() == keys
    folder.close()


def test_every_secret_is_for_the_owner_alone(tmp_path: Path) -> None:
    """API keys and keypairs have mode 0600, and the key file holds hashes only."""
    folder = open_folder(tmp_path)
    keyring = Keyring(folder)
    first_start.make_keys(
        keyring,
        first_start.make_instruments(InstrumentsFile(tmp_path / "instruments.json"), keyring),
    )
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.secrets.iterdir()}
    assert modes == {0o600}
    assert keyring.api_key("trader") not in (tmp_path / "keys.json").read_text()
    owner = KeyTable(tmp_path / "keys.json").find(keyring.api_key("trader"))
    assert owner is not None
    assert (owner.name, owner.account_id, owner.role) == ("trader", 1, "member")
    folder.close()


def test_keys_of_others_stay_in_the_key_file(tmp_path: Path) -> None:
    """A key that an operator has added is not thrown away by the next start."""
    folder = open_folder(tmp_path)
    other = {"name": "desk", "key_sha256": "0" * 64, "account_id": 9, "role": "member"}
    (tmp_path / "keys.json").write_text(json.dumps([other]))
    keyring = Keyring(folder)
    instruments = first_start.make_instruments(
        InstrumentsFile(tmp_path / "instruments.json"), keyring
    )
    first_start.make_keys(keyring, instruments)
    names = [entry["name"] for entry in json.loads((tmp_path / "keys.json").read_text())]
    assert names[-1] == "desk"
    assert {"operator", "settlement", "market", "gateway", "trader"} <= set(names)
    folder.close()


def test_settlement_reads_the_instruments_file(tmp_path: Path) -> None:
    """The file that is written here is the one that settlement expects."""
    folder = open_folder(tmp_path)
    keyring = Keyring(folder)
    made = first_start.make_instruments(InstrumentsFile(tmp_path / "instruments.json"), keyring)
    registry = parse_registry((tmp_path / "instruments.json").read_bytes())
    assert registry.assets[2].mint == Pubkey.from_string(made.assets[1].mint)
    assert set(registry.wallets) == {account.account_id for account in made.accounts}
    folder.close()


def test_a_broken_instruments_file_is_named(tmp_path: Path) -> None:
    """The message says which file and what is wrong with it."""
    path = tmp_path / "instruments.json"
    path.write_text('{"assets": [{"asset_id": "one"}]}')
    with pytest.raises(InstrumentsInvalid, match=r"instruments\.json: .*asset_id"):
        InstrumentsFile(path).read()


def test_the_demo_can_be_traded() -> None:
    """Symbols fit their field, first prices are on the tick, and ids are unique."""
    for market in demo.MARKETS:
        units = MarketUnits(
            quote_atoms_per_tick_lot=market.quote_atoms_per_tick_lot,
            base_atoms_per_lot=market.base_atoms_per_lot,
            base_decimals=market.base.decimals,
            quote_decimals=demo.USDC.decimals,
        )
        assert units.price.parse(market.first_price) > 0
        assert units.price_text(units.price.parse(market.first_price)) == market.first_price
        symbol_words(demo.symbol_of(market))
    for ids in (
        [asset.asset_id for asset in demo.ASSETS],
        [market.market_id for market in demo.MARKETS],
        [account.account_id for account in demo.ACCOUNTS],
    ):
        assert len(set(ids)) == len(ids)
    roles = [account.role for account in demo.ACCOUNTS]
    assert [roles.count(role) for role in ("maker", "taker", "momentum")] == [2, 3, 1]
