"""Every way in which a leader, a standby and the lease can meet, up to a bound, one step at a time.

A step is anything that may happen next: the leader syncs a command, sends, tells or looks at the
time; the standby takes a message or looks at the time; a message is lost; the store carries out a
write, and its answer may be lost; or time passes. A node that takes no step is a paused one. Writes
to the store may be carried out long after they were given up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from engine.ports.lease import LeaseRecord, Versioned
from engine.replication.leader import Ask, Leader, Leadership
from engine.replication.standby import Following, Standby

GRANT_NS = 2
TIME_MAX = 7
SEQUENCE_MAX = 2
IN_FLIGHT_MAX = 1
WRITES_MAX = 2
FIRST = Versioned("1", LeaseRecord(epoch=1, leader="a", standby="", sequence=0))


@dataclass(frozen=True, slots=True)
class Message:
    """From the leader."""

    sequence: int
    is_named: bool
    sent_ns: int


@dataclass(slots=True)
class World:
    """Where everything stands."""

    a: Leader
    b: Standby
    now_ns: int = 0
    a_sequence: int = 0
    told: int = 0
    store: Versioned = FIRST
    to_b: tuple[Message, ...] = ()
    to_a: tuple[Any, ...] = ()
    writes: tuple[Ask, ...] = ()  # on their way to the store
    trace: tuple[str, ...] = field(default=(), compare=False)

    def key(self) -> tuple[Any, ...]:
        """Say what makes this place another one."""
        return (
            repr(self.a),
            repr(self.b),
            self.now_ns,
            self.a_sequence,
            self.told,
            repr(self.store),
            self.to_b,
            repr(self.to_a),
            repr(self.writes),
        )

    def fault(self) -> str:
        """Say which promise is broken here; nothing when none is."""
        if self.b.state is not Following.LEADING:
            return ""
        if self.b.synced_sequence < self.told:
            return "the new leader lacks a command that was acknowledged"
        if self.a.holds(self.now_ns):
            return "two nodes are sure to lead"
        if self.a.may_tell(self.b.synced_sequence + 1, self.now_ns):
            return "the old leader acknowledges what the new one does not have"
        return ""


def start(leader: type[Leader] = Leader, standby: type[Standby] = Standby) -> World:
    """Give a venue whose leader is alone and whose standby has just connected."""
    return World(leader("a", FIRST, GRANT_NS), standby("b", GRANT_NS, 1, 0))


def explore(first: World, states_max: int) -> tuple[int, World | None]:
    """Walk breadth first; give how many places were seen, and one that breaks a promise."""
    seen = {first.key()}
    layer = [first]
    while layer:
        following = []
        for world in layer:
            for after in steps(world):
                key = after.key()
                if key in seen:
                    continue
                seen.add(key)
                if after.fault():
                    return len(seen), after
                following.append(after)
            if len(seen) >= states_max:
                return len(seen), None
        layer = following
    return len(seen), None


def steps(world: World) -> Iterator[World]:
    """Give every place that may be next."""
    for name, step in STEPS:
        after = replace(world, a=copy(world.a), b=copy(world.b), trace=(*world.trace, name))
        if step(after):
            yield after


def _sync(world: World) -> bool:
    world.a_sequence += 1
    return world.a_sequence <= SEQUENCE_MAX and world.a.state is not Leadership.FENCED


def _send(world: World) -> bool:
    named = world.a.state is Leadership.PAIRED
    world.to_b += (Message(world.a_sequence, named, world.now_ns),)
    return len(world.to_b) <= IN_FLIGHT_MAX


def _tell(world: World) -> bool:
    sequence = world.told + 1
    if sequence > world.a_sequence or not world.a.may_tell(sequence, world.now_ns):
        return False
    world.told = sequence
    return True


def _pass_time(world: World) -> bool:
    world.now_ns += 1
    return world.now_ns <= TIME_MAX


def _ask(world: World, ask: Ask | None) -> bool:
    if ask is not None:
        world.writes += (ask,)
    return len(world.writes) <= WRITES_MAX


def _a_looks(world: World) -> bool:
    return _ask(world, world.a.on_silence(world.now_ns, world.told))


def _a_reads(world: World) -> bool:
    if world.a.asked is None:
        return False
    world.a.on_read(world.store)
    return True


def _b_takes(world: World) -> bool:
    if not world.to_b or len(world.to_a) >= IN_FLIGHT_MAX:
        return False
    message, world.to_b = world.to_b[0], world.to_b[1:]
    reply = world.b.on_message(
        epoch=1,
        synced_sequence=max(message.sequence, world.b.synced_sequence),
        is_named=message.is_named,
        sent_ns=message.sent_ns,
        now_ns=world.now_ns,
    )
    if reply is not None:
        world.to_a += (reply,)
    return True


def _a_takes(world: World) -> bool:
    if not world.to_a:
        return False
    reply, world.to_a = world.to_a[0], world.to_a[1:]
    return _ask(
        world,
        world.a.on_answer(
            standby="b",
            epoch=reply.epoch,
            synced_sequence=reply.synced_sequence,
            sent_ns=reply.sent_ns,
            told_sequence=world.told,
        ),
    )


def _b_looks(world: World) -> bool:
    """The standby reads and asks; the write is on its way."""
    if not world.b.on_silence(world.now_ns):
        return False
    return _ask(world, world.b.on_read(world.store))


def _b_gives_up(world: World) -> bool:
    if world.b.asked is None:
        return False
    world.b.on_asked()
    return True


def _lose_to_b(world: World) -> bool:
    lost, world.to_b = bool(world.to_b), world.to_b[1:]
    return lost


def _lose_to_a(world: World) -> bool:
    lost, world.to_a = bool(world.to_a), world.to_a[1:]
    return lost


def _store_writes(world: World, index: int) -> bool:
    if index >= len(world.writes):
        return False
    ask = world.writes[index]
    world.writes = world.writes[:index] + world.writes[index + 1 :]
    if ask.version == world.store.version:
        world.store = Versioned(str(int(ask.version) + 1), ask.record)
    return True


STEPS: list[tuple[str, Callable[[World], bool]]] = [
    ("a syncs", _sync),
    ("a sends", _send),
    ("a tells", _tell),
    ("a looks at the time", _a_looks),
    ("a reads the lease", _a_reads),
    ("a takes an answer", _a_takes),
    ("b takes a message", _b_takes),
    ("b looks at the time and reads the lease", _b_looks),
    ("b gives up waiting for the lease", _b_gives_up),
    ("the store writes what came first", lambda world: _store_writes(world, 0)),
    ("the store writes what came second", lambda world: _store_writes(world, 1)),
    ("a message is lost", _lose_to_b),
    ("an answer is lost", _lose_to_a),
    ("time passes", _pass_time),
]
