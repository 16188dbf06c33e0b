"""What an asset's rules let through and what not: issuance, investors, freezing, orders, roles."""

from __future__ import annotations

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from realstack.chain.merkle import Row, Table
from realstack.chain.token import (
    MODE_MANAGED,
    MODE_OPEN,
    ROLE_APPROVERS,
    ROLE_COMPLIANCE,
    ROLE_RECOVERY,
    TOKEN_2022_PROGRAM,
    TOKEN_PROGRAM,
)
from tests.programs.token.good import ORDER, held, move, on_alice, two
from tests.programs.token.world import CAP_ATOMS, FRANCE, GERMANY, World, digest


def admitted(**changes: object) -> World:
    """An asset with its mint; alice admitted on other terms than usual."""
    world = World()
    world.send(world.register())
    world.send(world.create_mint())
    world.send(*world.admit("alice", **changes))
    return world


def update(world: World, person: str, **changes: object) -> Instruction:
    """Change an investor's terms."""
    accounts = {
        "compliance": world.at("compliance"),
        "asset": world.asset.address,
        "investor": world.registry.investor(world.asset.address, digest(person)),
    }
    terms = {"country": GERMANY, "lock_up_until_s": 0, "cap_atoms": CAP_ATOMS, "active": True}
    return world.registry.build("update_investor", accounts, **{**terms, **changes})


def plain_transfer(world: World, atoms: int = 10) -> Instruction:
    """Alice moves tokens to bob by the token program, past this one."""
    metas = [
        AccountMeta(world.asset.token_account(world.at("alice")), False, True),
        AccountMeta(world.asset.mint, False, False),
        AccountMeta(world.asset.token_account(world.at("bob")), False, True),
        AccountMeta(world.at("alice"), True, False),
    ]
    return Instruction(
        world.asset.token_program, b"\x0c" + atoms.to_bytes(8, "little") + b"\3", metas
    )


def investor(world: World, person: str) -> int:
    """What an identity holds by the program's count."""
    address = world.registry.investor(world.asset.address, digest(person))
    return int(world.state(address)["holding_atoms"])


# --- registration and documents ------------------------------------------------------------------


def test_an_asset_holds_what_it_was_registered_with() -> None:
    """Roles, approvers and metadata stand in the account."""
    world = World()
    world.send(world.register())
    asset = world.state(world.asset.address)
    assert world.at("issuer") == asset["issuer"] == asset["creator"]
    assert (2, 3) == (asset["threshold"], asset["approver_count"])
    assert b"LAKE" == asset["symbol"].rstrip(b"\0")
    assert digest("metadata") == asset["metadata_hash"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"threshold": 0}, "BadApprovers"),
        ({"threshold": 4}, "BadApprovers"),
        ({"approvers": []}, "BadApprovers"),
        ({"approvers": [Pubkey.from_bytes(digest("one"))] * 2}, "BadApprovers"),
        ({"approvers": [Pubkey.default()] * 2}, "BadApprovers"),
        (
            {"approvers": [Pubkey.from_bytes(digest(str(i))) for i in range(6)]},
            "BadInstructionData",
        ),
        ({"compliance": Pubkey.default()}, "ZeroRole"),
        ({"recovery": Pubkey.default()}, "ZeroRole"),
        ({"name": ""}, "BadInstructionData"),
        ({"symbol": "ELEVENBYTES"}, "BadInstructionData"),
    ],
)
def test_a_bad_registration_is_refused(changes: dict[str, object], name: str) -> None:
    """Approvers are one to five different people, as many as must approve; roles have holders."""
    world = World()
    assert name == world.refusal(world.register(**changes))


def test_one_person_cannot_be_both_who_sign_an_order() -> None:
    """Recovery and compliance are two people, at registration and after a role was handed over."""
    world = World()
    compliance = world.at("compliance")
    assert "DuplicateAccount" == world.refusal(world.register(recovery=compliance))
    world.send(world.register())
    recovery = world.at("recovery")
    for role, holder, following in (
        (ROLE_COMPLIANCE, compliance, recovery),
        (ROLE_RECOVERY, recovery, compliance),
    ):
        assert "DuplicateAccount" == world.refusal(world.asset.hand_over(holder, following, role))


