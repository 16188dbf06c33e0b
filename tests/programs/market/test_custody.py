"""Setting up, deposits, withdrawals, exits: what works, and every way it is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from realstack.chain.market import HOUSE_CLEARING, HOUSE_FEE, Delta, Token
from tests.programs.market.world import (
    EXIT_DELAY_SLOTS,
    TOKEN_2022_PROGRAM,
    Refused,
    World,
    key,
    mint_data,
    token_account_data,
)


def changed(instruction: Instruction, place: int, address: Pubkey) -> Instruction:
    """The same instruction with another account at a place."""
    metas = list(instruction.accounts)
    metas[place] = AccountMeta(address, metas[place].is_signer, metas[place].is_writable)
    return Instruction(instruction.program_id, instruction.data, metas)


def unsigned(instruction: Instruction, place: int) -> Instruction:
    """The same instruction without the signature of the account at a place."""
    metas = list(instruction.accounts)
    metas[place] = AccountMeta(metas[place].pubkey, False, metas[place].is_writable)
    return Instruction(instruction.program_id, instruction.data, metas)


def refusal(world: World, instruction: Instruction, *signers: Keypair) -> str:
    """The name of the error that an instruction gets."""
    with pytest.raises(Refused) as refused:
        world.send(instruction, signers=signers)
    return refused.value.name


# --- config and mints ----------------------------------------------------------------------------


def test_the_config_holds_what_it_was_created_with(bare: World) -> None:
    """`initialize` writes the roles and starts unpaused with marks at zero."""
    bare.initialize()
    state = bare.state(bare.market.config)
    assert bare.authority.pubkey() == state["authority"]
    assert bare.settler.pubkey() == state["settlement_authority"]
    assert bare.pauser.pubkey() == state["pauser"]
    assert (EXIT_DELAY_SLOTS, False) == (state["exit_delay_slots"], state["paused"])
    assert (0, 0) == (state["batch_mark"], state["withdrawal_mark"])


def test_the_config_is_created_once(world: World) -> None:
    """A second `initialize` is refused, whoever asks."""
    with pytest.raises(Refused) as refused:
        world.initialize()
    assert "AlreadyInitialized" == refused.value.name


def test_only_who_deployed_the_program_creates_the_config(bare: World) -> None:
    """Without the program's own signature, or with another key in its place, nothing is created."""
    good = bare.market.initialize(
        payer=bare.payer.pubkey(), authority=bare.authority.pubkey(), roles=bare.roles()
    )
    stranger = bare.stranger
    assert "MissingSignature" == refusal(bare, unsigned(good, 2), bare.authority)
    other = changed(good, 2, stranger.pubkey())
    assert "WrongAuthority" == refusal(bare, other, bare.authority, stranger)


@pytest.mark.parametrize("lamports", [1, 10**9])
def test_lamports_sent_ahead_do_not_keep_the_config_from_being_created(
    bare: World, lamports: int
) -> None:
    """Anyone can send lamports to an address, few or many; the account is made all the same."""
    bare.put(bare.market.config, b"", Pubkey.default(), lamports=lamports)
    bare.initialize()
    assert bare.authority.pubkey() == bare.state(bare.market.config)["authority"]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"exit_delay_slots": 149}, "ExitDelayOutOfRange"),
        ({"exit_delay_slots": 1_512_001}, "ExitDelayOutOfRange"),
        ({"pauser": Pubkey.default()}, "ZeroRole"),
        ({"settlement_authority": Pubkey.default()}, "ZeroRole"),
    ],
)
def test_roles_have_holders_and_the_exit_delay_has_bounds(
    world: World, change: dict[str, int], name: str
) -> None:
    """No role goes to the zero address; the delay is 150 to 1,512,000 slots."""
    roles = replace(world.roles(), **change)  # type: ignore[arg-type]
    instruction = world.market.set_roles(authority=world.authority.pubkey(), roles=roles)
    assert name == refusal(world, instruction, world.authority)


def test_only_the_authority_names_roles(world: World) -> None:
    """Settlement authority and pauser cannot give themselves more."""
    for person in (world.settler, world.pauser, world.stranger):
        instruction = world.market.set_roles(authority=person.pubkey(), roles=world.roles())
        assert "WrongAuthority" == refusal(world, instruction, person)


