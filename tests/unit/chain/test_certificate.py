"""A certificate's instruction, byte for byte against the layout of the metadata program."""

from __future__ import annotations

from typing import Any

import pytest
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM

from realstack.chain.certificate import METADATA_PROGRAM, Certificate, create_metadata

MINT, ISSUER, PAYER, COLLECTION = (Pubkey.from_bytes(bytes([n]) * 32) for n in (1, 2, 3, 4))
HOUSE = Certificate(MINT, "House", "LAKE", "ipfs://x")


def test_the_bytes_are_those_of_the_layout() -> None:
    """Number, three texts, no fee, one verified creator with all of it, nothing else."""
    expected = (
        "21"
        "05000000486f757365"
        "040000004c414b45"
        "08000000697066733a2f2f78"
        "0000"
        "0101000000" + "02" * 32 + "0164"
        "00"
        "00"
        "00"
        "00"
    )
    step = create_metadata(HOUSE, issuer=ISSUER, payer=PAYER)
    assert expected == bytes(step.data).hex()


def test_a_collection_is_named_and_not_yet_verified() -> None:
    """Its own authority verifies it later; a mutable one says so."""
    house = Certificate(MINT, "House", "LAKE", "ipfs://x", is_mutable=True)
    step = create_metadata(house, issuer=ISSUER, payer=PAYER, collection=COLLECTION)
    assert bytes(step.data).hex().endswith("0164" + "0100" + "04" * 32 + "00" + "01" + "00")


def test_the_accounts_are_in_the_order_of_the_program() -> None:
    """Metadata, mint, mint authority, payer, update authority, system program."""
    step = create_metadata(HOUSE, issuer=ISSUER, payer=PAYER)
    seeds = [b"metadata", bytes(METADATA_PROGRAM), bytes(MINT)]
    metadata = Pubkey.find_program_address(seeds, METADATA_PROGRAM)[0]
    found = [(meta.pubkey, meta.is_signer, meta.is_writable) for meta in step.accounts]
    assert [
        (metadata, False, True),
        (MINT, False, False),
        (ISSUER, True, False),
        (PAYER, True, True),
        (ISSUER, True, False),
        (SYSTEM_PROGRAM, False, False),
    ] == found


@pytest.mark.parametrize(("field", "most"), [("name", 32), ("symbol", 10), ("uri", 200)])
def test_a_text_that_the_program_would_refuse_is_refused_here(field: str, most: int) -> None:
    """The longest is taken; a byte more names the field."""
    texts: dict[str, Any] = {"name": "n", "symbol": "s", "uri": "u"}
    longest = Certificate(MINT, **{**texts, field: "x" * most})
    create_metadata(longest, issuer=ISSUER, payer=PAYER)
    longer = Certificate(MINT, **{**texts, field: "x" * most + "y"})
    with pytest.raises(ValueError, match=field):
        create_metadata(longer, issuer=ISSUER, payer=PAYER)
