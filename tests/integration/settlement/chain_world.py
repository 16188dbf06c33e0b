"""A chain with the market program, mints, wallets and vaults, as `realstack up` makes them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Finalized, Processed
from solana.rpc.jsonrpc import JsonRpcRequest
from solana.rpc.models import TxOpts
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import CreateAccountParams, create_account
from solders.transaction import VersionedTransaction
from spl.token import instructions, models
from spl.token.constants import MINT_LEN, TOKEN_PROGRAM_ID

from realstack.chain.market import Batch as ProgramBatch
from realstack.chain.market import Delta, Market, Roles
from settlement.accounts import create_wallet_token_account, token_of, wallet_token_address
from settlement.registry import Asset, Registry

COIN_LAMPORTS = 10**9
BUILDING, BOND, DOLLAR = 1, 2, 3  # asset ids
EXIT_DELAY_SLOTS = 150
PROGRAM_FILE = Path(__file__).resolve().parents[3] / "programs" / "bin" / "market.so"
PROGRAM = Keypair.from_seed(bytes([7] * 32))
PROGRAMS = {PROGRAM.pubkey(): PROGRAM_FILE}
"""What the localnet of a `ChainWorld` is to be started with."""


def move(
    *, asset: Asset, source: Pubkey, destination: Pubkey, owner: Pubkey, amount_atoms: int
) -> Instruction:
    """Write a plain transfer, as any wallet makes it."""
    return instructions.transfer_checked(
        models.TransferCheckedParams(
            program_id=asset.token_program,
            source=source,
            mint=asset.mint,
            dest=destination,
            owner=owner,
            amount=amount_atoms,
            decimals=asset.decimals,
        )
    )


@dataclass
class ChainWorld:
    """One localnet and what a venue has on it; used only through its port."""

    client: AsyncClient
    finalized_slots: int
    authority: Keypair = field(default_factory=Keypair)
    issuer: Keypair = field(default_factory=Keypair)
    market: Market = field(default_factory=lambda: Market(PROGRAM.pubkey()))
    next_foreign_batch_id: int = 1 << 40
    wallets: dict[int, Keypair] = field(default_factory=dict)
    registry: Registry = field(default_factory=lambda: Registry({}, {}))

    async def call(self, method: str, *params: object) -> Any:
        """Call any method by name."""
        request = JsonRpcRequest(method=method, params=list(params))
        return await self.client.send_rpc_request(request, Any)

    async def advance(self, slots: int = 1) -> None:
        """End slots by hand."""
        await self.call("localnet_advanceSlots", slots)

    async def finalize(self) -> None:
        """Make final what has landed."""
        await self.advance(self.finalized_slots + 1)

    async def fault(self, name: str, **options: int) -> None:
        """Switch a fault on."""
        await self.call("localnet_setFault", name, options)

    async def send(
        self,
        *steps: Instruction,
        payer: Keypair,
        signers: list[Keypair],
        skip_preflight: bool = False,
    ) -> Signature:
        """Sign and send."""
        blockhash = (await self.client.get_latest_blockhash(Processed)).value.blockhash
        message = Message.new_with_blockhash(list(steps), payer.pubkey(), blockhash)
        transaction = VersionedTransaction(message, [payer, *signers])
        options = TxOpts(skip_preflight=skip_preflight, preflight_commitment=Processed)
        return (await self.client.send_raw_transaction(bytes(transaction), options)).value

    async def build(
        self, accounts: int, assets: tuple[int, ...] = (BUILDING, BOND, DOLLAR)
    ) -> None:
        """Make config, mints, wallets and empty vaults, all of it final."""
        for key in (self.authority, self.issuer):
            await self.client.request_airdrop(key.pubkey(), 1_000 * COIN_LAMPORTS)
        mints = {asset_id: await self._mint(6) for asset_id in (BUILDING, BOND, DOLLAR)}
        self.wallets = {account_id: Keypair() for account_id in range(1, accounts + 1)}
        self.registry = Registry(
            {each: Asset(each, f"A{each}", 6, mint) for each, mint in mints.items()},
            {each: key.pubkey() for each, key in self.wallets.items()},
            self.market.program_id,
        )
        await self._list()
        for wallet in self.wallets.values():
            steps = [
                self.market.open_vault(
                    payer=self.issuer.pubkey(), owner=wallet.pubkey(), token=token_of(asset)
                )
                for asset in self.registry.assets.values()
            ]
            await self.send(*steps, payer=self.issuer, signers=[])
        await self.finalize()

    async def _list(self) -> None:
        """Make the program's config and register the mints; the issuer administers."""
        issuer = self.issuer.pubkey()
        roles = Roles(self.authority.pubkey(), issuer, EXIT_DELAY_SLOTS)
        make = self.market.initialize(payer=issuer, authority=issuer, roles=roles)
        await self.send(make, payer=self.issuer, signers=[PROGRAM])
        for asset in self.registry.assets.values():
            token = token_of(asset)
            step = self.market.register_mint(payer=issuer, authority=issuer, token=token)
            await self.send(step, payer=self.issuer, signers=[])

    def owner(self, account_id: int) -> Pubkey:
        """Return whose vaults an account's are; 0 is the fee account."""
        return self.wallets[account_id].pubkey() if account_id else self.market.config

    async def _mint(self, decimals: int) -> Pubkey:
        mint = Keypair()
        rent = (await self.client.get_minimum_balance_for_rent_exemption(MINT_LEN)).value
        create = create_account(
            CreateAccountParams(
                from_pubkey=self.issuer.pubkey(),
                to_pubkey=mint.pubkey(),
                lamports=rent,
                space=MINT_LEN,
                owner=TOKEN_PROGRAM_ID,
            )
        )
        initialize = instructions.initialize_mint2(
            models.InitializeMint2Params(
                program_id=TOKEN_PROGRAM_ID,
                mint=mint.pubkey(),
                decimals=decimals,
                mint_authority=self.issuer.pubkey(),
                freeze_authority=self.issuer.pubkey(),
            )
        )
        await self.send(create, initialize, payer=self.issuer, signers=[mint])
        return mint.pubkey()

    def vault(self, account_id: int, asset_id: int) -> Pubkey:
        """Return a vault's address."""
        mint = self.registry.assets[asset_id].mint
        return self.market.vault(self.owner(account_id), mint)[0]

    async def deposit(self, account_id: int, asset_id: int, atoms: int) -> Signature:
        """Mint tokens to a wallet and move them into custody; landed, not final."""
        asset, wallet = self.registry.assets[asset_id], self.wallets[account_id]
        steps = [
            create_wallet_token_account(
                payer=self.issuer.pubkey(), wallet=wallet.pubkey(), asset=asset
            ),
            self.mint_to(asset_id, wallet_token_address(wallet.pubkey(), asset), atoms),
            self.market.deposit(
                owner=wallet.pubkey(),
                token=token_of(asset),
                source=wallet_token_address(wallet.pubkey(), asset),
                amount_atoms=atoms,
            ),
        ]
        return await self.send(*steps, payer=self.issuer, signers=[wallet])

    def mint_to(self, asset_id: int, account: Pubkey, atoms: int) -> Instruction:
        """Write a minting by the issuer."""
        return instructions.mint_to(
            models.MintToParams(
                program_id=TOKEN_PROGRAM_ID,
                mint=self.registry.assets[asset_id].mint,
                dest=account,
                mint_authority=self.issuer.pubkey(),
                amount=atoms,
            )
        )

    async def lend(self, asset_id: int, atoms: int) -> None:
        """Give the clearing vault of an asset its float; landed, not final."""
        clearing = self.market.clearing_vault(self.registry.assets[asset_id].mint)[0]
        await self.send(self.mint_to(asset_id, clearing, atoms), payer=self.issuer, signers=[])

    async def clearing_atoms(self, asset_id: int) -> int:
        """Return the finalized balance of a clearing vault."""
        clearing = self.market.clearing_vault(self.registry.assets[asset_id].mint)[0]
        answer = await self.client.get_token_account_balance(clearing, Finalized)
        return int(answer.value.amount)

    async def move_behind_the_back(
        self, asset_id: int, source: int, destination: int, atoms: int
    ) -> None:
        """Move tokens between vaults with the authority's key, outside the worker."""
        token = token_of(self.registry.assets[asset_id])
        deltas = [
            Delta(self.owner(source), token, -atoms),
            Delta(self.owner(destination), token, atoms),
        ]
        self.next_foreign_batch_id += 1
        batch = ProgramBatch(self.next_foreign_batch_id, bytes(32), 1 << 60, deltas)
        step = self.market.settle_set(
            payer=self.issuer.pubkey(), settlement_authority=self.authority.pubkey(), batch=batch
        )
        await self.send(step, payer=self.issuer, signers=[self.authority])

    async def request_exit(self, account_id: int) -> None:
        """Ask to leave, by the wallet's signature alone."""
        step = self.market.request_exit(payer=self.issuer.pubkey(), owner=self.owner(account_id))
        await self.send(step, payer=self.issuer, signers=[self.wallets[account_id]])

    async def exit(self, account_id: int, asset_id: int) -> None:
        """Take a whole vault, by the wallet's signature alone."""
        asset, wallet = self.registry.assets[asset_id], self.wallets[account_id]
        destination = wallet_token_address(wallet.pubkey(), asset)
        steps = [
            create_wallet_token_account(
                payer=self.issuer.pubkey(), wallet=wallet.pubkey(), asset=asset
            ),
            self.market.exit(owner=wallet.pubkey(), token=token_of(asset), destination=destination),
        ]
        await self.send(*steps, payer=self.issuer, signers=[wallet])

    async def close_exit(self, account_id: int) -> None:
        """End an exit."""
        step = self.market.close_exit(owner=self.owner(account_id))
        await self.send(step, payer=self.issuer, signers=[self.wallets[account_id]])

    async def pause(self, *, paused: bool) -> None:
        """Stop the market program, or let it go on."""
        step = self.market.set_paused(signer=self.issuer.pubkey(), paused=paused)
        await self.send(step, payer=self.issuer, signers=[])

    async def freeze(self, account_id: int, asset_id: int) -> None:
        """Freeze a custody account, as a court might order."""
        step = instructions.freeze_account(
            models.FreezeAccountParams(
                program_id=TOKEN_PROGRAM_ID,
                account=self.vault(account_id, asset_id),
                mint=self.registry.assets[asset_id].mint,
                authority=self.issuer.pubkey(),
            )
        )
        await self.send(step, payer=self.issuer, signers=[])

    async def atoms(self, account_id: int, asset_id: int) -> int:
        """Return the finalized balance of a custody account."""
        answer = await self.client.get_token_account_balance(
            self.vault(account_id, asset_id), Finalized
        )
        return int(answer.value.amount)

    def wallet_account(self, account_id: int, asset_id: int) -> Pubkey:
        """Return the address of a wallet's token account."""
        return wallet_token_address(
            self.wallets[account_id].pubkey(), self.registry.assets[asset_id]
        )

    async def wallet_atoms(self, account_id: int, asset_id: int) -> int:
        """Return the finalized balance of a wallet's token account."""
        address = self.wallet_account(account_id, asset_id)
        answer = await self.client.get_token_account_balance(address, Finalized)
        return int(answer.value.amount)

    def write(self, folder: Path) -> None:
        """Write the data folder that the worker starts from, API keys aside."""
        secrets = folder / "secrets"
        secrets.mkdir(parents=True, exist_ok=True)
        names = {f"wallet-{account_id}": key for account_id, key in self.wallets.items()}
        for name, key in (names | {"settlement": self.authority}).items():
            keypair = secrets / f"{name}.json"
            keypair.write_text(json.dumps(list(bytes(key))))
            keypair.chmod(0o600)
        content = {
            "market_program": str(self.market.program_id),
            "assets": [
                {
                    "asset_id": each.asset_id,
                    "symbol": each.symbol,
                    "decimals": each.decimals,
                    "mint": str(each.mint),
                }
                for each in self.registry.assets.values()
            ],
            "accounts": [
                {"account_id": account_id, "wallet": str(wallet)}
                for account_id, wallet in self.registry.wallets.items()
            ],
        }
        (folder / "instruments.json").write_text(json.dumps(content))
