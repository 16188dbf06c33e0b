"""What a client of the gateway sees when the engine is killed, frozen, or not there yet."""

from __future__ import annotations

import os
import signal
import uuid
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from realstack.admin.v1 import admin_pb2
from tests.contract.gateway.client import MARKET, Rest, open_socket, order
from tests.contract.gateway.test_socket_market import FollowedBook
from tests.support.processes import ServerProcess
from tests.support.venue import EngineAdmin, Venue
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


def start_engine(venue: Venue, address: str) -> ServerProcess:
    """Start the engine again on its journal and its port."""
    data = venue.folder.data
    return ServerProcess(
        "engine.server",
        *("--listen", address, "--keys", str(data / "keys.json")),
        *("--data", str(data / "engine"), "--core", "reference"),
        logs=data / "logs",
    )


async def restart(venue: Venue, rest: Rest) -> None:
    """Start a killed engine again and wait until the gateway reaches it."""
    venue.engine = start_engine(venue, venue.engine.address)
    venue.admin.close()
    venue.admin = EngineAdmin(venue.engine.address, venue.folder)

    async def is_back() -> bool:
        answer = await rest.call("GET", f"/v1/book/{MARKET}")
        return answer.status_code == 200

    await wait_until(is_back)


async def test_a_killed_engine_is_told_and_everything_goes_on_when_it_is_back(
    venue: Venue, rest: Rest
) -> None:
    """While it is away: 503, nothing was done. After it: the same orders, books that still prove
    themselves, and private streams without a gap or a repeat.
    """
    alice = venue.member()
    headers = {"X-API-Key": alice.api_key}
    async with open_socket(venue.socket_url, **headers) as socket:
        await socket.ask(op="subscribe", channel="book", market=MARKET)
        book = FollowedBook(await socket.next("book_snapshot"))
        await socket.ask(op="subscribe", channel="orders")
        placed = await rest.place(alice, price="12", quantity="3")
        first = await socket.next("order")
        venue.engine.kill()

        async def is_away() -> bool:
            answer = await rest.call("GET", f"/v1/book/{MARKET}")
            return answer.status_code == 503

        await wait_until(is_away)
        problem = (await rest.call("GET", "/v1/balances", alice)).json()
        assert (problem["code"], problem["outcome"], problem["retryable"]) == (
            1_024,
            "REJECTED",
            True,
        )
        await restart(venue, rest)
        shown = (await rest.get(f"/v1/orders/{placed['order_id']}", alice))["order"]
        assert (shown["status"], shown["leaves"]) == ("working", "3.000")
        again = await rest.place(alice, price="13", quantity="1")
        second = await socket.next("order")
        assert second["execution_sequence"] == first["execution_sequence"] + 1
        assert second["order"]["order_id"] == again["order_id"]
        messages = [each for each in socket.kept if each["type"].startswith("book_")]
        book = replay(book, messages)
        while book.sequence < (await rest.get(f"/v1/book/{MARKET}"))["book_sequence"]:
            book = replay(book, [await socket.next("book_update", "book_snapshot")])
        assert book.sides["bids"] == {1_200: 3_000, 1_300: 1_000}


def replay(book: FollowedBook, messages: list[dict[str, Any]]) -> FollowedBook:
    """Follow a book through messages, snapshots in between included."""
    for message in messages:
        if message["type"] == "book_snapshot":
            book = FollowedBook(message)
        elif message["first_book_sequence"] > book.sequence:
            book.apply(message)
    return book


async def test_an_answer_that_does_not_come_is_unknown_and_is_resolved_by_its_id(
    venue: Venue, rest: Rest
) -> None:
    """A frozen engine: 504 with the outcome UNKNOWN. The same request later makes one order."""
    alice = venue.member()
    await rest.place(alice, price="5")
    body = order(client_id=str(uuid.uuid4()), price="6")
    os.kill(venue.engine.pid, signal.SIGSTOP)
    try:
        answer = await rest.call("POST", "/v1/orders", alice, body=body)
    finally:
        os.kill(venue.engine.pid, signal.SIGCONT)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (504, 1_027)
    assert (problem["outcome"], problem["retryable"]) == ("UNKNOWN", True)
    resolved = await rest.call("POST", "/v1/orders", alice, body=body)
    assert resolved.json()["outcome"] in ("ACCEPTED", "DUPLICATE")
    orders = (await rest.get("/v1/orders", alice))["orders"]
    assert [each["price"] for each in orders] == ["6.00", "5.00"]


async def test_the_gateway_waits_for_parts_that_are_not_there_yet(venue: Venue, rest: Rest) -> None:
    """Started alone it serves its page and says what is away; it finds the engine by itself."""
    venue.engine.kill()
    data = venue.folder.data
    alone = ServerProcess(
        "gateway.server",
        *("--listen", "127.0.0.1:0", "--data", str(data), "--engine", venue.engine.address),
        logs=data / "logs",
    )
    try:
        async with open_socket(alone.address.replace("http", "ws") + "/v1/ws") as socket:
            await socket.next("welcome")
            await socket.ask(op="subscribe", channel="status")
            first = (await socket.next("status_snapshot"))["status"]
            assert first["links"]["engine"] == {"up": False, "since": None}
            await restart(venue, rest)
            while not (await socket.next("status"))["status"]["links"]["engine"]["up"]:
                continue
            await socket.ask(op="subscribe", channel="book", market=MARKET)
            assert (await socket.next("book_snapshot"))["market"] == MARKET
    finally:
        status = alone.stop()
    assert status == 0


async def test_a_gateway_that_ends_tells_its_sockets_first(venue: Venue) -> None:
    """A last message says that it ends; then the socket closes as for a restart: 1012."""
    async with open_socket(venue.socket_url) as socket:
        await socket.next("welcome")
        assert venue.gateway.stop() == 0
        await socket.next("shutdown")
        with pytest.raises(ConnectionClosed) as caught:
            await socket.hear()
    received = caught.value.rcvd
    assert received is not None
    assert received.code == 1_012


async def test_a_market_that_is_listed_later_is_found(venue: Venue, rest: Rest) -> None:
    """A new market can be traded and followed without a restart of the gateway."""
    venue.admin.define(
        admin_pb2.DefineMarketRequest(
            market_id=9,
            symbol="BOND-BLDG",
            base_asset_id=3,
            quote_asset_id=2,
            quote_atoms_per_tick_lot=100,
            base_atoms_per_lot=1_000,
        )
    )
    alice = venue.member()

    async def is_found() -> bool:
        answer = await rest.call("GET", "/v1/book/BOND-BLDG")
        return answer.status_code == 200

    await wait_until(is_found)
    await rest.place(alice, market="BOND-BLDG", price="1", quantity="0.1")
    symbols = [row["symbol"] for row in (await rest.get("/v1/instruments"))["markets"]]
    assert "BOND-BLDG" in symbols
