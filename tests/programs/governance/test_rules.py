"""Governance counts every token once, under the rules of the moment, and runs what was shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.instruction import Instruction

from realstack.chain.governance import (
    ABSTAIN,
    CANCELLED,
    COMPLETED,
    DEFEATED,
    NO,
    SUCCEEDED,
    VETOED,
    VOTING,
    YES,
    passes,
    share_up,
)
from tests.programs.governance.world import HOLDINGS_ATOMS, RULES, SUPPLY_ATOMS, World, digest, key


def voting(*depositors: str, **rules: int) -> World:
    """A realm in which these have locked what they have, and alice's proposal is open."""
    world = World(**rules).set_up(*(depositors or ("alice", "bob", "carol")))
    world.propose("alice")
    return world


# --- weight --------------------------------------------------------------------------------------


def test_a_deposit_votes_once() -> None:
    """The second vote with a deposit is refused, whatever its choice."""
    world = voting()
    world.send(world.vote("alice", YES))
    assert "AlreadyInitialized" == world.refusal(world.vote("alice", NO))
    found = world.proposal()
    assert (HOLDINGS_ATOMS["alice"], 0, 0) == (
        found["yes_atoms"],
        found["no_atoms"],
        found["abstain_atoms"],
    )


def test_tokens_that_voted_stay_until_their_vote_is_counted() -> None:
    """A voter cannot take tokens out, hand them on and let them vote again."""
    world = voting()
    world.send(world.vote("alice", YES))
    assert "DepositLocked" == world.refusal(world.withdraw("alice", 1))
    world.wait(RULES.voting_s + RULES.cool_off_s)
    world.send(world.withdraw("alice", HOLDINGS_ATOMS["alice"]))
    assert HOLDINGS_ATOMS["alice"] == world.atoms(world.tokens("alice"))


def test_tokens_that_come_back_through_another_wallet_do_not_vote() -> None:
    """Bob takes his out without voting; dave locks them after the snapshot and has no weight."""
    world = voting()
    world.send(world.withdraw("bob", 3_000))
    world.put_tokens(world.tokens("dave"), world.at("dave"), 3_000)
    world.deposit("dave", 3_000)
    assert "NoWeight" == world.refusal(world.vote("dave", YES))
    assert "NoWeight" == world.refusal(world.vote("bob", YES))


def test_a_deposit_after_the_snapshot_adds_nothing() -> None:
    """Weight is what was locked before the proposal was opened."""
    world = World().set_up("alice")
    world.deposit("bob", 1_000)
    world.propose("alice")
    world.deposit("bob", 2_000)
    world.send(world.vote("bob", YES))
    assert 1_000 == world.proposal()["yes_atoms"]


def test_what_was_taken_out_before_the_vote_is_gone() -> None:
    """Weight is never more than what is still locked; locking again brings one's own back."""
    world = voting()
    world.send(world.withdraw("bob", 2_000))
    world.deposit("bob", 500)
    world.send(world.vote("bob", YES))
    assert 1_500 == world.proposal()["yes_atoms"]


def test_many_changes_never_raise_a_weight() -> None:
    """Beyond sixteen remembered changes weight at an old snapshot is zero, never a later one."""
    world = World().set_up("alice")
    world.deposit("bob", 1)
    world.propose("alice")
    for _ in range(17):
        world.deposit("bob", 1)
        world.propose("alice")
    assert "NoWeight" == world.refusal(world.vote("bob", YES, index=0))
    world.send(world.vote("bob", YES, index=17))
    assert 18 == world.proposal(17)["yes_atoms"]


# --- delegation ----------------------------------------------------------------------------------


def test_a_delegate_votes_in_the_place_of_a_wallet_and_the_deposit_counts_once() -> None:
    """After the delegate voted with bob's deposit bob cannot; and bob's tokens are locked."""
    world = voting()
    bob, carol = world.at("bob"), world.at("carol")
    assert "WrongAuthority" == world.refusal(world.vote("carol", YES, owner="bob"))
    world.send(world.realm.delegation("delegate", bob, carol))
    world.send(world.vote("carol", YES, owner="bob"), world.vote("carol", YES))
    assert 4_001 == world.proposal()["yes_atoms"]
    assert "AlreadyInitialized" == world.refusal(world.vote("bob", NO))
    assert "DepositLocked" == world.refusal(world.withdraw("bob", 1))


def test_delegating_again_gives_no_second_vote() -> None:
    """Bob votes himself, delegates, and takes it back: his deposit has voted."""
    world = voting()
    bob, carol, dave = world.at("bob"), world.at("carol"), world.at("dave")
    world.send(world.vote("bob", YES))
    world.send(world.realm.delegation("delegate", bob, carol))
    assert "AlreadyInitialized" == world.refusal(world.vote("carol", YES, owner="bob"))
    assert "AlreadyDelegated" == world.refusal(world.realm.delegation("delegate", bob, dave))
    assert "NotDelegated" == world.refusal(world.realm.delegation("undelegate", bob, dave))
    world.send(world.realm.delegation("undelegate", bob, carol))
    world.send(world.realm.delegation("delegate", bob, dave))
    assert "AlreadyInitialized" == world.refusal(world.vote("dave", YES, owner="bob"))


