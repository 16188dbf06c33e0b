"""A signature lets one wallet in, at one site, on one chain, once and soon."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from solders.hash import Hash
from solders.keypair import Keypair

from realstack.chain.sign_in import SignIn, SignInRefused, parse, verify

KEY = Keypair.from_seed(bytes([1]) * 32)
CHAIN = Hash(bytes([2]) * 32)
NOW_S = 1_800_000_000
GOOD = SignIn("exchange.example:8443", KEY.pubkey(), CHAIN, bytes(range(16)), NOW_S, NOW_S + 300)
ASKED: dict[str, Any] = {
    "domain": GOOD.domain,
    "chain": CHAIN,
    "nonce": GOOD.nonce,
    "now_s": NOW_S + 1,
}


def signed(said: SignIn, key: Keypair = KEY) -> tuple[str, bytes]:
    """The text, and a key's signature of it."""
    return said.text(), bytes(key.sign_message(said.text().encode()))


def test_a_wallet_signs_in() -> None:
    """The text names what it is for, and reads back as what it says."""
    assert KEY.pubkey() == verify(*signed(GOOD), **ASKED)
    assert GOOD == parse(GOOD.text())
    assert f"at {GOOD.domain}\n" in GOOD.text()
    assert "2027-01-15T08:05:00Z" in GOOD.text()


@pytest.mark.parametrize(
    ("said", "asked", "field"),
    [
        ({"domain": "evil.example"}, {}, "domain"),
        ({"chain": Hash.default()}, {}, "chain"),
        ({"nonce": bytes(16)}, {}, "nonce"),
        ({}, {"now_s": NOW_S + 300}, "expires"),
        ({}, {"now_s": NOW_S - 31}, "issued"),
    ],
)
def test_what_is_for_something_else_is_refused(
    said: dict[str, Any], asked: dict[str, Any], field: str
) -> None:
    """Another site, chain or question; too late, or from a clock that runs ahead."""
    with pytest.raises(SignInRefused) as refused:
        verify(*signed(replace(GOOD, **said)), **{**ASKED, **asked})
    assert field == refused.value.field


def test_only_the_wallet_itself_signs_in() -> None:
    """Another key, a changed byte, half a signature, and a signature of another text."""
    text, signature = signed(GOOD)
    others = (
        signed(GOOD, Keypair())[1],
        signature[:-1] + bytes([signature[-1] ^ 1]),
        signature[:32],
        signed(replace(GOOD, issued_s=NOW_S + 1))[1],
    )
    for other in others:
        with pytest.raises(SignInRefused, match=r"^signature"):
            verify(text, other, **ASKED)


@pytest.mark.parametrize(
    "change",
    [
        ("Wallet: ", "wallet: "),
        ("It moves nothing", "It moves everything"),
        ("Nonce: 00", "Nonce: zz"),
        ("2027-", "27-"),
        ("Issued: 2027-01-15", "Issued: 2027-1-15"),
        ("RealStack", "Hello\nRealStack"),
        ("Expires", "Fee: 7\nExpires"),
    ],
)
def test_a_text_that_is_written_otherwise_is_refused(change: tuple[str, str]) -> None:
    """There is one text for the same facts, so nothing can be added or dressed up."""
    text = GOOD.text().replace(*change)
    assert text != GOOD.text()
    with pytest.raises(SignInRefused, match=r"^text"):
        verify(text, bytes(KEY.sign_message(text.encode())), **ASKED)


@pytest.mark.parametrize(
    "fields",
    [
        {"domain": "Exchange.example"},
        {"domain": "exchange.example\nWallet: x"},
        {"nonce": bytes(15)},
        {"nonce": bytes(33)},
        {"expires_s": NOW_S},
        {"expires_s": NOW_S + 601},
    ],
)
def test_no_text_is_made_of_fields_that_break_a_rule(fields: dict[str, Any]) -> None:
    """Before anybody is asked to sign."""
    with pytest.raises(SignInRefused, match=rf"^{next(iter(fields)).removesuffix('_s')}"):
        replace(GOOD, **fields).text()


def test_a_sign_in_can_be_no_transaction() -> None:
    """Its first byte is a letter: neither a count of signers that fits in it, nor a version."""
    assert 0x20 <= GOOD.text().encode()[0] < 0x80
