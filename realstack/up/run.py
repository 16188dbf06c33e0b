"""From the first start to the last line.

1. the data folder, its lock, keys, keypairs, instruments
2. postgres and localnet, or those that the settings name
3. on chain: the market program, mints, vaults, first deposits
4. engine, with its definitions; market service, settlement worker, gateway
5. with --demo the participants
6. until Ctrl-C, the end of the duration, or a process that ends and cannot be started again
7. participants stop and take their orders back; what is left is settled; ledger and chain are
   compared by a process of its own; everything stops, the last started first
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from realstack.client import Client
from realstack.settings import Settings, load
from realstack.up import definitions, ending, first_start, leftovers, plans
from realstack.up.ending import Verdict
from realstack.up.figures import Figures, Meter
from realstack.up.folders import Folder, FolderRefused, clear, open_folder
from realstack.up.instruments import Instruments, InstrumentsFile
from realstack.up.keyring import Keyring
from realstack.up.process import Plan
from realstack.up.screen import Screen
from realstack.up.settlement_view import SettlementView, batch_line
from realstack.up.supervisor import Supervisor

STATUS_SECONDS = 1.0
STATUS_CALL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Options:
    """What `realstack up` was asked for.

    Attributes:
        data: The data folder; None: that of the settings.
        demo: Whether participants trade.
        duration_seconds: How long; None: until Ctrl-C.
        fresh: Forget what earlier runs left.
        page: HOST:PORT of the gateway.
        core: The matching core: "compiled", or "reference" for tests.
    """

    data: Path | None
    demo: bool
    duration_seconds: float | None
    fresh: bool
    page: str
    core: str


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended: the verdict, and its numbers for programs."""

    verdict: Verdict
    facts: dict[str, object]


class Stopped(Exception):
    """Ctrl-C while starting."""


