"""The passes of one worker: its parts put together, and how each pass feeds the next.

    venue ── fills, withdrawals ──> intake ──> batching ──> sending ──> confirming
    chain ── deposits ──> indexer ──> venue                 (chain)      (chain)

Each arrow is a loop of passes over the database; nothing of value is in this process. Several
workers may run on one database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass

import structlog

from services._base.database import Pool
from settlement.accounts import Custody
from settlement.builder import Builder
from settlement.chain import Chain
from settlement.clock import SystemClock
from settlement.comparer import Comparer
from settlement.confirmer import Confirmer, Verdict
from settlement.exits import Exits
from settlement.indexer import Indexer
from settlement.intake import Intake
from settlement.loops import repeat
from settlement.receipts import Receipts
from settlement.registry import RegistryFile
from settlement.settler import Rules, Settler
from settlement.signer import Signer, Wallets
from settlement.store.batches import BatchStore
from settlement.store.deposits import DepositStore
from settlement.store.exits import ExitStore
from settlement.store.fills import FillStore
from settlement.store.payments import PaymentStore
from settlement.store.receipts import ReceiptStore
from settlement.store.reconciliations import ReconciliationStore, result_of
from settlement.store.reports import ReportStore
from settlement.store.withdrawals import WithdrawalStore
from settlement.submitter import Submitter
from settlement.venue import Venue
from settlement.withdrawals import Withdrawals

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
        receipts: Between looks for receipts to close; longer than it takes to be final.
        receipts_kept: How many of the newest batches keep their receipts; a count.
    """

    poll: int = 250
    batch_wait: int = 500
    resend: int = 2_000
    refused_again: int = 5_000
    reconcile: int = 2_000
    difference_window: int = 30_000
    lease: int = 30_000
    receipts: int = 30_000
    receipts_kept: int = 1_000


@dataclass(frozen=True, slots=True)
class Stores:
    """All that the worker remembers."""

    fills: FillStore
    batches: BatchStore
    payments: PaymentStore
    deposits: DepositStore
    withdrawals: WithdrawalStore
    exits: ExitStore
    reconciliations: ReconciliationStore
    reports: ReportStore
    receipts: ReceiptStore

    @classmethod
    def of(cls, pool: Pool, *, owner: str, lease_ms: int) -> Stores:
        """Open all of them on a pool."""
        return cls(
            FillStore(pool),
            BatchStore(pool),
            PaymentStore(pool, owner, lease_ms=lease_ms),
            DepositStore(pool),
            WithdrawalStore(pool),
            ExitStore(pool),
            ReconciliationStore(pool),
            ReportStore(pool),
            ReceiptStore(pool),
        )


class Passes:
    """Everything that one worker does, each a pass that may be cut off anywhere and run again."""

    def __init__(
        self,
        *,
        chain: Chain,
        venue: Venue,
        stores: Stores,
        registry: RegistryFile,
        signer: Signer,
        wallets: Wallets,
        timing: Timing,
        genesis_hash: str,
        rent_lamports: int,
    ) -> None:
        """Put the parts together; nothing runs yet."""
        clock = SystemClock()
        custody = Custody(registry, signer.address)
        builder = Builder(custody, registry)
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
                wallets=wallets,
                clock=clock,
                genesis_hash=genesis_hash,
                receipt_lamports=rent_lamports,
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
        self.exits = Exits(
            chain=chain,
            store=stores.exits,
            custody=custody,
            registry=registry,
            venue=venue,
            indexer=self._indexer,
            clock=clock,
        )
        kept = timing.receipts_kept
        self.receipts = Receipts(
            chain=chain, store=stores.receipts, custody=custody, signer=signer, kept=kept
        )
        self.comparer = Comparer(
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
            repeat("exits", self.exits.follow, every_ms=poll),
            repeat("receipts", self.receipts.close, every_ms=self._timing.receipts),
            repeat("reconcile", self.reconcile, every_ms=self._timing.reconcile),
        ]

    async def make_batches(self) -> None:
        """Put queued fills into batches."""
        slot_min = max(self._slot_seen, self._indexer.slot_seen)
        if await self._settler.make_batches(slot_min=slot_min):
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
        comparison = await self.comparer.compare()
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
