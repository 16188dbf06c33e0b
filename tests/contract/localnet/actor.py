"""Someone with a key who uses the network only through its port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment, Processed
from solana.rpc.jsonrpc import JsonRpcRequest
from solana.rpc.models import TxOpts
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0, MessageV1
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from solders.transaction import VersionedTransaction
from solders.transaction_status import TransactionStatus
from spl.token import instructions, models
from spl.token.constants import MINT_LEN, TOKEN_PROGRAM_ID

COIN_LAMPORTS = 10**9
DECIMALS = 6


@dataclass
class Actor:
    """A client, the key that pays and signs, and shorthand for what tests do all the time."""

    client: AsyncClient
    key: Keypair

    @property
    def address(self) -> Pubkey:
        """The payer's address."""
        return self.key.pubkey()

    async def call(self, method: str, *params: object) -> Any:
        """Call any method by name, private ones too; an error raises `SolanaJsonRpcError`."""
        return await self.client.send_rpc_request(
            JsonRpcRequest(method=method, params=list(params)), Any
        )

    async def advance(self, slots: int = 1) -> int:
        """End slots by hand."""
        return int(await self.call("localnet_advanceSlots", slots))

    async def blockhash(self, commitment: Commitment = Processed) -> Hash:
        """Fetch a recent blockhash."""
        return (await self.client.get_latest_blockhash(commitment)).value.blockhash

    async def sign(
        self,
        *steps: Instruction,
        signers: tuple[Keypair, ...] = (),
        blockhash: Hash | None = None,
        version: str = "legacy",
    ) -> VersionedTransaction:
        """Sign a transaction of the given version that this actor pays."""
        recent = blockhash if blockhash is not None else await self.blockhash()
        message: Message | MessageV0 | MessageV1
        if version == "legacy":
            message = Message.new_with_blockhash(list(steps), self.address, recent)
        elif version == "v0":
            message = MessageV0.try_compile(self.address, list(steps), [], recent)
        else:
            message = MessageV1.try_compile(self.address, list(steps), recent)
        return VersionedTransaction(message, [self.key, *signers])

    async def send_signed(
        self, transaction: VersionedTransaction, *, skip_preflight: bool = False
    ) -> Signature:
        """Send a signed transaction, checked on the newest state."""
        options = TxOpts(skip_preflight=skip_preflight, preflight_commitment=Processed)
        return (await self.client.send_raw_transaction(bytes(transaction), options)).value

    async def send(
        self,
        *steps: Instruction,
        signers: tuple[Keypair, ...] = (),
        skip_preflight: bool = False,
    ) -> Signature:
        """Sign and send."""
        transaction = await self.sign(*steps, signers=signers)
        return await self.send_signed(transaction, skip_preflight=skip_preflight)

    async def fund(
        self, address: Pubkey | None = None, lamports: int = 100 * COIN_LAMPORTS
    ) -> None:
        """Take coins from the faucet."""
        await self.client.request_airdrop(address or self.address, lamports)

    async def create_mint(self, program: Pubkey = TOKEN_PROGRAM_ID) -> Pubkey:
        """Make a mint with this actor as the authority of minting and freezing."""
        mint = Keypair()
        rent = await self.client.get_minimum_balance_for_rent_exemption(MINT_LEN)
        await self.send(
            create_account(
                CreateAccountParams(
                    from_pubkey=self.address,
                    to_pubkey=mint.pubkey(),
                    lamports=rent.value,
                    space=MINT_LEN,
                    owner=program,
                )
            ),
            instructions.initialize_mint2(
                models.InitializeMint2Params(
                    program_id=program,
                    mint=mint.pubkey(),
                    decimals=DECIMALS,
                    mint_authority=self.address,
                    freeze_authority=self.address,
                )
            ),
            signers=(mint,),
        )
        return mint.pubkey()

    async def create_token_account(
        self, mint: Pubkey, owner: Pubkey | None = None, program: Pubkey = TOKEN_PROGRAM_ID
    ) -> Pubkey:
        """Make the associated token account of an owner, by default of this actor."""
        owner = owner or self.address
        await self.send(
            instructions.create_associated_token_account(self.address, owner, mint, program)
        )
        return instructions.get_associated_token_address(owner, mint, program)

    async def mint_to(
        self, mint: Pubkey, account: Pubkey, atoms: int, program: Pubkey = TOKEN_PROGRAM_ID
    ) -> Signature:
        """Mint tokens into an account."""
        return await self.send(
            instructions.mint_to(
                models.MintToParams(
                    program_id=program,
                    mint=mint,
                    dest=account,
                    mint_authority=self.address,
                    amount=atoms,
                )
            )
        )

    def move(
        self,
        mint: Pubkey,
        source: Pubkey,
        destination: Pubkey,
        atoms: int,
        program: Pubkey = TOKEN_PROGRAM_ID,
    ) -> Instruction:
        """Write a token transfer that this actor signs as owner."""
        return instructions.transfer_checked(
            models.TransferCheckedParams(
                program_id=program,
                source=source,
                mint=mint,
                dest=destination,
                owner=self.address,
                amount=atoms,
                decimals=DECIMALS,
            )
        )

    def pay(self, to: Pubkey, lamports: int) -> Instruction:
        """Write a transfer of coins."""
        return transfer(TransferParams(from_pubkey=self.address, to_pubkey=to, lamports=lamports))

    async def status(
        self, signature: Signature, *, search_history: bool = False
    ) -> TransactionStatus | None:
        """Look a signature up."""
        answer = await self.client.get_signature_statuses(
            [signature], search_transaction_history=search_history
        )
        return answer.value[0]

    async def atoms(self, account: Pubkey, commitment: Commitment = Processed) -> int:
        """Read the balance of a token account."""
        return int((await self.client.get_token_account_balance(account, commitment)).value.amount)


@dataclass(frozen=True)
class TokenPair:
    """A mint and two token accounts: the actor's own, which holds tokens, and a stranger's."""

    mint: Pubkey
    own: Pubkey
    other: Pubkey
    other_owner: Pubkey
    minted_atoms: int


async def create_token_pair(actor: Actor, program: Pubkey = TOKEN_PROGRAM_ID) -> TokenPair:
    """Make a mint with two accounts and a supply of one million atoms in the actor's."""
    other_owner = Keypair().pubkey()
    mint = await actor.create_mint(program)
    own = await actor.create_token_account(mint, program=program)
    other = await actor.create_token_account(mint, other_owner, program)
    await actor.mint_to(mint, own, 1_000_000, program)
    return TokenPair(
        mint=mint, own=own, other=other, other_owner=other_owner, minted_atoms=1_000_000
    )
