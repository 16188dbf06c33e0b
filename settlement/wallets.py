"""What an owner does on chain with the wallet's key: deposit, ask to leave, leave.

The wallet signs and pays. Nothing here needs the venue: the market program alone is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from solana.exceptions import SolanaRpcException
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solana.rpc.core import RPCException
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from realstack.chain.market import Market
from settlement.accounts import create_wallet_token_account, token_of, wallet_token_address
from settlement.chain import Chain, Level, failure_of
from settlement.clock import seconds
from settlement.registry import Asset, Registry

COINS_MIN_LAMPORTS = 10_000_000  # for the rent of a token account and an exit, and fees
COINS_ASKED_LAMPORTS = 1_000_000_000
FINAL_SECONDS_MAX = 60
POLL_MS = 200


class WalletRefused(Exception):
    """The chain does not take it; the message says why."""


class OwnerActions:
    """One owner's actions at one node."""

    def __init__(self, url: str, wallet: Keypair, registry: Registry) -> None:
        """Remember node, wallet and what is listed; nothing is asked yet."""
        self._wallet = wallet
        self._registry = registry
        self._market = Market(registry.market_program)
        self._chain = Chain(url)
        self._client = AsyncClient(url)

    async def close(self) -> None:
        """Close the connections."""
        await self._chain.close()
        await self._client.close()

    async def deposit(self, asset: Asset, amount_atoms: int) -> Signature:
        """Move tokens from the wallet's token account to its vault, making the vault if need be.

        Raises:
            WalletRefused: The chain does not take it.
            ChainUnavailable: The node does not answer.
        """
        owner = self._wallet.pubkey()
        vault, _ = self._market.vault(owner, asset.mint)
        steps: list[Instruction] = []
        if (await self._chain.token_balances([vault], Confirmed)).atoms[vault] is None:
            steps.append(self._market.open_vault(payer=owner, owner=owner, token=token_of(asset)))
        steps.append(
            self._market.deposit(
                owner=owner,
                token=token_of(asset),
                source=wallet_token_address(owner, asset),
                amount_atoms=amount_atoms,
            )
        )
        return await self._send(steps)

    async def request_exit(self) -> tuple[Signature, int]:
        """Ask to leave; return the signature and the slot from which the vaults pay out.

        Raises:
            WalletRefused: The chain does not take it; one who has asked already, for instance.
            ChainUnavailable: The node does not answer.
        """
        owner = self._wallet.pubkey()
        signature = await self._send([self._market.request_exit(payer=owner, owner=owner)])
        account = (await self._client.get_account_info(self._market.exit_address(owner))).value
        if account is None:
            raise WalletRefused("the exit is not there after all")
        return signature, int.from_bytes(account.data[48:56], "little")

    async def take_out(self) -> list[tuple[Asset, int]]:
        """Pay out every vault that holds something; return what was paid.

        Raises:
            WalletRefused: The delay is not over, or the owner did not ask to leave.
            ChainUnavailable: The node does not answer.
        """
        owner = self._wallet.pubkey()
        vaults = {
            self._market.vault(owner, asset.mint)[0]: asset
            for asset in self._registry.assets.values()
        }
        held = await self._chain.token_balances(list(vaults), Confirmed)
        paid: list[tuple[Asset, int]] = []
        for vault, asset in vaults.items():
            atoms = held.atoms[vault]
            if not atoms:
                continue
            destination = wallet_token_address(owner, asset)
            await self._send(
                [
                    create_wallet_token_account(payer=owner, wallet=owner, asset=asset),
                    self._market.exit(owner=owner, token=token_of(asset), destination=destination),
                ]
            )
            paid.append((asset, atoms))
        return paid

    async def close_exit(self) -> Signature:
        """End the exit, so that the venue takes orders again.

        Raises:
            WalletRefused: There is none.
            ChainUnavailable: The node does not answer.
        """
        return await self._send([self._market.close_exit(owner=self._wallet.pubkey())])

    async def _send(self, steps: Sequence[Instruction]) -> Signature:
        """Sign, send, and wait until it is final."""
        try:
            await self._need_coins()
            recent = await self._chain.latest_blockhash()
            message = Message.new_with_blockhash(steps, self._wallet.pubkey(), recent.blockhash)
            transaction = VersionedTransaction(message, [self._wallet])
            answer = await self._client.simulate_transaction(transaction, commitment=Confirmed)
            if answer.value.err is not None:
                raise WalletRefused(failure_of(answer.value.err).text)
            problem = await self._chain.send(bytes(transaction))
        except (SolanaRpcException, RPCException) as error:
            raise WalletRefused(str(error)) from error
        if problem:
            raise WalletRefused(problem)
        await self._final(transaction.signatures[0])
        return transaction.signatures[0]

    async def _need_coins(self) -> None:
        """Have coins for fees and rent; a test chain gives some."""
        owner = self._wallet.pubkey()
        if await self._chain.lamports(owner) >= COINS_MIN_LAMPORTS:
            return
        await self._client.request_airdrop(owner, COINS_ASKED_LAMPORTS, Confirmed)
        async with asyncio.timeout(FINAL_SECONDS_MAX):
            while True:
                if await self._chain.lamports(owner) >= COINS_MIN_LAMPORTS:
                    return
                await asyncio.sleep(seconds(POLL_MS))

    async def _final(self, signature: Signature) -> None:
        try:
            async with asyncio.timeout(FINAL_SECONDS_MAX):
                while True:
                    (status,) = (await self._chain.statuses([signature], history=False)).found
                    if status is not None and status.failure is not None:
                        raise WalletRefused(status.failure.text)
                    if status is not None and status.level is Level.FINALIZED:
                        return
                    await asyncio.sleep(seconds(POLL_MS))
        except TimeoutError:
            raise WalletRefused(f"transaction {signature} is not final: look again") from None