def test_a_new_authority_has_to_accept(world: World) -> None:
    """Until the proposed one signs, the old one holds the role; afterwards no longer."""
    market, old, new = world.market, world.authority, world.stranger
    early = market.accept_authority(proposed=new.pubkey())
    assert "WrongAuthority" == refusal(world, early, new)
    proposal = market.propose_authority(authority=old.pubkey(), proposed=new.pubkey())
    world.send(proposal, signers=[old])
    meta = world.send(early, signers=[new])
    assert {"authority": new.pubkey()} == world.events(meta)[0].fields
    assert "WrongAuthority" == refusal(world, proposal, old)
    assert "WrongAuthority" == refusal(world, early, new)


def test_the_pauser_stops_and_only_the_authority_resumes(world: World) -> None:
    """Stopping is quick, resuming is a decision."""
    market = world.market
    world.send(market.set_paused(signer=world.pauser.pubkey(), paused=True), signers=[world.pauser])
    resume = market.set_paused(signer=world.pauser.pubkey(), paused=False)
    assert "WrongAuthority" == refusal(world, resume, world.pauser)
    resume = market.set_paused(signer=world.authority.pubkey(), paused=False)
    world.send(resume, signers=[world.authority])
    assert world.state(market.config)["paused"] is False
    stop = market.set_paused(signer=world.stranger.pubkey(), paused=True)
    assert "WrongAuthority" == refusal(world, stop, world.stranger)


@pytest.mark.parametrize("kind", [1, 3, 4, 9, 10, 14, 16, 25, 26])
def test_a_mint_that_would_change_what_settlement_means_is_refused(world: World, kind: int) -> None:
    """Fees, hooks, closing, confidential amounts, pausing and the like: not accepted."""
    data = mint_data(extensions=[(kind, bytes(64))])
    token = world.add_mint("bad mint", data, TOKEN_2022_PROGRAM)
    with pytest.raises(Refused) as refused:
        world.register(token)
    assert "MintNotAccepted" == refused.value.name


def test_a_bad_extension_behind_a_good_one_is_seen(world: World) -> None:
    """Every extension is looked at, not only the first."""
    data = mint_data(extensions=[(18, bytes(64)), (1, bytes(108))])
    with pytest.raises(Refused) as refused:
        world.register(world.add_mint("mixed mint", data, TOKEN_2022_PROGRAM))
    assert "MintNotAccepted" == refused.value.name


def test_a_mint_is_registered_once_and_by_the_authority(world: World) -> None:
    """A second registration and one by another signer are refused."""
    with pytest.raises(Refused) as refused:
        world.register(world.house)
    assert "AlreadyInitialized" == refused.value.name
    token = world.add_mint("third")
    instruction = world.market.register_mint(
        payer=world.payer.pubkey(), authority=world.settler.pubkey(), token=token
    )
    assert "WrongAuthority" == refusal(world, instruction, world.settler)


def test_what_is_no_mint_is_not_registered(world: World) -> None:
    """A token account, an empty account, another program's account."""
    address = key("third").pubkey()
    token = Token(address, world.cash.program)
    for data, owner, name in (
        (token_account_data(world.cash.mint, address, 1), token.program, "WrongAccountKind"),
        (b"", token.program, "WrongAccountKind"),
        (mint_data(), TOKEN_2022_PROGRAM, "WrongOwner"),
    ):
        world.put(address, data, owner)
        with pytest.raises(Refused) as refused:
            world.register(token)
        assert name == refused.value.name


def test_vaults_are_opened_once_and_for_registered_mints(world: World) -> None:
    """The record has to be that of the mint; a vault that is there is not made again."""
    with pytest.raises(Refused) as refused:
        world.open(world.alice.pubkey(), world.cash)
    assert "AlreadyInitialized" == refused.value.name
    token = world.add_mint("third")
    instruction = world.market.open_vault(
        payer=world.payer.pubkey(), owner=world.alice.pubkey(), token=token
    )
    assert "WrongOwner" == refusal(world, instruction)
    record = world.market.mint_record(world.cash.mint)
    assert "WrongMint" == refusal(world, changed(instruction, 5, record))


