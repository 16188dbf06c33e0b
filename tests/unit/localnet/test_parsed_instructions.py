"""Instructions written by the client library and read back in parsed form."""

from __future__ import annotations

from typing import Any

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.system_program import (
    AllocateParams,
    AssignParams,
    CreateAccountWithSeedParams,
    allocate,
    assign,
    create_account_with_seed,
)
from spl.token import instructions as spl
from spl.token import models
from spl.token.constants import TOKEN_2022_PROGRAM_ID, TOKEN_PROGRAM_ID

from settlement.localnet import base58
from settlement.localnet.rpc.parsed_instructions import parse_instruction

A, B, C, D = (Pubkey(bytes([number] * 32)) for number in range(1, 5))


def parse(step: Instruction) -> dict[str, Any]:
    """Parse an instruction as the RPC shows it."""
    accounts = [str(meta.pubkey) for meta in step.accounts]
    return parse_instruction(str(step.program_id), accounts, bytes(step.data), stack_height=1)


def kind_and_info(step: Instruction) -> tuple[str, dict[str, Any]]:
    """Parse an instruction whose shape must be known."""
    parsed = parse(step)["parsed"]
    return parsed["type"], parsed["info"]


def test_a_mint_is_initialized_with_and_without_a_freeze_authority() -> None:
    """The optional authority is left out when there is none."""
    for freeze_authority in (None, B):
        step = spl.initialize_mint(
            models.InitializeMintParams(
                program_id=TOKEN_2022_PROGRAM_ID,
                mint=C,
                decimals=9,
                mint_authority=A,
                freeze_authority=freeze_authority,
            )
        )
        kind, info = kind_and_info(step)
        assert kind == "initializeMint"
        assert (info["mint"], info["decimals"]) == (str(C), 9)
        assert info.get("freezeAuthority") == (str(B) if freeze_authority else None)


def test_an_account_is_initialized_for_its_owner() -> None:
    """The third form has the owner in the data."""
    step = spl.initialize_account3(
        models.InitializeAccount3Params(program_id=TOKEN_PROGRAM_ID, account=A, mint=B, owner=C)
    )
    expected = {"account": str(A), "mint": str(B), "owner": str(C)}
    assert kind_and_info(step) == ("initializeAccount3", expected)


def test_an_authority_is_named_by_its_kind() -> None:
    """A new owner is shown; one of an extension is left half decoded."""
    step = spl.set_authority(
        models.SetAuthorityParams(
            program_id=TOKEN_PROGRAM_ID,
            account=A,
            authority=models.AuthorityType.ACCOUNT_OWNER,
            current_authority=B,
            new_authority=C,
        )
    )
    kind, info = kind_and_info(step)
    assert (kind, info["authorityType"], info["newAuthority"]) == (
        "setAuthority",
        "accountOwner",
        str(C),
    )
    unknown = Instruction(step.program_id, b"\6\x0c\0", step.accounts)
    assert "parsed" not in parse(unknown)


def test_a_multisig_is_shown_with_its_signers() -> None:
    """When several sign, the authority is called a multisig and the signers are listed."""
    step = spl.burn(
        models.BurnParams(
            program_id=TOKEN_PROGRAM_ID, account=A, mint=B, owner=C, amount=5, signers=[D]
        )
    )
    kind, info = kind_and_info(step)
    assert kind == "burn"
    assert info["multisigAuthority"] == str(C)
    assert info["signers"] == [str(D)]
    assert "authority" not in info


def test_system_instructions_are_read() -> None:
    """Accounts with a seed, assignments and allocations show their fields."""
    seeded = create_account_with_seed(
        CreateAccountWithSeedParams(
            from_pubkey=A,
            to_pubkey=B,
            base=C,
            seed="rs:1:2",
            lamports=7,
            space=165,
            owner=TOKEN_PROGRAM_ID,
        )
    )
    assert kind_and_info(seeded) == (
        "createAccountWithSeed",
        {
            "source": str(A),
            "newAccount": str(B),
            "base": str(C),
            "seed": "rs:1:2",
            "lamports": 7,
            "space": 165,
            "owner": str(TOKEN_PROGRAM_ID),
        },
    )
    assert kind_and_info(assign(AssignParams(pubkey=A, owner=B)))[1]["owner"] == str(B)
    assert kind_and_info(allocate(AllocateParams(pubkey=A, space=9)))[1]["space"] == 9


def test_the_associated_account_program_has_its_forms() -> None:
    """The plain and the idempotent creation, and the plain one without any data."""
    plain = spl.create_associated_token_account(A, B, C)
    idempotent = spl.create_idempotent_associated_token_account(A, B, C)
    assert kind_and_info(plain)[0] == "create"
    assert kind_and_info(idempotent)[0] == "createIdempotent"
    assert kind_and_info(Instruction(plain.program_id, b"", plain.accounts))[0] == "create"


def test_a_memo_is_its_text() -> None:
    """Bytes that are no text are left half decoded."""
    memo = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
    assert parse(Instruction(memo, "grüß".encode(), []))["parsed"] == "grüß"
    assert "parsed" not in parse(Instruction(memo, b"\xff", []))


@pytest.mark.parametrize(
    "step",
    [
        Instruction(A, b"data", []),
        Instruction(TOKEN_PROGRAM_ID, b"", []),
        Instruction(TOKEN_PROGRAM_ID, b"\xfa", []),
        Instruction(TOKEN_PROGRAM_ID, b"\3" + bytes(8), []),
        Instruction(TOKEN_PROGRAM_ID, b"\3", []),
        Instruction(Pubkey.default(), b"\2\0", []),
    ],
    ids=["other program", "no data", "other tag", "no accounts", "short", "short tag"],
)
def test_what_no_table_knows_is_half_decoded(step: Instruction) -> None:
    """Program, accounts and data are shown as they are."""
    assert parse(step) == {
        "programId": str(step.program_id),
        "accounts": [],
        "data": base58.encode(bytes(step.data)),
        "stackHeight": 1,
    }


def test_an_instruction_that_ends_early_is_half_decoded() -> None:
    """A transfer without its amount is not guessed at."""
    step = spl.transfer(
        models.TransferParams(program_id=TOKEN_PROGRAM_ID, source=A, dest=B, owner=C, amount=5)
    )
    assert kind_and_info(step)[1]["amount"] == "5"
    assert "parsed" not in parse(Instruction(step.program_id, bytes(step.data)[:5], step.accounts))