def test_delegation_has_depth_one_and_no_cycle() -> None:
    """A delegate cannot delegate, nobody delegates to who has delegated, nor to oneself."""
    world = World().set_up()
    alice, bob, carol = (world.at(person) for person in ("alice", "bob", "carol"))
    delegate = world.realm.delegation
    world.send(delegate("delegate", alice, bob))
    assert "DelegationTooDeep" == world.refusal(delegate("delegate", bob, alice))
    assert "DelegationTooDeep" == world.refusal(delegate("delegate", bob, carol))
    assert "DelegationTooDeep" == world.refusal(delegate("delegate", carol, alice))
    assert "DuplicateAccount" == world.refusal(delegate("delegate", carol, carol))


# --- counting ------------------------------------------------------------------------------------


def test_a_tie_is_a_defeat() -> None:
    """3,000 for and 3,000 against at a threshold of 50 % is no majority."""
    world = voting("alice", "bob")
    world.send(world.vote("alice", YES), world.vote("bob", NO))
    assert DEFEATED == world.finish_voting()


def test_abstaining_counts_for_the_quorum_only() -> None:
    """1,001 of 10,000 alone are below a quorum of 20 %; with 3,000 abstaining they pass."""
    world = voting()
    world.send(world.vote("carol", YES))
    assert DEFEATED == world.finish_voting()
    world.propose("alice")
    world.send(world.vote("carol", YES, index=1), world.vote("bob", ABSTAIN, index=1))
    assert SUCCEEDED == world.finish_voting(1)


@pytest.mark.parametrize(("threshold_bps", "state"), [(7_498, SUCCEEDED), (7_499, DEFEATED)])
def test_the_threshold_is_rounded_up(threshold_bps: int, state: int) -> None:
    """3,000 of 4,001 for: 74.98 % are 2,999.95, so 3,000 do; 74.99 % are 3,000.35, so 3,001."""
    world = voting("alice", "carol", threshold_bps=threshold_bps)
    world.send(world.vote("alice", YES), world.vote("carol", NO))
    assert state == world.finish_voting()


@pytest.mark.parametrize(("quorum_bps", "state"), [(1_001, SUCCEEDED), (1_002, DEFEATED)])
def test_the_quorum_is_a_share_of_the_supply(quorum_bps: int, state: int) -> None:
    """1,001 of 10,000 meet 10.01 % and no more."""
    world = voting("alice", "carol", quorum_bps=quorum_bps)
    world.send(world.vote("carol", YES))
    assert state == world.finish_voting()


def test_votes_after_the_time_are_refused_and_the_cool_off_takes_only_no() -> None:
    """After the voting only votes against, after the cool-off none."""
    world = voting()
    world.send(world.vote("alice", YES))
    assert "VotingNotOver" == world.refusal(world.realm.count_votes(0))
    world.wait(RULES.voting_s)
    for choice in (YES, ABSTAIN):
        assert "CoolOff" == world.refusal(world.vote("bob", choice))
    assert "VotingNotOver" == world.refusal(world.realm.count_votes(0))
    world.send(world.vote("bob", NO))
    world.wait(RULES.cool_off_s)
    assert "VotingOver" == world.refusal(world.vote("carol", NO))
    world.send(world.realm.count_votes(0))
    assert DEFEATED == world.proposal()["state"]
    assert "WrongState" == world.refusal(world.realm.count_votes(0))


def test_a_lowered_quorum_revives_nothing() -> None:
    """An open proposal keeps its rules; a defeated one stays so."""
    world = voting()
    world.send(world.vote("carol", YES))
    low = replace(RULES, quorum_bps=1, threshold_bps=1, voting_s=1, hold_up_s=0)
    creator = world.at("creator")
    world.send(
        world.realm.change(creator, authority=creator, veto_authority=world.at("veto"), rules=low)
    )
    assert "VotingNotOver" == world.refusal(world.realm.count_votes(0))
    assert DEFEATED == world.finish_voting()
    assert "WrongState" == world.refusal(world.realm.count_votes(0))
    assert "WrongState" == world.refusal(world.realm.open_proposal(world.at("alice"), 0))
    assert "WrongState" == world.refusal(world.vote("alice", YES))


