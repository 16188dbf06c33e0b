"""Errors that no other test reaches, and accounts that are read to their last byte."""

from __future__ import annotations

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from realstack.chain.governance import IDL as governance_idl
from realstack.chain.governance import Realm
from realstack.chain.token import IDL as token_idl
from realstack.chain.token import TOKEN_2022_PROGRAM
from tests.programs.governance import world as governance
from tests.programs.market import world as market
from tests.programs.token import good as token_good
from tests.programs.token import world as token


def with_account(step: Instruction, place: int, address: Pubkey) -> Instruction:
    """The same instruction with another account at a place."""
    metas = list(step.accounts)
    metas[place] = AccountMeta(address, metas[place].is_signer, metas[place].is_writable)
    return Instruction(step.program_id, bytes(step.data), metas)


def market_refusal(world: market.World, step: Instruction) -> str:
    """The name of the error that an instruction of alice gets."""
    try:
        world.send(step, signers=[world.alice])
    except market.Refused as refused:
        return refused.name
    return "nothing was refused"


def test_the_market_refuses_a_vault_that_may_not_change_and_a_second_exit() -> None:
    """NotWritable, ExitAlreadyRequested."""
    world = market.World()
    world.set_up()
    deposit = world.market.deposit(
        owner=world.alice.pubkey(),
        token=world.cash,
        source=world.wallet(world.alice.pubkey(), world.cash),
        amount_atoms=1,
    )
    metas = list(deposit.accounts)
    metas[5] = AccountMeta(metas[5].pubkey, False, False)
    fixed = Instruction(deposit.program_id, bytes(deposit.data), metas)
    assert "NotWritable" == market_refusal(world, fixed)
    world.request_exit(world.alice)
    again = world.market.request_exit(payer=world.payer.pubkey(), owner=world.alice.pubkey())
    assert "ExitAlreadyRequested" == market_refusal(world, again)


def test_governance_refuses_what_it_does_not_know_and_roles_of_nobody() -> None:
    """UnknownInstruction, ZeroRole."""
    world = governance.World().set_up("alice")
    unknown = Instruction(world.realm.program_id, bytes(8), [])
    assert "UnknownInstruction" == world.refusal(unknown)
    nobody = world.realm.change(
        world.at("creator"),
        authority=Pubkey.default(),
        veto_authority=world.at("veto"),
        rules=world.rules,
    )
    assert "ZeroRole" == world.refusal(nobody)


def test_governance_refuses_accounts_of_another_owner_kind_program_or_mint() -> None:
    """WrongOwner, WrongAccountKind, WrongProgram, WrongMint."""
    world = governance.World().set_up("alice")
    deposit = world.realm.deposit(world.at("bob"), world.tokens("bob"), 1)
    realm, voter, mint, program = 1, 2, 5, 6
    found = {
        world.refusal(with_account(deposit, realm, world.at("stranger"))),
        world.refusal(with_account(deposit, realm, world.realm.voter(world.at("bob")))),
        world.refusal(with_account(deposit, voter, world.realm.address)),
        world.refusal(with_account(deposit, mint, world.tokens("alice"))),
        world.refusal(with_account(deposit, program, world.at("stranger"))),
    }
    assert {"WrongOwner", "WrongAccountKind", "WrongProgram", "WrongMint"} <= found


def test_governance_refuses_a_sum_beyond_64_bits() -> None:
    """Overflow: out of reach of any supply, so an account is written past all rules."""
    world = governance.World().set_up()
    address = world.realm.voter(world.at("alice"))
    account = world.svm.get_account(address)
    assert account is not None
    data = bytearray(account.data)
    place = 8 + 3 * 32 + 4  # behind realm, wallet, delegate and the count of delegators
    data[place : place + 8] = (2**64 - 1).to_bytes(8, "little")
    world.put(address, bytes(data), world.realm.program_id)
    assert 2**64 - 1 == world.state(address)["deposited_atoms"]
    deposit = world.realm.deposit(world.at("alice"), world.tokens("alice"), 1)
    assert "Overflow" == world.refusal(deposit)
    assert governance.HOLDINGS_ATOMS["alice"] == world.atoms(world.tokens("alice"))


def test_governance_refuses_a_deposit_that_a_transfer_fee_made_smaller() -> None:
    """DepositDiffers: locked is what arrived, or nothing."""
    world = governance.World()
    mint = governance.key("mint with a fee").pubkey()
    world.realm = Realm(world.at("creator"), mint, TOKEN_2022_PROGRAM)
    epoch, most, share_bps = (
        bytes(8),
        (2**64 - 1).to_bytes(8, "little"),
        (100).to_bytes(2, "little"),
    )
    fee = bytes(64 + 8) + 2 * (epoch + most + share_bps)
    base = governance.MINT_DATA + bytes(165 - len(governance.MINT_DATA))
    extended = base + b"\1" + b"\1\0" + len(fee).to_bytes(2, "little") + fee
    world.put(mint, extended, TOKEN_2022_PROGRAM)
    held = bytes(mint) + bytes(world.at("alice")) + (3_000).to_bytes(8, "little") + bytes(36)
    held += b"\1" + bytes(56) + b"\2" + b"\2\0" + b"\x08\0" + bytes(8)
    world.put(world.tokens("alice"), held, TOKEN_2022_PROGRAM)
    world.set_up()
    deposit = world.realm.deposit(world.at("alice"), world.tokens("alice"), 1_000)
    assert "DepositDiffers" == world.refusal(deposit)
    assert 3_000 == world.atoms(world.tokens("alice"))


def test_the_token_program_refuses_accounts_of_another_kind_or_program() -> None:
    """WrongAccountKind, WrongProgram."""
    world, step = token_good.issue()
    issuance, token_program = 1, 4
    assert "WrongAccountKind" == world.refusal(with_account(step, issuance, world.asset.address))
    assert "WrongProgram" == world.refusal(with_account(step, token_program, world.at("bob")))


def test_every_account_of_the_token_program_is_read_to_its_last_byte() -> None:
    """Asset, investor, holder, issuance: the name that the IDL gives, and nothing left over."""
    world = token_good.held()
    asset, registry = world.asset.address, world.registry
    for name, address in (
        ("Asset", asset),
        ("Investor", registry.investor(asset, token.digest("alice"))),
        ("Holder", registry.holder(asset, world.at("alice"))),
        ("Issuance", registry.issuance(asset, 0)),
    ):
        account = world.svm.get_account(address)
        assert account is not None
        assert name == token_idl.account(account.data)[0]


def test_every_account_of_governance_is_read_to_its_last_byte() -> None:
    """Realm, voter, proposal, vote."""
    world = governance.World().set_up("alice")
    index = world.propose("alice")
    world.send(world.vote("alice", 1))
    proposal = world.realm.proposal(index)
    for name, address in (
        ("Realm", world.realm.address),
        ("Voter", world.realm.voter(world.at("alice"))),
        ("Proposal", proposal),
        ("Vote", world.realm.vote(proposal, world.at("alice"))),
    ):
        account = world.svm.get_account(address)
        assert account is not None
        assert name == governance_idl.account(account.data)[0]
