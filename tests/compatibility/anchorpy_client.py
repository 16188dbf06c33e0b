"""What a user of anchorpy does: drive each program from its IDL in the old format.

Runs in an environment of its own (requirements/anchorpy.txt) and imports nothing of the project.
Arguments: the address of a node, and the folder of the IDLs. Prints a line for each thing that
worked; any exception ends it.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from anchorpy import Context, Idl, Program, Provider, Wallet
from anchorpy.error import ProgramError
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Processed
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.system_program import CreateAccountParams, create_account
from solders.transaction import Transaction
from spl.token.constants import MINT_LEN, TOKEN_PROGRAM_ID

# Here as it was in the versions that anchorpy needs, not as in those of the product.
tokens: Any = importlib.import_module("spl.token.instructions")

EXIT_DELAY_SLOTS = 150
ALREADY_INITIALIZED = 6009


def key(name: str) -> Keypair:
    """The same key for the same name, in every run."""
    return Keypair.from_seed(hashlib.sha256(name.encode()).digest())


def find(program: Any, *seeds: bytes) -> Pubkey:
    """Derive an address of a program."""
    return Pubkey.find_program_address(list(seeds), program.program_id)[0]


async def drive_market(program: Any, payer: Keypair) -> None:
    """Make the config, stop the market, and be refused by name when it is made again."""
    own, config = key("realstack.market"), find(program, b"config")
    accounts = {
        "payer": payer.pubkey(),
        "authority": payer.pubkey(),
        "program": own.pubkey(),
        "config": config,
        "system_program": SYSTEM_PROGRAM,
    }
    context = Context(accounts=accounts, signers=[payer, own])
    arguments = (payer.pubkey(), payer.pubkey(), EXIT_DELAY_SLOTS)
    await program.rpc["initialize"](*arguments, ctx=context)
    stop = Context(accounts={"signer": payer.pubkey(), "config": config}, signers=[payer])
    await program.rpc["set_paused"](True, ctx=stop)
    found = await program.account["Config"].fetch(config, Processed)
    assert found.authority == payer.pubkey(), found
    assert found.exit_delay_slots == EXIT_DELAY_SLOTS, found
    # Another delay: the very same bytes in the same slot would be the same transaction.
    again = (payer.pubkey(), payer.pubkey(), EXIT_DELAY_SLOTS + 1)
    try:
        await program.rpc["initialize"](*again, ctx=context)
    except ProgramError as error:
        assert error.code == ALREADY_INITIALIZED, error
        print(f"market: {error.msg}")
    else:
        raise AssertionError("the config was made twice")
    print("market: initialize, set_paused, Config")


async def drive_token(program: Any, payer: Keypair) -> None:
    """Register an asset with three approvers, and add a document."""
    asset_id = hashlib.sha256(b"a house").digest()
    asset = find(program, b"asset", bytes(payer.pubkey()), asset_id)
    accounts = {"issuer": payer.pubkey(), "asset": asset, "system_program": SYSTEM_PROGRAM}
    approvers = [key(f"approver {place}").pubkey() for place in range(3)]
    await program.rpc["register_asset"](
        list(asset_id),
        "House at the Lake",
        "LAKE",
        list(hashlib.sha256(b"metadata").digest()),
        key("compliance").pubkey(),
        key("recovery").pubkey(),
        2,
        approvers,
        ctx=Context(accounts=accounts, signers=[payer]),
    )
    document = find(program, b"document", bytes(asset), (1).to_bytes(4, "little"))
    await program.rpc["add_document"](
        7,
        list(hashlib.sha256(b"deed").digest()),
        "ipfs://deed",
        ctx=Context(accounts={**accounts, "document": document}, signers=[payer]),
    )
    found = await program.account["Document"].fetch(document, Processed)
    assert (found.kind, found.asset) == (7, asset), found
    print("token: register_asset, add_document, Document")


async def create_mint(client: AsyncClient, program: Any, payer: Keypair) -> Pubkey:
    """Make a mint of SPL Token through the program's provider."""
    mint = key("mint of votes")
    rent = (await client.get_minimum_balance_for_rent_exemption(MINT_LEN)).value
    steps = [
        create_account(
            CreateAccountParams(
                from_pubkey=payer.pubkey(),
                to_pubkey=mint.pubkey(),
                lamports=rent,
                space=MINT_LEN,
                owner=TOKEN_PROGRAM_ID,
            )
        ),
        tokens.initialize_mint(
            tokens.InitializeMintParams(
                decimals=0,
                mint=mint.pubkey(),
                mint_authority=payer.pubkey(),
                program_id=TOKEN_PROGRAM_ID,
            )
        ),
    ]
    recent = (await client.get_latest_blockhash(Processed)).value.blockhash
    message = Message.new_with_blockhash(steps, payer.pubkey(), recent)
    await program.provider.send(Transaction([payer, mint], message, recent))
    return mint.pubkey()


async def drive_governance(client: AsyncClient, program: Any, payer: Keypair) -> None:
    """Make a realm over a mint, and an account of a voter in it."""
    mint = await create_mint(client, program, payer)
    realm = find(program, b"realm", bytes(payer.pubkey()), bytes(mint))
    accounts = {
        "creator": payer.pubkey(),
        "realm": realm,
        "vault": find(program, b"vault", bytes(realm)),
        "mint": mint,
        "token_program": TOKEN_PROGRAM_ID,
        "system_program": SYSTEM_PROGRAM,
    }
    rules = (payer.pubkey(), 2_000, 5_000, 100, 1_000, 100, 500, 2_000)
    await program.rpc["create_realm"](*rules, ctx=Context(accounts=accounts, signers=[payer]))
    voter = find(program, b"voter", bytes(realm), bytes(payer.pubkey()))
    accounts = {
        "wallet": payer.pubkey(),
        "realm": realm,
        "voter": voter,
        "system_program": SYSTEM_PROGRAM,
    }
    await program.rpc["open_voter"](ctx=Context(accounts=accounts, signers=[payer]))
    found = await program.account["Voter"].fetch(voter, Processed)
    assert found.wallet == payer.pubkey(), found
    print("governance: create_realm, open_voter, Voter")


async def main(url: str, folder: Path) -> None:
    """Drive the three programs, one after the other."""
    payer = key("payer")
    async with AsyncClient(url, commitment=Processed) as client:
        await client.request_airdrop(payer.pubkey(), 10**12)
        provider = Provider(client, Wallet(payer))
        programs = {}
        for name in ("governance", "market", "token"):
            idl = Idl.from_json((folder / f"{name}.json").read_text(encoding="utf-8"))
            address = Pubkey.from_string(key_address(folder, name))
            programs[name] = Program(idl, address, provider)
        await drive_market(programs["market"], payer)
        await drive_token(programs["token"], payer)
        await drive_governance(client, programs["governance"], payer)


def key_address(folder: Path, name: str) -> str:
    """The address that an IDL in the old format gives in its metadata."""
    text = (folder / f"{name}.json").read_text(encoding="utf-8")
    return str(json.loads(text)["metadata"]["address"])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
