"""What holds for every instruction of the token program: it works, and checks each account."""

from __future__ import annotations

import hashlib

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from realstack.chain.token import IDL
from tests.programs.token.good import GOOD
from tests.programs.token.world import PROGRAM, World, changed, unsigned

# What each instruction may take; about a third above what it took when this was written.
COMPUTE_UNITS_MAX = {
    "register_asset": 17_000,
    "create_mint": 43_000,
    "issue": 28_000,
    "transfer": 40_000,
    "forced_transfer": 40_000,
    "create_dividend": 40_000,
    "push_dividend": 25_000,
}
COMPUTE_UNITS_MAX_OTHERS = 22_000
PROGRAM_BYTES_MAX = 130_000

# Accounts that an instruction cannot know to be wrong: anyone can be registered as a wallet.
FREE = {("register_wallet", "wallet")}
# Done twice to the same effect.
REPEATABLE = {"update_investor", "freeze", "thaw", "transfer", "forced_transfer", "burn"}
REPEATABLE |= {"forced_burn", "set_paused", "set_blocked_countries"}
REPLAYS = {
    "register_asset": "AlreadyInitialized",
    "add_document": "WrongAddress",
    "create_mint": "MintExists",
    "register_investor": "AlreadyInitialized",
    "register_wallet": "AlreadyInitialized",
    "remove_wallet": "WrongOwner",
    "propose_issuance": "WrongAddress",
    "approve_issuance": "AlreadyApproved",
    "cancel_issuance": "IssuanceClosed",
    "issue": "RowDone",
    "hand_over": "WrongAuthority",
    "create_dividend": "WrongAddress",
    "claim_dividend": "RowDone",
    "push_dividend": "RowDone",
    "close_dividend": "DividendClosed",
}

names = pytest.mark.parametrize("name", sorted(GOOD))


def test_the_tables_of_these_tests_name_every_instruction() -> None:
    """An instruction without a test fails here."""
    assert set(IDL.calls) == set(GOOD)
    assert set(IDL.calls) == REPEATABLE | set(REPLAYS)


def test_the_program_has_the_size_that_was_agreed() -> None:
    """Rent of a program grows with its bytes."""
    assert PROGRAM_BYTES_MAX >= len(PROGRAM.read_bytes())


@names
def test_it_works_within_its_compute(name: str) -> None:
    """The good case passes and stays below the asserted number of compute units."""
    world, instruction = GOOD[name]()
    used = world.send(instruction).compute_units_consumed()
    assert COMPUTE_UNITS_MAX.get(name, COMPUTE_UNITS_MAX_OTHERS) >= used


@names
def test_a_second_time_does_nothing_or_is_refused(name: str) -> None:
    """What can be done once is refused the second time, with its own error."""
    world, instruction = GOOD[name]()
    world.send(instruction)
    assert REPLAYS.get(name, "nothing was refused") == world.refusal(instruction)


@names
def test_each_signer_must_sign(name: str) -> None:
    """Without any one of the signatures it is refused."""
    world, instruction = GOOD[name]()
    for place, meta in enumerate(instruction.accounts):
        if meta.is_signer:
            assert "MissingSignature" == world.refusal(unsigned(instruction, place)), place


@names
def test_another_signer_has_no_authority(name: str) -> None:
    """A stranger who signs in someone's place is refused."""
    world, instruction = GOOD[name]()
    if name == "register_asset":
        expected = {"WrongAddress"}  # whoever registers becomes the issuer of another asset
    else:
        expected = {"WrongAuthority", "NotApprover", "WrongOwner"}
    for place, meta in enumerate(instruction.accounts):
        is_newcomer = name == "hand_over" and place == 1
        if meta.is_signer and not is_newcomer:
            bad = changed(instruction, place, world.at("stranger"))
            assert world.refusal(bad) in expected, place


@names
def test_each_writable_account_must_be_writable(name: str) -> None:
    """An account that changes but is passed as read-only is refused."""
    world, instruction = GOOD[name]()
    for place, meta in enumerate(instruction.accounts):
        if meta.is_writable:
            metas = list(instruction.accounts)
            metas[place] = AccountMeta(meta.pubkey, meta.is_signer, False)
            bad = Instruction(instruction.program_id, instruction.data, metas)
            assert "NotWritable" == world.refusal(bad), place


def imposters(world: World, address: Pubkey) -> list[Pubkey]:
    """Accounts to put in the place of one; among them the same bytes under another owner."""
    found = [world.at("stranger"), world.registry.program_id, world.asset.address]
    account = world.svm.get_account(address)
    if account is not None and not account.executable:
        stolen = Pubkey.from_bytes(hashlib.sha256(bytes(address)).digest())
        world.put(stolen, account.data, world.at("stranger"))
        found.append(stolen)
    return [one for one in found if one != address]


@names
def test_each_account_must_be_the_right_one(name: str) -> None:
    """A stranger, the program, the asset, and a forgery under another owner are refused."""
    world, instruction = GOOD[name]()
    accounts = IDL.calls[name].accounts
    for place, (meta, account) in enumerate(zip(instruction.accounts, accounts, strict=True)):
        if meta.is_signer or (name, account.name) in FREE:
            continue
        for imposter in imposters(world, meta.pubkey):
            bad = changed(instruction, place, imposter)
            assert "nothing was refused" != world.refusal(bad), (account.name, imposter)


@names
def test_no_account_can_stand_for_two(name: str) -> None:
    """The same account in two places that change is refused."""
    world, instruction = GOOD[name]()
    metas = instruction.accounts
    for place, meta in enumerate(metas):
        for other, twin in enumerate(metas):
            if place != other and meta.is_writable and twin.is_writable and not meta.is_signer:
                bad = changed(instruction, place, twin.pubkey)
                assert "nothing was refused" != world.refusal(bad), (place, other)


@names
def test_accounts_are_neither_missing_nor_left_over(name: str) -> None:
    """Every shorter list of accounts is refused, and so is a longer one."""
    world, good = GOOD[name]()
    for length in range(len(good.accounts)):
        short = Instruction(good.program_id, good.data, good.accounts[:length])
        assert world.refusal(short) in {"MissingAccount", "BadInstructionData"}, length
    extra = [*good.accounts, AccountMeta(world.at("stranger"), False, False)]
    assert "TooManyAccounts" == world.refusal(Instruction(good.program_id, good.data, extra))


@names
def test_data_is_neither_short_nor_long(name: str) -> None:
    """Every shorter data is refused, and so is a byte more."""
    world, good = GOOD[name]()
    for data in (*(good.data[:length] for length in range(len(good.data))), good.data + b"\0"):
        bad = Instruction(good.program_id, bytes(data), good.accounts)
        assert world.refusal(bad) in {"BadInstructionData", "ZeroAmount", "MintMissing"}, len(data)


def test_discriminators_are_those_of_anchor() -> None:
    """Instructions, accounts and events begin as Anchor's clients expect."""
    for name, call in IDL.calls.items():
        assert hashlib.sha256(f"global:{name}".encode()).digest()[:8] == call.discriminator
    for kind, found in (("account", IDL.accounts), ("event", IDL.events)):
        for discriminator, name in found.items():
            assert hashlib.sha256(f"{kind}:{name}".encode()).digest()[:8] == discriminator


def test_an_unknown_instruction_is_refused() -> None:
    """Eight bytes that name nothing, and fewer, are refused."""
    world, good = GOOD["register_asset"]()
    for data, name in ((bytes(8), "UnknownInstruction"), (b"", "BadInstructionData")):
        assert name == world.refusal(Instruction(good.program_id, data, good.accounts))
