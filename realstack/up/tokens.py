"""What a venue needs on chain at its first start: config, mints, vaults, first deposits.

Each step is one atomic transaction that makes an account which it alone makes. So a step that was
done cannot be done again: when its account is there, all of it was done, and a first start that was
interrupted goes on where it was.

    mint        makes the mint
    config      makes the market program's config: who settles, who pauses, how long an exit takes
    register    accepts a mint and makes its clearing vault and its fee vault; the issuer mints
                the clearing float, which lets many fills settle in few transactions
    vault       makes the vault of a participant and asset
    grant       makes the vault; the issuer mints into the participant's wallet, and the wallet
                deposits half of that by the market program

The venue's ledger learns of a deposit only from the chain: nothing is credited here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import CreateAccountParams, create_account
from solders.transaction import VersionedTransaction
from spl.token.constants import TOKEN_PROGRAM_ID
from spl.token.instructions import initialize_mint2, mint_to_checked
from spl.token.models import InitializeMint2Params, MintToCheckedParams

from realstack.chain.limits import TRANSACTION_BYTES_MAX
from realstack.chain.market import Market, Roles
from settlement.accounts import create_wallet_token_account, token_of, wallet_token_address
from settlement.chain import ADDRESSES_PER_CALL, Chain
from settlement.registry import Asset

MINT_BYTES = 82
LAMPORTS_PER_SOL = 1_000_000_000
# For the rent of receipts and fees: a receipt costs 1,517,280 lamports until it is closed.
AUTHORITY_LAMPORTS = 1_000 * LAMPORTS_PER_SOL
ISSUER_LAMPORTS = 100 * LAMPORTS_PER_SOL
LOW_SHARE = 10  # topped up when less than a tenth is left
AIRDROP_LAMPORTS_MAX = 500 * LAMPORTS_PER_SOL
STEPS_SECONDS_MAX = 120.0
POLL_SECONDS = 0.05


class ChainSetupFailed(Exception):
    """The chain does not take a step; the message names the step and the reason."""


@dataclass(frozen=True, slots=True)
class Rent:
    """What the node asks accounts to hold."""

    mint_lamports: int


@dataclass(frozen=True, slots=True)
class Step:
    """One atomic transaction, and the account that proves it."""

    name: str
    proof: Pubkey
    instructions: Sequence[Instruction]
    signers: Sequence[Keypair]  # the first one pays


@dataclass(frozen=True, slots=True)
class Grant:
    """What a participant gets of an asset at the first start."""

    account_id: int
    asset: Asset
    wallet: Keypair
    granted_atoms: int
    deposited_atoms: int


def mint_step(asset: Asset, mint: Keypair, issuer: Keypair, rent: Rent) -> Step:
    """Make a mint whose authority is the issuer."""
    make = create_account(
        CreateAccountParams(
            from_pubkey=issuer.pubkey(),
            to_pubkey=mint.pubkey(),
            lamports=rent.mint_lamports,
            space=MINT_BYTES,
            owner=TOKEN_PROGRAM_ID,
        )
    )
    initialise = initialize_mint2(
        InitializeMint2Params(
            program_id=TOKEN_PROGRAM_ID,
            mint=mint.pubkey(),
            decimals=asset.decimals,
            mint_authority=issuer.pubkey(),
        )
    )
    return Step(f"mint of {asset.symbol}", mint.pubkey(), [make, initialise], [issuer, mint])


def config_step(market: Market, admin: Keypair, program: Keypair, roles: Roles) -> Step:
    """Make the program's config; the admin pays, and the program's own key signs."""
    make = market.initialize(payer=admin.pubkey(), authority=admin.pubkey(), roles=roles)
    return Step("config of the market program", market.config, [make], [admin, program])


def registration_step(
    market: Market, asset: Asset, admin: Keypair, issuer: Keypair, float_atoms: int
) -> Step:
    """Accept a mint: this makes its clearing vault, which gets its float, and its fee vault."""
    token = token_of(asset)
    accept = market.register_mint(payer=admin.pubkey(), authority=admin.pubkey(), token=token)
    lend = mint_to_checked(
        MintToCheckedParams(
            program_id=TOKEN_PROGRAM_ID,
            mint=asset.mint,
            dest=market.clearing_vault(asset.mint)[0],
            mint_authority=issuer.pubkey(),
            amount=float_atoms,
            decimals=asset.decimals,
        )
    )
    steps, signers = (
        [accept, lend][: 1 + bool(float_atoms)],
        [admin, issuer][: 1 + bool(float_atoms)],
    )
    proof = market.mint_record(asset.mint)
    return Step(f"registration of {asset.symbol}", proof, steps, signers)


def vault_step(
    market: Market, account_id: int, wallet: Pubkey, asset: Asset, payer: Keypair
) -> Step:
    """Make a participant's vault of an asset."""
    make = market.open_vault(payer=payer.pubkey(), owner=wallet, token=token_of(asset))
    proof, _ = market.vault(wallet, asset.mint)
    return Step(f"vault of account {account_id}, {asset.symbol}", proof, [make], [payer])


