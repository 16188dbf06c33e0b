"""Kill the settlement worker at each of its steps while trades go on, and judge the chain.

The judge looks at the chain alone: for each payment the transactions that made its receipt, for
each custody account the balance, against the ledger of a venue that was never killed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from solana.rpc.async_api import AsyncClient

from settlement.chain import Chain
from settlement.killpoints import STEPS
from settlement.localnet import LocalnetServer, LocalnetSettings
from settlement.payments import PaymentKind
from settlement.submitter import RECEIPT_KINDS
from tests.integration.settlement.chain_world import BOND, BUILDING, DOLLAR, PROGRAMS, ChainWorld
from tests.integration.settlement.ledger_venue import FINALIZED, HELD, LedgerVenue
from tests.integration.settlement.worker_process import WorkerProcess, write_keys
from tests.support.postgres import fresh_database, postgres_server
from tests.support.waiting import wait_until

ACCOUNTS = 30  # more than one transaction carries, so that windows have several
FLOAT_ATOMS = 100_000
FINALIZED_SLOTS = 4
SETTLE_SECONDS_MAX = 120.0
TRADE_SECONDS = 0.01
LIFE_SECONDS_MAX = 30.0


@dataclass(slots=True)
class Verdict:
    """What the judge found."""

    kills: dict[str, int] = field(default_factory=dict)
    fills: int = 0
    deposits: int = 0
    withdrawals: int = 0
    transactions: int = 0
    windows: int = 0
    faults: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the line that it comes to."""
        times = sum(self.kills.values())
        what = (
            f"{self.fills} fills, {self.deposits} deposits, {self.withdrawals} withdrawals"
            f" in {self.transactions} transactions, {self.windows} windows of several"
        )
        if self.faults:
            return f"worker killed {times} times: {len(self.faults)} faults in {what}"
        return f"worker killed {times} times: {what}, none settled twice or never"

    def figures(self) -> dict[str, int]:
        """Return the figures for a program to read."""
        return {
            "kills": sum(self.kills.values()),
            "fills": self.fills,
            "deposits": self.deposits,
            "withdrawals": self.withdrawals,
            "transactions": self.transactions,
            "windows": self.windows,
            "faults": len(self.faults),
        }


@dataclass
class Scene:
    """Chain, venue, database and the worker that dies."""

    world: ChainWorld
    venue: LedgerVenue
    worker: WorkerProcess
    chain: Chain
    database_url: str
    random: random.Random

    async def fund(self) -> None:
        """Give every account every asset, and the clearing vaults their float."""
        for asset_id in (BUILDING, BOND, DOLLAR):
            await self.world.lend(asset_id, FLOAT_ATOMS)
            for account_id in self.world.wallets:
                await self.world.deposit(account_id, asset_id, 1_000_000)

    async def wait_for_credits(self) -> None:
        """Wait until the venue has credited what `fund` deposited."""

        async def credited() -> bool:
            return len(self.venue.credits) >= ACCOUNTS * 3

        await wait_until(credited)

    async def wait_for_finality(self) -> None:
        """Wait until all that has landed so far is final."""
        landed = (await self.chain.latest_blockhash()).slot

        async def final() -> bool:
            return (await self.chain.finalized_height()).slot > landed

        await wait_until(final)

    async def act(self) -> None:
        """Trade, and now and then deposit and withdraw, until cancelled."""
        while True:
            chance = self.random.random()
            if chance < 0.05:
                account, asset = self.random.randint(1, ACCOUNTS), BUILDING
                await self.world.deposit(account, asset, self.random.randint(1, 50))
            elif chance < 0.1:
                await self._withdraw()
            else:
                await self._trade()
            await asyncio.sleep(TRADE_SECONDS)

    async def _trade(self) -> None:
        buyer, seller = self.random.sample(range(1, ACCOUNTS + 1), 2)
        base = self.random.choice((BUILDING, BOND))
        if min(self.venue.free[(seller, base)], self.venue.free[(buyer, DOLLAR)]) < 1_000:
            return
        await self.venue.trade(
            buyer=buyer,
            seller=seller,
            base=base,
            quote=DOLLAR,
            base_atoms=self.random.randint(1, 20),
            quote_atoms=self.random.randint(1, 900),
            buyer_fee=1,
            seller_fee=1,
        )

    async def _withdraw(self) -> None:
        account = self.random.randint(1, ACCOUNTS)
        if self.venue.free[(account, BOND)] > 1_000:
            await self.venue.hold(account, BOND, self.random.randint(1, 20))

    async def live_and_die(self, die_at: str) -> bool:
        """Let the worker live until it dies at a step; False: it did not get there."""
        await self.worker.start(die_at=die_at)
        try:
            async with asyncio.timeout(LIFE_SECONDS_MAX):
                await self.worker.wait()
        except TimeoutError:
            await self.worker.kill()
            return False
        return True

    async def settle(self) -> None:
        """Let the worker live until nothing is left to do, then end it."""
        await self.worker.start()
        connection = await asyncpg.connect(self.database_url)
        try:
            await wait_until(lambda: self._is_quiet(connection), seconds=SETTLE_SECONDS_MAX)
        finally:
            await connection.close()
            await self.worker.stop()

    async def _is_quiet(self, connection: asyncpg.Connection[asyncpg.Record]) -> bool:
        open_things = await connection.fetchval(
            "SELECT (SELECT count(*) FROM settlement.payments WHERE state <> 'FINAL')"
            " + (SELECT count(*) FROM settlement.fills WHERE window_id IS NULL)"
            " + (SELECT count(*) FROM settlement.deposits"
            " WHERE state NOT IN ('CREDITED', 'FLOAT'))"
            " + (SELECT count(*) FROM settlement.withdrawals WHERE state <> 'DONE')"
            " + $1 - (SELECT count(*) FROM settlement.fills)"
            " + $2 - (SELECT count(*) FROM settlement.withdrawals)",
            len(self.venue.fills),
            sum(each.step == HELD for each in self.venue.steps),
        )
        return int(open_things) == 0 and not await self._unseen_deposits()

    async def _unseen_deposits(self) -> bool:
        """Tell whether custody holds more than the ledger says: a deposit is on its way."""
        for account_id in self.world.wallets:
            held = await self.world.atoms(account_id, BUILDING)
            if held != self.venue.atoms(account_id, BUILDING):
                return True
        return False