def test_lamports_sent_ahead_do_not_keep_a_batch_from_being_settled(world: World) -> None:
    """Nor a withdrawal or an exit: the addresses of receipts can be foreseen by anyone."""
    alice, bob, cash = world.alice, world.bob.pubkey(), world.cash
    batch = world.batch(Delta(alice.pubkey(), cash, -1), Delta(bob, cash, 1))
    receipts = [world.market.receipt(0, batch.batch_id), world.market.receipt(1, 1)]
    for address in [*receipts, world.market.exit_address(alice.pubkey())]:
        world.put(address, b"", Pubkey.default(), lamports=890_880)
    world.settle_set(batch)
    world.send(world.withdrawal(alice, cash, 1), signers=[world.settler, alice])
    world.request_exit(alice)
    with pytest.raises(Refused, match="6016"):
        world.settle_set(batch)
    assert 999_998 == world.vault_atoms(alice.pubkey(), cash)


# --- deposits ------------------------------------------------------------------------------------


def test_a_deposit_moves_tokens_and_tells_it(world: World) -> None:
    """Vault up, wallet down, one event with owner, mint and amount."""
    alice, cash = world.alice, world.cash
    before = world.atoms(world.wallet(alice.pubkey(), cash))
    meta = world.deposit(alice, cash, 5)
    assert 1_000_005 == world.vault_atoms(alice.pubkey(), cash)
    assert before - 5 == world.atoms(world.wallet(alice.pubkey(), cash))
    fields = {"owner": alice.pubkey(), "mint": cash.mint, "amount_atoms": 5}
    assert [("Deposited", fields)] == [(one.name, one.fields) for one in world.events(meta)]


def test_a_deposit_is_refused_for_every_wrong_account(world: World) -> None:
    """Wrong signer, mint, token program, source, vault; zero and too much; paused."""
    market, alice, cash, house = world.market, world.alice, world.cash, world.house
    source = world.wallet(alice.pubkey(), cash)
    good = market.deposit(owner=alice.pubkey(), token=cash, source=source, amount_atoms=5)
    bobs = market.vault(world.bob.pubkey(), cash.mint)[0]
    for instruction, name in (
        (unsigned(good, 0), "MissingSignature"),
        (changed(good, 1, bobs), "WrongOwner"),
        (changed(good, 2, house.mint), "WrongMint"),
        (changed(good, 3, TOKEN_2022_PROGRAM), "WrongOwner"),
        (changed(good, 3, alice.pubkey()), "WrongProgram"),
        (changed(good, 4, world.wallet(alice.pubkey(), house)), "WrongMint"),
        (changed(good, 5, bobs), "WrongAddress"),
        (changed(good, 5, source), "WrongAddress"),
    ):
        assert name == refusal(world, instruction, alice)
    zero = market.deposit(owner=alice.pubkey(), token=cash, source=source, amount_atoms=0)
    assert "ZeroAmount" == refusal(world, zero, alice)
    much = market.deposit(owner=alice.pubkey(), token=cash, source=source, amount_atoms=2**64 - 1)
    assert 1 == _code(world, much, alice)  # the token program's "insufficient funds"
    foreign = world.wallet(world.bob.pubkey(), cash)
    theft = market.deposit(owner=alice.pubkey(), token=cash, source=foreign, amount_atoms=5)
    assert 4 == _code(world, theft, alice)  # the token program's "owner does not match"


def _code(world: World, instruction: Instruction, *signers: Keypair) -> int | None:
    with pytest.raises(Refused) as refused:
        world.send(instruction, signers=signers)
    return refused.value.code


