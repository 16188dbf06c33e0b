"""Who may call: API keys and what each allows.

The file is a JSON list, one entry a key, without the key itself:

    [{"name": "alice", "key_sha256": "<64 hexadecimal digits>", "account_id": 7, "role": "member"}]

A key is looked up by its SHA-256 in a dict. That needs no constant-time comparison: what the lookup
compares is the digest, and nobody can steer a digest towards a stored one without knowing the key.
API keys are random and long, so one round of SHA-256 is enough; a password would need a slow hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from engine.core.limits import ACCOUNT_ID_MAX

_DIGEST_HEX_DIGITS = 64


class Role(StrEnum):
    """What a key allows."""

    MEMBER = "member"
    OPERATOR = "operator"
    SETTLEMENT = "settlement"
    REPLICATION = "replication"


class KeysInvalid(ValueError):
    """The key file breaks a rule; the message names the entry, the field and the rule."""


class KeyEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of the key file."""

    name: str
    key_sha256: str
    account_id: int
    role: Role


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: the owner of a key."""

    name: str
    account_id: int
    role: Role


def key_sha256(api_key: str) -> str:
    """Give the hexadecimal SHA-256 that the key file holds for an API key."""
    return hashlib.sha256(api_key.encode()).hexdigest()


class KeyTable:
    """The keys of a file, read again when the file changes."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            KeysInvalid: When the file is missing or breaks a rule.
        """
        self._path = path
        self._stamp = _stamp_of(path)
        self._by_digest = read_keys(path)

    def find(self, api_key: str | bytes) -> Principal | None:
        """Give the owner of a key, or nothing when the key is unknown."""
        data = api_key.encode() if isinstance(api_key, str) else api_key
        return self._by_digest.get(hashlib.sha256(data).hexdigest())

    def members(self) -> list[tuple[str, int]]:
        """Give the digest and the account of each member's key."""
        return [
            (digest, principal.account_id)
            for digest, principal in self._by_digest.items()
            if principal.role is Role.MEMBER
        ]

    def refresh(self) -> bool:
        """Read the file again if it changed; tell whether it did.

        A key that was removed opens no new call from here on. Calls that it opened before go on.

        Raises:
            KeysInvalid: When the new content breaks a rule; the former keys stay in force.
        """
        stamp = _stamp_of(self._path)
        if stamp == self._stamp:
            return False
        self._stamp = stamp  # also when the content is bad: it is reported once, not every time
        self._by_digest = read_keys(self._path)
        return True


def _stamp_of(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise KeysInvalid(f"{path}: there is no such file") from None
    return status.st_mtime_ns, status.st_size, status.st_ino


def read_keys(path: Path) -> dict[str, Principal]:
    """Read a key file into owners by digest.

    Raises:
        KeysInvalid: When the file is missing or breaks a rule.
    """
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=list[KeyEntry])
    except FileNotFoundError:
        raise KeysInvalid(f"{path}: there is no such file") from None
    except msgspec.DecodeError as error:
        raise KeysInvalid(f"{path}: {error}") from error
    table: dict[str, Principal] = {}
    for index, entry in enumerate(entries):
        problem = _problem(entry, table)
        if problem:
            raise KeysInvalid(f"{path}: entry {index} ({entry.name!r}): {problem}")
        table[entry.key_sha256] = Principal(entry.name, entry.account_id, entry.role)
    return table


def _problem(entry: KeyEntry, table: dict[str, Principal]) -> str | None:
    digest = entry.key_sha256
    if len(digest) != _DIGEST_HEX_DIGITS or set(digest) - set("0123456789abcdef"):
        return "key_sha256 must be 64 lower-case hexadecimal digits"
    if digest in table:
        return "key_sha256 appears twice"
    if entry.role is Role.MEMBER and not 1 <= entry.account_id <= ACCOUNT_ID_MAX:
        return f"account_id of a member must be 1 to {ACCOUNT_ID_MAX}"
    if entry.role is not Role.MEMBER and entry.account_id != 0:
        return "account_id must be 0 unless the role is member"
    return None
