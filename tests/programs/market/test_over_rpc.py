"""The program on the local network, driven over JSON-RPC as on any node."""

from __future__ import annotations

from pathlib import Path

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.core import RPCException
from solders.keypair import Keypair

from realstack.chain.market import IDL, Market, Roles
from settlement.localnet import LocalnetServer, LocalnetSettings
from tests.contract.localnet.actor import Actor
from tests.programs.market.world import EXIT_DELAY_SLOTS, PROGRAM, key


@pytest.mark.slow
async def test_the_program_runs_on_the_local_network(tmp_path: Path) -> None:
    """Loaded at its address at the start, called and read back; still there after a restart."""
    program, actor_key, authority = key("realstack.market"), Keypair(), Keypair()
    settings = LocalnetSettings(
        port=0,
        slot_ms=None,
        finalized_depth_slots=4,
        data_dir=tmp_path,
        programs={program.pubkey(): PROGRAM},
    )
    market = Market(program.pubkey())
    roles = Roles(authority.pubkey(), authority.pubkey(), EXIT_DELAY_SLOTS)
    async with LocalnetServer(settings) as running, AsyncClient(running.url) as client:
        actor = Actor(client, actor_key)
        await actor.fund()
        instruction = market.initialize(
            payer=actor.address, authority=authority.pubkey(), roles=roles
        )
        signed = await actor.sign(instruction, signers=(authority, program))
        await actor.send_signed(signed)
        await actor.advance(5)
        # Another instruction through the preflight, refused with the program's own number.
        again = await actor.sign(instruction, signers=(authority, program))
        with pytest.raises(RPCException, match="0x1779"):
            await actor.send_signed(again)
    async with LocalnetServer(settings) as running, AsyncClient(running.url) as client:
        account = (await client.get_account_info(market.config)).value
        assert account is not None
        name, fields = IDL.account(account.data)
        assert ("Config", authority.pubkey()) == (name, fields["authority"])
