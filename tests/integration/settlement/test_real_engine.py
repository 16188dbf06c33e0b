"""Worker, chain and the real engine: from a deposit over trades to a withdrawal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.core import RPCException

from realstack.client import Client
from settlement import reconciler
from settlement.localnet import LocalnetServer, LocalnetSettings
from settlement.wallets import OwnerActions, WalletRefused
from tests.crash.engine_process import EngineProcess, make_keys
from tests.integration.settlement.chain_world import BUILDING, DOLLAR, PROGRAMS, ChainWorld
from tests.integration.settlement.worker_process import WorkerProcess
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

MARKET = "A1-A3"


EXIT_SECONDS_MAX = 60


@dataclass
class Exchange:
    """Everything running, and a client for each participant."""

    world: ChainWorld
    engine: EngineProcess
    worker: WorkerProcess
    url: str
    members: dict[int, Client]

    async def define(self, operator: Client) -> None:
        """Define what is traded, and by whom."""
        for asset in self.world.registry.assets.values():
            await operator.define_asset(
                asset_id=asset.asset_id, symbol=asset.symbol, decimals=asset.decimals
            )
        await operator.define_market(
            market_id=1,
            symbol=MARKET,
            base_asset_id=BUILDING,
            quote_asset_id=DOLLAR,
            quote_atoms_per_tick_lot=10,
            base_atoms_per_lot=5,
            maker_fee_ppm=1_000,
            taker_fee_ppm=2_000,
        )
        for account_id in self.world.wallets:
            await operator.define_account(account_id=account_id)

    async def wait_for_balance(self, account_id: int, asset_id: int, atoms: int) -> None:
        """Wait until the ledger shows a balance."""

        async def shown() -> bool:
            for balance in await self.members[account_id].balances():
                if balance.asset_id == asset_id:
                    return balance.free_atoms + balance.locked_atoms + balance.held_atoms == atoms
            return atoms == 0

        await wait_until(shown)

    async def wait_for_chain(self, account_id: int, asset_id: int, atoms: int) -> None:
        """Wait until custody holds a balance, finalized."""

        async def held() -> bool:
            return await self.world.atoms(account_id, asset_id) == atoms

        await wait_until(held)


@pytest.fixture
async def exchange(database_url: str, tmp_path: Path) -> AsyncIterator[Exchange]:
    """An engine, a chain and a worker, and two members with a client each."""
    keys_file = tmp_path / "keys.json"
    keys = make_keys(keys_file, members=2)
    settings = LocalnetSettings(port=0, slot_ms=20, finalized_depth_slots=4, programs=PROGRAMS)
    async with AsyncExitStack() as stack:
        localnet = await stack.enter_async_context(LocalnetServer(settings))
        world = ChainWorld(await stack.enter_async_context(AsyncClient(localnet.url)), 4)
        await world.build(accounts=2)
        world.write(tmp_path)
        (tmp_path / "secrets" / "settlement.key").write_text(keys["settlement"])
        engine = EngineProcess(tmp_path / "engine", keys_file)
        await asyncio.to_thread(engine.start)
        stack.callback(engine.kill)
        worker = WorkerProcess(
            tmp_path, database_url=database_url, chain_url=localnet.url, engine=engine.address
        )
        await worker.start()
        stack.push_async_callback(worker.kill)
        operator = Client(engine.address, api_key=keys["operator"])
        await stack.enter_async_context(operator)
        members = {
            account: await stack.enter_async_context(
                Client(engine.address, api_key=keys[f"member-{account}"])
            )
            for account in (1, 2)
        }
        made = Exchange(world, engine, worker, localnet.url, members)
        await made.define(operator)
        yield made


async def test_deposits_trades_fees_and_a_withdrawal_end_with_ledger_equal_to_chain(
    exchange: Exchange, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when the engine is killed in the middle: nothing is credited or settled twice."""
    seller, buyer = exchange.members[1], exchange.members[2]
    await exchange.world.deposit(1, BUILDING, 500)
    await exchange.world.deposit(2, DOLLAR, 1_000_000)
    await exchange.wait_for_balance(1, BUILDING, 500)
    await exchange.wait_for_balance(2, DOLLAR, 1_000_000)

    await seller.place(market=MARKET, side="sell", price_ticks=100, quantity_lots=20)
    await buyer.place(market=MARKET, side="buy", price_ticks=100, quantity_lots=20)
    await exchange.wait_for_chain(2, BUILDING, 100)
    await exchange.wait_for_chain(1, DOLLAR, 20_000 - 20)
    await exchange.wait_for_chain(0, DOLLAR, 20 + 40)

    await asyncio.to_thread(exchange.engine.kill)
    await exchange.world.deposit(1, BUILDING, 7)
    await asyncio.to_thread(exchange.engine.start)
    await exchange.wait_for_balance(1, BUILDING, 407)
    await seller.place(market=MARKET, side="sell", price_ticks=100, quantity_lots=1)
    await buyer.place(market=MARKET, side="buy", price_ticks=100, quantity_lots=1)

    await buyer.request_withdrawal(asset="A1", amount_atoms=60)
    await exchange.wait_for_balance(2, BUILDING, 45)
    await exchange.wait_for_chain(2, BUILDING, 45)
    assert 60 == await exchange.world.wallet_atoms(2, BUILDING)

    assert 0 == await asyncio.to_thread(reconciler.main, exchange.worker.flags)
    last = capsys.readouterr().out.splitlines()[-1]
    assert "ledger equals chain: 2 accounts, 3 assets, 0 differences" == last
    await exchange.world.move_behind_the_back(BUILDING, 1, 2, 1)
    await exchange.wait_for_chain(2, BUILDING, 46)
    command = [*exchange.worker.flags, "--window-ms", "1"]
    assert 1 == await asyncio.to_thread(reconciler.main, command)


