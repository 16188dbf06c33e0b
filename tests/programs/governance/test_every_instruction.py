"""What holds for every instruction of governance: it works, and checks each account."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from realstack.chain.governance import IDL, YES
from tests.programs.governance.world import PROGRAM, RULES, World, digest

Good = tuple[World, Instruction]

PROGRAM_BYTES_MAX = 75_000
COMPUTE_UNITS_MAX = {"create_realm": 36_000}
COMPUTE_UNITS_MAX_OTHERS = 20_000


def ready() -> World:
    """A realm in which three people have locked what they have."""
    return World().set_up("alice", "bob", "carol")


def on_ready(make: Callable[[World], Instruction]) -> Callable[[], Good]:
    """An instruction on such a realm."""

    def made() -> Good:
        world = ready()
        return world, make(world)

    return made


def on_open(make: Callable[[World], Instruction]) -> Callable[[], Good]:
    """An instruction while alice's proposal is open."""

    def made() -> Good:
        world = ready()
        world.propose("alice", world.treasury_payment())
        return world, make(world)

    return made


def drafted() -> Good:
    """Open a draft."""
    world = ready()
    world.send(world.realm.create_proposal(world.at("alice"), 0, digest("text")))
    return world, world.realm.open_proposal(world.at("alice"), 0)


def delegated() -> Good:
    """Take a delegation back."""
    world = ready()
    alice, bob = world.at("alice"), world.at("bob")
    world.send(world.realm.delegation("delegate", alice, bob))
    return world, world.realm.delegation("undelegate", alice, bob)


def voted() -> Good:
    """Count the votes."""
    world = ready()
    world.propose("alice", world.treasury_payment())
    world.send(world.vote("alice", YES))
    world.wait(RULES.voting_s + RULES.cool_off_s)
    return world, world.realm.count_votes(0)


def passed() -> Good:
    """Execute."""
    world, count = voted()
    world.send(count)
    world.wait(RULES.hold_up_s)
    return world, world.realm.execute(0, world.treasury_payment())


def created() -> Good:
    """Make the realm."""
    world = World()
    return world, world.realm.create(world.at("veto"), RULES)


def opened() -> Good:
    """Make a wallet's account."""
    world = World()
    world.send(world.realm.create(world.at("veto"), RULES))
    return world, world.realm.open_voter(world.at("dave"))


def deposited() -> Good:
    """Lock some."""
    world = World().set_up("alice")
    return world, world.realm.deposit(world.at("bob"), world.tokens("bob"), 1_000)


def rules_changed(world: World) -> Instruction:
    """The creator hands the realm to bob."""
    creator = world.at("creator")
    roles = {"authority": world.at("bob"), "veto_authority": world.at("veto")}
    return world.realm.change(creator, **roles, rules=RULES)


GOOD: dict[str, Callable[[], Good]] = {
    "create_realm": created,
    "set_realm": on_ready(rules_changed),
    "open_voter": opened,
    "deposit": deposited,
    "withdraw": on_ready(lambda world: world.withdraw("alice", 100)),
    "delegate": on_ready(
        lambda world: world.realm.delegation("delegate", world.at("alice"), world.at("bob"))
    ),
    "undelegate": delegated,
    "create_proposal": on_ready(
        lambda world: world.realm.create_proposal(world.at("alice"), 0, digest("text"))
    ),
    "open_proposal": drafted,
    "cancel_proposal": on_open(lambda world: world.realm.cancel_proposal(world.at("alice"), 0)),
    "cast_vote": on_open(lambda world: world.vote("alice", YES)),
    "veto_proposal": on_open(
        lambda world: world.realm.veto(world.at("veto"), 0, digest("reasons"))
    ),
    "count_votes": voted,
    "execute": passed,
}
REPEATABLE = {"deposit", "withdraw"}
REPLAYS = {
    "create_realm": "AlreadyInitialized",
    "set_realm": "WrongAuthority",
    "open_voter": "AlreadyInitialized",
    "delegate": "AlreadyDelegated",
    "undelegate": "NotDelegated",
    "create_proposal": "WrongAddress",
    "open_proposal": "WrongState",
    "cancel_proposal": "WrongState",
    "cast_vote": "AlreadyInitialized",
    "veto_proposal": "WrongState",
    "count_votes": "WrongState",
    "execute": "NothingLeft",
}

names = pytest.mark.parametrize("name", sorted(GOOD))


