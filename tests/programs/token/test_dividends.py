"""Dividends: each row once, in any order, to the last atom, and paid + left = funded."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from realstack.chain.merkle import Row, Table, largest_remainder
from realstack.chain.token import TOKEN_PROGRAM, Dividend, associated_account
from tests.programs.token.good import create_dividend, fresh, paid_in, payout
from tests.programs.token.world import (
    MONEY_ATOMS,
    World,
    changed,
    key,
    mint_data_of_money,
)

HOLDERS = ("alice", "bob", "carol", "stranger", "compliance")


@settings(max_examples=300, deadline=None)
@given(
    total=st.integers(0, 2**64 - 1),
    holdings=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=40).filter(any),
)
def test_largest_remainder_gives_all_and_nobody_a_whole_atom_too_much(
    total: int, holdings: list[int]
) -> None:
    """The shares add up to the total and each is its exact share, rounded down or up."""
    shares = largest_remainder(total, holdings)
    assert total == sum(shares)
    for share, holding in zip(shares, holdings, strict=True):
        exact_floor = total * holding // sum(holdings)
        assert share in (exact_floor, exact_floor + 1)


@pytest.mark.parametrize("holdings", [[], [0], [-1, 2]])
def test_a_split_over_nothing_is_refused(holdings: list[int]) -> None:
    """There has to be a holding, and none below zero."""
    with pytest.raises(ValueError, match="holdings"):
        largest_remainder(100, holdings)


@pytest.mark.parametrize("rows", [[], [Row(Pubkey.default(), 0)]])
def test_a_table_has_rows_above_zero(rows: list[Row]) -> None:
    """An empty table, and a row without an amount, are refused."""
    with pytest.raises(ValueError, match=r"rows|atoms"):
        Table(Pubkey.default(), rows)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    holdings=st.lists(st.integers(1, 10**6), min_size=1, max_size=len(HOLDERS)),
    total=st.integers(1, 10**6),
    dust=st.integers(0, 10),
    order=st.randoms(use_true_random=False),
    paid_rows=st.integers(0, len(HOLDERS)),
)
def test_any_split_and_any_order_pays_the_same_and_loses_nothing(
    holdings: list[int], total: int, dust: int, order: object, paid_rows: int
) -> None:
    """After any rows in any order, paid + left = funded; each got the row's amount; the rest
    goes back."""
    world = World()
    world.send(world.register())
    dividend = world.dividend()
    shares = largest_remainder(total, holdings)
    people = [person for person, share in zip(HOLDERS, shares, strict=False) if share > 0]
    amounts = [share for share in shares if share > 0]
    rows = [Row(world.at(one), atoms) for one, atoms in zip(people, amounts, strict=True)]
    table = Table(dividend.address, rows)
    expires_s = world.now_s + 10
    world.send(
        dividend.create(
            world.at("issuer"),
            table,
            funded_atoms=total + dust,
            snapshot_slot=0,
            expires_s=expires_s,
        )
    )
    places = list(range(len(rows)))
    order.shuffle(places)  # type: ignore[attr-defined]
    for turn, place in enumerate(places[:paid_rows]):
        world.send(dividend.pay(("claim_dividend", "push_dividend")[turn % 2], table, place))
        state = world.state(dividend.address)
        assert state["funded_atoms"] == state["paid_atoms"] + world.atoms(dividend.vault)
    for place, person in enumerate(people):
        expected = amounts[place] if place in places[:paid_rows] else 0
        assert expected == world.money_of(person)
    world.wait(10)
    world.send(dividend.close(world.at("issuer")))
    state = world.state(dividend.address)
    assert total + dust == state["paid_atoms"] + state["returned_atoms"]
    assert MONEY_ATOMS == world.money_of("issuer") + state["paid_atoms"]
    assert 0 == world.atoms(dividend.vault)


def test_every_order_of_claims_ends_alike() -> None:
    """All six orders of three rows give everyone the same."""
    for order in itertools.permutations(range(3)):
        world = fresh()
        people = ("alice", "bob", "carol")
        rows = [Row(world.at(one), atoms) for one, atoms in zip(people, (3, 2, 2), strict=True)]
        table = Table(world.dividend().address, rows)
        world.send(create_dividend(world, table))
        for row in order:
            world.send(world.dividend().pay("push_dividend", table, row))
        assert [3, 2, 2] == [world.money_of(person) for person in people]


def test_claimed_is_not_pushed_and_pushed_not_claimed() -> None:
    """A row is paid once by either way."""
    world = fresh()
    table = paid_in(world)
    pay = world.dividend().pay
    world.send(pay("claim_dividend", table, 0), pay("push_dividend", table, 1))
    assert "RowDone" == world.refusal(pay("push_dividend", table, 0))
    assert "RowDone" == world.refusal(pay("claim_dividend", table, 1))
    assert (67, 33) == (world.money_of("alice"), world.money_of("bob"))


def test_a_push_goes_to_the_associated_account_only() -> None:
    """Nobody can send a wallet's money to an account of it that it does not look at."""
    world = fresh()
    table = paid_in(world)
    push = world.dividend().pay("push_dividend", table, 0)
    other = key("alice's other account").pubkey()
    data = bytes(world.money) + bytes(world.at("alice")) + bytes(8 + 36) + b"\1" + bytes(56)
    world.put(other, data, TOKEN_PROGRAM)
    assert "WrongAddress" == world.refusal(changed(push, 3, other))
    claim = changed(world.dividend().pay("claim_dividend", table, 0), 3, other)
    world.send(claim)
    assert 67 == world.atoms(other)


