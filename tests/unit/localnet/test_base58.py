"""Base 58 agrees with the library wherever the library has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from settlement.localnet import base58


@given(st.binary(max_size=200))
def test_what_was_encoded_decodes_to_the_same_bytes(data: bytes) -> None:
    """No byte is lost, leading zeros included."""
    assert base58.decode(base58.encode(data)) == data


@given(st.binary(min_size=32, max_size=32))
def test_keys_read_as_the_library_reads_them(data: bytes) -> None:
    """An address has one spelling."""
    assert base58.encode(data) == str(Pubkey(data))


@pytest.mark.parametrize("text", ["0", "O", "I", "l", "ab c", "é", "+"])
def test_a_character_outside_the_alphabet_is_refused(text: str) -> None:
    """The error names the character."""
    with pytest.raises(ValueError, match="is not base 58"):
        base58.decode(text)
