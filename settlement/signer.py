"""Who signs: a port, so that a key can lie in a file today and in a key service later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature

_KEYPAIR_BYTES = 64
_OTHERS_MAY_READ = 0o077


class SignerInvalid(Exception):
    """The key cannot be used; the message says why."""


class Signer(Protocol):
    """Signs with a key that it does not give away."""

    @property
    def address(self) -> Pubkey:
        """The address that the signatures belong to."""

    def sign(self, payload: bytes) -> Signature:
        """Sign the bytes of a message."""


class KeypairFile:
    """Signs with a keypair from a file as Solana's own tools write it: a list of 64 numbers."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            SignerInvalid: When it is missing, open to other users, or no keypair.
        """
        self._keypair = read_keypair(path)

    @property
    def address(self) -> Pubkey:
        """The address that the signatures belong to."""
        return self._keypair.pubkey()

    def sign(self, payload: bytes) -> Signature:
        """Sign the bytes of a message."""
        return self._keypair.sign_message(payload)


class Wallets(Protocol):
    """Finds who signs for a wallet: a withdrawal needs its owner's signature."""

    def signer(self, address: Pubkey) -> Signer | None:
        """Return who signs for an address; None: no one can here and now."""


class WalletFolder:
    """Wallets whose keypairs lie on this machine, as those of the demo's participants do.

    The files are `wallet-<name>.json`; the folder is read again when an address is not known.
    """

    def __init__(self, folder: Path) -> None:
        """Remember the folder; nothing is read yet."""
        self._folder = folder
        self._known: dict[Pubkey, KeypairFile] = {}
        self._read: set[Path] = set()

    def signer(self, address: Pubkey) -> Signer | None:
        """Return who signs for an address; None: its keypair is not in the folder.

        Raises:
            SignerInvalid: A file is open to other users, or no keypair.
        """
        if address not in self._known:
            for path in sorted(set(self._folder.glob("wallet-*.json")) - self._read):
                found = KeypairFile(path)
                self._known[found.address] = found
                self._read.add(path)
        return self._known.get(address)


def read_keypair(path: Path) -> Keypair:
    """Read a keypair file.

    Raises:
        SignerInvalid: When it is missing, open to other users, or no keypair.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise SignerInvalid(f"{path}: there is no such file") from None
    if mode & _OTHERS_MAY_READ:
        raise SignerInvalid(f"{path}: other users may read it; its mode must be 0600")
    try:
        numbers = json.loads(text)
        return Keypair.from_bytes(bytes(numbers))
    except (ValueError, TypeError) as error:
        raise SignerInvalid(f"{path}: not a list of {_KEYPAIR_BYTES} bytes of a keypair") from error
