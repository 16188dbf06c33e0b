"""What must hold in every world, each promise with the name that a failure shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND
from engine.core.events import EventKind
from engine.core.venue import Venue
from engine.feed.feeds import Feeds
from engine.journal.batches import joined
from engine.journal.reader import Reader
from engine.reference.venue import ReferenceVenue
from engine.sequencer import Batch
from engine.snapshot.archive import JoinedFolder
from engine.snapshot.tree import pack
from tests.simulation.client import Broken, Client
from tests.simulation.machine import Machine, Process
from tests.support.snapshots import FEW


class Oracle:
    """What left the venue, by sequence: a later truth must contain it."""

    def __init__(self) -> None:
        self.told: dict[int, bytes] = {}
        self.full_replays = 0

    def on_batch(self, batch: Batch) -> None:
        """Note commands whose news leaves the venue now."""
        for row in batch.commands:
            sequence = int(row["sequence"])
            body = row.tobytes()
            if self.told.setdefault(sequence, body) != body:
                raise Broken(f"one story: sequence {sequence} was told with two commands")

    def check_recovered(self, machine: Machine, process: Process) -> None:
        """Hold a process that has just started against its journal, and that against all news."""
        commands = commands_of(machine)
        last = max(self.told, default=0)
        if last > len(commands):
            raise Broken(
                f"acknowledged is recovered: sequence {last} was told, the journal ends with "
                f"{len(commands)}"
            )
        for sequence, body in self.told.items():
            if commands[sequence - 1].tobytes() != body:
                raise Broken(f"acknowledged is recovered: sequence {sequence} is another command")
        venue, feeds, _ = replayed(commands)
        self.full_replays += 1
        if venue.sequence_last != process.venue.sequence_last:
            raise Broken(
                f"equal digests: the process knows {process.venue.sequence_last} commands, the "
                f"journal {venue.sequence_last}"
            )
        if venue.digest() != process.venue.digest():
            raise Broken(f"equal digests: not so at sequence {venue.sequence_last}")
        if bytes_of(feeds) != bytes_of(process.feeds):
            raise Broken(f"equal digests: feeds differ at sequence {venue.sequence_last}")


def bytes_of(feeds: Feeds) -> bytes:
    """Give what feeds know as bytes."""
    return b"".join(pack(feeds.state()))


def commands_of(machine: Machine) -> NDArray[np.void]:
    """Read all commands of a machine's journal, as programs see its files."""
    folder = JoinedFolder(machine.disk("journal"), machine.disk("archive"))
    batches = list(Reader(folder).batches())
    words = [batch.view(np.uint64) for batch in batches]
    return np.concatenate([np.zeros(0, np.uint64), *words]).view(COMMAND)


def replayed(commands: NDArray[np.void]) -> tuple[Venue, Feeds, NDArray[np.void]]:
    """Run all commands through a new venue and new feeds."""
    venue = Venue()
    feeds = Feeds(venue.markets, FEW)
    events = venue.apply(commands)
    feeds.on_events(events)
    return venue, feeds, events


def check_conservation(process: Process) -> None:
    """Balances and fees are deposits less withdrawals, and every other invariant holds."""
    process.venue.validate()


def check_end(machine: Machine, process: Process, clients: list[Client], oracle: Oracle) -> None:
    """After the calm: everybody agrees about everything."""
    commands = commands_of(machine)
    venue, _, events = replayed(commands)
    if venue.digest() != process.venue.digest():
        raise Broken("equal digests: the survivor is not what its journal says")
    reference = ReferenceVenue()
    for batch in joined([commands]):
        reference.apply(batch)
    if reference.digest() != venue.digest():
        raise Broken("equal digests: the reference is not what the core is")
    if max(oracle.told, default=0) > len(commands):
        raise Broken("acknowledged is recovered: more was told than the journal has")
    check_one_order_per_id(events)
    check_ledgers(events, clients)


def check_one_order_per_id(events: NDArray[np.void]) -> None:
    """No client id has two orders."""
    accepted = events[events["kind"] == EventKind.ACCEPTED]
    names = accepted[["account_id", "client_id_low", "client_id_high"]].tolist()
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Broken(f"one order per id: {twice} has two orders")


def check_ledgers(events: NDArray[np.void], clients: list[Client]) -> None:
    """What each client was told is what the record says."""
    orders = {
        int(row["sequence"]): int(row["order_id"])
        for row in events[events["kind"] == EventKind.ACCEPTED]
    }
    for client in clients:
        if client.unknown:
            raise Broken(f"liveness: account {client.account_id} lacks {client.unknown} outcomes")
        for number, entry in client.ledger.items():
            told: Any = entry.told
            if told is not None and orders.get(told.sequence, told.order_id) != told.order_id:
                raise Broken(f"acknowledged is recovered: id {number} was told {told}")