def test_pause_stops_deposits_settlement_and_withdrawals_but_no_exit(world: World) -> None:
    """Stopped is stopped, but for what participants have against the venue."""
    alice, cash = world.alice, world.cash
    stop = world.market.set_paused(signer=world.pauser.pubkey(), paused=True)
    world.send(stop, signers=[world.pauser])
    with pytest.raises(Refused, match="6014"):
        world.deposit(alice, cash, 5)
    with pytest.raises(Refused, match="6014"):
        deltas = (Delta(alice.pubkey(), cash, -1), Delta(world.bob.pubkey(), cash, 1))
        world.settle_set(world.batch(*deltas))
    with pytest.raises(Refused, match="6014"):
        world.settle_clearing(world.batch(Delta(alice.pubkey(), cash, -1)))
    assert "Paused" == refusal(world, world.withdrawal(alice, cash, 1), world.settler, alice)
    world.request_exit(alice)
    world.warp(EXIT_DELAY_SLOTS)
    destination = world.wallet(alice.pubkey(), cash)
    leave = world.market.exit(owner=alice.pubkey(), token=cash, destination=destination)
    world.send(leave, signers=[alice])
    assert 0 == world.vault_atoms(alice.pubkey(), cash)


# --- withdrawals ---------------------------------------------------------------------------------


def test_a_withdrawal_pays_once(world: World) -> None:
    """The same withdrawal again is refused by its receipt; another number pays again."""
    alice, cash = world.alice, world.cash
    signers = (world.settler, alice)
    world.send(world.withdrawal(alice, cash, 7), signers=signers)
    assert 999_993 == world.vault_atoms(alice.pubkey(), cash)
    assert "AlreadySettled" == refusal(world, world.withdrawal(alice, cash, 7), *signers)
    world.send(world.withdrawal(alice, cash, 7, withdrawal_id=2), signers=signers)
    assert 999_986 == world.vault_atoms(alice.pubkey(), cash)


def test_a_withdrawal_is_refused_for_every_wrong_account(world: World) -> None:
    """Both must sign; vault, destination, mint, receipt and amount must be right."""
    market, alice, cash, house = world.market, world.alice, world.cash, world.house
    good = world.withdrawal(alice, cash, 7)
    signers = (world.settler, alice)
    bobs = market.vault(world.bob.pubkey(), cash.mint)[0]
    for instruction, name in (
        (unsigned(good, 1), "MissingSignature"),
        (unsigned(good, 2), "MissingSignature"),
        (changed(good, 1, alice.pubkey()), "WrongAuthority"),
        (changed(good, 4, alice.pubkey()), "WrongAddress"),
        (changed(good, 5, market.receipt(1, 2)), "WrongAddress"),
        (changed(good, 6, house.mint), "WrongAddress"),
        (changed(good, 8, bobs), "WrongAddress"),
        (changed(good, 9, bobs), "ReservedOwner"),
        (changed(good, 9, market.vault(alice.pubkey(), cash.mint)[0]), "ReservedOwner"),
        (changed(good, 9, world.wallet(alice.pubkey(), house)), "WrongMint"),
        (changed(good, 10, cash.program), "WrongProgram"),
    ):
        assert name == refusal(world, instruction, *signers)
    assert "ZeroAmount" == refusal(world, world.withdrawal(alice, cash, 0), *signers)
    assert 1 == _code(world, world.withdrawal(alice, cash, 1_000_001), *signers)
    world.warp(1)
    late = world.withdrawal(alice, cash, 7)
    world.warp(1_001)
    assert "DeadlinePassed" == refusal(world, late, *signers)
    assert 1_000_000 == world.vault_atoms(alice.pubkey(), cash)


# --- exits ---------------------------------------------------------------------------------------


def test_an_owner_leaves_with_everything_after_the_delay_and_not_before(world: World) -> None:
    """Settlement may debit until the end of the delay; then the rest is paid without leave."""
    alice, bob, cash = world.alice.pubkey(), world.bob.pubkey(), world.cash
    destination = world.wallet(alice, cash)
    leave = world.market.exit(owner=alice, token=cash, destination=destination)
    world.request_exit(world.alice)
    with pytest.raises(Refused, match="6022"):
        world.request_exit(world.alice)
    world.warp(EXIT_DELAY_SLOTS - 1)
    assert "ExitNotReady" == refusal(world, leave, world.alice)
    world.settle_set(world.batch(Delta(alice, cash, -300), Delta(bob, cash, 300)))
    world.warp(1)
    before = world.atoms(destination)
    meta = world.send(leave, signers=[world.alice])
    assert before + 999_700 == world.atoms(destination)
    fields = {"owner": alice, "mint": cash.mint, "amount_atoms": 999_700}
    assert [fields] == [event.fields for event in world.events(meta)]
    assert "ZeroAmount" == refusal(world, leave, world.alice)


