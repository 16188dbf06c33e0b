"""Random instructions with random accounts and data: whatever runs, no invariant breaks."""

from __future__ import annotations

import pytest
from solders.instruction import Instruction

from realstack.chain.governance import COMPLETED, IDL, NO, YES
from tests.programs.governance.world import (
    HOLDINGS_ATOMS,
    SUPPLY_ATOMS,
    Refused,
    World,
    digest,
    key,
)
from tests.programs.mutation import Mutator

PROPOSALS = 8
TREASURY_ATOMS = 1_000
PEOPLE = ("alice", "bob", "carol", "dave")


class Fuzz:
    """A realm with proposals, and random ways to use and misuse it."""

    def __init__(self, seed: int) -> None:
        self.world = World(voting_s=300, cool_off_s=40, hold_up_s=100).set_up("alice")
        self.payment = self.world.treasury_payment(1)
        self.menu = self._menu()
        named = {meta.pubkey for one in self.menu for meta in one.accounts}
        people = [self.world.at(name) for name in self.world.people]
        self.mutator = Mutator(seed, sorted({*named, *people}, key=bytes), people)
        self.names: set[str] = set()
        self.ran = 0

    def _menu(self) -> list[Instruction]:
        world, realm = self.world, self.world.realm
        menu = []
        for person in PEOPLE:
            wallet, tokens = world.at(person), world.tokens(person)
            menu += [realm.deposit(wallet, tokens, atoms) for atoms in (1, 500)]
            menu += [realm.withdraw(wallet, tokens, atoms) for atoms in (1, 300)]
            for other in PEOPLE:
                menu += [
                    realm.delegation(name, wallet, world.at(other))
                    for name in ("delegate", "undelegate")
                ]
        for index in range(PROPOSALS):
            alice = world.at("alice")
            menu.append(realm.create_proposal(alice, index, digest("text"), [self.payment]))
            menu += [realm.open_proposal(alice, index)] * 3
            for person in PEOPLE:
                menu += [world.vote(person, choice, index=index) for choice in (NO, YES, YES)]
                menu += [world.vote(person, YES, owner=owner, index=index) for owner in PEOPLE]
            menu.append(realm.count_votes(index))
            menu += [realm.execute(index, self.payment)] * 6
        menu.append(realm.veto(world.at("veto"), 7, digest("reasons")))
        menu.append(realm.cancel_proposal(world.at("alice"), 6))
        return menu

    def step(self) -> None:
        """Send one, changed or not."""
        sent = self.mutator.next_of(self.menu)
        try:
            self.world.send(sent)
        except Refused:
            return
        self.ran += 1
        begin = bytes(sent.data)[:8]
        self.names |= {name for name, call in IDL.calls.items() if call.discriminator == begin}

    def check(self) -> None:
        """The vault holds the deposits; votes stay within the supply; payments are executions."""
        world = self.world
        realm = world.state(world.realm.address)
        voters = [world.state(world.realm.voter(world.at(person))) for person in PEOPLE]
        assert realm["deposited_atoms"] == sum(voter["deposited_atoms"] for voter in voters)
        assert realm["deposited_atoms"] == world.atoms(world.realm.vault)
        everything = [world.atoms(world.tokens(person)) for person in PEOPLE]
        proposals = [world.proposal(index) for index in range(realm["proposal_count"])]
        executed = sum(proposal["executed_count"] for proposal in proposals)
        treasury = world.atoms(key("treasury").pubkey())  # gives by execution; anyone may pay in
        assert treasury >= TREASURY_ATOMS - executed
        total = sum(everything) + realm["deposited_atoms"] + treasury
        assert sum(HOLDINGS_ATOMS.values()) + TREASURY_ATOMS == total
        for proposal in proposals:
            votes = [proposal[f"{choice}_atoms"] for choice in ("yes", "no", "abstain")]
            assert sum(votes) <= SUPPLY_ATOMS
            assert (proposal["executed_count"] == 1) == (proposal["state"] == COMPLETED)
        for voter in voters:
            delegators = [one for one in voters if one["delegate"] == voter["wallet"]]
            assert voter["delegators"] == len(delegators)


def run(seed: int, steps: int) -> Fuzz:
    """Send a number of random instructions and hold the invariants to them."""
    fuzz = Fuzz(seed)
    for number in range(steps):
        fuzz.step()
        if number % 20 == 0:
            fuzz.check()
            fuzz.world.wait(20)
    fuzz.check()
    return fuzz


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 4])
def test_no_permutation_of_accounts_and_data_breaks_an_invariant(seed: int) -> None:
    """The vault equals the deposits, and nothing is executed twice."""
    fuzz = run(seed, 3_000)
    assert fuzz.ran > 60  # it does get through, so that the checks mean something
    assert {"cast_vote", "deposit", "withdraw", "delegate", "execute"} <= fuzz.names


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
def test_100_000_permutations_break_no_invariant() -> None:
    """The same at length."""
    for seed in range(100, 110):
        run(seed, 10_000)