def test_documents_are_numbered_without_gaps() -> None:
    """Each version has its own account; a number cannot be skipped or used twice."""
    world = World()
    world.send(world.register())
    add, issuer = world.asset.add_document, world.at("issuer")
    skipped = add(issuer, 2, kind=1, hash=digest("deed 2"), uri="ipfs://2")
    assert "WrongAddress" == world.refusal(skipped)
    for version in (1, 2):
        one = add(issuer, version, kind=1, hash=digest(f"deed {version}"), uri=f"ipfs://{version}")
        world.send(one)
        document = world.state(world.registry.document(world.asset.address, version))
        assert digest(f"deed {version}") == document["hash"]
        assert (version, f"ipfs://{version}") == (document["version"], document["uri"])


# --- the mint ------------------------------------------------------------------------------------


def test_a_token_2022_mint_has_its_name_and_freezes_accounts_from_the_start() -> None:
    """Metadata is in the mint itself, and who is not admitted can receive nothing."""
    world = World()
    world.set_up()
    account = world.svm.get_account(world.asset.mint)
    assert account is not None
    for text in (b"House at the Lake", b"LAKE", b"https://example.org/lake.json"):
        assert text in account.data
    world.send(world.open_account("stranger"))
    assert world.is_frozen("stranger")


def test_an_asset_has_one_mint() -> None:
    """A second mint is refused, of the other token program too."""
    world = World(TOKEN_PROGRAM)
    world.send(world.register())
    world.send(world.create_mint())
    world.asset.token_program = TOKEN_2022_PROGRAM
    assert "MintExists" == world.refusal(world.create_mint())


def test_before_the_mint_is_made_nothing_can_be_issued() -> None:
    """An approved issuance waits for the mint."""
    world = World()
    world.send(world.register())
    world.send(
        world.asset.register_investor(
            world.at("compliance"),
            digest("alice"),
            country=GERMANY,
            lock_up_until_s=0,
            cap=CAP_ATOMS,
        )
    )
    table = world.table(("alice", 1))
    world.propose(table)
    assert "MintMissing" == world.refusal(world.asset.issue(0, table, 0, digest("alice")))


# --- issuance ------------------------------------------------------------------------------------


def test_a_table_is_issued_row_by_row_in_any_order() -> None:
    """Anyone may issue a row; holdings and the asset's count are the table's."""
    world = World()
    world.set_up()
    table = world.table(("alice", 1_000), ("bob", 500), ("alice", 7))
    world.propose(table)
    for row, person in ((2, "alice"), (0, "alice"), (1, "bob")):
        world.send(world.asset.issue(0, table, row, digest(person)))
    assert (1_007, 500) == (world.holding("alice"), world.holding("bob"))
    assert 1_507 == world.state(world.asset.address)["issued_atoms"]
    assert (1_007, 500) == (investor(world, "alice"), investor(world, "bob"))


def test_too_few_approvals_issue_nothing() -> None:
    """One of two is not enough, and an approver counts once."""
    world = World()
    world.set_up()
    table = world.table(("alice", 1_000))
    world.propose(table, approvals=1)
    issue = world.asset.issue(0, table, 0, digest("alice"))
    assert "ApprovalsMissing" == world.refusal(issue)
    first, second = (one.pubkey() for one in world.approvers[:2])
    again = world.asset.approve_issuance(first, 0, table.root)
    assert "AlreadyApproved" == world.refusal(again)
    world.send(world.asset.approve_issuance(second, 0, table.root))
    world.send(issue)


def test_who_approves_names_the_table() -> None:
    """An approval of another table than the proposed one is refused."""
    world = World()
    world.set_up()
    world.propose(world.table(("alice", 1_000)), approvals=0)
    other = world.table(("alice", 1_001))
    approver = world.approvers[0].pubkey()
    wrong = world.asset.approve_issuance(approver, 0, other.root)
    assert "DifferentTable" == world.refusal(wrong)


