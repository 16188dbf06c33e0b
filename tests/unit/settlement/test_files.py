"""Files that the worker starts from: instruments and the key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from settlement.registry import RegistryFile, RegistryInvalid, parse_registry
from settlement.signer import KeypairFile, SignerInvalid

MINTS = [str(Pubkey(bytes([number] * 32))) for number in range(1, 4)]
ASSET = {"asset_id": 1, "symbol": "BLDG", "decimals": 6, "mint": MINTS[0], "name": "Building"}
ACCOUNT = {"account_id": 7, "name": "Ada", "wallet": MINTS[2]}


def content(**changes: Any) -> bytes:
    """Make an instruments file."""
    return json.dumps({"assets": [ASSET], "accounts": [ACCOUNT], "markets": []} | changes).encode()


def test_the_instruments_file_gives_mints_and_wallets() -> None:
    """What settlement does not need it leaves alone."""
    registry = parse_registry(content())
    assert MINTS[0] == str(registry.assets[1].mint)
    assert MINTS[2] == str(registry.wallets[7])


def test_an_account_may_have_no_wallet() -> None:
    """It cannot withdraw, and that is all."""
    assert {7: None} == parse_registry(content(accounts=[{"account_id": 7}])).wallets


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"assets": [ASSET | {"asset_id": 0}]}, "asset_id must be 1 to 1024"),
        ({"assets": [ASSET | {"decimals": 19}]}, "decimals must be 0 to 18"),
        ({"assets": [ASSET | {"mint": "x"}]}, "mint must be a base 58 address"),
        ({"assets": [ASSET | {"token_program": MINTS[1]}]}, "token_program must be"),
        ({"assets": [ASSET, ASSET]}, "asset_id appears twice"),
        ({"assets": [ASSET, ASSET | {"asset_id": 2}]}, "two assets have one mint"),
        ({"assets": [{"asset_id": 1}]}, "missing required field"),
        ({"accounts": [ACCOUNT | {"account_id": 0}]}, "account_id must be 1 to"),
        ({"accounts": [ACCOUNT, ACCOUNT]}, "account_id appears twice"),
        ({"accounts": [ACCOUNT | {"wallet": "0"}]}, "wallet must be a base 58 address"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused_with_the_rule(
    changes: dict[str, Any], rule: str
) -> None:
    """The message names what to mend."""
    with pytest.raises(RegistryInvalid, match=rule):
        parse_registry(content(**changes))


def test_a_changed_file_is_read_again_and_a_broken_one_leaves_the_former(tmp_path: Path) -> None:
    """A bad edit is told once and changes nothing."""
    path = tmp_path / "instruments.json"
    path.write_bytes(content())
    file = RegistryFile(path)
    assert not file.refresh()
    path.write_bytes(content(accounts=[ACCOUNT, {"account_id": 8}]))
    assert file.refresh()
    assert [7, 8] == list(file.current.wallets)
    path.write_bytes(b"[")
    with pytest.raises(RegistryInvalid, match=r"instruments\.json"):
        file.refresh()
    assert not file.refresh()
    assert [7, 8] == list(file.current.wallets)


def test_a_missing_instruments_file_is_named(tmp_path: Path) -> None:
    """The path is in the message."""
    with pytest.raises(RegistryInvalid, match=r"none\.json: there is no such file"):
        RegistryFile(tmp_path / "none.json")


def write_key(path: Path, text: str, mode: int = 0o600) -> Path:
    """Write a key file."""
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_keypair_file_signs(tmp_path: Path) -> None:
    """The format is that of Solana's own tools."""
    keypair = Keypair()
    path = write_key(tmp_path / "key.json", json.dumps(list(bytes(keypair))))
    signer = KeypairFile(path)
    assert keypair.pubkey() == signer.address
    assert signer.sign(b"payload").verify(keypair.pubkey(), b"payload")


@pytest.mark.parametrize("text", ["", "[]", "[1, 2]", "{}", json.dumps([1] * 64), "[300]"])
def test_a_file_that_is_no_keypair_is_refused(tmp_path: Path, text: str) -> None:
    """Also one whose public half does not belong to its secret half."""
    with pytest.raises(SignerInvalid, match="not a list of 64 bytes"):
        KeypairFile(write_key(tmp_path / "key.json", text))


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """A secret has mode 0600."""
    text = json.dumps(list(bytes(Keypair())))
    with pytest.raises(SignerInvalid, match="0600"):
        KeypairFile(write_key(tmp_path / "key.json", text, mode=0o644))


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """The path is in the message."""
    with pytest.raises(SignerInvalid, match="no such file"):
        KeypairFile(tmp_path / "none.json")
