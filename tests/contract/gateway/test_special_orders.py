"""Every order type and field over REST and WebSocket: placed in decimal text, and shown again."""

from __future__ import annotations

import time
from typing import Any

import pytest

from engine.core.rejects import Reject
from gateway.times import time_text
from realstack.admin.v1 import admin_pb2
from realstack.client import Client, Phase
from tests.contract.gateway.client import Rest, Socket, order
from tests.support.venue import Member, Venue
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("logs")]


async def shown(rest: Rest, member: Member, placed: dict[str, Any]) -> dict[str, Any]:
    """Return an order as its owner sees it."""
    found: dict[str, Any] = (await rest.get(f"/v1/orders/{placed['order_id']}", member))["order"]
    return found


async def test_an_iceberg_shows_its_tranche_its_tag_and_its_expiry(
    rest: Rest, alice: Member
) -> None:
    """What was asked for comes back in the same text."""
    expiry = time_text(time.time_ns() + 3_600 * 1_000_000_000)
    placed = await rest.place(
        alice, price="40", quantity="3", display_quantity="0.5", tag=9, expire_time=expiry
    )
    order_shown = await shown(rest, alice, placed)
    names = ("type", "time_in_force", "visible", "tag", "expire_time", "post_only", "waiting")
    assert {name: order_shown[name] for name in names} == {
        "type": "limit",
        "time_in_force": "gtd",
        "visible": "0.500",
        "tag": 9,
        "expire_time": expiry,
        "post_only": False,
        "waiting": False,
    }


async def test_a_hidden_order_shows_nothing(rest: Rest, alice: Member) -> None:
    """It works with its whole quantity, unseen."""
    placed = await rest.place(alice, price="40", quantity="3", hidden=True, time_in_force="day")
    order_shown = await shown(rest, alice, placed)
    assert (order_shown["leaves"], order_shown["visible"]) == ("3.000", "0.000")
    assert order_shown["time_in_force"] == "day"


async def test_a_stop_limit_waits_and_takes_a_new_trigger(rest: Rest, alice: Member) -> None:
    """Its trigger is told, and a replace moves it."""
    placed = await rest.place(
        alice,
        type="stop_limit",
        price="998",
        trigger_price="999",
        trigger_source="best_quote",
        quantity="1",
    )
    order_shown = await shown(rest, alice, placed)
    assert (order_shown["waiting"], order_shown["trigger_price"]) == (True, "999.00")
    change = {"price": "998", "quantity": "2", "trigger_price": "1000.5"}
    answer = await rest.call("PATCH", f"/v1/orders/{placed['order_id']}", alice, body=change)
    assert answer.status_code == 200, answer.text
    order_shown = await shown(rest, alice, placed)
    assert (order_shown["quantity"], order_shown["trigger_price"]) == ("2.000", "1000.50")


async def test_a_stop_without_a_limit_price_is_replaced_without_one(
    rest: Rest, alice: Member
) -> None:
    """A price that the order does not have is refused by name."""
    placed = await rest.place(
        alice, side="sell", type="stop", price=None, trigger_price="1", quantity="1"
    )
    path = f"/v1/orders/{placed['order_id']}"
    answer = await rest.call("PATCH", path, alice, body={"price": "5", "quantity": "1"})
    assert (answer.status_code, answer.json()["field"]) == (422, "price")
    answer = await rest.call("PATCH", path, alice, body={"quantity": "2", "trigger_price": "2"})
    assert answer.status_code == 200, answer.text
    assert (await shown(rest, alice, placed))["trigger_price"] == "2.00"


async def test_a_trailing_stop_follows_the_price(rest: Rest, alice: Member, bob: Member) -> None:
    """Its trigger is the last price less the trail, which is a distance in price."""
    await rest.place(alice, side="sell", price="101.25", quantity="0.1")
    await rest.place(bob, side="buy", price="101.25", quantity="0.1")
    trailing = {"side": "sell", "type": "trailing_stop", "price": None}
    placed = await rest.place(alice, **trailing, trail="1.25", quantity="1")
    assert (await shown(rest, alice, placed))["trigger_price"] == "100.00"
    placed = await rest.place(alice, **trailing, trail_ppm=100_000, quantity="1")
    assert (await shown(rest, alice, placed))["trigger_price"] == "91.12"


async def test_an_order_by_amount_spends_at_most_its_amount(
    rest: Rest, alice: Member, bob: Member
) -> None:
    """Fee included, in whole lots."""
    await rest.place(alice, side="sell", price="101.25", quantity="5")
    placed = await rest.place(
        bob, type="market_by_amount", price=None, quantity=None, amount="101.300625"
    )
    assert placed["filled"] == "1.000"
    balances = {each["asset"]: each for each in (await rest.get("/v1/balances", bob))["balances"]}
    assert balances["USDC"]["total"] == "999898.699375"


async def test_cancel_all_takes_a_tag(rest: Rest, alice: Member) -> None:
    """Orders of another tag go on."""
    for tag in (1, 2, 2):
        await rest.place(alice, price="10", tag=tag)
    answer = await rest.call("DELETE", "/v1/orders?tag=2", alice)
    assert (answer.status_code, answer.json()["cancelled_count"]) == (200, 2)
    assert [each["tag"] for each in (await rest.get("/v1/orders", alice))["orders"]] == [1]