async def test_a_forced_exit_with_sold_and_unsettled_tokens_ends_with_ledger_equal_to_chain(
    exchange: Exchange, capsys: pytest.CaptureFixture[str]
) -> None:
    """Orders are cancelled, what was sold is delivered, and the program pays out the rest."""
    seller, buyer = exchange.members[1], exchange.members[2]
    await exchange.world.deposit(1, BUILDING, 500)
    await exchange.world.deposit(2, DOLLAR, 1_000_000)
    await exchange.wait_for_balance(1, BUILDING, 500)
    await exchange.wait_for_balance(2, DOLLAR, 1_000_000)
    await seller.place(market=MARKET, side="sell", price_ticks=100, quantity_lots=40)
    await buyer.place(market=MARKET, side="buy", price_ticks=100, quantity_lots=20)
    await exchange.world.request_exit(1)

    async def all_held() -> bool:
        balances = await seller.balances()
        return all(each.free_atoms + each.locked_atoms == 0 for each in balances)

    await wait_until(all_held)
    await exchange.wait_for_chain(1, BUILDING, 400)
    await exchange.wait_for_chain(1, DOLLAR, 20_000 - 20)
    await wait_until(all_held)
    await wait_until(exit_is_ready(exchange), seconds=EXIT_SECONDS_MAX)
    await exchange.world.exit(1, DOLLAR)
    await exchange.wait_for_balance(1, BUILDING, 0)
    await exchange.wait_for_balance(1, DOLLAR, 0)
    assert 400 == await exchange.world.wallet_atoms(1, BUILDING)
    assert 0 == await asyncio.to_thread(reconciler.main, exchange.worker.flags)
    last = capsys.readouterr().out.splitlines()[-1]
    assert "ledger equals chain: 2 accounts, 3 assets, 0 differences" == last


def exit_is_ready(exchange: Exchange) -> Callable[[], Awaitable[bool]]:
    """Return what tries to take the buildings out, until the delay is over."""

    async def left() -> bool:
        try:
            await exchange.world.exit(1, BUILDING)
        except RPCException:
            return False
        return True

    return left


async def test_an_owner_deposits_and_leaves_with_the_wallets_key_alone(exchange: Exchange) -> None:
    """Deposit, request, take, close: each signed and paid by the wallet, waited for until final."""
    world = exchange.world
    await world.deposit(1, BUILDING, 500)
    mint = world.mint_to(BUILDING, world.wallet_account(1, BUILDING), 30)
    await world.send(mint, payer=world.issuer, signers=[])
    actions = OwnerActions(exchange.url, world.wallets[1], world.registry)
    await actions.deposit(world.registry.assets[BUILDING], 30)
    await exchange.wait_for_balance(1, BUILDING, 530)
    await actions.request_exit()
    with pytest.raises(WalletRefused, match="ExitNotReady"):
        await actions.take_out()
    await wait_until(exit_is_ready(exchange), seconds=EXIT_SECONDS_MAX)
    await exchange.wait_for_balance(1, BUILDING, 0)
    assert [] == await actions.take_out()
    await actions.close_exit()
    await actions.close()
