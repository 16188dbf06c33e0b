"""For each instruction of the token program, a chain on which it works, and the instruction."""

from __future__ import annotations

from collections.abc import Callable

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from realstack.chain.merkle import Row, Table
from realstack.chain.token import MODE_MANAGED, MODE_OPEN, ROLE_ISSUER
from tests.programs.token.world import GERMANY, World, digest

Good = tuple[World, Instruction]


def fresh() -> World:
    """An asset with its mint; alice and bob admitted."""
    world = World()
    world.set_up()
    return world


def held(mode: int = MODE_OPEN) -> World:
    """The same, and alice has 1,000 tokens, bob 500."""
    world = World(mode=mode)
    world.set_up()
    world.issue(("alice", 1_000), ("bob", 500))
    return world


def payout(world: World) -> Table:
    """The table of a dividend of 100 in the proportion of their holdings."""
    rows = [Row(world.at("alice"), 67), Row(world.at("bob"), 33)]
    return Table(world.dividend().address, rows)


def paid_in(world: World) -> Table:
    """Pay a dividend in, with an atom of dust."""
    table = payout(world)
    world.send(create_dividend(world, table))
    return table


def create_dividend(world: World, table: Table) -> Instruction:
    """Pay in what the table says and one atom more; it runs for 100 seconds."""
    return world.dividend().create(
        world.at("issuer"),
        table,
        funded_atoms=table.total_atoms + 1,
        snapshot_slot=0,
        expires_s=world.now_s + 100,
    )


def move(world: World, signers: dict[str, Pubkey], **arguments: object) -> Instruction:
    """Move 100 tokens from alice to bob."""
    source, destination = (
        (world.at("alice"), digest("alice")),
        (world.at("bob"), digest("bob")),
    )
    return world.asset.move(signers, source, destination, atoms=100, **arguments)


def two(world: World) -> dict[str, Pubkey]:
    """The two who sign for an order."""
    return {"recovery": world.at("recovery"), "compliance": world.at("compliance")}


def on_alice(world: World, name: str, signers: dict[str, Pubkey], **arguments: object) -> Good:
    """An instruction on alice's account."""
    wallet, identity = world.at("alice"), digest("alice")
    return world, world.asset.on_account(name, signers, wallet, identity, **arguments)


ORDER = {"reason": 7, "document_hash": digest("the order")}


def registration() -> Good:
    """Register the asset."""
    world = World()
    return world, world.register()


def mint_creation() -> Good:
    """Make the mint."""
    world = World()
    world.send(world.register())
    return world, world.create_mint()


def document() -> Good:
    """Add the first document."""
    world = fresh()
    build = world.asset.add_document
    return world, build(world.at("issuer"), 1, kind=2, hash=digest("deed"), uri="ipfs://deed")


def investor_update() -> Good:
    """Suspend alice."""
    world = fresh()
    accounts = {
        "compliance": world.at("compliance"),
        "asset": world.asset.address,
        "investor": world.registry.investor(world.asset.address, digest("alice")),
    }
    terms = {"country": GERMANY, "lock_up_until_s": 0, "cap_atoms": 1}
    return world, world.registry.build("update_investor", accounts, **terms, active=False)


def wallet_removal() -> Good:
    """Take alice's wallet off the list."""
    world = fresh()
    accounts = {
        "compliance": world.at("compliance"),
        "asset": world.asset.address,
        "holder": world.registry.holder(world.asset.address, world.at("alice")),
    }
    return world, world.registry.build("remove_wallet", accounts)


def proposal() -> Good:
    """Propose to issue 1,500."""
    world = fresh()
    table = world.table(("alice", 1_000), ("bob", 500))
    return world, world.asset.propose_issuance(world.at("issuer"), 0, table)


def approval() -> Good:
    """Approve for the first time."""
    world = fresh()
    table = world.table(("alice", 1_000), ("bob", 500))
    world.propose(table, approvals=0)
    return world, world.asset.approve_issuance(world.approvers[0].pubkey(), 0, table.root)