BAD: list[tuple[dict[str, Any], Reject, str]] = [
    ({"display_quantity": "1"}, Reject.INVALID_QUANTITY, "display_quantity"),
    ({"display_quantity": "0.5", "hidden": True}, Reject.INVALID_QUANTITY, "display_quantity"),
    ({"minimum_quantity": "2"}, Reject.INVALID_QUANTITY, "minimum_quantity"),
    ({"minimum_quantity": "1", "time_in_force": "fok"}, Reject.INVALID_FLAGS, "minimum_quantity"),
    ({"minimum_quantity": "1"}, Reject.MINIMUM_NOT_MET, "minimum_quantity"),
    ({"slide": True}, Reject.INVALID_FLAGS, "slide"),
    ({"hidden": True, "time_in_force": "ioc"}, Reject.INVALID_FLAGS, "hidden"),
    ({"trigger_price": "1"}, Reject.INVALID_PRICE, "trigger_price"),
    ({"trigger_source": "reference"}, Reject.INVALID_FLAGS, "trigger_source"),
    ({"type": "stop_limit"}, Reject.INVALID_PRICE, "trigger_price"),
    ({"type": "stop_limit", "trigger_price": "1.005"}, Reject.INVALID_PRICE, "trigger_price"),
    ({"type": "trailing_stop", "price": None}, Reject.INVALID_PRICE, "trail"),
    ({"amount": "5"}, Reject.INVALID_AMOUNT, "amount"),
    ({"quantity": None}, Reject.INVALID_QUANTITY, "quantity"),
    ({"time_in_force": "gtd"}, Reject.INVALID_TIME_IN_FORCE, "expire_time"),
    ({"expire_time": "2020-01-01T00:00:00Z"}, Reject.EXPIRY_IN_PAST, "expire_time"),
    ({"time_in_force": "at_open"}, Reject.MARKET_PHASE, "market"),
]


@pytest.mark.parametrize(("fields", "code", "field"), BAD)
async def test_what_does_not_go_together_is_refused_by_name(
    rest: Rest,
    socket: Socket,
    alice: Member,
    fields: dict[str, Any],
    code: Reject,
    field: str,
) -> None:
    """Each refusal names the field and the rule, over REST and over the socket alike."""
    body = order(**fields)
    problem = (await rest.call("POST", "/v1/orders", alice, body=body)).json()
    assert (problem["name"], problem["field"]) == (code.name, field)
    assert problem["rule"]
    await socket.authenticate(alice)
    told = await socket.refusal(op="place", order=body)
    assert (told["name"], told["field"]) == (code.name, f"order.{field}")


async def test_the_private_channel_tells_of_a_stop_that_fires(
    rest: Rest, socket: Socket, alice: Member, bob: Member
) -> None:
    """It is accepted waiting and fires by a trade; the snapshot has what waits."""
    stop = await rest.place(
        alice, side="sell", type="stop_limit", price="50", trigger_price="50", quantity="1", tag=3
    )
    await socket.authenticate(alice)
    await socket.say(op="subscribe", channel="orders", id=1)
    snapshot = await socket.next("orders_snapshot")
    assert [(each["waiting"], each["tag"]) for each in snapshot["orders"]] == [(True, 3)]
    await rest.place(bob, side="sell", price="50", quantity="0.1")
    await rest.place(alice, side="buy", price="50", quantity="0.1")
    message = await socket.next("order")
    while message["event"] != "triggered":
        message = await socket.next("order")
    assert message["order"]["order_id"] == stop["order_id"]
    assert message["order"]["waiting"] is False


async def test_instruments_tell_phase_and_bands(rest: Rest, venue: Venue) -> None:
    """Every market says what it does and how far it may go."""
    market = (await rest.get("/v1/instruments"))["markets"][0]
    assert (market["phase"], market["auction_kind"], market["auction_end_time"]) == (
        "open",
        None,
        None,
    )
    assert (market["band_ppm"], market["volatility_ppm"], market["auction_ms"]) == (
        None,
        None,
        None,
    )
    assert (await rest.get("/v1/status"))["phases"]["BLDG-USDC"] == "open"


async def test_a_phase_that_changes_is_told_at_once(
    rest: Rest, alice: Member, venue: Venue
) -> None:
    """A market that closes says so, refuses orders by name, and ends those of the day."""
    market = "GRID-USDC"
    venue.admin.define(
        admin_pb2.DefineMarketRequest(
            market_id=3,
            symbol=market,
            base_asset_id=2,
            quote_asset_id=1,
            quote_atoms_per_tick_lot=1_000,
            base_atoms_per_lot=1_000,
            band_ppm=50_000,
            volatility_ppm=100_000,
            auction_ms=2_000,
        )
    )

    async def markets() -> dict[str, dict[str, Any]]:
        found = (await rest.get("/v1/instruments"))["markets"]
        return {each["symbol"]: each for each in found}

    async def is_listed() -> bool:
        return market in await markets()

    async def is_closed() -> bool:
        return bool((await markets())[market]["phase"] == "closed")

    await wait_until(is_listed)
    bands = (await markets())[market]
    assert (bands["band_ppm"], bands["volatility_ppm"], bands["auction_ms"]) == (
        50_000,
        100_000,
        2_000,
    )
    day = await rest.place(alice, market=market, price="10", time_in_force="day")
    async with Client(venue.engine.address, api_key=venue.folder.role_keys["operator"]) as operator:
        await operator.set_phase(market_id=3, phase=Phase.CLOSED)
    await wait_until(is_closed)
    ended = await shown(rest, alice, day)
    assert (ended["status"], ended["cancel_reason"]) == ("cancelled", "phase_ended")
    problem = (
        await rest.call("POST", "/v1/orders", alice, body=order(market=market, price="10"))
    ).json()
    assert (problem["name"], problem["field"]) == ("MARKET_PHASE", "market")