async def judge(scene: Scene, verdict: Verdict) -> None:
    """Look at the chain and write down every fault."""
    venue, world = scene.venue, scene.world
    for asset_id in world.registry.assets:
        left = await world.clearing_atoms(asset_id)
        if left != FLOAT_ATOMS:
            verdict.faults.append(f"clearing of asset {asset_id}: float {FLOAT_ATOMS}, is {left}")
    for account_id in (0, *world.wallets):
        for asset_id in world.registry.assets:
            expected = venue.atoms(account_id, asset_id)
            held = await world.atoms(account_id, asset_id)
            if expected != held:
                fault = f"account {account_id} asset {asset_id}: ledger {expected}, chain {held}"
                verdict.faults.append(fault)
    connection = await asyncpg.connect(scene.database_url)
    rows = await connection.fetch(
        "SELECT kind, receipt_number, attempts FROM settlement.payments ORDER BY payment_id"
    )
    verdict.windows = await connection.fetchval(
        "SELECT count(*) FROM (SELECT FROM settlement.batches GROUP BY window_id"
        " HAVING count(*) > 1) AS of_several"
    )
    await connection.close()
    for row in rows:
        kind = RECEIPT_KINDS[PaymentKind(row["kind"])]
        address = world.market.receipt(kind, row["receipt_number"])
        found = await scene.chain.signatures(address, until=None)
        landed = sum(not each.failed for each in found)
        verdict.transactions += landed
        if landed != (1 if row["attempts"] else 0):
            verdict.faults.append(
                f"{row['kind']} {row['receipt_number']}: {landed} transactions landed"
            )
    verdict.fills, verdict.deposits = len(venue.fills), len(venue.credits)
    verdict.withdrawals = sum(each.step == FINALIZED for each in venue.steps)


@asynccontextmanager
async def scene_on(postgres_url: str, folder: Path, seed: int) -> AsyncIterator[Scene]:
    """Start everything but the worker."""
    settings = LocalnetSettings(
        port=0, slot_ms=20, finalized_depth_slots=FINALIZED_SLOTS, programs=PROGRAMS
    )
    venue = LedgerVenue()
    async with (
        fresh_database(postgres_url) as url,
        LocalnetServer(settings) as localnet,
        AsyncClient(localnet.url) as client,
    ):
        await venue.start()
        world = ChainWorld(client, FINALIZED_SLOTS)
        await world.build(ACCOUNTS)
        world.write(folder)
        write_keys(folder)
        worker = WorkerProcess(
            folder, database_url=url, chain_url=localnet.url, engine=venue.address
        )
        chain = Chain(localnet.url)
        yield Scene(world, venue, worker, chain, url, random.Random(seed))
        await chain.close()
        await venue.stop()


async def run_on(postgres_url: str, folder: Path, *, times: int, seed: int) -> Verdict:
    """Kill the worker `times` times, going round its steps, and judge."""
    verdict = Verdict()
    async with scene_on(postgres_url, folder, seed) as scene:
        await scene.fund()
        acting = asyncio.create_task(scene.act())
        for index in range(times):
            step = STEPS[index % len(STEPS)]
            which = scene.random.randint(1, 3)
            if await scene.live_and_die(f"{step}:{which}"):
                verdict.kills[step] = verdict.kills.get(step, 0) + 1
            else:
                verdict.faults.append(f"the worker did not get to step {step!r} {which} times")
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)
        if not acting.cancelled():
            verdict.faults.append(f"the load ended: {acting.exception()!r}")
        await scene.settle()
        await judge(scene, verdict)
    return verdict


async def run(folder: Path, *, times: int, seed: int) -> Verdict:
    """The same with a PostgreSQL of its own."""
    with postgres_server() as url:
        return await run_on(url, folder, times=times, seed=seed)
