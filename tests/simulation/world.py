"""One world: machines, clients, settlement; a storm, then calm; everything from one seed."""

from __future__ import annotations

import random
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.commands import COMMAND, CommandKind, symbol_words
from engine.core.venue import Venue
from engine.feed.feeds import Feeds
from engine.journal.errors import JournalDamaged, JournalFilesWrong
from engine.ports.storage import StorageFull
from engine.sequencer import Answer, NotTaken
from engine.snapshot.store import newest_first
from tests.simulation.checks import Oracle, check_conservation, check_end
from tests.simulation.client import Broken, Client
from tests.simulation.faults import NS_PER_MS, Faults
from tests.simulation.loop import NS, SimulatedLoop
from tests.simulation.machine import START_NS, Machine, Process
from tests.simulation.settlement import Settlement
from tests.support.simulated_disk import PowerCut

STORM_SECONDS = (3, 12)
CALM_SECONDS_MAX = 120
ACCOUNTS = 4


@dataclass
class Outcome:
    """What a world came to."""

    seed: int
    broken: str = ""
    commands: int = 0
    executions: int = 0
    starts: int = 0
    snapshots: int = 0
    simulated_ns: int = 0
    digest: int = 0
    faults: Counter[str] = field(default_factory=Counter)


class _Receiver:
    """Carries an answer back over the network."""

    def __init__(self, reply: Callable[[Any], None]) -> None:
        self._reply = reply

    def released(self, answer: Answer) -> None:
        self._reply(answer)

    def refused(self, error: NotTaken) -> None:
        self._reply(error)


def described(error: BaseException) -> str:
    """Say which promise was broken, or where a bug is."""
    if isinstance(error, Broken):
        return str(error)
    where = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" at {where[0].filename.rpartition('/')[2]}:{where[0].lineno}" if where else ""
    return f"{type(error).__name__}{place}: {error}"


