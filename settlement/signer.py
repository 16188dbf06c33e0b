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
