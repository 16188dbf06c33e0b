"""A venue for a replay: a private one of its own, or the one that runs on this machine."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from realstack.client import Client, NotAuthenticated
from realstack.replay.funding import credit, deposit_on_chain, funds_of, until_credited
from realstack.replay.listing import Listing, make_listing
from realstack.replay.recording import Recording
from realstack.replay.settled import ChainSide
from realstack.settings import ROOT_DATA, MissingSetting, Settings
from realstack.up import plans
from realstack.up.definitions import define
from realstack.up.first_start import AUTHORITY, PROGRAM, make_keys
from realstack.up.folders import Folder, open_folder
from realstack.up.instruments import Account, Instruments, InstrumentsFile
from realstack.up.keyring import KeyOwner, Keyring
from realstack.up.process import Plan, Process

KEY_SECONDS_MAX = 30.0
KEY_POLL_SECONDS = 0.1


def nothing(keyring: Keyring) -> Instruments:
    """Return what a new venue lists: nothing yet; the market program has its address."""
    program = str(keyring.keypair(PROGRAM).pubkey())
    return Instruments(assets=[], markets=[], accounts=[], market_program=program)


@dataclass(frozen=True, slots=True)
class ReplayVenue:
    """A venue that is ready for a replay: everything listed, everybody funded.

    Attributes:
        clients: Of the replay's accounts, in their order.
        listing: What is listed for the replay.
        chain: Where settlement can be asked; nothing when there is no chain.
    """

    clients: tuple[Client, ...]
    listing: Listing
    chain: ChainSide | None


@asynccontextmanager
async def private_venue(
    recording: Recording,
    *,
    run: int,
    settle: bool,
    core: str,
    note: Callable[[str], None],
) -> AsyncIterator[ReplayVenue]:
    """Run a venue of its own on free ports in a temporary folder; all of it is gone afterwards.

    Args:
        recording: What will be replayed.
        run: The replay's number.
        settle: Whether there is a chain, with deposits on it and a settlement worker.
        core: The engine's core, ``compiled`` or ``reference``.
        note: Told what goes on.

    Raises:
        ProcessFailed: A process does not start; the message has the end of its log.
    """
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        note(f"a private venue in {folder.path}" + ("" if settle else ", without a chain"))
        keyring = Keyring(folder)
        listing = make_listing(recording, keyring, nothing(keyring), "private")
        make_keys(keyring, listing.instruments)
        funds = funds_of(recording.plan, listing)
        engine = await start(stack, folder, plans.engine(folder.path, core))
        await define_all(engine, keyring.api_key("operator"), listing.instruments)
        chain = None
        if settle:
            InstrumentsFile(folder.path / "instruments.json").write(listing.instruments)
            chain = await start_settlement(stack, folder, keyring, engine)
            await deposit_on_chain(chain.solana_rpc_url, keyring, listing, funds)
        else:
            note("deposits are credited by a key of the settlement role: there is no chain")
            key = keyring.api_key("settlement")
            async with Client(engine, api_key=key) as client:
                await credit(client, funds, run)
        clients = await connect(stack, engine, keyring, listing.accounts)
        await until_credited(clients, listing, funds)
        yield ReplayVenue(clients, listing, chain)


@asynccontextmanager
async def running_venue(
    recording: Recording, settings: Settings, *, run: int, note: Callable[[str], None]
) -> AsyncIterator[ReplayVenue]:
    """Use the venue that runs on this machine: list the instrument, add ten accounts, deposit.

    The accounts' orders are cancelled afterwards; what was listed stays.

    Raises:
        MissingSetting: Something of the venue is not known, such as its data folder.
        ListingRefused: It has something else of the same name.
    """
    engine = settings.need("engine_address")
    database_url = settings.need("database_url")
    solana_rpc_url = url_of(settings.need("solana_rpc_url"))
    settlement = settings.need("settlement_address")
    file = InstrumentsFile(settings.data / "instruments.json")
    before = file.read()
    if before is None:
        raise MissingSetting(f"{file.path} is not there: the venue's data folder is needed")
    note(f"the venue at {engine}, of {settings.data}")
    async with AsyncExitStack() as stack:
        # Held by the `realstack up` that runs there: here it is only a file that is open.
        lock = stack.enter_context((settings.data / "up.lock").open("a"))
        keyring = Keyring(Folder(settings.data, lock))
        listing = make_listing(recording, keyring, before, f"{run:x}")
        funds = funds_of(recording.plan, listing)
        keyring.write_owners(
            KeyOwner(account.key, account.account_id, "member") for account in listing.accounts
        )
        file.write(listing.everything)
        await define_all(engine, keyring.api_key("operator"), listing.instruments)
        await deposit_on_chain(solana_rpc_url, keyring, listing, funds)
        clients = await connect(stack, engine, keyring, listing.accounts)
        await until_credited(clients, listing, funds)
        chain = ChainSide(
            data=settings.data,
            engine=engine,
            settlement=settlement,
            api_key=keyring.api_key("settlement"),
            database_url=database_url,
            solana_rpc_url=solana_rpc_url,
        )
        stack.push_async_callback(cancel_all, clients, listing.market.market_id)
        yield ReplayVenue(clients, listing, chain)


async def start_settlement(
    stack: AsyncExitStack, folder: Folder, keyring: Keyring, engine: str
) -> ChainSide:
    """Start database, chain and settlement worker."""
    data = folder.path
    program = str(keyring.keypair(PROGRAM).pubkey())
    database_url = await start(stack, folder, plans.postgres(data))
    url = url_of(await start(stack, folder, plans.localnet(data, program)))
    keyring.keypair(AUTHORITY)  # made before the worker looks for it
    environment = {
        "ENGINE_ADDRESS": engine,
        "DATABASE_URL": database_url,
        "SOLANA_RPC_URL": url,
    }
    settlement = await start(stack, folder, plans.server("settlement", data, environment))
    return ChainSide(
        data=data,
        engine=engine,
        settlement=settlement,
        api_key=keyring.api_key("settlement"),
        database_url=database_url,
        solana_rpc_url=url,
    )


def url_of(address: str) -> str:
    """Return the URL of a node that may be given as ``host:port``."""
    return address if "://" in address else f"http://{address}"


async def start(stack: AsyncExitStack, folder: Folder, plan: Plan) -> str:
    """Start a process, which ends with the stack, and return its address."""
    process = Process(plan, folder.logs)

    async def stop() -> None:
        if process.is_started:
            await process.stop()

    stack.push_async_callback(stop)
    await process.start()
    return process.address


async def define_all(engine: str, api_key: str, instruments: Instruments) -> None:
    """Tell the engine what is listed."""
    async with Client(engine, api_key=api_key) as client:
        await define(client, instruments)


async def connect(
    stack: AsyncExitStack, engine: str, keyring: Keyring, accounts: Sequence[Account]
) -> tuple[Client, ...]:
    """Connect a client for each account."""
    clients = []
    for account in accounts:
        client = Client(engine, api_key=keyring.api_key(account.key))
        stack.push_async_callback(client.close)
        await until_known(client)
        clients.append(client)
    return tuple(clients)


async def until_known(client: Client) -> None:
    """Connect; a running engine learns of new keys within seconds.

    Raises:
        NotAuthenticated: It does not.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + KEY_SECONDS_MAX
    while True:
        try:
            await client.connect()
            return
        except NotAuthenticated:
            if loop.time() > deadline:
                raise
            await asyncio.sleep(KEY_POLL_SECONDS)


async def cancel_all(clients: Sequence[Client], market_id: int) -> None:
    """Cancel every order of a replay."""
    for client in clients:
        await client.cancel_all(market=market_id)


@contextmanager
def temporary_folder() -> Iterator[Folder]:
    """Make a data folder that is removed afterwards.

    As root it lies where the database's own user can reach it.
    """
    parent: Path | None = None
    if os.geteuid() == 0:
        parent = ROOT_DATA
        parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tmp-replay-", dir=parent) as name:
        folder = open_folder(Path(name))
        try:
            yield folder
        finally:
            folder.close()