class World:
    """A world of one seed; `run` once.

    Args:
        seed: All that is random follows from it.
        make_venue: The core of its processes; a test that plants a fault gives another one.
    """

    def __init__(self, seed: int, make_venue: Callable[[], Any] = Venue) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.loop = SimulatedLoop()
        self.loop.set_exception_handler(self._on_loop_error)
        self.faults = Faults(self.chance)
        self.oracle = Oracle()
        self.machines = [Machine(self.loop, self.faults, make_venue, self._on_start)]
        self.clients = [self._client(account_id) for account_id in range(1, ACCOUNTS + 1)]
        self.settlement = Settlement(lambda account_id: self.clients[account_id - 1])
        self.snapshots = 0
        self.broken: list[BaseException] = []
        self._is_storm = True

    def _client(self, account_id: int) -> Client:
        return Client(account_id, self.chance, self.post, self.later, self._client_now_ns)

    def _client_now_ns(self) -> int:
        return START_NS + self.loop.now_ns

    # --- the network -----------------------------------------------------------------------------

    def later(self, delay_ns: int, callback: Callable[[], None]) -> None:
        """Call back after some time; what it raises ends the world."""

        def guarded() -> None:
            try:
                callback()
            except Broken as error:
                self._stop(error)

        self.loop.after_ns(delay_ns, guarded)

    def _on_loop_error(self, loop: Any, context: dict[str, Any]) -> None:
        """What nobody handles is a bug, of the engine or of the world."""
        error = context.get("exception")
        self._stop(error if error is not None else Broken(str(context["message"])))

    def _stop(self, error: BaseException) -> None:
        self.broken.append(error)
        self.loop.stop()

    def serving(self) -> Process | None:
        """The process that a message reaches now."""
        return next((each.serving for each in self.machines if each.serving), None)

    def post(self, row: NDArray[np.void], reply: Callable[[Any], None]) -> None:
        """Carry a command to whoever serves when it arrives, and the answer back."""
        for delay_ns in self.faults.message_delays_ns():
            self.later(delay_ns, lambda: self._deliver(row, reply))

    def _deliver(self, row: NDArray[np.void], reply: Callable[[Any], None]) -> None:
        process = self.serving()
        if process is None:
            return

        def back(answer: Any) -> None:
            if process.is_alive:
                for delay_ns in self.faults.message_delays_ns():
                    self.later(delay_ns, lambda: reply(answer))

        def submit() -> None:
            if process.node is not None:
                try:
                    process.node.submit(row.copy(), _Receiver(back))
                except NotTaken as error:
                    back(error)

        process.after_ns(0, submit)

    def read_streams(self) -> None:
        """Let everybody read what is new, over the same network."""
        process = self.serving()
        if process is not None:
            feeds = process.feeds
            for client in self.clients:
                self._read_executions(feeds, client)
            self._read(
                len(self.settlement.fills) + 1,
                feeds.trades.last,
                self.settlement.on_fills,
                feeds.trades.read,
            )
            self._read(
                len(self.settlement.steps) + 1,
                feeds.withdrawals.end,
                self.settlement.on_steps,
                lambda first, count: feeds.withdrawals.read(first - 1, count),
            )
        self.later(self.chance.randint(20, 200) * NS_PER_MS, self.read_streams)

    def _read_executions(self, feeds: Feeds, client: Client) -> None:
        account_id = client.account_id

        def read(first: int, count: int) -> NDArray[np.void]:
            return feeds.executions.read(account_id, first, count).rows

        last = feeds.executions.last(account_id)
        self._read(client.next_execution(), last, client.on_executions, read)

    def _read(
        self,
        first: int,
        last: int,
        take: Callable[[int, NDArray[np.void]], None],
        read: Callable[[int, int], NDArray[np.void]],
    ) -> None:
        """Read a part of a stream and carry it to its reader; a lost one is asked for again."""
        if first > last:
            return
        rows = read(first, 64)
        delays = self.faults.message_delays_ns()
        if delays:
            self.later(min(delays), lambda: take(first, rows))

    # --- life ------------------------------------------------------------------------------------

    def _on_start(self, process: Process) -> None:
        """A process serves: everything that it knows is held against everything that was told."""
        try:
            self.oracle.check_recovered(process.machine, process)
            check_conservation(process)
        except Broken as error:
            self._stop(error)
            return
        node = process.node
        if node is not None:
            node.subscribe_released(lambda batch: self._on_batch(process, batch))

    def _on_batch(self, process: Process, batch: Any) -> None:
        if process.is_alive:
            try:
                self.oracle.on_batch(batch)
            except Broken as error:
                self._stop(error)

    def disturb(self) -> None:
        """Draw what happens to each machine in this part of a second."""
        for machine in self.machines:
            self._disturb(machine)
        if self._is_storm:
            self.later(self.chance.randint(100, 900) * NS_PER_MS, self.disturb)

    def _disturb(self, machine: Machine) -> None:
        if self.faults.happens("process killed"):
            machine.kill()
        if self.faults.happens("power cut"):
            machine.cut_power()
        if machine.process is not None and self.faults.happens("process paused"):
            pause_ns = self.chance.randint(50, 4_000) * NS_PER_MS
            machine.process.paused_until_ns = self.loop.now_ns + pause_ns
        if self.faults.happens("clock stepped"):
            machine.clock.offset_ns += self.chance.choice((-3_600, -2, -1, 1, 3, 86_400)) * NS
        if self.faults.happens("clock frozen"):
            machine.clock.freeze()
        machine.disk("journal").has_room = not self.faults.happens("disk full")
        if self.chance.random() < 0.3:
            machine.clock.mend()
            self._restart_halted(machine)
        names = newest_first(machine.disk("snapshots"))
        if names and self.faults.happens("snapshot bit flipped"):
            name = self.chance.choice(names)
            length = len(machine.disk("snapshots").get(name))
            machine.disk("snapshots").flip(
                name, self.chance.randrange(length), self.chance.randrange(8)
            )

    def _restart_halted(self, machine: Machine) -> None:
        """An operator restarts an engine that refuses because of its clock."""
        process = machine.serving
        if process is not None and process.node is not None:
            state = process.node.statistics().sequencer.state.name
            if state in ("CLOCK_JUMPED", "CLOCK_BEHIND_JOURNAL"):
                machine.kill()

    def snapshot(self) -> None:
        """Have the follower of a machine write a snapshot, or begin to."""
        machine = self.chance.choice(self.machines)
        disk = machine.disk("snapshots")
        if self.faults.happens("snapshot cut short"):
            disk.power_cut_at = disk.changes + self.chance.randint(1, 6)
        try:
            follower = machine.follower()
            follower.look()
            self.snapshots += follower.write() is not None
        except (PowerCut, StorageFull, JournalDamaged, JournalFilesWrong):
            self.faults.counts["follower stopped"] += 1
        disk.power_cut_at = 0
        self.later(self.chance.randint(300, 3_000) * NS_PER_MS, self.snapshot)

    def _act(self, client: Client) -> None:
        if self._is_storm:
            client.act()
            self.later(self.chance.randint(2, 120) * NS_PER_MS, partial(self._act, client))

    # --- storm and calm --------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Live through storm and calm; say what came of it."""
        try:
            self._run()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            self.broken = [error]
        finally:
            self.loop.close()
        serving = self.serving()
        return Outcome(
            seed=self.seed,
            broken=described(self.broken[0]) if self.broken else "",
            commands=len(self.oracle.told),
            executions=sum(len(client.executions) for client in self.clients),
            starts=sum(machine.starts for machine in self.machines),
            snapshots=self.snapshots,
            simulated_ns=self.loop.now_ns,
            digest=serving.venue.digest() if serving else 0,
            faults=self.faults.counts,
        )

    def _run(self) -> None:
        for machine in self.machines:
            machine.start()
        self._open_venue()
        for client in self.clients:
            self.later(NS, partial(self._act, client))
        self.later(NS, self.disturb)
        self.later(NS, self.snapshot)
        self.later(NS, self.read_streams)
        self._until(self.chance.randint(*STORM_SECONDS) * NS)
        self._calm()
        for _ in range(CALM_SECONDS_MAX):
            self._until(self.loop.now_ns + NS)
            if self._is_at_rest():
                break
        process = self.serving()
        if process is None:
            raise Broken(f"liveness: nobody serves; {self.machines[0].refused_starts[-1:]}")
        check_conservation(process)
        check_end(process.machine, process, self.clients, self.oracle)

    def _until(self, when_ns: int) -> None:
        """Let time go on, or stop at the first broken promise."""
        if self.broken:
            return
        timer = self.loop.after_ns(max(when_ns - self.loop.now_ns, 0), self.loop.stop)
        self.loop.run_forever()
        timer.cancel()
        if self.broken:
            raise self.broken[0]

    def _calm(self) -> None:
        """End all faults; what was broken is mended."""
        self._is_storm = False
        self.faults.is_calm = True
        for machine in self.machines:
            machine.clock.mend()
            machine.disk("journal").has_room = True
            self._restart_halted(machine)

    def _is_at_rest(self) -> bool:
        """Tell whether everything was told and nothing is on its way."""
        process = self.serving()
        if process is None or process.node is None:
            return False
        for machine in self.machines:
            self._restart_halted(machine)
        feeds = process.feeds
        read = all(
            len(client.executions) == feeds.executions.last(client.account_id)
            for client in self.clients
        )
        settled = len(self.settlement.fills) == feeds.trades.last
        paid = len(self.settlement.steps) == feeds.withdrawals.end
        known = not any(client.unknown for client in self.clients)
        durable = process.node.applied_sequence == process.node.durable_sequence
        return read and settled and paid and known and durable

    def _open_venue(self) -> None:
        """Define the venue, as an operator does: each definition until it is told."""
        rows = definitions()

        def next_one(index: int) -> None:
            if index == len(rows):
                return

            def on_reply(reply: Any) -> None:
                if isinstance(reply, Answer) and not done[index]:
                    done[index] = True
                    next_one(index + 1)

            def send() -> None:
                if not done[index]:
                    self.post(rows[index], on_reply)
                    self.later(300 * NS_PER_MS, send)

            send()

        done = [False] * len(rows)
        self.later(0, lambda: next_one(0))


