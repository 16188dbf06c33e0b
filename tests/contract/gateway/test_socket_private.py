"""Private channels and order entry over the socket."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from gateway.limits import WS_AUTHENTICATIONS_MAX
from realstack.settlement.v1 import settlement_pb2 as wire
from tests.contract.gateway.client import MARKET, Rest, Socket, open_socket, order
from tests.support.scripted_settlement import ScriptedSettlement
from tests.support.venue import Member, Venue

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("logs")]

SIGNATURE = (
    "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"
)


async def test_orders_over_the_socket_are_answered_and_told(socket: Socket, alice: Member) -> None:
    """Place, replace and cancel: the answer carries the message's id, the channel every change."""
    await socket.authenticate(alice)
    assert (await socket.ask(op="subscribe", channel="orders"))["type"] == "subscribed"
    snapshot = await socket.next("orders_snapshot")
    assert snapshot["orders"] == []
    placed = await socket.ask(op="place", order=order(price="31", quantity="2"))
    assert (placed["type"], placed["op"]) == ("answer", "place")
    order_id = placed["answer"]["order_id"]
    changed = await socket.ask(op="replace", order_id=order_id, price="32", quantity="1.5")
    assert changed["answer"]["leaves"] == "1.500"
    gone = await socket.ask(
        op="cancel", order_client_id=placed["answer"]["client_id"], client_id="9"
    )
    assert (gone["op"], gone["answer"]["order_id"]) == ("cancel", order_id)
    none_left = await socket.ask(op="cancel_all", market=MARKET, side="buy")
    assert none_left["answer"]["cancelled_count"] == 0
    events = [each for each in socket.kept if each["type"] == "order"]
    while len(events) < 3:
        events.append(await socket.next("order"))
    assert [each["event"] for each in events] == ["accepted", "replaced", "cancelled"]
    first = snapshot["execution_sequence"] + 1
    assert [each["execution_sequence"] for each in events] == [first, first + 1, first + 2]
    assert [each["order"]["leaves"] for each in events] == ["2.000", "1.500", "0.000"]


async def test_commands_of_one_socket_run_in_their_order(socket: Socket, alice: Member) -> None:
    """A hundred orders that are sent without waiting get rising sequences in the order sent."""
    await socket.authenticate(alice)
    for number in range(100):
        await socket.say(op="place", id=number, order=order(price="5", quantity="0.1"))
    answers = [await socket.next("answer") for _ in range(100)]
    by_id = sorted(answers, key=lambda each: each["id"])
    sequences = [each["answer"]["sequence"] for each in by_id]
    assert sequences == sorted(sequences)
    assert len(set(sequences)) == 100


async def test_a_refused_command_has_the_same_error_as_over_rest(
    rest: Rest, socket: Socket, alice: Member
) -> None:
    """One registry for both doors: the same code, outcome and rule."""
    body = order(quantity="99999999")
    over_rest = (await rest.call("POST", "/v1/orders", alice, body=body)).json()
    await socket.authenticate(alice)
    over_socket = await socket.refusal(op="place", order=body)
    for problem in (over_rest, over_socket):
        problem.pop("instance", None)
        problem.pop("as_of_seq")
    assert over_rest == over_socket


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ({}, 1_002),
        ({"order_id": "1", "order_client_id": "1"}, 1_002),
        ({"order_id": "x"}, 21),
        ({"order_client_id": "x"}, 8),
        ({"order_id": "999999999"}, 21),
    ],
)
async def test_a_cancel_names_exactly_one_order(
    socket: Socket, alice: Member, names: dict[str, str], code: int
) -> None:
    """Neither id, both, or one that names nothing: each has its number."""
    await socket.authenticate(alice)
    assert (await socket.refusal(op="cancel", **names))["code"] == code


async def test_anothers_order_cannot_be_cancelled_over_the_socket(
    rest: Rest, socket: Socket, alice: Member, bob: Member
) -> None:
    """The same error as for a missing order, and the order goes on working."""
    placed = await rest.place(bob)
    await socket.authenticate(alice)
    theirs = await socket.refusal(op="cancel", order_id=placed["order_id"])
    missing = await socket.refusal(op="cancel", order_id="888888888")
    assert theirs == missing
    shown = (await rest.get(f"/v1/orders/{placed['order_id']}", bob))["order"]
    assert shown["status"] == "working"


async def test_a_private_channel_resumes_where_it_was(
    venue: Venue, rest: Rest, alice: Member
) -> None:
    """After a lost connection every execution from a sequence on comes again, none twice."""
    for price in ("21", "22", "23"):
        await rest.place(alice, price=price)
    headers = {"X-API-Key": alice.api_key}
    async with open_socket(venue.socket_url, **headers) as opened:
        assert (await opened.next("welcome"))["authenticated"] is True
        await opened.ask(op="subscribe", channel="orders", from_execution_sequence=4)
        events = [await opened.next("order") for _ in range(2)]
        assert [each["execution_sequence"] for each in events] == [4, 5]
        assert [each["order"]["price"] for each in events] == ["22.00", "23.00"]
        await rest.place(alice, price="24")
        assert (await opened.next("order"))["execution_sequence"] == 6


@pytest.mark.parametrize(("from_sequence", "code"), [(1_000, 1_033), (0, 1_002), (-1, 1_002)])
async def test_a_private_channel_cannot_begin_where_nothing_is(
    socket: Socket, alice: Member, from_sequence: int, code: int
) -> None:
    """A place beyond the last execution, or before the first, is refused."""
    await socket.authenticate(alice)
    refusal = await socket.refusal(
        op="subscribe", channel="orders", from_execution_sequence=from_sequence
    )
    assert (refusal["code"], refusal["field"]) == (code, "from_execution_sequence")


