"""The money of a replay: how much each account needs, and the two ways to deposit it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from solders.pubkey import Pubkey

from engine.core.commands import CommandKind, Side
from engine.core.limits import AMOUNT_ATOMS_MAX, ASSET_TOTAL_ATOMS_MAX
from realstack.chain.market import Market
from realstack.client import BalanceChanged, Client, Execution
from realstack.replay.follower import Follower
from realstack.replay.listing import BASE_ATOMS_PER_LOT, Listing
from realstack.replay.plan import Plan
from realstack.up.first_start import ISSUER, chain_asset, list_assets, wallet_name
from realstack.up.keyring import Keyring
from realstack.up.tokens import Grant, Step, TokenSetup, grant_step, vault_step

Funds = Mapping[tuple[int, int], int]
"""Atoms by account and asset id; nothing is 0."""


class TooMuchMoney(Exception):
    """A recording needs more than the venue's ledger carries."""


def funds_of(plan: Plan, listing: Listing) -> Funds:
    """Return what lets every order of a plan be placed, whatever the others bring in.

    Raises:
        TooMuchMoney: It is beyond the ledger's limits.
    """
    atoms: dict[tuple[int, int], int] = defaultdict(int)
    for action in plan.actions():
        if action.kind is CommandKind.CANCEL:
            continue
        account_id = listing.accounts[action.order.account - 1].account_id
        if action.side is Side.SELL:
            atoms[account_id, listing.base.asset_id] += action.quantity_lots * BASE_ATOMS_PER_LOT
        else:
            per_tick_lot = listing.market.quote_atoms_per_tick_lot
            cost = action.price_ticks * action.quantity_lots * per_tick_lot
            atoms[account_id, listing.quote.asset_id] += cost
    totals: dict[int, int] = defaultdict(int)
    for (_, asset_id), amount in atoms.items():
        totals[asset_id] += amount
    if max(atoms.values(), default=0) > AMOUNT_ATOMS_MAX or (
        max(totals.values(), default=0) > ASSET_TOTAL_ATOMS_MAX
    ):
        raise TooMuchMoney("its orders together cost more than a ledger carries: use --limit")
    return dict(atoms)


async def credit(client: Client, funds: Funds, run: int) -> None:
    """Credit deposits that no chain has seen: for a venue without one.

    Args:
        client: With the settlement role.
        funds: What to credit.
        run: The replay's number, which makes the ids of the credits.
    """
    for index, ((account_id, asset_id), atoms) in enumerate(sorted(funds.items()), 1):
        await client.credit_deposit(
            account_id=account_id,
            asset_id=asset_id,
            amount_atoms=atoms,
            client_id=run << 64 | index,
        )


async def deposit_on_chain(url: str, keyring: Keyring, listing: Listing, funds: Funds) -> None:
    """Make mints, wallets and vaults, and deposit from the wallets.

    Args:
        url: The Solana node.
        keyring: Has the keypairs of authority, issuer, mints and wallets.
        listing: What is listed for the replay.
        funds: What to deposit.

    Raises:
        ChainSetupFailed: The chain does not take a step.
    """
    issuer = keyring.keypair(ISSUER)
    market = Market(Pubkey.from_string(listing.instruments.market_program))
    setup = TokenSetup(url)
    try:
        assets = [chain_asset(asset) for asset in (listing.quote, listing.base)]
        await list_assets(setup, keyring, market, assets)
        steps: list[Step] = []
        for account in listing.accounts:
            wallet = keyring.keypair(wallet_name(account.key))
            for asset in assets:
                atoms = funds.get((account.account_id, asset.asset_id), 0)
                if atoms:
                    grant = Grant(account.account_id, asset, wallet, atoms, atoms)
                    steps.append(grant_step(market, grant, issuer))
                else:
                    owner = wallet.pubkey()
                    steps.append(vault_step(market, account.account_id, owner, asset, issuer))
        await setup.carry_out(steps)
    finally:
        await setup.close()


async def until_credited(clients: Sequence[Client], listing: Listing, funds: Funds) -> None:
    """Wait until the venue has credited every deposit of new accounts.

    Raises:
        FeedBroken: It does not, for a while.
    """
    for account, client in zip(listing.accounts, clients, strict=True):
        missing = {
            asset_id: atoms
            for (account_id, asset_id), atoms in funds.items()
            if account_id == account.account_id
        }
        await _until_received(client, account.name, missing)


async def _until_received(client: Client, name: str, missing: dict[int, int]) -> None:
    """Follow an account until nothing is missing, in atoms by asset id."""

    def take(execution: Execution) -> None:
        if isinstance(execution.event, BalanceChanged):
            asset_id = execution.event.balance.asset_id
            missing[asset_id] = missing.get(asset_id, 0) - execution.event.amount_atoms

    stream = client.executions(from_sequence=1)
    follower = Follower(f"execution stream of {name}", stream, take)
    try:
        await follower.until(lambda: not any(missing.values()), "its deposits")
    finally:
        await follower.close()
