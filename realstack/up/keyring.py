"""API keys and Solana keypairs of a venue: made once, kept in files for the owner alone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from solders.keypair import Keypair

from engine.keys import key_sha256
from realstack.up.folders import Folder, write_atomically
from settlement.signer import read_keypair

API_KEY_BYTES = 24  # random, so no guessing and no slow hash is needed
SECRET_MODE = 0o600


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """Who a key belongs to."""

    name: str
    account_id: int
    role: str


class Keyring:
    """The secrets of a data folder; what is missing is made when it is asked for."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def api_key(self, name: str) -> str:
        """Return the API key of an owner."""
        path = self._folder.secrets / f"{name}.key"
        if not path.exists():
            key = f"rs_{secrets.token_urlsafe(API_KEY_BYTES)}\n"
            write_atomically(path, key.encode("ascii"), mode=SECRET_MODE)
        return path.read_text(encoding="ascii").strip()

    def keypair(self, name: str) -> Keypair:
        """Return a keypair, in a file as Solana's own tools write it.

        Raises:
            SignerInvalid: The file is there and is no keypair, or others may read it.
        """
        path = self._folder.secrets / f"{name}.json"
        if not path.exists():
            numbers = json.dumps(list(bytes(Keypair())))
            write_atomically(path, numbers.encode("ascii"), mode=SECRET_MODE)
        return read_keypair(path)

    def write_owners(self, owners: Iterable[KeyOwner]) -> None:
        """Make every owner's key and write their hashes to `keys.json`.

        Keys of others that are in the file stay there.
        """
        path = self._folder.path / "keys.json"
        mine = {owner.name: self._entry(owner) for owner in owners}
        others = [entry for entry in self._entries(path) if entry["name"] not in mine]
        text = json.dumps([*mine.values(), *others], indent=2) + "\n"
        write_atomically(path, text.encode("ascii"), mode=0o644)

    def _entry(self, owner: KeyOwner) -> dict[str, object]:
        return {
            "name": owner.name,
            "key_sha256": key_sha256(self.api_key(owner.name)),
            "account_id": owner.account_id,
            "role": owner.role,
        }

    def _entries(self, path: Path) -> list[dict[str, object]]:
        if not path.exists():
            return []
        entries: list[dict[str, object]] = json.loads(path.read_text(encoding="ascii"))
        return entries