def test_a_supply_minted_later_does_not_change_the_quorum() -> None:
    """The supply is read when the proposal is opened."""
    world = voting()
    account = world.svm.get_account(world.realm.mint)
    assert account is not None
    data = account.data[:36] + (10**12).to_bytes(8, "little") + account.data[44:]
    world.put(world.realm.mint, data, account.owner)
    world.send(world.vote("alice", YES))
    assert SUCCEEDED == world.finish_voting()
    assert SUPPLY_ATOMS == world.proposal()["supply_atoms"]


VOTERS = ("alice", "bob", "carol")


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    choices=st.tuples(*(st.sampled_from((NO, YES, ABSTAIN, None)) for _ in VOTERS)),
    quorum_bps=st.integers(1, 10_000),
    threshold_bps=st.integers(1, 10_000),
)
def test_the_program_counts_as_the_rule_says(
    choices: tuple[int | None, ...], quorum_bps: int, threshold_bps: int
) -> None:
    """Any votes under any rules end as the plain rule in whole numbers says."""
    world = voting(quorum_bps=quorum_bps, threshold_bps=threshold_bps)
    sums = [0, 0, 0]
    for person, choice in zip(VOTERS, choices, strict=True):
        if choice is not None:
            world.send(world.vote(person, choice))
            sums[choice] += HOLDINGS_ATOMS[person]
    expected = passes(sums[YES], sums[NO], sums[ABSTAIN], supply=SUPPLY_ATOMS, rules=world.rules)
    assert (SUCCEEDED if expected else DEFEATED) == world.finish_voting()


def test_a_share_is_exact_at_the_largest_amount() -> None:
    """Beyond 64 bits in the product the share is still right, by the program's own count."""
    most = 2**64 - 1
    assert most == share_up(most, 10_000)
    assert 4 == share_up(7, 5_000)
    world = World(quorum_bps=10_000).set_up("alice")
    account = world.svm.get_account(world.realm.mint)
    assert account is not None
    data = account.data[:36] + most.to_bytes(8, "little") + account.data[44:]
    world.put(world.realm.mint, data, account.owner)
    world.propose("alice")
    world.send(world.vote("alice", YES))
    assert DEFEATED == world.finish_voting()


# --- execution -----------------------------------------------------------------------------------


def passed(world: World, *instructions: Instruction) -> None:
    """A proposal with these instructions passes, and the hold-up is over."""
    world.propose("alice", *instructions)
    world.send(world.vote("alice", YES))
    assert SUCCEEDED == world.finish_voting()
    world.wait(RULES.hold_up_s)


def test_what_was_shown_runs_once() -> None:
    """The payment that was voted on is made, by anyone, and never again."""
    world = World().set_up("alice")
    payment = world.treasury_payment()
    passed(world, payment)
    world.send(world.realm.execute(0, payment))
    assert 5 == world.atoms(world.tokens("alice"))
    assert COMPLETED == world.proposal()["state"]
    assert "NothingLeft" == world.refusal(world.realm.execute(0, payment))


def test_anything_else_than_what_was_shown_does_not_run() -> None:
    """Another amount, another payee, another flag or another program has another hash."""
    world = World().set_up("alice")
    payment = world.treasury_payment()
    passed(world, payment)
    metas = list(payment.accounts)
    others = [
        world.treasury_payment(6),
        Instruction(payment.program_id, payment.data, [metas[0], metas[0], metas[2]]),
        Instruction(payment.program_id, payment.data, metas[:2]),
        Instruction(world.realm.program_id, payment.data, metas),
    ]
    for other in others:
        assert "DifferentInstruction" == world.refusal(world.realm.execute(0, other))
    assert 0 == world.atoms(world.tokens("alice"))


def test_instructions_run_in_their_order() -> None:
    """The second waits for the first; each runs once."""
    world = World().set_up("alice")
    first, second = world.treasury_payment(5), world.treasury_payment(7)
    passed(world, first, second)
    assert "DifferentInstruction" == world.refusal(world.realm.execute(0, second))
    world.send(world.realm.execute(0, first))
    assert "DifferentInstruction" == world.refusal(world.realm.execute(0, first))
    world.send(world.realm.execute(0, second))
    assert (12, COMPLETED) == (world.atoms(world.tokens("alice")), world.proposal()["state"])


def test_execution_waits_for_the_hold_up_and_ends() -> None:
    """Before the hold-up is over, and after the time to execute, nothing runs."""
    world = World().set_up("alice")
    payment = world.treasury_payment()
    world.propose("alice", payment)
    world.send(world.vote("alice", YES))
    assert "WrongState" == world.refusal(world.realm.execute(0, payment))
    world.finish_voting()
    assert "HoldUp" == world.refusal(world.realm.execute(0, payment))
    world.wait(RULES.hold_up_s + RULES.execution_s)
    assert "ExecutionOver" == world.refusal(world.realm.execute(0, payment))


