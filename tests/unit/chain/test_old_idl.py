"""The IDLs in the old format say what those in the current format say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realstack.chain import idl, old_idl
from realstack.chain.idl import FOLDER
from realstack.chain.old_idl import NAMES, OLD_FOLDER, camel, convert


def test_the_committed_files_are_what_the_current_ones_give() -> None:
    """`./dev programs idl` writes them."""
    assert old_idl.drift() == []


def test_drift_names_what_is_missing_or_edited(tmp_path: Path) -> None:
    """Written anew, nothing differs."""
    old_idl.write(tmp_path)
    (tmp_path / "token.json").unlink()
    (tmp_path / "market.json").write_text("{}", encoding="utf-8")
    assert old_idl.drift(tmp_path) == ["market", "token"]
    old_idl.write(tmp_path)
    assert old_idl.drift(tmp_path) == []


def test_names_are_written_as_the_old_format_does() -> None:
    """Words after the first begin with a capital."""
    names = ["exit", "open_vault", "lock_up_until_s", "MintRecord"]
    assert ["exit", "openVault", "lockUpUntilS", "MintRecord"] == [camel(name) for name in names]


@pytest.mark.parametrize("name", NAMES)
def test_no_instruction_account_argument_or_error_is_lost(name: str) -> None:
    """Counted and compared with what our own client reads."""
    old: dict[str, Any] = json.loads((OLD_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    current = idl.load(name)
    for entry, (call_name, call) in zip(old["instructions"], current.calls.items(), strict=True):
        assert camel(call_name) == entry["name"]
        accounts = [(one.writable, one.signer) for one in call.accounts]
        assert accounts == [(one["isMut"], one["isSigner"]) for one in entry["accounts"]]
        assert [camel(one) for one, _ in call.arguments] == [one["name"] for one in entry["args"]]
    assert set(current.accounts.values()) == {entry["name"] for entry in old["accounts"]}
    assert set(current.events.values()) == {entry["name"] for entry in old["events"]}
    assert set(current.errors) == {entry["code"] for entry in old["errors"]}
    assert str(current.address) == old["metadata"]["address"]


def test_types_are_named_as_the_old_format_does() -> None:
    """Keys, records, and both inside lists."""
    text = json.loads((FOLDER / "market.json").read_text(encoding="utf-8"))
    fields = {
        field["name"]: field["type"]
        for entry in convert(text)["instructions"]
        if entry["name"] == "settleSet"
        for field in entry["args"]
    }
    assert {"array": ["u8", 32]} == fields["fillsHash"]
    assert {"vec": {"defined": "Participant"}} == fields["participants"]