def definitions() -> list[NDArray[np.void]]:
    """Two assets, two markets, the accounts and their deposits."""
    rows: list[dict[str, int]] = []
    for asset_id, symbol in ((1, "USDC"), (2, "HARBOR")):
        low, high = symbol_words(symbol)
        rows.append(
            {
                "kind": CommandKind.DEFINE_ASSET,
                "asset_id": asset_id,
                "symbol_low": low,
                "symbol_high": high,
            }
        )
    for market_id, symbol, fee in ((1, "HARBOR-USDC", 0), (2, "HARBOR-2", 900)):
        low, high = symbol_words(symbol)
        rows.append(
            {
                "kind": CommandKind.DEFINE_MARKET,
                "market_id": market_id,
                "base_asset_id": 2,
                "quote_asset_id": 1,
                "quote_atoms_per_tick_lot": 7,
                "base_atoms_per_lot": 3,
                "maker_fee_ppm": fee // 3,
                "taker_fee_ppm": fee,
                "symbol_low": low,
                "symbol_high": high,
            }
        )
    for account_id in range(1, ACCOUNTS + 1):
        rows.append({"kind": CommandKind.DEFINE_ACCOUNT, "account_id": account_id})
    for account_id in range(1, ACCOUNTS + 1):
        for asset_id in (1, 2):
            rows.append(
                {
                    "kind": CommandKind.DEPOSIT,
                    "account_id": account_id,
                    "asset_id": asset_id,
                    "amount_atoms": 10_000_000,
                    "client_id_low": asset_id,
                    "client_id_high": 1_000 + account_id,
                    "sent_time_ns": START_NS,
                }
            )
    made = []
    for fields in rows:
        row = np.zeros(1, COMMAND)
        for name, value in fields.items():
            row[name] = value
        made.append(row)
    return made