def test_an_instruction_that_fails_can_be_tried_again() -> None:
    """A failed execution changes nothing, not even the count."""
    world = World().set_up("alice")
    payment = world.treasury_payment(1_001)
    passed(world, payment)
    assert "nothing was refused" != world.refusal(world.realm.execute(0, payment))
    assert 0 == world.proposal()["executed_count"]
    world.put_tokens(key("treasury").pubkey(), world.realm.authority, 1_001)
    world.send(world.realm.execute(0, payment))
    assert 1_001 == world.atoms(world.tokens("alice"))


def test_a_realm_can_govern_its_own_rules() -> None:
    """Once handed over, rules change by a proposal only."""
    world = World().set_up("alice")
    creator, own, veto = world.at("creator"), world.realm.authority, world.at("veto")
    world.send(world.realm.change(creator, authority=own, veto_authority=veto, rules=world.rules))
    stricter = replace(RULES, quorum_bps=9_000)
    change = world.realm.change(own, authority=own, veto_authority=veto, rules=stricter)
    passed(world, change)
    world.send(world.realm.execute(0, change))
    assert 9_000 == world.state(world.realm.address)["quorum_bps"]
    again = world.realm.change(creator, authority=creator, veto_authority=veto, rules=RULES)
    assert "WrongAuthority" == world.refusal(again)


def test_no_proposal_reaches_the_locked_tokens() -> None:
    """The address that executes is not the owner of the vault: the token program refuses."""
    world = World().set_up("alice")
    payment = world.treasury_payment()
    metas = list(payment.accounts)
    metas[0] = type(metas[0])(world.realm.vault, False, True)
    theft = Instruction(payment.program_id, payment.data, metas)
    passed(world, theft)
    assert "nothing was refused" != world.refusal(world.realm.execute(0, theft))
    assert HOLDINGS_ATOMS["alice"] == world.atoms(world.realm.vault)


def test_a_veto_ends_a_proposal_until_its_execution_has_begun() -> None:
    """While open or passed it can be stopped for good; half executed it cannot."""
    world = World().set_up("alice")
    payment = world.treasury_payment()
    veto = world.realm.veto(world.at("veto"), 0, digest("reasons"))
    passed(world, payment, payment)
    stranger = world.realm.veto(world.at("stranger"), 0, digest("reasons"))
    assert "WrongAuthority" == world.refusal(stranger)
    world.send(world.realm.execute(0, payment))
    assert "WrongState" == world.refusal(veto)
    world.propose("alice", payment)
    world.send(world.realm.veto(world.at("veto"), 1, digest("reasons")))
    assert VETOED == world.proposal(1)["state"]
    assert "WrongState" == world.refusal(world.vote("alice", YES, index=1))


def test_its_proposer_can_give_a_proposal_up() -> None:
    """A cancelled proposal takes no votes and is not counted."""
    world = voting()
    assert VOTING == world.proposal()["state"]
    cancel = world.realm.cancel_proposal
    assert "WrongAuthority" == world.refusal(cancel(world.at("bob"), 0))
    world.send(cancel(world.at("alice"), 0))
    assert CANCELLED == world.proposal()["state"]
    assert "WrongState" == world.refusal(world.vote("alice", YES))
    world.wait(RULES.voting_s + RULES.cool_off_s)
    assert "WrongState" == world.refusal(world.realm.count_votes(0))


def test_who_has_locked_too_little_cannot_propose() -> None:
    """Neither make a proposal nor, having taken tokens out, open it."""
    world = World().set_up("alice")
    text = digest("text")
    world.deposit("bob", 99)
    few = world.realm.create_proposal(world.at("bob"), 0, text)
    assert "WeightTooSmall" == world.refusal(few)
    world.send(world.realm.create_proposal(world.at("alice"), 0, text))
    world.send(world.withdraw("alice", 2_901))
    assert "WeightTooSmall" == world.refusal(world.realm.open_proposal(world.at("alice"), 0))


@pytest.mark.parametrize(
    "rules",
    [
        {"quorum_bps": 0},
        {"quorum_bps": 10_001},
        {"threshold_bps": 0},
        {"threshold_bps": 10_001},
        {"voting_s": 0},
        {"execution_s": 0},
        {"hold_up_s": 31_536_001},
    ],
)
def test_rules_have_bounds(rules: dict[str, int]) -> None:
    """Shares are 0.01 % to 100 %, and no part of a proposal's life is longer than a year."""
    world = World(**rules)
    assert "BadRules" == world.refusal(world.realm.create(world.at("veto"), world.rules))


def test_more_than_what_is_locked_cannot_be_taken() -> None:
    """Neither one's own beyond the deposit, nor anything of others."""
    world = World().set_up("alice", "bob")
    assert "DepositTooSmall" == world.refusal(world.withdraw("alice", 3_001))
    assert "ZeroAmount" == world.refusal(world.withdraw("alice", 0))
    assert "DepositTooSmall" == world.refusal(world.withdraw("dave", 1))