def test_a_row_that_is_not_in_the_table_is_refused() -> None:
    """Another amount, another place, another issuance's proof, a missing block."""
    world = World()
    world.set_up()
    table = world.table(("alice", 1_000), ("bob", 500))
    world.propose(table)
    twin = Table(Pubkey.default(), table.rows)
    more = Table(
        world.registry.issuance(world.asset.address, 0),
        [
            Row(world.at("alice"), 1_001),
            table.rows[1],
        ],
    )
    for forged in (more, twin):
        bad = world.asset.issue(0, forged, 0, digest("alice"))
        assert "NotInTable" == world.refusal(bad)
    good = world.asset.issue(0, table, 0, digest("alice"))
    elsewhere = bytearray(good.data)
    elsewhere[8] = 1
    outside = bytearray(good.data)
    outside[8] = 2
    shorter = bytes(good.data[:20]) + bytes(4)
    for data in (bytes(elsewhere), bytes(outside), shorter):
        bad = Instruction(good.program_id, data, good.accounts)
        assert "NotInTable" == world.refusal(bad)


def test_rows_beyond_the_total_are_refused() -> None:
    """A table that says less than its rows stops at what was approved."""
    world = World()
    world.set_up()
    table = world.table(("alice", 1_000), ("bob", 500))
    propose = world.asset.propose_issuance(world.at("issuer"), 0, table)
    short = bytes(propose.data[:-8]) + (1_499).to_bytes(8, "little")
    world.send(Instruction(propose.program_id, short, propose.accounts))
    for approver in world.approvers[:2]:
        world.send(world.asset.approve_issuance(approver.pubkey(), 0, table.root))
    world.send(world.asset.issue(0, table, 0, digest("alice")))
    assert "TotalExceeded" == world.refusal(world.asset.issue(0, table, 1, digest("bob")))


def test_an_issuance_that_has_begun_cannot_be_given_up() -> None:
    """Before its first row it can, and then nothing of it is issued."""
    world = World()
    world.set_up()
    accounts = {
        "issuer": world.at("issuer"),
        "asset": world.asset.address,
        "issuance": world.registry.issuance(world.asset.address, 0),
    }
    cancel = world.registry.build("cancel_issuance", accounts)
    table = world.table(("alice", 10), ("bob", 20))
    world.propose(table)
    world.send(cancel)
    issue = world.asset.issue(0, table, 0, digest("alice"))
    assert "IssuanceClosed" == world.refusal(issue)
    world.issue(("alice", 10))
    accounts["issuance"] = world.registry.issuance(world.asset.address, 1)
    late = world.registry.build("cancel_issuance", accounts)
    assert "IssuanceClosed" == world.refusal(late)


# --- investors -----------------------------------------------------------------------------------


def test_nobody_gets_more_than_the_cap() -> None:
    """The cap is per identity, over issuances; at the cap it still goes."""
    world = admitted(cap=1_000)
    world.issue(("alice", 600), ("alice", 400))
    table = world.table(("alice", 1))
    index = world.propose(table)
    assert "CapExceeded" == world.refusal(world.asset.issue(index, table, 0, digest("alice")))


def test_a_sum_beyond_64_bits_is_refused() -> None:
    """Two amounts that wrap around are no small holding."""
    most = 2**64 - 1
    world = admitted(cap=most)
    world.issue(("alice", most))
    table = world.table(("alice", 1))
    index = world.propose(table)
    assert "Overflow" == world.refusal(world.asset.issue(index, table, 0, digest("alice")))


def test_a_suspended_investor_and_a_blocked_country_receive_nothing() -> None:
    """Neither an issuance nor a thaw; lifted, both go."""
    world = World()
    world.set_up()
    table = world.table(("alice", 10))
    world.propose(table)
    issue = world.asset.issue(0, table, 0, digest("alice"))
    _, thaw = on_alice(world, "thaw", {"compliance": world.at("compliance")}, reason=1)
    world.send(update(world, "alice", active=False))
    for one in (issue, thaw):
        assert "InvestorInactive" == world.refusal(one)
    world.send(update(world, "alice", country=FRANCE))
    block = world.asset.by_compliance
    compliance = world.at("compliance")
    world.send(block("set_blocked_countries", compliance, countries=[840, FRANCE]))
    for one in (issue, thaw):
        assert "CountryBlocked" == world.refusal(one)
    world.send(block("set_blocked_countries", compliance, countries=[840]))
    world.send(issue, thaw)