def batch(number: int, state: int, trade_ids: list[int]) -> wire.Batch:
    return wire.Batch(
        batch_id=number,
        state=state,  # type: ignore[arg-type]
        trade_ids=trade_ids,
        transfers=[
            wire.Transfer(asset_id=2, from_account_id=1, to_account_id=2, amount_atoms=1_500_000)
        ],
        signature=SIGNATURE if state >= wire.SETTLEMENT_STATE_SIGNED else "",
        transaction_bytes=777,
        updated_time_ns=1_794_916_800 * 10**9,
    )


async def test_a_fill_is_followed_on_its_way_to_the_chain(
    rest: Rest, socket: Socket, settlement: ScriptedSettlement, alice: Member, bob: Member
) -> None:
    """Matched, batched, signed, sent, final: the channel tells each step, and REST the last."""
    await rest.place(alice, side="sell", price="71", quantity="1")
    await socket.authenticate(bob)
    await socket.ask(op="subscribe", channel="fills")
    await socket.next("fills_snapshot")
    await rest.place(bob, price="71", quantity="1")
    fill = (await socket.next("fill"))["fill"]
    assert fill["settlement"]["state"] == "queued"
    number = max(settlement.batches, default=0) + 1
    states = [wire.SETTLEMENT_STATE_NETTED, wire.SETTLEMENT_STATE_SIGNED]
    states += [wire.SETTLEMENT_STATE_IN_FLIGHT, wire.SETTLEMENT_STATE_FINAL]
    seen = []
    for state in states:
        settlement.put(batch(number, state, [fill["trade_id"]]))
        message = await socket.next("settlement")
        assert message["fills"][0]["trade_id"] == fill["trade_id"]
        seen.append(message["fills"][0]["settlement"])
    assert [each["state"] for each in seen] == ["netted", "signed", "in_flight", "final"]
    assert seen[-1] == {"state": "final", "batch_id": number, "signature": SIGNATURE}
    listed = (await rest.get("/v1/fills", bob))["fills"][0]
    assert listed["settlement"] == seen[-1]
    (shown, *_) = (await rest.get("/v1/settlement/batches?page_size=1"))["batches"]
    assert (shown["batch_id"], shown["state"], shown["trade_count"]) == (number, "final", 1)
    assert shown["transfers"][0]["amount"] == "1.500000"


async def test_batches_are_told_to_everybody(
    socket: Socket, settlement: ScriptedSettlement
) -> None:
    """The newest batches come at once, then each change."""
    await socket.ask(op="subscribe", channel="batches")
    await socket.next("batches_snapshot")
    number = max(settlement.batches, default=0) + 1
    settlement.put(batch(number, wire.SETTLEMENT_STATE_PARKED, [10_000_000]))
    while True:
        message = await socket.next("batches")
        found = [each for each in message["batches"] if each["batch_id"] == number]
        if found:
            break
    assert (found[0]["state"], found[0]["transaction_bytes"]) == ("parked", 777)


async def test_the_verdict_shows_every_difference_in_units(
    rest: Rest, socket: Socket, settlement: ScriptedSettlement
) -> None:
    """A ledger that differs from the chain is told with the account, the asset and both amounts."""
    difference = wire.Difference(
        account_id=3, asset_id=1, expected_atoms=1_000_000, chain_atoms=999_999
    )
    settlement.set_verdict(
        wire.GetReconciliationResponse(
            sequence=5, time_ns=1, accounts=7, assets=3, differences=[difference]
        )
    )
    await socket.ask(op="subscribe", channel="status")
    while True:
        status = (await socket.next("status"))["status"]
        if status["reconciliation"]["verdict"] == "different":
            break
    (shown,) = status["reconciliation"]["differences"]
    assert shown == {
        "account": 3,
        "account_name": "Account 3",
        "asset": "USDC",
        "expected": "1.000000",
        "chain": "0.999999",
    }
    settlement.set_verdict(wire.GetReconciliationResponse(sequence=6, time_ns=2, accounts=7))
    while (await rest.get("/v1/status"))["reconciliation"]["verdict"] != "equal":
        await socket.next("status")


async def test_a_wrong_key_is_refused_and_many_end_the_socket(socket: Socket) -> None:
    """Guessing keys costs the connection."""
    for _ in range(WS_AUTHENTICATIONS_MAX - 1):
        assert (await socket.refusal(op="auth", key="wrong"))["code"] == 1_011
    await socket.say(op="auth", key="wrong")
    with pytest.raises(ConnectionClosedError) as caught:
        await socket.next("nothing")
    received = caught.value.rcvd
    assert received is not None
    assert received.code == 4_401


async def test_a_socket_has_one_key(socket: Socket, alice: Member, bob: Member) -> None:
    """Who speaks on a socket does not change."""
    await socket.authenticate(alice)
    assert (await socket.refusal(op="auth", key=bob.api_key))["field"] == "op"


async def test_a_wrong_key_in_the_header_opens_no_socket(venue: Venue) -> None:
    """A key that is given must be right; without one only public channels are there."""
    with pytest.raises(InvalidStatus) as caught:
        async with open_socket(venue.socket_url, **{"X-API-Key": "wrong"}):
            pass
    assert caught.value.response.status_code == 401


@pytest.mark.parametrize(
    "message",
    [
        {"op": "subscribe", "channel": "orders"},
        {"op": "place", "order": order()},
        {"op": "cancel", "order_id": "1"},
        {"op": "cancel_all"},
    ],
)
async def test_an_operators_key_trades_nothing_over_the_socket(
    venue: Venue, socket: Socket, message: dict[str, Any]
) -> None:
    """The role is checked for every private operation."""
    await socket.ask(op="auth", key=venue.folder.role_keys["operator"])
    assert (await socket.refusal(**message))["code"] == 1_012
