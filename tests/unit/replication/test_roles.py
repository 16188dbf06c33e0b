"""At most one node tells news: over every interleaving up to a bound, and with faults put in."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from engine.ports.lease import LeaseRecord, Versioned
from engine.replication.leader import Leader, Leadership
from engine.replication.standby import Following, Standby
from tests.unit.replication.explorer import FIRST, GRANT_NS, World, explore, start

STATES = 40_000
STATES_TO_FAULT_MAX = 400_000


def paired() -> World:
    """A leader with its standby, named by the lease."""
    record = LeaseRecord(epoch=1, leader="a", standby="b", sequence=0)
    world = start()
    world.store = Versioned("2", record)
    world.a = type(world.a)(
        "a", world.store, GRANT_NS, Leadership.PAIRED, "b", granted_until_ns=GRANT_NS
    )
    world.b.is_named = True
    return world


@pytest.mark.slow
def test_no_interleaving_makes_two_leaders_or_loses_what_was_told() -> None:
    """From a leader alone, and from a pair: nothing within the bound breaks a promise."""
    for world in (start(), paired()):
        seen, broken = explore(world, STATES)
        assert broken is None, (broken.fault(), broken.trace)
        assert seen >= STATES


@dataclass(slots=True)
class TrustingLeader(Leader):
    """Believes that a grant lasts for ever."""

    def holds(self, now_ns: int) -> bool:
        return self.state is not Leadership.FENCED


@dataclass(slots=True)
class HastyLeader(Leader):
    """Goes on alone without asking the lease."""

    def may_tell(self, sequence: int, now_ns: int) -> bool:
        return self.state is Leadership.CLAIMING or Leader.may_tell(self, sequence, now_ns)


@dataclass(slots=True)
class HastyStandby(Standby):
    """Forgets what it promised."""

    def _promise_is_over(self, now_ns: int) -> bool:
        return True


@pytest.mark.slow
def test_the_explorer_finds_planted_faults() -> None:
    """A grant without end, a leader that goes on by itself, a standby that breaks its promise."""
    for leader, standby in (
        (TrustingLeader, Standby),
        (HastyLeader, Standby),
        (Leader, HastyStandby),
    ):
        world = paired()
        world.a = leader(
            "a", world.store, GRANT_NS, Leadership.PAIRED, "b", granted_until_ns=GRANT_NS
        )
        world.b = standby("b", GRANT_NS, 1, 0, is_named=True)
        _, broken = explore(world, STATES_TO_FAULT_MAX)
        assert broken is not None, (leader, standby)


def test_a_leader_whose_standby_is_silent_tells_nothing_until_the_lease_says_alone() -> None:
    """It claims, and only the written record lets it go on; an unchanged one does not."""
    leader = paired().a
    assert leader.may_tell(0, now_ns=1)
    ask = leader.on_silence(GRANT_NS, told_sequence=0)
    assert ask is not None
    assert Leadership.CLAIMING is leader.state
    assert "" == ask.record.standby
    leader.on_read(leader.lease)
    assert not leader.may_tell(0, now_ns=GRANT_NS)
    leader.on_read(Versioned("3", ask.record))
    assert leader.may_tell(5, now_ns=1_000)


def test_a_leader_goes_on_with_its_standby_while_the_lease_is_lost() -> None:
    """Answers of the standby are enough: no store is needed as long as both live."""
    leader = paired().a
    leader.on_silence(GRANT_NS, told_sequence=0)  # one late answer; the store gives none
    leader.on_answer(standby="b", epoch=1, synced_sequence=9, sent_ns=10, told_sequence=0)
    assert leader.may_tell(9, now_ns=10 + GRANT_NS - 1)
    assert not leader.may_tell(10, now_ns=10)


def test_a_leader_that_was_followed_by_another_is_fenced_for_ever() -> None:
    """A later epoch in the lease or in an answer ends it."""
    leader = paired().a
    record = LeaseRecord(epoch=2, leader="b", standby="", sequence=0)
    leader.on_read(Versioned("3", record))
    assert Leadership.FENCED is leader.state
    assert not leader.may_tell(0, now_ns=0)
    other = paired().a
    other.on_answer(standby="b", epoch=2, synced_sequence=0, sent_ns=1, told_sequence=0)
    assert Leadership.FENCED is other.state


def test_a_leader_pairs_only_with_a_standby_that_has_all_that_was_told() -> None:
    """One that lags is sent the rest first."""
    leader = Leader("a", FIRST, GRANT_NS)
    answer = {"standby": "b", "epoch": 1, "sent_ns": 1, "told_sequence": 7}
    assert leader.on_answer(**answer, synced_sequence=6) is None  # type: ignore[arg-type]
    assert Leadership.ALONE is leader.state
    ask = leader.on_answer(**answer, synced_sequence=7)  # type: ignore[arg-type]
    assert ask is not None
    assert "b" == ask.record.standby


def test_a_standby_never_leads_from_alone() -> None:
    """The lease names no standby: the leader may have told more than this node has."""
    standby = Standby("b", GRANT_NS, 1, 4, is_named=True)
    assert standby.on_silence(now_ns=10)
    assert standby.on_read(FIRST) is None
    assert Following.FOLLOWING is standby.state
    assert not standby.on_silence(now_ns=100)


def test_a_standby_keeps_its_promise_and_refuses_an_old_epoch() -> None:
    """It asks only when its last answer is older than the grant; a former leader is not heard."""
    standby = Standby("b", GRANT_NS, 2, 4)
    message = {"synced_sequence": 4, "is_named": True, "sent_ns": 9}
    assert standby.on_message(epoch=1, now_ns=10, **message) is None  # type: ignore[arg-type]
    reply = standby.on_message(epoch=2, now_ns=10, **message)  # type: ignore[arg-type]
    assert reply is not None
    assert not standby.on_silence(now_ns=10 + GRANT_NS)
    assert standby.on_silence(now_ns=11 + GRANT_NS)
    assert not standby.takes(2)


def test_a_diverged_standby_answers_nothing_and_never_leads() -> None:
    """14: another digest at the same sequence takes the standby out."""
    standby = Standby("b", GRANT_NS, 1, 4, is_named=True)
    standby.on_digests(own=5, leaders=5)
    assert standby.takes(1)
    standby.on_digests(own=5, leaders=6)
    assert not standby.takes(1)
    assert not standby.on_silence(now_ns=1_000)


def test_a_standby_whose_write_lost_its_answer_finds_that_it_leads() -> None:
    """The store is read again, and says so."""
    standby = paired().b
    standby.on_silence(now_ns=10)
    ask = standby.on_read(paired().store)
    assert ask is not None
    standby.on_asked()
    assert standby.on_silence(now_ns=11)
    assert standby.on_read(Versioned("3", ask.record)) is None
    assert Following.LEADING is standby.state