def test_a_locked_up_investor_receives_and_cannot_pass_on() -> None:
    """Issued tokens stay frozen until the lock-up is over; then compliance can thaw them."""
    world = World()
    world.set_up()
    world.send(update(world, "alice", lock_up_until_s=world.now_s + 100))
    world.issue(("alice", 10))
    assert world.is_frozen("alice")
    _, thaw = on_alice(world, "thaw", {"compliance": world.at("compliance")}, reason=1)
    assert "LockedUp" == world.refusal(thaw)
    _, burn = on_alice(world, "burn", {"owner": world.at("alice")}, atoms=1)
    assert "LockedUp" == world.refusal(burn)
    world.wait(100)
    world.send(thaw)
    assert not world.is_frozen("alice")


def test_a_wallet_taken_off_the_list_receives_nothing_and_can_come_back() -> None:
    """Its entry is closed, its rent goes to compliance, and it can be registered again."""
    world = World()
    world.set_up()
    table = world.table(("alice", 10))
    world.propose(table)
    compliance = world.at("compliance")
    accounts = {
        "compliance": compliance,
        "asset": world.asset.address,
        "holder": world.registry.holder(world.asset.address, world.at("alice")),
    }
    before = world.svm.get_balance(compliance)
    world.send(world.registry.build("remove_wallet", accounts))
    after = world.svm.get_balance(compliance)
    assert before is not None and after is not None and after > before
    issue = world.asset.issue(0, table, 0, digest("alice"))
    assert "WrongOwner" == world.refusal(issue)
    world.send(world.asset.register_wallet(compliance, digest("bob"), world.at("alice")))
    assert "WrongAddress" == world.refusal(issue)
    world.send(world.asset.issue(0, table, 0, digest("bob")))


# --- moving --------------------------------------------------------------------------------------


def test_in_the_open_mode_the_token_program_moves_and_this_one_does_not() -> None:
    """Thawed accounts trade freely; the managed transfer is refused."""
    world = held(MODE_OPEN)
    world.send(plain_transfer(world))
    assert (990, 510) == (world.holding("alice"), world.holding("bob"))
    assert "NotManaged" == world.refusal(move(world, {"owner": world.at("alice")}))


def test_in_the_managed_mode_only_this_program_moves() -> None:
    """Accounts are frozen before and after, holdings are counted, caps hold."""
    world = held(MODE_MANAGED)
    transfer = move(world, {"owner": world.at("alice")})
    assert "nothing was refused" != world.refusal(plain_transfer(world))
    world.send(transfer)
    assert (900, 600) == (world.holding("alice"), world.holding("bob"))
    assert (900, 600) == (investor(world, "alice"), investor(world, "bob"))
    assert world.is_frozen("alice") and world.is_frozen("bob")
    _, thaw = on_alice(world, "thaw", {"compliance": world.at("compliance")}, reason=1)
    assert "Managed" == world.refusal(thaw)
    world.send(update(world, "bob", cap_atoms=699))
    assert "CapExceeded" == world.refusal(transfer)
    world.send(update(world, "alice", lock_up_until_s=world.now_s + 1))
    assert "LockedUp" == world.refusal(transfer)


def test_between_wallets_of_one_identity_the_holding_stays() -> None:
    """The cap does not count a move to oneself twice."""
    world = World(mode=MODE_MANAGED)
    world.set_up()
    compliance = world.at("compliance")
    world.send(
        world.asset.register_wallet(compliance, digest("alice"), world.at("carol")),
        world.open_account("carol"),
    )
    world.send(update(world, "alice", cap_atoms=1_000))
    world.issue(("alice", 1_000))
    source, destination = (
        (world.at("alice"), digest("alice")),
        (world.at("carol"), digest("alice")),
    )
    world.send(world.asset.move({"owner": world.at("alice")}, source, destination, atoms=400))
    assert (600, 400, 1_000) == (
        world.holding("alice"),
        world.holding("carol"),
        investor(world, "alice"),
    )


def test_an_order_moves_frozen_tokens_without_their_owner() -> None:
    """Also while paused in this program's account alone; accounts stay frozen as they were."""
    world = held()
    compliance = {"compliance": world.at("compliance")}
    _, freeze = on_alice(world, "freeze", compliance, reason=1)
    world.send(freeze)
    meta = world.send(move(world, two(world), **ORDER))
    assert (900, 600) == (world.holding("alice"), world.holding("bob"))
    assert world.is_frozen("alice") and not world.is_frozen("bob")
    assert any("Program data" in line for line in meta.logs())


