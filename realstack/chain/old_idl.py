"""The IDLs in Anchor's format before 0.30, for clients that read no other.

The committed files are made from those of the current format by `./dev programs idl`; a test tells
when they have drifted apart. What the old format cannot say is left out: discriminators (there they
follow from the names, as they do in the programs), fixed addresses of accounts, and the spec.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from realstack.chain.idl import FOLDER

OLD_FOLDER = FOLDER / "old"
NAMES = ("governance", "market", "token")


def camel(name: str) -> str:
    """Write a name as the old format does: ``open_vault`` is ``openVault``."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def convert(idl: Mapping[str, Any]) -> dict[str, Any]:
    """Say in the old format what an IDL of the current format says."""
    records = {entry["name"]: entry["type"] for entry in idl["types"]}
    told_apart = {entry["name"] for kind in ("accounts", "events") for entry in idl[kind]}
    return {
        "version": idl["metadata"]["version"],
        "name": idl["metadata"]["name"],
        "docs": [idl["metadata"]["description"]],
        "instructions": [_instruction(entry) for entry in idl["instructions"]],
        "accounts": [_record(entry["name"], records) for entry in idl["accounts"]],
        "types": [_record(name, records) for name in records if name not in told_apart],
        "events": [
            {
                "name": entry["name"],
                "fields": [
                    {**field, "index": False} for field in _fields(records[entry["name"]]["fields"])
                ],
            }
            for entry in idl["events"]
        ],
        "errors": idl["errors"],
        "metadata": {"address": idl["address"]},
    }


def _instruction(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": camel(entry["name"]),
        "docs": entry.get("docs", []),
        "accounts": [
            {
                "name": camel(account["name"]),
                "isMut": account.get("writable", False),
                "isSigner": account.get("signer", False),
            }
            for account in entry["accounts"]
        ],
        "args": _fields(entry["args"]),
    }


def _record(name: str, records: Mapping[str, Any]) -> dict[str, Any]:
    fields = _fields(records[name]["fields"])
    return {"name": name, "type": {"kind": "struct", "fields": fields}}


def _fields(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": camel(entry["name"]), "type": _type(entry["type"])} for entry in entries]


def _type(kind: Any) -> Any:
    if isinstance(kind, str):
        return "publicKey" if kind == "pubkey" else kind
    if "defined" in kind:
        return {"defined": kind["defined"]["name"]}
    if "array" in kind:
        item, length = kind["array"]
        return {"array": [_type(item), length]}
    return {outer: _type(inner) for outer, inner in kind.items()}


def text_of(name: str) -> str:
    """Return what the file of a program in the old format has to hold."""
    idl = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return json.dumps(convert(idl), indent=2, ensure_ascii=False) + "\n"


def drift(folder: Path = OLD_FOLDER) -> list[str]:
    """Name the programs whose file in the old format is missing or not what it should be."""
    files = {name: folder / f"{name}.json" for name in NAMES}
    return [
        name
        for name, file in files.items()
        if not file.is_file() or file.read_text(encoding="utf-8") != text_of(name)
    ]


def write(folder: Path = OLD_FOLDER) -> None:
    """Write the files of all programs."""
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        (folder / f"{name}.json").write_text(text_of(name), encoding="utf-8")
