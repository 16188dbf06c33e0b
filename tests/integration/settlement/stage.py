"""A settlement worker whose passes a test runs one by one, so that nothing has to be waited for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from services._base.database import Pool
from settlement.chain import Chain
from settlement.passes import Passes, Stores, Timing
from settlement.registry import RegistryFile
from settlement.signer import KeypairFile, WalletFolder
from settlement.states import State
from settlement.store import bind_chain
from settlement.store.reports import BatchReport
from settlement.transactions import RECEIPT_BYTES
from settlement.venue import FillsMessage, Venue, WithdrawalStep
from tests.integration.settlement.chain_world import ChainWorld
from tests.integration.settlement.ledger_venue import LedgerVenue


@dataclass
class Stage:
    """Worker, chain and venue in the hands of a test."""

    pool: Pool
    url: str
    world: ChainWorld
    ledger: LedgerVenue
    folder: Path
    chain: Chain
    venue: Venue
    stores: Stores
    worker: Passes

    @classmethod
    async def open(
        cls,
        pool: Pool,
        url: str,
        world: ChainWorld,
        ledger: LedgerVenue,
        folder: Path,
        *,
        owner: str = "first",
        lease_ms: int = 30_000,
    ) -> Stage:
        """Put a worker together that waits for nothing."""
        chain = Chain(url)
        venue = Venue(ledger.address, ledger.api_key)
        stores = Stores.of(pool, owner=owner, lease_ms=lease_ms)
        genesis_hash = await chain.genesis_hash()
        signer = KeypairFile(folder / "secrets" / "settlement.json")
        registry = RegistryFile(folder / "instruments.json")
        await bind_chain(
            pool,
            genesis_hash=genesis_hash,
            authority=str(signer.address),
            market_program=str(registry.current.market_program),
        )
        worker = Passes(
            chain=chain,
            venue=venue,
            stores=stores,
            registry=registry,
            signer=signer,
            wallets=WalletFolder(folder / "secrets"),
            timing=Timing(
                batch_wait=0,
                resend=0,
                refused_again=0,
                difference_window=0,
                lease=lease_ms,
                receipts_kept=5,
            ),
            genesis_hash=genesis_hash,
            rent_lamports=await chain.rent_lamports(RECEIPT_BYTES),
        )
        return cls(pool, url, world, ledger, folder, chain, venue, stores, worker)

    async def second(self, owner: str = "second", lease_ms: int = 30_000) -> Stage:
        """Put another worker on the same database, chain and venue."""
        return await Stage.open(
            self.pool,
            self.url,
            self.world,
            self.ledger,
            self.folder,
            owner=owner,
            lease_ms=lease_ms,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self.chain.close()
        await self.venue.close()

    async def fund(self, *holdings: tuple[int, int, int]) -> None:
        """Deposit (account, asset, atoms) on chain and have the venue credit it."""
        for account_id, asset_id, atoms in holdings:
            await self.world.deposit(account_id, asset_id, atoms)
        await self.world.finalize()
        await self.worker.deposits()

    async def take_in(self) -> None:
        """Read the venue's streams up to where it is now."""
        async for message in self._until_quiet():
            await self.stores.fills.add(message.fills, received_time_ns=1)
        start = await self.stores.withdrawals.cursor()
        steps: list[WithdrawalStep]
        async for steps, as_of in self.venue.follow_withdrawals(start):
            await self.stores.withdrawals.take(steps, as_of_sequence=as_of)
            if as_of >= self.ledger.sequence:
                return

    async def _until_quiet(self) -> AsyncIterator[FillsMessage]:
        start = await self.stores.fills.last_trade_id() + 1
        async for message in self.venue.follow_fills(start):
            yield message
            last = message.fills[-1].trade_id if message.fills else start - 1
            if last >= len(self.ledger.fills):
                return

    async def batch_and_send(self) -> None:
        """Take in fills, make batches of all of them, send what may be sent."""
        await self.take_in()
        await self.worker.make_batches()
        await self.worker.send()

    async def land(self) -> None:
        """Let what was sent land and be confirmed."""
        await self.world.advance(2)
        await self.worker.confirm()

    async def land_finally(self) -> None:
        """Let what was sent become final."""
        await self.world.finalize()
        await self.worker.confirm()

    async def settle_all(self, rounds: int = 30) -> None:
        """Run passes until nothing is left to do."""
        await self.take_in()
        for _ in range(rounds):
            await self.worker.make_batches()
            await self.worker.send()
            await self.land_finally()
            await self.worker.pay_and_end()
            await self.take_in()
            if not await self.open_payments() and not await self.stores.fills.count_queued():
                return
        raise AssertionError("payments are still open")

    async def open_payments(self) -> int:
        """Return how many payments are not over."""
        count = await self.pool.fetchval(
            "SELECT count(*) FROM settlement.payments"
            " WHERE state NOT IN ('FINAL', 'FAILED', 'PARKED')"
        )
        return int(count)

    async def batches(self) -> list[BatchReport]:
        """Return all batches, oldest first."""
        return (await self.stores.reports.batches_before(1 << 62, 1_000))[::-1]

    async def states(self) -> list[State]:
        """Return the states of all batches, oldest first."""
        return [each.state for each in await self.batches()]

    async def fill_states(self) -> dict[int, State]:
        """Return the state of every fill."""
        ids = range(1, len(self.ledger.fills) + 1)
        found = await self.stores.reports.fill_states(list(ids))
        return {trade_id: found[trade_id].state for trade_id in ids}

    async def assert_chain_equals_ledger(self) -> None:
        """Check every custody account against the venue's ledger, nothing being in flight."""
        for account_id in (0, *self.world.wallets):
            for asset_id in self.world.registry.assets:
                expected = self.ledger.atoms(account_id, asset_id)
                held = await self.world.atoms(account_id, asset_id)
                assert (account_id, asset_id, expected) == (account_id, asset_id, held)