def test_an_exit_serves_its_owner_only(world: World) -> None:
    """Not another's vault, not another's exit, not without the signature, not into a vault."""
    market, alice, bob, cash = world.market, world.alice, world.bob, world.cash
    world.request_exit(alice)
    world.warp(EXIT_DELAY_SLOTS)
    destination = world.wallet(alice.pubkey(), cash)
    good = market.exit(owner=alice.pubkey(), token=cash, destination=destination)
    bobs = market.vault(bob.pubkey(), cash.mint)[0]
    for instruction, name in (
        (unsigned(good, 0), "MissingSignature"),
        (changed(good, 0, bob.pubkey()), "WrongAuthority"),
        (changed(good, 3, market.exit_address(bob.pubkey())), "WrongOwner"),
        (changed(good, 3, market.config), "WrongAccountKind"),
        (changed(good, 6, bobs), "WrongAddress"),
        (changed(good, 7, bobs), "ReservedOwner"),
    ):
        assert name == refusal(world, instruction, alice, bob)


def test_a_closed_exit_starts_anew(world: World) -> None:
    """After `close_exit` the old delay counts for nothing; the rent goes to the owner."""
    alice, cash = world.alice, world.cash
    world.request_exit(alice)
    world.warp(EXIT_DELAY_SLOTS)
    close = world.market.close_exit(owner=alice.pubkey())
    assert "MissingSignature" == refusal(world, unsigned(close, 0))
    stolen = changed(close, 0, world.stranger.pubkey())
    assert "WrongAuthority" == refusal(world, stolen, world.stranger)
    before = world.svm.get_balance(alice.pubkey()) or 0
    world.send(close, signers=[alice])
    assert before < (world.svm.get_balance(alice.pubkey()) or 0)
    destination = world.wallet(alice.pubkey(), cash)
    leave = world.market.exit(owner=alice.pubkey(), token=cash, destination=destination)
    assert "WrongOwner" == refusal(world, leave, alice)
    world.request_exit(alice)
    assert "ExitNotReady" == refusal(world, leave, alice)


# --- the house -----------------------------------------------------------------------------------


@pytest.mark.parametrize("house", [HOUSE_FEE, HOUSE_CLEARING])
def test_only_the_authority_pays_out_from_the_house(world: World, house: int) -> None:
    """Fees and clearing float go where the authority says, and no participant's vault does."""
    market, cash, alice = world.market, world.cash, world.alice.pubkey()
    find = market.fee_vault if house == HOUSE_FEE else market.clearing_vault
    vault = find(cash.mint)[0]
    world.put(vault, token_account_data(cash.mint, market.authority, 50), cash.program)
    good = market.withdraw_house(
        authority=world.authority.pubkey(),
        house=house,
        token=cash,
        destination=world.wallet(alice, cash),
        amount_atoms=20,
    )
    assert "MissingSignature" == refusal(world, unsigned(good, 0))
    foreign = changed(good, 0, world.settler.pubkey())
    assert "WrongAuthority" == refusal(world, foreign, world.settler)
    theft = changed(good, 5, market.vault(alice, cash.mint)[0])
    assert "WrongAddress" == refusal(world, theft, world.authority)
    world.send(good, signers=[world.authority])
    assert 30 == world.atoms(vault)


def test_nothing_is_paid_to_an_account_that_was_closed(world: World) -> None:
    """A closed wallet account is no destination, for a withdrawal and for an exit."""
    alice, cash = world.alice, world.cash
    pay = world.withdrawal(alice, cash, 7)
    destination = world.wallet(alice.pubkey(), cash)
    world.put(destination, b"", Pubkey.default())
    assert "WrongOwner" == refusal(world, pay, world.settler, alice)
    world.request_exit(alice)
    world.warp(EXIT_DELAY_SLOTS)
    leave = world.market.exit(owner=alice.pubkey(), token=cash, destination=destination)
    assert "WrongOwner" == refusal(world, leave, alice)
