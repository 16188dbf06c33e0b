"""The certificate that an engine shows to its clients."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path


class TlsInvalid(ValueError):
    """The certificate or its key cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate, or a chain of them, and its private key, in PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


def read_tls(certificate: Path | None, key: Path | None) -> Tls | None:
    """Read both files; none when neither is given.

    Raises:
        TlsInvalid: Only one is given, or they are no certificate with its key.
        OSError: A file cannot be read.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise TlsInvalid("--tls-certificate and --tls-key go together")
    found = Tls(certificate.read_bytes(), key.read_bytes())
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise TlsInvalid(f"{certificate} and {key}: {error}") from error
    return found