def test_an_order_needs_a_reason_and_a_document() -> None:
    """Reason 0 and an empty hash are refused."""
    world = held()
    for changes in ({"reason": 0}, {"document_hash": bytes(32)}):
        bad = move(world, two(world), **{**ORDER, **changes})
        assert "BadInstructionData" == world.refusal(bad)


def test_an_order_cannot_move_more_than_there_is_or_to_the_unregistered() -> None:
    """The token program refuses the one, the registry the other."""
    world = held()
    source = (world.at("alice"), digest("alice"))
    destination = (world.at("bob"), digest("bob"))
    much = world.asset.move(two(world), source, destination, atoms=1_001, **ORDER)
    assert "nothing was refused" != world.refusal(much)
    world.send(world.open_account("carol"))
    nobody = (world.at("carol"), digest("bob"))
    wrong = world.asset.move(two(world), source, nobody, atoms=1, **ORDER)
    assert "WrongOwner" == world.refusal(wrong)
    assert (1_000, 500) == (world.holding("alice"), world.holding("bob"))


def test_spl_token_knows_no_orders() -> None:
    """Without a permanent delegate a forced move and a forced burn are refused by name."""
    world = World(TOKEN_PROGRAM)
    world.set_up()
    world.issue(("alice", 1_000), ("bob", 500))
    assert "NotSupported" == world.refusal(move(world, two(world), **ORDER))
    _, burn = on_alice(world, "forced_burn", two(world), atoms=1, **ORDER)
    assert "NotSupported" == world.refusal(burn)


@pytest.mark.parametrize("token_program", [TOKEN_PROGRAM, TOKEN_2022_PROGRAM])
def test_burning_is_counted(token_program: Pubkey) -> None:
    """Supply, holding and the asset's count agree; a frozen account burns nothing."""
    world = World(token_program)
    world.set_up()
    world.issue(("alice", 1_000))
    _, burn = on_alice(world, "burn", {"owner": world.at("alice")}, atoms=100)
    world.send(burn)
    assert (900, 900) == (world.holding("alice"), investor(world, "alice"))
    assert 100 == world.state(world.asset.address)["burned_atoms"]
    _, freeze = on_alice(world, "freeze", {"compliance": world.at("compliance")}, reason=1)
    world.send(freeze)
    assert "nothing was refused" != world.refusal(burn)


def test_a_pause_stops_issuing_and_every_transfer_of_token_2022() -> None:
    """The mint itself is paused; resumed, all goes on."""
    world = held()
    compliance = world.at("compliance")
    world.send(world.asset.by_compliance("set_paused", compliance, paused=True))
    assert "nothing was refused" != world.refusal(plain_transfer(world))
    table = world.table(("alice", 1))
    index = world.propose(table)
    issue = world.asset.issue(index, table, 0, digest("alice"))
    assert "Paused" == world.refusal(issue)
    world.send(world.asset.by_compliance("set_paused", compliance, paused=False))
    world.send(issue, plain_transfer(world))


def test_a_role_goes_over_with_both_signatures() -> None:
    """The old holder has it no longer; an approver's seat cannot go to another approver."""
    world = World()
    world.send(world.register())
    compliance, carol = world.at("compliance"), world.at("carol")
    world.send(world.asset.hand_over(compliance, carol, ROLE_COMPLIANCE))
    block = world.asset.by_compliance
    old = block("set_blocked_countries", compliance, countries=[840])
    assert "WrongAuthority" == world.refusal(old)
    world.send(block("set_blocked_countries", carol, countries=[840]))
    first, second = (one.pubkey() for one in world.approvers[:2])
    taken = world.asset.hand_over(first, second, ROLE_APPROVERS)
    assert "BadApprovers" == world.refusal(taken)
    assert "WrongAuthority" == world.refusal(world.asset.hand_over(second, carol, ROLE_APPROVERS))
    world.send(world.asset.hand_over(first, carol, ROLE_APPROVERS))
    outside = world.asset.hand_over(first, carol, ROLE_APPROVERS + 3)
    assert "BadInstructionData" == world.refusal(outside)
