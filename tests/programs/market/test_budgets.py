"""Size and compute of the market program, and how many participants a transaction settles."""

from __future__ import annotations

import pytest
from solders.keypair import Keypair
from solders.message import MessageV1, TransactionConfig
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import TransactionMetadata

from realstack.chain.limits import measure
from realstack.chain.market import RECEIPT_BATCH, Delta, Token
from tests.programs.market.test_settlement import trade
from tests.programs.market.world import EXIT_DELAY_SLOTS, LAMPORTS, PROGRAM, World, key

PROGRAM_BYTES_MAX = 61_000

# What each instruction may take, in compute units; finding an address takes 1,500 for each bump
# that is tried, so that an instruction which makes accounts has room for some.
BUDGETS = {
    "initialize": 16_000,
    "register_mint": 30_000,
    "open_vault": 14_000,
    "deposit": 3_500,
    "settle_set": 20_000,
    "settle_clearing": 22_000,
    "withdraw": 15_000,
    "request_exit": 12_000,
    "exit": 4_200,
    "close_exit": 750,
    "withdraw_house": 4_000,
    "advance_mark": 700,
    "close_receipt": 850,
    "set_roles": 820,
    "propose_authority": 420,
    "accept_authority": 720,
    "set_paused": 700,
}
LIMIT_INSTRUCTION_UNITS = 150  # the compute budget instruction of each test transaction


def compute_of_each(bare: World) -> dict[str, int]:
    """Run every instruction once and return what each took."""
    market, payer, alice = bare.market, bare.payer.pubkey(), bare.alice.pubkey()
    house, cash = bare.house, bare.cash
    destination = bare.wallet(alice, cash)
    taken = {
        "initialize": bare.initialize(),
        "register_mint": bare.register(house),
        "open_vault": bare.open(alice, house),
    }
    bare.register(cash)
    for person in (bare.alice, bare.bob):
        for token in (house, cash):
            if (person, token) != (bare.alice, house):
                bare.open(person.pubkey(), token)
            taken["deposit"] = bare.deposit(person, token, 1_000_000)

    def ran(name: str, *signers: Keypair, **arguments: object) -> TransactionMetadata:
        return bare.send(getattr(market, name)(**arguments), signers=signers)

    taken["settle_set"] = bare.settle_set(bare.batch(*trade(bare)))
    taken["settle_clearing"] = bare.settle_clearing(bare.batch(*trade(bare)[2:]))
    taken["withdraw"] = bare.send(
        bare.withdrawal(bare.alice, cash, 7), signers=[bare.settler, bare.alice]
    )
    taken["request_exit"] = bare.request_exit(bare.alice)
    bare.warp(EXIT_DELAY_SLOTS)
    taken["exit"] = ran("exit", bare.alice, owner=alice, token=cash, destination=destination)
    taken["close_exit"] = ran("close_exit", bare.alice, owner=alice)
    authority, settler, new = bare.authority.pubkey(), bare.settler.pubkey(), bare.stranger.pubkey()
    taken["withdraw_house"] = ran(
        "withdraw_house",
        bare.authority,
        authority=authority,
        house=0,
        token=cash,
        destination=destination,
        amount_atoms=5,
    )
    taken["advance_mark"] = ran(
        "advance_mark", bare.settler, settlement_authority=settler, kind=RECEIPT_BATCH, mark=2
    )
    taken["close_receipt"] = ran("close_receipt", kind=RECEIPT_BATCH, number=1, payer=payer)
    taken["set_paused"] = ran("set_paused", bare.pauser, signer=bare.pauser.pubkey(), paused=True)
    taken["set_roles"] = ran("set_roles", bare.authority, authority=authority, roles=bare.roles())
    taken["propose_authority"] = ran(
        "propose_authority", bare.authority, authority=authority, proposed=new
    )
    taken["accept_authority"] = ran("accept_authority", bare.stranger, proposed=new)
    return {
        name: meta.compute_units_consumed() - LIMIT_INSTRUCTION_UNITS
        for name, meta in taken.items()
    }


def test_every_instruction_keeps_its_compute_budget(bare: World) -> None:
    """No instruction takes more than the table says."""
    taken = compute_of_each(bare)
    assert BUDGETS.keys() == taken.keys()
    over = {name: units for name, units in taken.items() if units > BUDGETS[name]}
    assert {} == over


def test_the_program_keeps_its_size() -> None:
    """Its rent is paid for every byte."""
    assert PROGRAM_BYTES_MAX >= len(PROGRAM.read_bytes())


def parties(world: World, count: int) -> list[Pubkey]:
    """Owners with vaults of both tokens and tokens in them."""
    owners = [key(f"party {number}").pubkey() for number in range(count)]
    for owner in owners:
        for token in (world.house, world.cash):
            fund(world, owner, token)
    return owners


def fund(world: World, owner: Pubkey, token: Token) -> None:
    """Open a vault and put 1,000 atoms into it, from someone else's wallet."""
    world.open(owner, token)
    vault = world.market.vault(owner, token.mint)[0]
    account = world.svm.get_account(vault)
    assert account is not None
    data = account.data[:64] + (1_000).to_bytes(8, "little") + account.data[72:]
    world.put(vault, data, token.program, account.lamports)


def two_mint_deltas(world: World, owners: list[Pubkey]) -> list[Delta]:
    """Every second one sells a token to the next for ten of cash."""
    deltas = []
    for seller, buyer in zip(owners[::2], owners[1::2], strict=True):
        deltas += [
            Delta(seller, world.house, -1),
            Delta(buyer, world.house, 1),
            Delta(seller, world.cash, 10),
            Delta(buyer, world.cash, -10),
        ]
    return deltas


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "participants", "units_each_max"),
    [("settle_set", 26, 2_500), ("settle_clearing", 26, 3_100)],
)
def test_a_version_1_transaction_settles_this_many(
    world: World, form: str, participants: int, units_each_max: int
) -> None:
    """Two vaults each: locks are the wall, and one pair more is beyond it."""
    owners = parties(world, participants + 2)
    world.svm.airdrop(world.settler.pubkey(), LAMPORTS)
    too_many = settlement(world, form, two_mint_deltas(world, owners))
    assert ["account locks: 65 of 64" if form == "settle_set" else "account locks: 67 of 64"] == (
        measure(too_many).exceeded()
    )
    transaction = settlement(world, form, two_mint_deltas(world, owners[:participants]))
    meta = world.svm.send_transaction(transaction)
    assert isinstance(meta, TransactionMetadata), meta
    inner = sum(len(calls) for calls in meta.inner_instructions())
    units = meta.compute_units_consumed()
    size = measure(transaction, inner_instructions=inner, compute_units=units)
    print(f"{form}: {participants} participants, {size}")
    assert [] == size.exceeded()
    assert participants * units_each_max >= units


def settlement(world: World, form: str, deltas: list[Delta]) -> VersionedTransaction:
    """A transaction of version 1 that the settlement authority pays for and signs alone."""
    settler = world.settler.pubkey()
    instruction = getattr(world.market, form)(
        payer=settler, settlement_authority=settler, batch=world.batch(*deltas)
    )
    config = TransactionConfig(compute_unit_limit=200_000)
    blockhash = world.svm.latest_blockhash()
    message = MessageV1.try_compile(settler, [instruction], blockhash, config)
    return VersionedTransaction(message, [world.settler])
