"""The key file: what is refused, and how a key is found."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from engine.keys import KeysInvalid, KeyTable, Principal, Role, key_sha256, read_keys

GOOD: dict[str, Any] = {
    "name": "alice",
    "key_sha256": key_sha256("secret"),
    "account_id": 7,
    "role": "member",
}


def write(path: Path, *entries: dict[str, Any]) -> Path:
    """Write a key file."""
    path.write_text(json.dumps(entries))
    return path


def test_a_key_is_found_by_what_it_hashes_to(tmp_path: Path) -> None:
    """The file holds the SHA-256 of a key, never the key."""
    table = KeyTable(write(tmp_path / "keys.json", GOOD))
    assert table.find("secret") == Principal("alice", 7, Role.MEMBER)
    assert table.find(b"secret") == Principal("alice", 7, Role.MEMBER)
    for wrong in ("", "Secret", "secret ", GOOD["key_sha256"], "secr\u00e9t", b"\xff"):
        assert table.find(wrong) is None


BAD: list[tuple[dict[str, Any], str]] = [
    ({"key_sha256": "ab"}, "key_sha256 must be 64 lower-case hexadecimal digits"),
    ({"key_sha256": GOOD["key_sha256"].upper()}, "key_sha256 must be 64 lower-case"),
    ({"account_id": 0}, "account_id of a member must be 1 to 1000000"),
    ({"account_id": 1_000_001}, "account_id of a member must be 1 to 1000000"),
    ({"role": "operator"}, "account_id must be 0 unless the role is member"),
    ({"role": "king"}, "role"),
    ({"account_id": "7"}, "account_id"),
    ({"extra": 1}, "extra"),
]


@pytest.mark.parametrize(("change", "problem"), BAD)
def test_an_entry_that_breaks_a_rule_is_refused_by_name(
    tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    """The error names the file, the entry, the field and the rule."""
    path = write(tmp_path / "keys.json", {**GOOD, **change})
    with pytest.raises(KeysInvalid, match=problem) as caught:
        read_keys(path)
    assert str(path) in str(caught.value)


def test_a_key_that_appears_twice_is_refused(tmp_path: Path) -> None:
    """Whose key it is must not depend on the order of the file."""
    path = write(tmp_path / "keys.json", GOOD, {**GOOD, "name": "bob", "account_id": 8})
    with pytest.raises(KeysInvalid, match="entry 1 \\('bob'\\): key_sha256 appears twice"):
        read_keys(path)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '[{"name": "a"}]', "[", "\xff"])
def test_a_file_that_is_no_list_of_entries_is_refused(tmp_path: Path, content: str) -> None:
    """Half a file is not a file."""
    path = tmp_path / "keys.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(KeysInvalid):
        KeyTable(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """An engine without keys would let nobody in: it does not start."""
    with pytest.raises(KeysInvalid, match="there is no such file"):
        KeyTable(tmp_path / "keys.json")


def test_a_changed_file_is_read_once_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    """A refresh that fails is reported once; the former keys stay in force."""
    path = write(tmp_path / "keys.json", GOOD)
    table = KeyTable(path)
    assert table.refresh() is False
    write(path, {**GOOD, "name": "al"})
    os.utime(path, ns=(5, 5))
    assert table.refresh() is True
    assert table.find("secret") == Principal("al", 7, Role.MEMBER)
    path.write_text("[")
    with pytest.raises(KeysInvalid):
        table.refresh()
    assert table.refresh() is False
    assert table.find("secret") == Principal("al", 7, Role.MEMBER)
