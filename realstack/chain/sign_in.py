"""Sign-in with a wallet: a text that says what it is for, signed by the wallet's key.

A signature is good for one site, one chain, one question (nonce) and some minutes. The text is made
and read by the same table, so that there is exactly one text for the same facts. It can never be a
transaction: a message of one begins with a count of signatures or a version, below 0x20 or above
0x7f, and this begins with a letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from solders.hash import Hash
from solders.pubkey import Pubkey
from solders.signature import Signature

VALID_S_MAX = 600
CLOCK_SKEW_S_MAX = 30
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_TEXT = re.compile(
    r"RealStack sign-in at (?P<domain>\S+)\n"
    r"Wallet: (?P<wallet>\S+)\n\n"
    r"This proves that you hold the wallet's key\. It moves nothing and costs nothing\.\n\n"
    r"Chain: (?P<chain>\S+)\n"
    r"Nonce: (?P<nonce>[0-9a-f]{32,64})\n"
    r"Issued: (?P<issued>\S+)\n"
    r"Expires: (?P<expires>\S+)"
)
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?")


class SignInRefused(ValueError):
    """The text or its signature lets nobody in.

    Attributes:
        field: What is wrong: text, domain, chain, nonce, issued, expires or signature.
    """

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a sign-in says.

    Attributes:
        domain: The site, as its address names it, with a port where it has one.
        wallet: Who signs in.
        chain: The genesis hash of the chain that the site trades on.
        nonce: What the site asked for, once; 16 to 32 bytes.
        issued_s: When, seconds since 1970 UTC.
        expires_s: Until when; at most ten minutes later.
    """

    domain: str
    wallet: Pubkey
    chain: Hash
    nonce: bytes
    issued_s: int
    expires_s: int

    def text(self) -> str:
        """Return what the wallet shows and signs, as UTF-8.

        Raises:
            SignInRefused: A field breaks its rule.
        """
        if not _DOMAIN.fullmatch(self.domain):
            raise SignInRefused("domain", "must be a host name in lower case, with a port or not")
        if not 16 <= len(self.nonce) <= 32:
            raise SignInRefused("nonce", "must have 16 to 32 bytes")
        if not 0 < self.expires_s - self.issued_s <= VALID_S_MAX:
            raise SignInRefused("expires", f"must be 1 to {VALID_S_MAX} s after it was issued")
        return (
            f"RealStack sign-in at {self.domain}\n"
            f"Wallet: {self.wallet}\n\n"
            "This proves that you hold the wallet's key. It moves nothing and costs nothing.\n\n"
            f"Chain: {self.chain}\n"
            f"Nonce: {self.nonce.hex()}\n"
            f"Issued: {_written(self.issued_s)}\n"
            f"Expires: {_written(self.expires_s)}"
        )


def parse(text: str) -> SignIn:
    """Read a sign-in back.

    Raises:
        SignInRefused: It is not exactly what `SignIn.text` writes.
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        raise SignInRefused("text", "is no sign-in of this site")
    try:
        read = SignIn(
            domain=found["domain"],
            wallet=Pubkey.from_string(found["wallet"]),
            chain=Hash.from_string(found["chain"]),
            nonce=bytes.fromhex(found["nonce"]),
            issued_s=_read(found["issued"]),
            expires_s=_read(found["expires"]),
        )
    except ValueError as error:
        raise SignInRefused("text", f"has a field that cannot be read: {error}") from error
    if read.text() != text:
        raise SignInRefused("text", "is not written as this site writes it")
    return read


def verify(
    text: str, signature: bytes, *, domain: str, chain: Hash, nonce: bytes, now_s: int
) -> Pubkey:
    """Return the wallet that signed in.

    Args:
        text: What was signed.
        signature: 64 bytes of Ed25519 over the text as UTF-8.
        domain: The site that verifies.
        chain: The genesis hash of its chain.
        nonce: What it asked for; it forgets a nonce once this has returned.
        now_s: Its clock.

    Raises:
        SignInRefused: It is for something else, too old, from the future, or not signed.
    """
    said = parse(text)
    if said.domain != domain:
        raise SignInRefused("domain", f"is for {said.domain}, not for {domain}")
    if said.chain != chain:
        raise SignInRefused("chain", "is for another chain")
    if said.nonce != nonce:
        raise SignInRefused("nonce", "is not what was asked for")
    if said.issued_s > now_s + CLOCK_SKEW_S_MAX:
        raise SignInRefused("issued", "lies in the future")
    if now_s >= said.expires_s:
        raise SignInRefused("expires", "has passed")
    if len(signature) != Signature.LENGTH:
        raise SignInRefused("signature", f"must have {Signature.LENGTH} bytes")
    if not Signature.from_bytes(signature).verify(said.wallet, text.encode()):
        raise SignInRefused("signature", "is not the wallet's")
    return said.wallet


def _written(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime(_TIME)


def _read(text: str) -> int:
    return int(datetime.strptime(text, _TIME).replace(tzinfo=UTC).timestamp())