def grant_step(market: Market, grant: Grant, issuer: Keypair) -> Step:
    """Make a participant's vault, fund the wallet, and deposit from it."""
    asset, wallet = grant.asset, grant.wallet.pubkey()
    make = vault_step(market, grant.account_id, wallet, asset, issuer)
    source = wallet_token_address(wallet, asset)
    fund = mint_to_checked(
        MintToCheckedParams(
            program_id=TOKEN_PROGRAM_ID,
            mint=asset.mint,
            dest=source,
            mint_authority=issuer.pubkey(),
            amount=grant.granted_atoms,
            decimals=asset.decimals,
        )
    )
    pay_in = market.deposit(
        owner=wallet, token=token_of(asset), source=source, amount_atoms=grant.deposited_atoms
    )
    instructions = [
        *make.instructions,
        create_wallet_token_account(payer=issuer.pubkey(), wallet=wallet, asset=asset),
        fund,
        pay_in,
    ]
    name = f"deposit of account {grant.account_id}, {asset.symbol}"
    return Step(name, make.proof, instructions, [issuer, grant.wallet])


class TokenSetup:
    """Carries out steps at a node."""

    def __init__(self, url: str) -> None:
        """Remember the node; nothing is asked yet."""
        self._chain = Chain(url)
        self._client = AsyncClient(url)

    async def close(self) -> None:
        """Close the connections."""
        await self._chain.close()
        await self._client.close()

    async def rent(self) -> Rent:
        """Ask what accounts must hold."""
        return Rent(
            mint_lamports=await self._chain.rent_lamports(MINT_BYTES),
        )

    async def top_up(self, address: Pubkey, lamports: int) -> None:
        """Ask the node for coins when an address has few left.

        Raises:
            ChainSetupFailed: They do not come in time.
        """
        if await self._lamports(address) >= lamports // LOW_SHARE:
            return
        for _ in range(-(-lamports // AIRDROP_LAMPORTS_MAX)):
            share = min(lamports, AIRDROP_LAMPORTS_MAX)
            await self._client.request_airdrop(address, share, Confirmed)
        try:
            async with asyncio.timeout(STEPS_SECONDS_MAX):
                while True:
                    if await self._lamports(address) >= lamports:
                        return
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise ChainSetupFailed(f"no coins came for {address}: is this a test chain?") from None

    async def carry_out(self, steps: Sequence[Step]) -> int:
        """Carry out what is not done yet, in any order, and return how many steps that were.

        Raises:
            ChainSetupFailed: A step fails on chain, or is not confirmed in time.
        """
        missing = await self._missing(steps)
        done_before = len(steps) - len(missing)
        sent: dict[Pubkey, Sent] = {}
        try:
            async with asyncio.timeout(STEPS_SECONDS_MAX):
                while missing:
                    await self._send(missing, sent)
                    await asyncio.sleep(POLL_SECONDS)
                    await self._raise_failed(missing, sent)
                    missing = await self._missing(missing)
        except TimeoutError:
            names = ", ".join(step.name for step in missing[:5])
            raise ChainSetupFailed(f"{len(missing)} steps were not confirmed: {names}") from None
        return len(steps) - done_before

    async def _lamports(self, address: Pubkey) -> int:
        return (await self._client.get_balance(address, Confirmed)).value

    async def _missing(self, steps: Sequence[Step]) -> list[Step]:
        """Return the steps whose account is not there."""
        missing = []
        for start in range(0, len(steps), ADDRESSES_PER_CALL):
            part = steps[start : start + ADDRESSES_PER_CALL]
            found = await self._chain.token_balances([step.proof for step in part], Confirmed)
            missing += [step for step in part if found.atoms[step.proof] is None]
        return missing

    async def _send(self, steps: Sequence[Step], sent: dict[Pubkey, Sent]) -> None:
        """Send what was never sent, or can no longer land."""
        height = (await self._client.get_block_height(Confirmed)).value
        due = [step for step in steps if step.proof not in sent or sent[step.proof].until < height]
        if not due:
            return
        recent = await self._chain.latest_blockhash()
        for step in due:
            payer = step.signers[0].pubkey()
            message = Message.new_with_blockhash(step.instructions, payer, recent.blockhash)
            transaction = VersionedTransaction(message, list(step.signers))
            if len(bytes(transaction)) > TRANSACTION_BYTES_MAX:
                raise ChainSetupFailed(f"{step.name}: {len(bytes(transaction))} bytes do not fit")
            refusal = await self._chain.send(bytes(transaction))
            if refusal:
                raise ChainSetupFailed(f"{step.name}: {refusal}")
            sent[step.proof] = Sent(transaction.signatures[0], recent.last_valid_block_height)

    async def _raise_failed(self, steps: Sequence[Step], sent: dict[Pubkey, Sent]) -> None:
        """Raise the failure of a step, if one has failed.

        Raises:
            ChainSetupFailed: It has.
        """
        signatures = [sent[step.proof].signature for step in steps]
        statuses = await self._chain.statuses(signatures, history=False)
        for step, status in zip(steps, statuses.found, strict=True):
            if status is not None and status.failure is not None:
                raise ChainSetupFailed(f"{step.name}: {status.failure.text}")


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction on its way, and the last height at which it may land."""

    signature: Signature
    until: int
