"""The settlement worker as a process: `realstack serve settlement`.

    venue ── fills, withdrawals ──> intake ──> batching ──> sending ──> confirming
    chain ── deposits ──> indexer ──> venue                 (chain)      (chain)

Each arrow is a loop of passes over the database; nothing of value is in this process. It knows the
chain by its URL alone. Several workers may run on one database.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import socket
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog

from engine.keys import KeysInvalid, KeyTable
from realstack.settings import MissingSetting
from services._base.database import MigrationError, Pool, open_pool
from services._base.grpc_server import GrpcServer
from services._base.process import announce, configure_logs, run_until_stopped, stop_event
from services._base.settings import (
    add_setting,
    keys_path,
    read_api_key,
    read_settings,
    server_parser,
)
from settlement.accounts import Custody
from settlement.builder import Builder
from settlement.chain import Chain
from settlement.clock import SystemClock
from settlement.confirmer import Confirmer, Verdict
from settlement.indexer import Indexer
from settlement.intake import Intake
from settlement.loops import repeat, retry
from settlement.reconciler import Reconciler
from settlement.registry import RegistryFile, RegistryInvalid
from settlement.rpc import SERVICE_NAME, StatusServicer, add_status_servicer
from settlement.settler import Rules, Settler
from settlement.signer import KeypairFile, Signer, SignerInvalid
from settlement.store import WrongChain, bind_chain, prepare
from settlement.store.batches import BatchStore
from settlement.store.deposits import DepositStore
from settlement.store.fills import FillStore
from settlement.store.payments import PaymentStore
from settlement.store.reconciliations import ReconciliationStore, result_of
from settlement.store.reports import ReportStore
from settlement.store.withdrawals import WithdrawalStore
from settlement.submitter import Submitter
from settlement.venue import Venue, VenueRefused
from settlement.withdrawals import Withdrawals

NAME = "settlement"
CONNECTIONS_MAX = 12
NS_PER_MS = 1_000_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Timing:
    """How often things are looked at, in milliseconds.

    Attributes:
        poll: Chain and database.
        batch_wait: How long a fill waits for others before its batch is closed.
        resend: How long a transaction that has not landed waits to be sent again.
        refused_again: How long a deposit that the venue could not take waits to be offered again.
        reconcile: Between comparisons of ledger and chain.
        difference_window: How long a difference may last before withdrawals halt.
        lease: How long a claim on a payment holds.
    """

    poll: int = 250
    batch_wait: int = 500
    resend: int = 2_000
    refused_again: int = 5_000
    reconcile: int = 2_000
    difference_window: int = 30_000
    lease: int = 30_000


@dataclass(frozen=True, slots=True)
class Stores:
    """All that the worker remembers."""

    fills: FillStore
    batches: BatchStore
    payments: PaymentStore
    deposits: DepositStore
    withdrawals: WithdrawalStore
    reconciliations: ReconciliationStore
    reports: ReportStore

    @classmethod
    def of(cls, pool: Pool, *, owner: str, lease_ms: int) -> Stores:
        """Open all of them on a pool."""
        return cls(
            FillStore(pool),
            BatchStore(pool),
            PaymentStore(pool, owner, lease_ms=lease_ms),
            DepositStore(pool),
            WithdrawalStore(pool),
            ReconciliationStore(pool),
            ReportStore(pool),
        )


class Worker:
    """The parts of one worker and its passes."""

    def __init__(
        self,
        *,
        chain: Chain,
        venue: Venue,
        stores: Stores,
        registry: RegistryFile,
        signer: Signer,
        timing: Timing,
        genesis_hash: str,
        rent_lamports: int,
    ) -> None:
        """Put the parts together; nothing runs yet."""
        clock = SystemClock()
        custody = Custody(signer.address)
        builder = Builder(custody, registry, rent_lamports=rent_lamports)
        self._clock = clock
        self._timing = timing
        self._stores = stores
        self._slot_seen = 0
        self._fills_came = asyncio.Event()
        self._payments_came = asyncio.Event()
        self.intake = Intake(
            venue=venue,
            fills=stores.fills,
            withdrawals=stores.withdrawals,
            clock=clock,
            tell=self._fills_came.set,
        )
        self._settler = Settler(
            batches=stores.batches,
            payments=stores.payments,
            builder=builder,
            submitter=Submitter(
                chain=chain,
                store=stores.payments,
                builder=builder,
                custody=custody,
                signer=signer,
                clock=clock,
                genesis_hash=genesis_hash,
            ),
            confirmer=Confirmer(chain),
            clock=clock,
            rules=Rules(wait_ns=timing.batch_wait * NS_PER_MS, resend_ns=timing.resend * NS_PER_MS),
        )
        self._indexer = Indexer(
            chain=chain,
            store=stores.deposits,
            custody=custody,
            registry=registry,
            venue=venue,
            clock=clock,
            refused_again_ns=timing.refused_again * NS_PER_MS,
        )
        self._withdrawals = Withdrawals(
            store=stores.withdrawals, registry=registry, venue=venue, clock=clock
        )
        self.reconciler = Reconciler(
            chain=chain,
            venue=venue,
            store=stores.reconciliations,
            deposits=stores.deposits,
            custody=custody,
            registry=registry,
        )

    def loops(self) -> list[Coroutine[None, None, None]]:
        """Return everything that runs until the worker stops."""
        poll = self._timing.poll
        fills, payments = self._fills_came, self._payments_came
        return [
            repeat("fills", self.intake.follow_fills, every_ms=poll),
            repeat("holds", self.intake.follow_withdrawals, every_ms=poll),
            repeat("batches", self.make_batches, every_ms=poll, wake=fills),
            repeat("send", self.send, every_ms=poll, wake=payments),
            repeat("confirm", self.confirm, every_ms=poll),
            repeat("deposits", self.deposits, every_ms=poll),
            repeat("withdrawals", self.pay_and_end, every_ms=poll),
            repeat("reconcile", self.reconcile, every_ms=self._timing.reconcile),
        ]

    async def make_batches(self) -> None:
        """Put queued fills into batches."""
        if await self._settler.make_batches():
            self._payments_came.set()

    async def send(self) -> None:
        """Send the payments that may be sent."""
        slot_min = max(self._slot_seen, self._indexer.slot_seen)
        halted = await self._stores.reconciliations.withdrawals_halted()
        await self._settler.send(slot_min=slot_min, withdrawals_halted=halted)

    async def confirm(self) -> None:
        """Look what became of what was sent."""
        found = await self._settler.confirm()
        for each in found:
            if each.status is not None and each.verdict in (Verdict.CONFIRMED, Verdict.FINAL):
                self._slot_seen = max(self._slot_seen, each.status.slot)
        if found:
            self._payments_came.set()

    async def deposits(self) -> None:
        """Find deposits on chain and have the venue credit them."""
        await self._indexer.scan()
        await self._indexer.credit()

    async def pay_and_end(self) -> None:
        """Pay held withdrawals, and end those that are paid or cannot be."""
        if not await self._stores.reconciliations.withdrawals_halted() and (
            await self._withdrawals.pay()
        ):
            self._payments_came.set()
        await self._withdrawals.end()

    async def reconcile(self) -> None:
        """Compare ledger and chain, and keep the result."""
        comparison = await self.reconciler.compare()
        before = await self._stores.reconciliations.last()
        result = result_of(
            comparison,
            now_ns=self._clock.now_ns(),
            before=before,
            window_ns=self._timing.difference_window * NS_PER_MS,
        )
        await self._stores.reconciliations.add(result)
        if result.differences:
            log.error(
                "ledger_differs_from_chain",
                differences=[str(each) for each in result.differences],
                withdrawals_halted=result.withdrawals_halted,
            )


# --- the process ---------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """Return the command line of this process."""
    defaults = Timing()
    made = server_parser(NAME, "Settles fills on chain, credits deposits, pays withdrawals.")
    add_setting(made, "--engine", "engine_address", "the engine")
    add_setting(made, "--database-url", "database_url", "PostgreSQL")
    add_setting(made, "--solana-rpc-url", "solana_rpc_url", "the Solana node")
    made.add_argument(
        "--keypair", type=Path, metavar="FILE", help="default: DATA/secrets/settlement.json"
    )
    made.add_argument("--poll-ms", type=int, default=defaults.poll)
    made.add_argument("--batch-wait-ms", type=int, default=defaults.batch_wait)
    made.add_argument("--resend-ms", type=int, default=defaults.resend)
    made.add_argument("--reconcile-ms", type=int, default=defaults.reconcile)
    made.add_argument("--difference-window-ms", type=int, default=defaults.difference_window)
    made.add_argument("--lease-ms", type=int, default=defaults.lease)
    return made


def timing_of(options: argparse.Namespace) -> Timing:
    """Return the timing that the flags ask for."""
    return Timing(
        poll=options.poll_ms,
        batch_wait=options.batch_wait_ms,
        resend=options.resend_ms,
        reconcile=options.reconcile_ms,
        difference_window=options.difference_window_ms,
        lease=options.lease_ms,
    )


async def serve(options: argparse.Namespace) -> None:
    """Serve until a signal asks to stop.

    Raises:
        MissingSetting, SignerInvalid, RegistryInvalid, KeysInvalid: It cannot start.
        WrongChain: The node is of a chain that this database does not belong to.
        VenueRefused: The venue lacks trades that are stored here.
    """
    settings = read_settings(options)
    signer = KeypairFile(options.keypair or settings.secrets / f"{NAME}.json")
    registry = RegistryFile(settings.data / "instruments.json")
    keys = KeyTable(keys_path(options, settings))
    api_key = read_api_key(options, settings, NAME)
    timing = timing_of(options)
    owner = f"{socket.gethostname()}:{secrets.token_hex(8)}"
    stopped = stop_event()
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.need("database_url"), connections_max=CONNECTIONS_MAX)
        stack.push_async_callback(pool.close)
        await prepare(pool)
        chain = Chain(settings.need("solana_rpc_url"))
        stack.push_async_callback(chain.close)
        venue = Venue(settings.need("engine_address"), api_key)
        stack.push_async_callback(venue.close)
        stores = Stores.of(pool, owner=owner, lease_ms=timing.lease)
        server = GrpcServer(
            services=[SERVICE_NAME],
            add=lambda made: add_status_servicer(
                made, StatusServicer(stores.reports, stores.reconciliations)
            ),
            is_known_key=lambda key: keys.find(key) is not None,
        )
        address = await server.start(options.listen)
        stack.push_async_callback(server.stop)

        async def work() -> None:
            worker = await start(pool, chain, venue, stores, registry, signer, timing)
            await server.set_serving(True)
            announce(NAME, address)
            async with asyncio.TaskGroup() as group:
                for loop in worker.loops():
                    group.create_task(loop)

        await run_until_stopped(stopped, asyncio.create_task(work()))
        await stores.payments.release_all()


async def start(
    pool: Pool,
    chain: Chain,
    venue: Venue,
    stores: Stores,
    registry: RegistryFile,
    signer: Signer,
    timing: Timing,
) -> Worker:
    """Make sure of the chain, waiting for its node if need be, and put a worker together.

    Raises:
        WrongChain: It is another chain than at the first run.
    """
    shown: list[tuple[str, int]] = []

    async def ask() -> None:
        shown.append((await chain.genesis_hash(), await chain.rent_lamports(0)))

    await retry("chain", ask)
    genesis_hash, rent_lamports = shown[-1]
    await bind_chain(pool, genesis_hash=genesis_hash, authority=str(signer.address))
    return Worker(
        chain=chain,
        venue=venue,
        stores=stores,
        registry=registry,
        signer=signer,
        timing=timing,
        genesis_hash=genesis_hash,
        rent_lamports=rent_lamports,
    )


_CANNOT_START = (
    MissingSetting,
    SignerInvalid,
    RegistryInvalid,
    KeysInvalid,
    MigrationError,
    WrongChain,
    VenueRefused,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the process and return its exit status."""
    options = parser().parse_args(argv)
    configure_logs(NAME)
    problems: list[str] = []
    try:
        asyncio.run(serve(options))
    except* _CANNOT_START as group:
        problems += [str(error) for error in leaves(group)]
    for problem in problems:
        sys.stderr.write(f"{NAME}: {problem}\n")
    return 1 if problems else 0


def leaves(group: BaseExceptionGroup[Exception]) -> list[Exception]:
    """Return the exceptions of a group and of the groups in it."""
    found: list[Exception] = []
    for error in group.exceptions:
        found += leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


if __name__ == "__main__":
    sys.exit(main())
