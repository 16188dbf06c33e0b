"""What a wallet asks a node before it signs, and who holds a mint."""

from __future__ import annotations

import pytest
from solana.rpc.commitment import Confirmed
from solders.keypair import Keypair

from realstack.chain.holders import snapshot
from realstack.chain.preview import Known, Mint
from realstack.chain.simulate import simulate
from realstack.chain.token import TOKEN_PROGRAM
from realstack.chain.wallet import unsigned
from tests.contract.localnet.actor import Actor, create_token_pair
from tests.contract.localnet.conftest import FINALIZED_DEPTH_SLOTS

pytestmark = pytest.mark.slow


async def test_a_simulation_tells_what_an_unsigned_transaction_changes(actor: Actor) -> None:
    """Tokens that leave and arrive, in units, with the node's fee; and nothing has moved."""
    pair = await create_token_pair(actor)
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    step = actor.move(pair.mint, pair.own, pair.other, 250_000)
    shown = await simulate(
        actor.client,
        unsigned([step], payer=actor.address, blockhash=await actor.blockhash(Confirmed)),
    )
    known = Known(mints={pair.mint: Mint("USDC", 6)}, names={pair.own: "your account"})
    assert ("", 5_000) == (shown.error, shown.fee_lamports)
    assert {
        f"your account ({pair.own}) loses 0.25 USDC and then has 0.75 USDC.",
        f"{pair.other} gets 0.25 USDC and then has 0.25 USDC.",
    } == {change.text(known) for change in shown.changes}
    assert {actor.address, pair.other_owner} == {change.owner for change in shown.changes}
    assert await actor.atoms(pair.other) == 0


async def test_a_simulation_tells_why_a_transaction_would_fail(actor: Actor) -> None:
    """More than there is: the reason, and no changes."""
    pair = await create_token_pair(actor)
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    step = actor.move(pair.mint, pair.own, pair.other, pair.minted_atoms + 1)
    shown = await simulate(
        actor.client,
        unsigned([step], payer=actor.address, blockhash=await actor.blockhash(Confirmed)),
    )
    assert shown.changes == ()
    assert shown.error
    assert any("insufficient funds" in line for line in shown.logs)


async def test_a_snapshot_names_every_holder_at_a_finalized_slot(actor: Actor) -> None:
    """Two accounts of a wallet count together; what is not finalized is not in it yet."""
    pair = await create_token_pair(actor)
    await actor.create_token_account(pair.mint, Keypair().pubkey())
    await actor.send(actor.move(pair.mint, pair.own, pair.other, 300_000))
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    await actor.send(actor.move(pair.mint, pair.own, pair.other, 1))
    taken = await snapshot(actor.client, pair.mint, TOKEN_PROGRAM)
    assert {actor.address: 700_000, pair.other_owner: 300_000} == dict(taken.holdings)
    assert pair.minted_atoms == taken.supply_atoms
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    later = await snapshot(actor.client, pair.mint, TOKEN_PROGRAM)
    assert taken.slot + FINALIZED_DEPTH_SLOTS == later.slot
    assert dict(later.holdings)[pair.other_owner] == 300_001