def test_money_of_another_wallet_or_mint_is_refused() -> None:
    """The destination belongs to the row's wallet and holds the dividend's mint."""
    world = fresh()
    table = paid_in(world)
    claim = world.dividend().pay("claim_dividend", table, 0)
    bobs = associated_account(world.at("bob"), world.money, TOKEN_PROGRAM)
    assert "WrongOwner" == world.refusal(changed(claim, 3, bobs))
    mint = key("other money").pubkey()
    world.put(mint, mint_data_of_money(), TOKEN_PROGRAM)
    other = key("alice's other money").pubkey()
    data = bytes(mint) + bytes(world.at("alice")) + bytes(8 + 36) + b"\1" + bytes(56)
    world.put(other, data, TOKEN_PROGRAM)
    assert "WrongMint" == world.refusal(changed(claim, 3, other))
    assert "WrongMint" == world.refusal(changed(claim, 4, mint))


def test_after_its_time_nothing_is_claimed_and_before_nothing_goes_back() -> None:
    """Claims before the end, the rest back from the end on."""
    world = fresh()
    table = paid_in(world)
    close = world.dividend().close(world.at("issuer"))
    assert "NotExpired" == world.refusal(close)
    world.wait(100)
    for name in ("claim_dividend", "push_dividend"):
        assert "Expired" == world.refusal(world.dividend().pay(name, table, 0))
    world.send(close)
    assert MONEY_ATOMS == world.money_of("issuer")
    assert "DividendClosed" == world.refusal(world.dividend().pay("claim_dividend", table, 0))


def test_funding_below_the_table_is_refused() -> None:
    """The money is there before the first row, all of it."""
    world = fresh()
    table = payout(world)
    terms = {"snapshot_slot": 0, "expires_s": world.now_s + 10}
    short = world.dividend().create(world.at("issuer"), table, funded_atoms=99, **terms)
    assert "FundingShort" == world.refusal(short)
    much = world.dividend().create(world.at("issuer"), table, funded_atoms=MONEY_ATOMS + 1, **terms)
    assert "nothing was refused" != world.refusal(much)


def test_the_snapshot_is_not_in_the_future_and_the_end_not_in_the_past() -> None:
    """A slot that is not there yet, and a time that is over, are refused."""
    world = fresh()
    table = payout(world)
    slot = world.svm.get_clock().slot
    issuer, create = world.at("issuer"), world.dividend().create
    future = create(
        issuer, table, funded_atoms=100, snapshot_slot=slot + 1, expires_s=world.now_s + 1
    )
    assert "BadInstructionData" == world.refusal(future)
    past = create(issuer, table, funded_atoms=100, snapshot_slot=slot, expires_s=world.now_s)
    assert "Expired" == world.refusal(past)


def test_money_that_shrinks_on_the_way_is_refused() -> None:
    """A transfer-fee mint delivers less than was sent: the vault would be short."""
    world = fresh()
    dividend = transfer_fee_dividend(world)
    rows = [Row(world.at("alice"), 100)]
    create = dividend.create(
        world.at("issuer"),
        Table(dividend.address, rows),
        funded_atoms=100,
        snapshot_slot=0,
        expires_s=world.now_s + 10,
    )
    assert "FundingDiffers" == world.refusal(create)


def transfer_fee_dividend(world: World) -> Dividend:
    """A dividend in a Token-2022 mint that keeps 10 % of every transfer."""
    mint, program = key("taxed money").pubkey(), world.asset.token_program
    fee = (0).to_bytes(8, "little") + (10**9).to_bytes(8, "little") + (1_000).to_bytes(2, "little")
    config = bytes(32) + bytes(32) + bytes(8) + fee + fee
    head = mint_data_of_money() + bytes(165 - 82) + b"\1"
    world.put(mint, head + b"\1\0" + len(config).to_bytes(2, "little") + config, program)
    source = associated_account(world.at("issuer"), mint, program)
    data = bytes(mint) + bytes(world.at("issuer")) + (10**6).to_bytes(8, "little")
    base = data + bytes(36) + b"\1" + bytes(56)
    world.put(source, base + b"\2" + b"\2\0" + b"\x08\0" + bytes(8), program)
    return Dividend(world.asset, 0, mint, program)
