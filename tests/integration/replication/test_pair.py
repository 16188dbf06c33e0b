"""A leader and its standby: byte for byte the same, one at a time, and apart when they must be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.ports.lease import LeaseRecord, Versioned
from engine.replication import lead
from engine.replication.pair import PairStopped
from engine.sequencer import Halted
from tests.integration.replication.two_nodes import GRANT_NS, WAIT_SECONDS, TwoNodes, two_nodes
from tests.support.echo_venue import EchoVenue
from tests.unit.engine_shell.hand import orders

NS_PER_SECOND = 1_000_000_000


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[TwoNodes]:
    async with two_nodes(tmp_path) as made:
        yield made


async def test_a_standby_holds_the_leaders_journal_byte_for_byte(nodes: TwoNodes) -> None:
    """Also what was written before it came, and over the border of segments."""
    a = nodes.start("a", is_first=True)
    node = await a.node()
    for count in (1, 40, 5, 100, 7):
        await node.execute(orders(count))
    b = nodes.start("b")
    await nodes.until_named("b")
    for count in (3, 90, 1, 60):
        await node.execute(orders(count))
    assert 307 == node.durable_sequence == b.venue.sequence_last
    assert a.venue.digest() == b.venue.digest()
    assert nodes.journal("a") == nodes.journal("b")
    assert len(nodes.journal("a")) > 1


@pytest.mark.slow
async def test_17_a_standby_leads_with_all_that_was_acknowledged(nodes: TwoNodes) -> None:
    """Nothing is lost, the epoch rises, and the old leader comes back as the standby."""
    a = nodes.start("a", is_first=True)
    node = await a.node()
    b = nodes.start("b")
    await nodes.until_named("b")
    await node.execute(orders(30))
    await a.stop()
    node = await b.node()
    assert 30 == node.durable_sequence
    await node.execute(orders(4))
    again = nodes.start("a")
    await nodes.until_named("a")
    await node.execute(orders(5))
    assert 39 == again.venue.sequence_last
    assert b.venue.digest() == again.venue.digest()
    assert not again.leads


@pytest.mark.slow
async def test_17_a_leader_goes_on_alone_when_its_standby_is_lost(nodes: TwoNodes) -> None:
    """The lease says so first; then news leaves again; then the standby may come back."""
    node = await nodes.start("a", is_first=True).node()
    b = nodes.start("b")
    await nodes.until_named("b")
    await b.stop()
    answer = await asyncio.wait_for(node.execute(orders(3)), WAIT_SECONDS)
    assert 1 == answer.first_sequence
    assert "" == nodes.standby
    b = nodes.start("b")
    await nodes.until_named("b")
    await node.execute(orders(2))
    assert 5 == b.venue.sequence_last


@pytest.mark.slow
async def test_15_a_leader_without_standby_and_lease_tells_nothing(nodes: TwoNodes) -> None:
    """It halts in a named state, and goes on when the lease is back and names nobody else."""
    node = await nodes.start("a", is_first=True).node()
    b = nodes.start("b")
    await nodes.until_named("b")
    nodes.lease.is_lost = True
    await b.stop()
    held = asyncio.create_task(node.execute(orders(1)))
    with pytest.raises(Halted, match="NO_LEADERSHIP"):
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                node.submit(orders(1), _Nobody())
                await asyncio.sleep(0.02)  # tidy: sleep-ok polls with a deadline
    read = asyncio.create_task(node.read(lambda venue: 7))
    await asyncio.sleep(0)
    assert not held.done()
    assert not read.done()
    nodes.lease.is_lost = False
    answer = await asyncio.wait_for(held, WAIT_SECONDS)
    assert 1 == answer.count
    assert "" == nodes.standby
    assert 7 == (await asyncio.wait_for(read, WAIT_SECONDS))[1]


class _Nobody:
    """A receiver that does not care."""

    def released(self, answer: object) -> None:
        """Forget it."""

    def refused(self, error: object) -> None:
        """Forget it."""


@pytest.mark.slow
async def test_losing_the_lease_store_stops_no_matching(nodes: TwoNodes) -> None:
    """A pair needs it only to change roles; many grants pass without it."""
    node = await nodes.start("a", is_first=True).node()
    nodes.start("b")
    await nodes.until_named("b")
    nodes.lease.is_lost = True
    asked = nodes.lease.asked
    for _ in range(20):
        await asyncio.wait_for(node.execute(orders(1)), WAIT_SECONDS)
        await asyncio.sleep(GRANT_NS / 5 / NS_PER_SECOND)  # tidy: sleep-ok grants must run out
    assert 20 == node.durable_sequence
    assert asked == nodes.lease.asked


async def test_16_of_two_started_as_leader_one_follows(nodes: TwoNodes) -> None:
    """The lease is written once: the other node finds it and follows."""
    a, b = nodes.start("a", is_first=True), nodes.start("b", is_first=True)
    await nodes.until(lambda: bool(nodes.standby))
    assert 1 == a.leads + b.leads
    assert 1 == a.follows.is_set() + b.follows.is_set()


@pytest.mark.slow
async def test_18_a_leader_that_was_followed_by_another_ends(nodes: TwoNodes) -> None:
    """Its lease has a later epoch: it tells nothing, and its process ends as FENCED."""
    a = nodes.start("a", is_first=True)
    node = await a.node()
    b = nodes.start("b")
    await nodes.until_named("b")
    later = LeaseRecord(epoch=2, leader="b", standby="", sequence=0)
    nodes.lease.found = Versioned("99", later)
    await b.stop()
    held = asyncio.create_task(node.execute(orders(1)))
    await nodes.until(lambda: bool(a.endings.reasons))
    assert "FENCED" in a.endings.reasons[0]
    with pytest.raises(Halted, match="FENCED"):
        node.submit(orders(1), _Nobody())
    assert not held.done()
    held.cancel()
    a.endings.reasons.clear()


async def test_18_an_old_copy_of_a_disk_does_not_lead(nodes: TwoNodes) -> None:
    """The lease was written at a later sequence than its journal has."""
    record = LeaseRecord(epoch=3, leader="a", standby="", sequence=10)
    nodes.lease.found = Versioned("7", record)
    a = nodes.start("a")
    with pytest.raises(PairStopped, match="JOURNAL_BEHIND_LEASE"):
        await a.node()


class OffByOne(EchoVenue):
    """A venue whose state is another one from a sequence on."""

    def digest(self) -> int:
        return super().digest() + (self.sequence_last >= 1_500)


@pytest.mark.slow
async def test_14_a_standby_with_another_state_takes_itself_out(nodes: TwoNodes) -> None:
    """It is found within 1,000 commands; the leader goes on alone."""
    node = await nodes.start("a", is_first=True).node()
    b = nodes.start("b", OffByOne())
    await nodes.until_named("b")
    for _ in range(30):
        await asyncio.wait_for(node.execute(orders(100)), WAIT_SECONDS)
        if b.leading.done():
            break
    with pytest.raises(PairStopped, match="DIVERGED"):
        await b.node()
    assert b.venue.sequence_last <= 1_500 + 1_000 + 100
    await b.stop()
    await asyncio.wait_for(node.execute(orders(1)), WAIT_SECONDS)
    await nodes.until_named("")


async def test_20_builds_that_may_compute_another_state_do_not_pair(
    nodes: TwoNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The standby of another build stops with the reason; the leader goes on."""
    node = await nodes.start("a", is_first=True).node()
    monkeypatch.setattr(lead, "build_hash", lambda: b"another build...")
    b = nodes.start("b")
    with pytest.raises(PairStopped, match="BUILD_DIFFERS"):
        await b.node()
    await asyncio.wait_for(node.execute(orders(1)), WAIT_SECONDS)


async def test_17_what_was_never_acknowledged_is_cut_before_following(nodes: TwoNodes) -> None:
    """A former leader's frames that its standby never had are void, kept aside, and gone."""
    a = nodes.start("a", is_first=True)
    node = await a.node()
    b = nodes.start("b")
    await nodes.until_named("b")
    await node.execute(orders(10))
    await b.stop()
    nodes.lease.is_lost = True
    held = asyncio.create_task(node.execute(orders(6)))  # on a's disk, and told to nobody
    await nodes.until(lambda: 16 == a.venue.sequence_last)
    held.cancel()
    await a.stop()
    nodes.lease.is_lost = False
    nodes.lease.found = Versioned("50", LeaseRecord(epoch=2, leader="b", standby="", sequence=10))
    leader = await nodes.start("b").node()
    assert 10 == leader.durable_sequence
    await leader.execute(orders(2))
    again = nodes.start("a")
    await nodes.until_named("a")
    assert 12 == again.venue.sequence_last
    assert nodes.journal("a")["00000001.rsj"] == nodes.journal("b")["00000001.rsj"]
    assert list((nodes.folder / "a" / "set-aside").glob("*/void-*"))
