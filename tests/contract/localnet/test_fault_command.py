"""`realstack localnet`: each fault that the command switches on shows at a client of the node."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from solana.exceptions import SolanaRpcException
from solana.rpc.commitment import Processed
from solana.rpc.core import RPCException
from solders.keypair import Keypair
from solders.signature import Signature

from realstack import cli
from settlement.localnet import LocalnetServer
from settlement.localnet.faults import FaultName
from tests.contract.localnet.actor import COIN_LAMPORTS, Actor
from tests.contract.localnet.test_sending import balance

pytestmark = pytest.mark.slow

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def command(server: LocalnetServer, capsys: Capture) -> Callable[..., Awaitable[Any]]:
    """Runs the command against the node and returns its status and its last line."""

    async def run(*words: str) -> tuple[int, dict[str, Any]]:
        arguments = ["localnet", *words, "--rpc", server.url, "--json"]
        status = await asyncio.to_thread(cli.main, arguments)
        return status, json.loads(capsys.readouterr().out.splitlines()[-1])

    return run


async def pay(actor: Actor) -> Signature:
    """Send a coin to nobody in particular."""
    return await actor.send(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))


async def is_landed(actor: Actor, signature: Signature) -> bool:
    """Tell whether the node knows a status."""
    return await actor.status(signature, search_history=True) is not None


async def shows_drop(actor: Actor) -> bool:
    """Answered, and never landed."""
    return not await is_landed(actor, await pay(actor))


async def shows_delay(actor: Actor) -> bool:
    """Not landed yet, landed a slot later."""
    signature = await pay(actor)
    before = await is_landed(actor, signature)
    await actor.advance()
    return (before, await is_landed(actor, signature)) == (False, True)


async def shows_duplicate(actor: Actor) -> bool:
    """Sent twice, paid once; the fault has been used up."""
    to = Keypair().pubkey()
    await actor.send(actor.pay(to, COIN_LAMPORTS))
    used = (await actor.call("localnet_status"))["faults"] == []
    return used and await balance(actor, to) == COIN_LAMPORTS


async def shows_lost_answer(actor: Actor) -> bool:
    """The call fails and the transaction is there."""
    signed = await actor.sign(actor.pay(Keypair().pubkey(), COIN_LAMPORTS))
    with pytest.raises(SolanaRpcException):
        await actor.send_signed(signed)
    return await is_landed(actor, signed.signatures[0])


async def shows_lagging_node(actor: Actor) -> bool:
    """The node stands still while the cluster goes on."""
    before = (await actor.client.get_slot(Processed)).value
    await actor.advance()
    return (await actor.client.get_slot(Processed)).value == before


async def shows_rate_limit(actor: Actor) -> bool:
    """HTTP 429."""
    with pytest.raises(SolanaRpcException) as caught:
        await actor.client.get_slot()
    return "429" in str(caught.value.__cause__)


async def shows_wrong_genesis(actor: Actor) -> bool:
    """Another hash once, the right one after."""
    wrong = (await actor.client.get_genesis_hash()).value
    return wrong != (await actor.client.get_genesis_hash()).value


async def shows_expired_blockhash(actor: Actor) -> bool:
    """What is signed with it is refused."""
    with pytest.raises(RPCException, match="BlockhashNotFound"):
        await pay(actor)
    return True


SHOWS: dict[FaultName, Callable[[Actor], Awaitable[bool]]] = {
    FaultName.DROP: shows_drop,
    FaultName.DELAY: shows_delay,
    FaultName.DUPLICATE: shows_duplicate,
    FaultName.LOST_ANSWER: shows_lost_answer,
    FaultName.LAGGING_NODE: shows_lagging_node,
    FaultName.RATE_LIMIT: shows_rate_limit,
    FaultName.WRONG_GENESIS: shows_wrong_genesis,
    FaultName.EXPIRED_BLOCKHASH: shows_expired_blockhash,
}


def test_every_fault_has_a_test_here() -> None:
    """The one that is missing in the table strikes at once and has its own test."""
    assert set(FaultName) - set(SHOWS) == {FaultName.ROLLED_BACK_SLOT}


@pytest.mark.parametrize("name", SHOWS, ids=str)
async def test_a_fault_shows_at_a_client(name: FaultName, actor: Actor, command: Any) -> None:
    """Switched on for one time, seen once by the real client library."""
    status, verdict = await command("fault", name, "--count", "1")
    assert (0, name.value) == (status, verdict["active"][0]["name"])
    assert await SHOWS[name](actor)


async def test_a_slot_rolls_back_on_command(actor: Actor, command: Any) -> None:
    """The transactions undone are named, and the node no longer knows them."""
    await actor.advance()
    signature = await pay(actor)
    _, verdict = await command("fault", "rolled-back-slot")
    assert [str(signature)] == verdict["undone"]
    assert not await is_landed(actor, signature)


async def test_faults_are_listed_and_cleared(actor: Actor, command: Any) -> None:
    """By name, and all at once; options arrive as they were given."""
    victim = str(Keypair().pubkey())
    await command("fault", "drop", "--count", "2", "--for-slots", "9", "--address", victim)
    await command("fault", "delay", "--slots", "7")
    _, listed = await command("status")
    facts = [(one["name"], one["slots"], one["count"], one["address"]) for one in listed["faults"]]
    assert [("drop", 1, 2, victim), ("delay", 7, None, None)] == facts
    _, left = await command("clear", "drop")
    assert ["delay"] == [one["name"] for one in left["active"]]
    assert (await command("clear"))[1]["active"] == []


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("fault", "earthquake"), "name"),
        (("fault", "delay", "--slots", "0"), "slots"),
        (("fault", "drop", "--count", "-1"), "count"),
        (("fault", "drop", "--address", "nobody"), "address"),
        (("fault", "rolled-back-slot", "--slots", "9999"), "slots"),
        (("clear", "earthquake"), "name"),
        (("mend",), "fault|clear|status"),
    ],
)
async def test_what_is_no_fault_is_refused(
    words: tuple[str, ...], field: str, command: Any
) -> None:
    """Status 2, the argument at fault is named, and no fault is on."""
    status, verdict = await command(*words)
    assert (2, field) == (status, verdict["field"])
    assert (await command("status"))[1]["faults"] == []


async def test_no_network_is_said_to_be_none(capsys: Capture) -> None:
    """Nothing listens there: the verdict names the option and the address."""
    arguments = ["localnet", "status", "--rpc", "http://127.0.0.1:1", "--json"]
    status = await asyncio.to_thread(cli.main, arguments)
    verdict = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (2, "rpc") == (status, verdict["field"])
    assert "http://127.0.0.1:1" in verdict["rule"]