def cancellation() -> Good:
    """Give the issuance up."""
    world = fresh()
    world.propose(world.table(("alice", 1_000)))
    accounts = {
        "issuer": world.at("issuer"),
        "asset": world.asset.address,
        "issuance": world.registry.issuance(world.asset.address, 0),
    }
    return world, world.registry.build("cancel_issuance", accounts)


def issue() -> Good:
    """Issue the first row of two."""
    world = fresh()
    table = world.table(("alice", 1_000), ("bob", 500))
    world.propose(table)
    return world, world.asset.issue(0, table, 0, digest("alice"))


def freeze() -> Good:
    """Freeze alice's account."""
    world = held()
    return on_alice(world, "freeze", {"compliance": world.at("compliance")}, reason=1)


def thaw() -> Good:
    """Thaw alice's account, frozen from the start."""
    world = fresh()
    return on_alice(world, "thaw", {"compliance": world.at("compliance")}, reason=1)


def transfer() -> Good:
    """Move in the managed mode."""
    world = held(MODE_MANAGED)
    return world, move(world, {"owner": world.at("alice")})


def forced_transfer() -> Good:
    """Move by order."""
    world = held()
    return world, move(world, two(world), **ORDER)


def burn() -> Good:
    """Burn 100 of alice's at her wish."""
    world = held()
    return on_alice(world, "burn", {"owner": world.at("alice")}, atoms=100)


def forced_burn() -> Good:
    """Burn 100 of alice's by order."""
    world = held()
    return on_alice(world, "forced_burn", two(world), atoms=100, **ORDER)


def pause() -> Good:
    """Pause."""
    world = held()
    return world, world.asset.by_compliance("set_paused", world.at("compliance"), paused=True)


def countries() -> Good:
    """Block a country."""
    world = fresh()
    name, compliance = "set_blocked_countries", world.at("compliance")
    return world, world.asset.by_compliance(name, compliance, countries=[GERMANY])


def hand_over() -> Good:
    """Hand the issuer's role to carol."""
    world = fresh()
    return world, world.asset.hand_over(world.at("issuer"), world.at("carol"), ROLE_ISSUER)


def dividend() -> Good:
    """Pay a dividend in."""
    world = fresh()
    return world, create_dividend(world, payout(world))


def claim() -> Good:
    """Alice claims."""
    world = fresh()
    return world, world.dividend().pay("claim_dividend", paid_in(world), 0)


def push() -> Good:
    """Alice is paid without asking."""
    world = fresh()
    return world, world.dividend().pay("push_dividend", paid_in(world), 0)


def close() -> Good:
    """The issuer takes back what is left."""
    world = fresh()
    paid_in(world)
    world.wait(100)
    return world, world.dividend().close(world.at("issuer"))


def admission(step: int) -> Callable[[], Good]:
    """Register carol as an investor, or her wallet."""

    def made() -> Good:
        world = fresh()
        steps = world.admit("carol")
        world.send(*steps[:step]) if step else None
        return world, steps[step]

    return made


GOOD: dict[str, Callable[[], Good]] = {
    "register_asset": registration,
    "add_document": document,
    "create_mint": mint_creation,
    "register_investor": admission(0),
    "update_investor": investor_update,
    "register_wallet": admission(1),
    "remove_wallet": wallet_removal,
    "propose_issuance": proposal,
    "approve_issuance": approval,
    "cancel_issuance": cancellation,
    "issue": issue,
    "freeze": freeze,
    "thaw": thaw,
    "transfer": transfer,
    "forced_transfer": forced_transfer,
    "burn": burn,
    "forced_burn": forced_burn,
    "set_paused": pause,
    "set_blocked_countries": countries,
    "hand_over": hand_over,
    "create_dividend": dividend,
    "claim_dividend": claim,
    "push_dividend": push,
    "close_dividend": close,
}