def with_account(good: Instruction, place: int, meta: AccountMeta) -> Instruction:
    """The same instruction with another account at a place."""
    metas = list(good.accounts)
    metas[place] = meta
    return Instruction(good.program_id, good.data, metas)


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
    assert (
        COMPUTE_UNITS_MAX.get(name, COMPUTE_UNITS_MAX_OTHERS)
        >= world.send(instruction).compute_units_consumed()
    )


@names
def test_a_second_time_does_nothing_or_is_refused(name: str) -> None:
    """What can be done once is refused the second time, with its own error."""
    world, instruction = GOOD[name]()
    world.send(instruction)
    assert REPLAYS.get(name, "nothing was refused") == world.refusal(instruction)


@names
def test_each_signer_must_sign_and_be_the_right_one(name: str) -> None:
    """Without the signature, or with a stranger's, it is refused."""
    world, instruction = GOOD[name]()
    for place, meta in enumerate(instruction.accounts):
        if meta.is_signer:
            unsigned = AccountMeta(meta.pubkey, False, meta.is_writable)
            stranger = AccountMeta(world.at("stranger"), True, meta.is_writable)
            bad = with_account(instruction, place, unsigned)
            assert "MissingSignature" == world.refusal(bad), place
            bad = with_account(instruction, place, stranger)
            assert world.refusal(bad) in {"WrongAuthority", "WrongAddress"}, place


@names
def test_each_writable_account_must_be_writable(name: str) -> None:
    """An account that changes but is passed as read-only is refused."""
    world, instruction = GOOD[name]()
    for place, account in enumerate(IDL.calls[name].accounts):
        if account.writable:
            meta = instruction.accounts[place]
            bad = with_account(instruction, place, AccountMeta(meta.pubkey, meta.is_signer, False))
            assert "NotWritable" == world.refusal(bad), place


@names
def test_each_account_must_be_the_right_one(name: str) -> None:
    """A stranger, the program, the realm, and a forgery under another owner are refused."""
    world, instruction = GOOD[name]()
    for place, meta in enumerate(instruction.accounts):
        account = world.svm.get_account(meta.pubkey)
        imposters = [world.at("stranger"), world.realm.program_id, world.realm.address]
        if account is not None and not account.executable:
            stolen = Pubkey.from_bytes(hashlib.sha256(bytes(meta.pubkey)).digest())
            world.put(stolen, account.data, world.at("stranger"))
            imposters.append(stolen)
        for imposter in imposters:
            if imposter != meta.pubkey and not meta.is_signer:
                bad = with_account(
                    instruction, place, AccountMeta(imposter, False, meta.is_writable)
                )
                assert "nothing was refused" != world.refusal(bad), (place, imposter)


@names
def test_no_account_can_stand_for_two(name: str) -> None:
    """The same account in two places that change is refused."""
    world, instruction = GOOD[name]()
    for place, meta in enumerate(instruction.accounts):
        for other, twin in enumerate(instruction.accounts):
            is_pair = meta.is_writable and twin.is_writable and not meta.is_signer
            if place != other and is_pair:
                bad = with_account(instruction, place, AccountMeta(twin.pubkey, False, True))
                assert "nothing was refused" != world.refusal(bad), (place, other)


@names
def test_accounts_are_neither_missing_nor_left_over(name: str) -> None:
    """Every shorter list of accounts is refused, and so is a longer one."""
    world, good = GOOD[name]()
    for length in range(len(good.accounts)):
        short = Instruction(good.program_id, good.data, good.accounts[:length])
        assert world.refusal(short) in {"MissingAccount", "BadInstructionData"}, length
    extra = [*good.accounts, AccountMeta(world.at("stranger"), False, False)]
    bad = Instruction(good.program_id, good.data, extra)
    assert world.refusal(bad) in {"TooManyAccounts", "BadInstructionData"}


@names
def test_data_is_neither_short_nor_long(name: str) -> None:
    """Every shorter data is refused, and so is a byte more."""
    world, good = GOOD[name]()
    for data in (*(good.data[:length] for length in range(len(good.data))), good.data + b"\0"):
        bad = Instruction(good.program_id, bytes(data), good.accounts)
        assert "BadInstructionData" == world.refusal(bad), len(data)


def test_discriminators_are_those_of_anchor() -> None:
    """Instructions, accounts and events begin as Anchor's clients expect."""
    for name, call in IDL.calls.items():
        assert hashlib.sha256(f"global:{name}".encode()).digest()[:8] == call.discriminator
    for kind, found in (("account", IDL.accounts), ("event", IDL.events)):
        for discriminator, name in found.items():
            assert hashlib.sha256(f"{kind}:{name}".encode()).digest()[:8] == discriminator