class Run:
    """One run of the venue."""

    def __init__(self, options: Options, screen: Screen) -> None:
        self._options = options
        self._screen = screen
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self) -> Result:
        """Start, trade, end.

        Raises:
            FolderRefused, ProcessFailed, ChainSetupFailed, ClientError: It cannot start or go on.
            Stopped: Ctrl-C came before it had started.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal)
        folder = self._open()
        settings = load(data=folder.path)
        supervisor = Supervisor(folder, self._screen.line)
        try:
            return await self._with(Venue(settings, folder, supervisor, self._options))
        finally:
            self._screen.end_live()
            await supervisor.stop_all()
            folder.close()

    def _on_signal(self) -> None:
        """The first asks for an orderly end, the second for a quick one."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def _open(self) -> Folder:
        """Open the data folder, free of what a former run left there."""
        settings = load(data=self._options.data)
        if self._options.fresh and os.environ.get("DATABASE_URL"):
            raise FolderRefused("--fresh cannot empty the database of DATABASE_URL: give a new one")
        folder = open_folder(settings.data)
        left = leftovers.end(folder.path)
        if left:
            self._screen.line(f"ended what a former run left: {', '.join(left)}")
        if self._options.fresh:
            clear(folder)
        return folder

    async def _with(self, venue: Venue) -> Result:
        try:
            meter = await self._start(venue)
            await self._watch(venue, meter)
            return await self._end(venue, meter)
        finally:
            await venue.close()

    async def _start(self, venue: Venue) -> Meter:
        """Start everything, unless Ctrl-C or a process that ends comes before.

        Raises:
            Stopped: Ctrl-C came.
            ProcessFailed: A process did not start, or ended.
        """
        starting = asyncio.create_task(venue.start(self._screen.line))
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait(
            (starting, stopping, venue.supervisor.failed),
            return_when=asyncio.FIRST_COMPLETED,
        )
        stopping.cancel()
        if not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            venue.raise_failed()
            raise Stopped("stopped before it had started")
        return starting.result()

    async def _watch(self, venue: Venue, meter: Meter) -> None:
        """Show how things stand until it is time to end.

        Raises:
            ProcessFailed: A process ended for good.
        """
        loop = asyncio.get_running_loop()
        if self._options.duration_seconds is not None:
            loop.call_later(self._options.duration_seconds, self._stop.set)
        stopping = asyncio.create_task(self._stop.wait())
        try:
            while not self._stop.is_set():
                self._screen.live((await meter.read()).line())
                await asyncio.wait(
                    (stopping, venue.supervisor.failed),
                    timeout=STATUS_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                venue.raise_failed()
        finally:
            stopping.cancel()

    async def _end(self, venue: Venue, meter: Meter) -> Result:
        self._screen.live("ending: the participants take their orders back")
        await venue.supervisor.stop("sim")
        await ending.settle(meter, self._screen, self._hurry)
        figures = await meter.read()
        self._screen.live("comparing ledger and chain")
        verdict = await ending.reconcile(venue.folder.path, venue.environment())
        self._screen.end_live()
        venue.raise_failed()
        self._sum_up(venue, meter, figures, verdict)
        return Result(verdict, ending.facts(figures, meter, verdict))

    def _sum_up(self, venue: Venue, meter: Meter, figures: Figures, verdict: Verdict) -> None:
        for line in ending.summary(figures, meter, venue.instruments):
            self._screen.line(line)
        for name, count in venue.supervisor.restarts().items():
            self._screen.line(f"{name} was started again {count} times")
        for line in verdict.lines:
            self._screen.line(line)


class Venue:
    """All parts of a running venue, and where they are."""

    def __init__(
        self, settings: Settings, folder: Folder, supervisor: Supervisor, options: Options
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.supervisor = supervisor
        self.instruments = Instruments(assets=[], markets=[], accounts=[], market_program="")
        self._options = options
        self._addresses: dict[str, str] = {}
        self._keyring = Keyring(folder)
        self._stack = AsyncExitStack()

    async def close(self) -> None:
        """Close the connections of this process."""
        await self._stack.aclose()

    def environment(self) -> dict[str, str]:
        """Return what tells processes where the others are."""
        names = {
            "DATABASE_URL": self._addresses.get("postgres"),
            "SOLANA_RPC_URL": self._addresses.get("localnet"),
            "SOLANA_WS_URL": self.settings.solana_ws_url,
            "ENGINE_ADDRESS": self._addresses.get("engine"),
            "MARKET_ADDRESS": self._addresses.get("market"),
            "SETTLEMENT_ADDRESS": self._addresses.get("settlement"),
            "REALSTACK_DATA": str(self.folder.path),
        }
        return {name: value for name, value in names.items() if value}

    def raise_failed(self) -> None:
        """Raise what ended the venue, if something did.

        Raises:
            ProcessFailed: A process ended for good.
        """
        if self.supervisor.failed.done():
            self.supervisor.failed.result()

    async def start(self, say: Callable[[str], None]) -> Meter:
        """Start everything and return what reads the numbers."""
        self.instruments = first_start.make_instruments(
            InstrumentsFile(self.folder.path / "instruments.json"), self._keyring
        )
        first_start.make_keys(self._keyring, self.instruments)
        await asyncio.gather(self._start_database(say), self._start_chain(say))
        engine = asyncio.create_task(self._start_engine(say))
        tokens = asyncio.create_task(self._make_tokens(say))
        await asyncio.gather(engine, tokens)
        data = self.folder.path
        for name in ("market", "settlement"):
            await self._start(plans.server(name, data, self.environment()), say)
        page = ("--listen", self._options.page)
        await self._start(plans.server("gateway", data, self.environment(), *page), say)
        self.supervisor.tell(gateway=self._addresses["gateway"])
        meter = await self._meter(say)
        if self._options.demo:
            await self._start(plans.sim(data, self.environment(), meter.on_sim_line), say)
        say("")
        say(f"    the live page:  {self._addresses['gateway']}")
        say("    try it:         realstack watch HARBOR-USDC")
        say("                    realstack order buy HARBOR-USDC 3 --price 101.25")
        say("    Ctrl-C ends it")
        say("")
        return meter

    async def _start(self, plan: Plan, say: Callable[[str], None]) -> None:
        address = await self.supervisor.start(plan)
        self._addresses[plan.name] = address
        say(f"{plan.name:<12}{'trading' if plan.name == 'sim' else address}")

    async def _start_database(self, say: Callable[[str], None]) -> None:
        if self.settings.database_url:
            self._addresses["postgres"] = self.settings.database_url
            say("postgres    as DATABASE_URL says")
        else:
            await self._start(plans.postgres(self.folder.path), say)
        self.supervisor.tell(database_url=self._addresses["postgres"])

    async def _start_chain(self, say: Callable[[str], None]) -> None:
        if self.settings.solana_rpc_url:
            self._addresses["localnet"] = self.settings.solana_rpc_url
            say("solana      as SOLANA_RPC_URL says")
        else:
            await self._start(
                plans.localnet(self.folder.path, self.instruments.market_program), say
            )
            self._addresses["localnet"] = f"http://{self._addresses['localnet']}"
        self.supervisor.tell(solana_rpc_url=self._addresses["localnet"])

    async def _start_engine(self, say: Callable[[str], None]) -> None:
        await self._start(plans.engine(self.folder.path, self._options.core), say)
        client = Client(self._addresses["engine"], api_key=self._keyring.api_key("operator"))
        async with client:
            new = await definitions.define(client, self.instruments)
        if new:
            say(f"            {new} definitions of assets, markets and accounts")
        if self._options.core == "compiled":  # the reference's state is not made to be kept
            await self._start(plans.snapshots(self.folder.path), say)

    async def _make_tokens(self, say: Callable[[str], None]) -> None:
        new = await first_start.make_tokens(
            self._addresses["localnet"], self._keyring, self.instruments
        )
        if new:
            say(f"            {new} transactions: the market program, mints, vaults, deposits")

    async def _meter(self, say: Callable[[str], None]) -> Meter:
        key = self._keyring.api_key("operator")
        address = self._addresses["engine"]
        operator = Client(address, api_key=key, timeout_seconds=STATUS_CALL_SECONDS)
        await self._stack.enter_async_context(operator)
        settlement = SettlementView(self._addresses["settlement"], key)
        settlement.on_batch = lambda batch: say(batch_line(batch))
        self._stack.push_async_callback(settlement.close)
        meter = Meter(operator, settlement)
        await meter.begin()
        return meter
