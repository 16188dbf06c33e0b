"""Sending out of trade order without ever asking a custody account for what it lacks."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.accounts import CLEARING_ACCOUNT_ID
from settlement.batcher import pack_all
from settlement.fills import Fill, legs
from settlement.netting import Transfer, net
from settlement.ordering import Admission, PendingMove, Vault
from settlement.payments import Payment
from settlement.states import State
from settlement.windows import float_need, legs_of, part_of
from tests.unit.settlement.makers import fills, payment


def pending(payments: list[Payment], states: dict[int, State]) -> list[PendingMove]:
    """Return the moves of payments that are in the given states."""
    return [
        PendingMove(
            payment_id=each.payment_id,
            state=states[each.payment_id],
            order_key=each.order_key,
            asset_id=move.asset_id,
            from_account_id=move.from_account_id,
            to_account_id=move.to_account_id,
            amount_atoms=move.amount_atoms,
        )
        for each in payments
        if each.payment_id in states
        for move in each.moves
    ]


def admitted(
    payments: list[Payment], states: dict[int, State], balances: dict[Vault, int]
) -> list[int]:
    """Return the ids of those that may be sent."""
    admission = Admission(pending(payments, states), balances)
    waiting = [each for each in payments if states.get(each.payment_id) is State.NETTED]
    return [each.payment_id for each in waiting if admission.admit(each)]


def test_a_payment_waits_for_the_earlier_one_that_brings_what_it_spends() -> None:
    """Bought and resold before the purchase settled: the resale comes after it."""
    first, second = payment(1, [Transfer(1, 10, 20, 5)]), payment(2, [Transfer(1, 20, 30, 5)])
    states = {1: State.NETTED, 2: State.NETTED}
    assert [1] == admitted([first, second], states, {(10, 1): 5, (20, 1): 0})
    states = {1: State.IN_FLIGHT, 2: State.NETTED}
    assert [] == admitted([first, second], states, {(10, 1): 5, (20, 1): 0})
    states = {1: State.CONFIRMED, 2: State.NETTED}
    assert [2] == admitted([first, second], states, {(10, 1): 5, (20, 1): 0})


def test_payments_of_different_accounts_go_side_by_side() -> None:
    """What does not share an account does not wait."""
    made = [payment(1, [Transfer(1, 10, 20, 5)]), payment(2, [Transfer(1, 30, 40, 5)])]
    states = {1: State.NETTED, 2: State.NETTED}
    assert [1, 2] == admitted(made, states, {(10, 1): 5, (30, 1): 5})


def test_a_payment_need_not_wait_when_the_account_holds_enough_anyway() -> None:
    """A well funded participant's batches all fly at once."""
    made = [payment(1, [Transfer(1, 10, 20, 5)]), payment(2, [Transfer(1, 20, 30, 5)])]
    states = {1: State.NETTED, 2: State.NETTED}
    assert [1, 2] == admitted(made, states, {(10, 1): 5, (20, 1): 5})


def test_what_an_earlier_waiting_payment_needs_is_not_spent_by_a_later_one() -> None:
    """Otherwise the earlier one would find the account empty and fail."""
    made = [
        payment(1, [Transfer(2, 90, 10, 1), Transfer(1, 10, 20, 5)]),  # waits for asset 2
        payment(2, [Transfer(1, 30, 10, 5)]),
        payment(3, [Transfer(1, 10, 40, 5)]),
    ]
    earlier = payment(0, [Transfer(2, 91, 90, 1)])
    states = {0: State.IN_FLIGHT, 1: State.NETTED, 2: State.NETTED, 3: State.NETTED}
    balances = {(10, 1): 5, (30, 1): 5, (90, 2): 0}
    assert [2] == admitted([earlier, *made], states, balances)


def test_parts_of_a_window_go_side_by_side_as_far_as_the_float_reaches() -> None:
    """They share the clearing vault; what the third needs comes with the first."""
    clearing = CLEARING_ACCOUNT_ID
    made = [
        payment(1, [Transfer(1, clearing, 10, 3)]),
        payment(2, [Transfer(1, 20, clearing, 5), Transfer(1, clearing, 21, 1)]),
        payment(3, [Transfer(1, clearing, 30, 4)]),
    ]
    states = dict.fromkeys((1, 2, 3), State.NETTED)
    assert [1, 2] == admitted(made, states, {(clearing, 1): 3, (20, 1): 5})
    assert [1, 2, 3] == admitted(made, states, {(clearing, 1): 7, (20, 1): 5})
    states[2] = State.CONFIRMED
    assert [1, 3] == admitted(made, states, {(clearing, 1): 3, (20, 1): 5})


@pytest.mark.slow
@given(fills(accounts=5, assets=2, count_max=25), st.booleans(), st.data())
def test_no_order_of_landing_ever_overdraws_an_account(
    made: list[Fill], in_windows: bool, data: st.DataObject
) -> None:
    """Whatever is admitted, however it lands and is finalized, no balance goes below zero.

    The accounts begin with exactly what trade order needs, and the clearing vaults with what the
    order of each window's parts needs, not an atom more.
    """
    start = _least_funds(made)
    if in_windows:
        moves = []
        for window in (made[index : index + 8] for index in range(0, len(made), 8)):
            legs_by_account = legs_of(net(window))
            parts = [[each] for each in legs_by_account]
            for asset_id, atoms in float_need(parts, legs_by_account).items():
                vault = (CLEARING_ACCOUNT_ID, asset_id)
                start[vault] = max(start[vault], atoms)
            moves += [list(part_of(each, legs_by_account).transfers) for each in parts]
    else:
        moves = [list(each.transfers) for each in pack_all(made, lambda moved: len(moved) <= 3)]
    payments = [payment(index, moved) for index, moved in enumerate(moves, 1) if moved]
    states = {each.payment_id: State.NETTED for each in payments}
    chain, finalized = dict(start), dict(start)
    by_id = {each.payment_id: each for each in payments}
    for _ in range(10 * len(payments) + 1):
        for payment_id in admitted(payments, states, finalized):
            states[payment_id] = State.IN_FLIGHT
        flying = sorted(each for each, state in states.items() if state is State.IN_FLIGHT)
        confirmed = sorted(each for each, state in states.items() if state is State.CONFIRMED)
        if not flying and not confirmed:
            break
        chosen = data.draw(st.sampled_from(flying + confirmed))
        target = chain if chosen in flying else finalized
        for move in by_id[chosen].moves:
            target[(move.from_account_id, move.asset_id)] -= move.amount_atoms
            vault = (move.to_account_id or 0, move.asset_id)
            target[vault] = target.get(vault, 0) + move.amount_atoms
        assert target is finalized or min(target.values()) >= 0
        if chosen in flying:
            states[chosen] = State.CONFIRMED
        else:
            del states[chosen]
    assert {} == states


def _least_funds(made: list[Fill]) -> dict[Vault, int]:
    """Return the smallest balances with which the fills can happen one after the other."""
    balance: dict[Vault, int] = defaultdict(int)
    lowest: dict[Vault, int] = defaultdict(int)
    for each in made:
        for leg in legs(each):
            vault = (leg.account_id, leg.asset_id)
            balance[vault] += leg.atoms
        for leg in legs(each):
            vault = (leg.account_id, leg.asset_id)
            lowest[vault] = min(lowest[vault], balance[vault])
    return defaultdict(int, {vault: -atoms for vault, atoms in lowest.items()})
