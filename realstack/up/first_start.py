"""What a first start makes: keys, keypairs, the instruments file, tokens on chain.

Every part is made only when it is missing, so each later start passes through here too and changes
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from solders.pubkey import Pubkey

from realstack.chain.market import Market as MarketProgram
from realstack.chain.market import Roles
from realstack.up import demo
from realstack.up.instruments import Account, Asset, Instruments, InstrumentsFile, Market
from realstack.up.keyring import KeyOwner, Keyring
from realstack.up.tokens import (
    AUTHORITY_LAMPORTS,
    ISSUER_LAMPORTS,
    Grant,
    Step,
    TokenSetup,
    config_step,
    grant_step,
    mint_step,
    registration_step,
)
from settlement.registry import Asset as ChainAsset

AUTHORITY, ISSUER = "settlement", "issuer"
ADMIN, PROGRAM, PAUSER = "market-admin", "program-market", "pauser"
EXIT_DELAY_SLOTS = 300  # half a minute on the local network, two on the real one


def wallet_name(key: str) -> str:
    """Return the name of a participant's wallet keypair."""
    return f"wallet-{key}"


def make_instruments(file: InstrumentsFile, keyring: Keyring) -> Instruments:
    """Return what is traded; at the first start the demo's list, with a new mint for each asset.

    Raises:
        InstrumentsInvalid: The file is there and breaks a rule.
    """
    known = file.read()
    if known is not None:
        return known
    made = Instruments(
        market_program=str(keyring.keypair(PROGRAM).pubkey()),
        assets=[
            Asset(
                asset_id=asset.asset_id,
                symbol=asset.symbol,
                name=asset.name,
                decimals=asset.decimals,
                mint=str(keyring.keypair(f"mint-{asset.symbol}").pubkey()),
            )
            for asset in demo.ASSETS
        ],
        markets=[
            Market(
                market_id=market.market_id,
                symbol=demo.symbol_of(market),
                base_asset_id=market.base.asset_id,
                quote_asset_id=demo.USDC.asset_id,
                quote_atoms_per_tick_lot=market.quote_atoms_per_tick_lot,
                base_atoms_per_lot=market.base_atoms_per_lot,
                maker_fee_ppm=demo.MAKER_FEE_PPM,
                taker_fee_ppm=demo.TAKER_FEE_PPM,
            )
            for market in demo.MARKETS
        ],
        accounts=[
            Account(
                account_id=account.account_id,
                name=account.name,
                wallet=str(keyring.keypair(wallet_name(account.key)).pubkey()),
                key=account.key,
            )
            for account in demo.ACCOUNTS
        ],
    )
    file.write(made)
    return made


def make_keys(keyring: Keyring, instruments: Instruments) -> None:
    """Make every API key and the file of their hashes."""
    owners = [KeyOwner(name, 0, role) for name, role in demo.SERVICE_KEYS]
    owners += [
        KeyOwner(account.key, account.account_id, "member") for account in instruments.accounts
    ]
    keyring.write_owners(owners)


async def make_tokens(url: str, keyring: Keyring, instruments: Instruments) -> int:
    """Make config, mints, vaults and first deposits on chain; return how many steps were new.

    Args:
        url: The Solana node.
        keyring: Has the keypairs of authority, issuer, mints and wallets.
        instruments: What is traded, and by whom.

    Raises:
        ChainSetupFailed: The chain does not take a step.
        ChainUnavailable: The node does not answer.
    """
    market = MarketProgram(Pubkey.from_string(instruments.market_program))
    setup = TokenSetup(url)
    try:
        assets = [chain_asset(asset) for asset in instruments.assets]
        new = await list_assets(setup, keyring, market, assets)
        issuer = keyring.keypair(ISSUER)
        steps = [grant_step(market, grant, issuer) for grant in grants(keyring, instruments)]
        return new + await setup.carry_out(steps)
    finally:
        await setup.close()


async def list_assets(
    setup: TokenSetup, keyring: Keyring, market: MarketProgram, assets: Sequence[ChainAsset]
) -> int:
    """Make config and mints and register the mints; return how many steps were new.

    Raises:
        ChainSetupFailed: The chain does not take a step.
    """
    issuer, admin = keyring.keypair(ISSUER), keyring.keypair(ADMIN)
    authority = keyring.keypair(AUTHORITY).pubkey()
    await setup.top_up(authority, AUTHORITY_LAMPORTS)
    for payer in (issuer.pubkey(), admin.pubkey()):
        await setup.top_up(payer, ISSUER_LAMPORTS)
    rent = await setup.rent()
    roles = Roles(authority, keyring.keypair(PAUSER).pubkey(), EXIT_DELAY_SLOTS)
    first: list[Step] = [config_step(market, admin, keyring.keypair(PROGRAM), roles)]
    first += [
        mint_step(asset, keyring.keypair(f"mint-{asset.symbol}"), issuer, rent) for asset in assets
    ]
    new = await setup.carry_out(first)
    floats = {asset.asset_id: asset.deposit_atoms for asset in demo.ASSETS}
    accepted = [
        registration_step(market, each, admin, issuer, floats.get(each.asset_id, 0))
        for each in assets
    ]
    return new + await setup.carry_out(accepted)


def grants(keyring: Keyring, instruments: Instruments) -> list[Grant]:
    """Return what each participant gets: of every asset of the demo, half of it deposited."""
    sizes = {asset.asset_id: asset for asset in demo.ASSETS}
    return [
        Grant(
            account_id=account.account_id,
            asset=chain_asset(asset),
            wallet=keyring.keypair(wallet_name(account.key)),
            granted_atoms=2 * sizes[asset.asset_id].deposit_atoms,
            deposited_atoms=sizes[asset.asset_id].deposit_atoms,
        )
        for account in instruments.accounts
        for asset in instruments.assets
        if asset.asset_id in sizes
    ]


def chain_asset(asset: Asset) -> ChainAsset:
    """Return an asset as settlement knows it."""
    return ChainAsset(asset.asset_id, asset.symbol, asset.decimals, Pubkey.from_string(asset.mint))
