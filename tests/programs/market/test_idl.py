"""The published IDL is what the program does."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
from solders.instruction import Instruction

from realstack.chain.idl import FOLDER
from realstack.chain.market import IDL
from tests.programs.market.world import PROGRAM, Refused, World

SOURCES = PROGRAM.parents[1] / "market" / "src"
TEXT: dict[str, Any] = json.loads((FOLDER / "market.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("section", "prefix"),
    [("instructions", "global"), ("accounts", "account"), ("events", "event")],
)
def test_discriminators_are_those_of_anchor(section: str, prefix: str) -> None:
    """The first eight bytes of sha256("<prefix>:<name>"), so that Anchor's clients agree."""
    for entry in TEXT[section]:
        digest = hashlib.sha256(f"{prefix}:{entry['name']}".encode()).digest()
        assert list(digest[:8]) == entry["discriminator"], entry["name"]


def test_the_program_knows_every_instruction_of_the_idl(bare: World) -> None:
    """Without accounts each is refused for what is missing, never as unknown."""
    for name, call in IDL.calls.items():
        instruction = Instruction(bare.program.pubkey(), call.discriminator, [])
        with pytest.raises(Refused) as refused:
            bare.send(instruction, signers=[])
        assert "MissingAccount" == refused.value.name, name


def test_the_idl_names_every_instruction_and_event_of_the_program() -> None:
    """Each constant of the sources has its entry, with the same bytes."""
    for file, entries in (("instruction.rs", "instructions"), ("event.rs", "events")):
        text = (SOURCES / file).read_text(encoding="utf-8")
        found = re.findall(r"const (\w+): \[u8; 8\] =\s*\[([\d, ]+)\]", text)
        known = {
            re.sub(r"(?<!^)(?=[A-Z])", "_", entry["name"]).upper(): entry["discriminator"]
            for entry in TEXT[entries]
        }
        assert known == {name: json.loads(f"[{numbers}]") for name, numbers in found}


def test_errors_have_the_numbers_and_words_of_the_sources() -> None:
    """Numbers from 6000 without a gap; the message is the comment of the source."""
    text = (SOURCES / "error.rs").read_text(encoding="utf-8")
    found = re.findall(r"/// (.*)\n    (\w+) = (\d+),", text)
    assert {int(code): (name, words) for words, name, code in found} == dict(IDL.errors)
    assert list(range(6000, 6000 + len(found))) == sorted(IDL.errors)


def test_accounts_are_read_to_their_last_byte(world: World) -> None:
    """Each kind of account decodes with nothing left over, under the name that the IDL gives."""
    market = world.market
    world.request_exit(world.alice)
    world.send(world.withdrawal(world.alice, world.cash, 1), signers=[world.settler, world.alice])
    for name, address in (
        ("Config", market.config),
        ("MintRecord", market.mint_record(world.cash.mint)),
        ("Exit", market.exit_address(world.alice.pubkey())),
        ("Receipt", market.receipt(1, 1)),
    ):
        account = world.svm.get_account(address)
        assert account is not None
        assert name == IDL.account(account.data)[0]
