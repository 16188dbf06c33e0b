"""A certificate of an asset as a Metaplex NFT, for chains that have its Token Metadata program.

Only the instruction is built here; the program is not part of this project and not on the local
network. Its layout, in our own words, little endian, texts with a length of four bytes before them:

=====================  ==========================================================================
discriminator          33: create the metadata account, version 3
name, symbol, uri      texts of at most 32, 10 and 200 bytes
seller fee             u16 in basis points
creators               option of a list: address, verified (u8), share in percent (u8)
collection             option: verified (u8), address
uses                   option; none here
is mutable             u8
collection details     option; none here
=====================  ==========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM

METADATA_PROGRAM = Pubkey.from_string("metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s")
NAME_BYTES_MAX, SYMBOL_BYTES_MAX, URI_BYTES_MAX = 32, 10, 200
_CREATE_METADATA_V3 = 33
_WHOLE_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the certificate says; who issued it is its only creator."""

    mint: Pubkey
    name: str
    symbol: str
    uri: str
    is_mutable: bool = False


def metadata_address(mint: Pubkey) -> Pubkey:
    """Return the address of a mint's metadata."""
    seeds = [b"metadata", bytes(METADATA_PROGRAM), bytes(mint)]
    return Pubkey.find_program_address(seeds, METADATA_PROGRAM)[0]


def create_metadata(
    certificate: Certificate, *, issuer: Pubkey, payer: Pubkey, collection: Pubkey | None = None
) -> Instruction:
    """Build the making of a certificate's metadata; issuer and payer sign.

    The issuer is the mint's authority, may change the metadata while it is mutable, and is the
    verified creator. A collection has to be verified by its own authority afterwards.

    Raises:
        ValueError: A text is longer than the program takes.
    """
    for field, text, most in (
        ("name", certificate.name, NAME_BYTES_MAX),
        ("symbol", certificate.symbol, SYMBOL_BYTES_MAX),
        ("uri", certificate.uri, URI_BYTES_MAX),
    ):
        if len(text.encode()) > most:
            raise ValueError(f"{field}: at most {most} bytes")
    creators = b"\1" + _u32(1) + bytes(issuer) + bytes([1, _WHOLE_PERCENT])
    data = [
        bytes([_CREATE_METADATA_V3]),
        *(_text(part) for part in (certificate.name, certificate.symbol, certificate.uri)),
        bytes(2),
        creators,
        b"\0" if collection is None else b"\1\0" + bytes(collection),
        b"\0",
        bytes([certificate.is_mutable]),
        b"\0",
    ]
    metas = [
        AccountMeta(metadata_address(certificate.mint), is_signer=False, is_writable=True),
        AccountMeta(certificate.mint, is_signer=False, is_writable=False),
        AccountMeta(issuer, is_signer=True, is_writable=False),
        AccountMeta(payer, is_signer=True, is_writable=True),
        AccountMeta(issuer, is_signer=True, is_writable=False),
        AccountMeta(SYSTEM_PROGRAM, is_signer=False, is_writable=False),
    ]
    return Instruction(METADATA_PROGRAM, b"".join(data), metas)


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _text(text: str) -> bytes:
    data = text.encode()
    return _u32(len(data)) + data
