"""Orders over REST: placed once, seen at once, changed by their owner alone."""

from __future__ import annotations

import uuid

import pytest

from tests.contract.gateway.client import Rest, order
from tests.support.venue import Member, Venue

pytestmark = pytest.mark.slow


async def test_an_accepted_order_is_seen_by_the_next_request(rest: Rest, alice: Member) -> None:
    """Who was told that an order is accepted finds it, with everything that was asked for."""
    placed = await rest.place(alice, price="42.10", quantity="2.5", post_only=True)
    assert (placed["outcome"], placed["filled"], placed["leaves"]) == ("ACCEPTED", "0.000", "2.500")
    found = await rest.get(f"/v1/orders/{placed['order_id']}", alice)
    assert found["as_of_seq"] >= placed["sequence"]
    shown = found["order"]
    assert {name: shown[name] for name in ("market", "side", "type", "time_in_force")} == {
        "market": "BLDG-USDC",
        "side": "buy",
        "type": "limit",
        "time_in_force": "gtc",
    }
    assert (shown["price"], shown["quantity"], shown["leaves"]) == ("42.10", "2.500", "2.500")
    assert (shown["status"], shown["client_id"]) == ("working", placed["client_id"])
    listed = await rest.get("/v1/orders", alice)
    assert [each["order_id"] for each in listed["orders"]] == [placed["order_id"]]


async def test_the_same_id_and_body_make_one_order(rest: Rest, alice: Member) -> None:
    """A resend gets the first answer with the outcome DUPLICATE and the status 200."""
    client_id = str(uuid.uuid4())
    body = order(client_id=client_id)
    first = await rest.call("POST", "/v1/orders", alice, body=body)
    again = [await rest.call("POST", "/v1/orders", alice, body=body) for _ in range(3)]
    assert first.status_code == 201
    assert [answer.status_code for answer in again] == [200, 200, 200]
    assert {answer.json()["outcome"] for answer in again} == {"DUPLICATE"}
    assert {answer.json()["order_id"] for answer in again} == {first.json()["order_id"]}
    assert {answer.json()["first_sequence"] for answer in again} == {first.json()["sequence"]}
    assert len((await rest.get("/v1/orders", alice))["orders"]) == 1


async def test_the_same_id_with_another_body_is_refused(rest: Rest, alice: Member) -> None:
    """A client id stands for one body; a refusal says so and changes nothing."""
    client_id = "170141183460469231731687303715884105727"
    await rest.place(alice, client_id=client_id)
    body = order(client_id=client_id, price="99")
    answer = await rest.call("POST", "/v1/orders", alice, body=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["name"]) == (
        409,
        14,
        "DUPLICATE_WITH_DIFFERENT_BODY",
    )
    assert (problem["outcome"], problem["retryable"], problem["field"]) == (
        "REJECTED",
        False,
        "client_id",
    )
    assert problem["as_of_seq"] > 0


async def test_ids_of_two_members_do_not_meet(rest: Rest, alice: Member, bob: Member) -> None:
    """A client id is unique per account: two members may use the same."""
    client_id = str(uuid.uuid4())
    mine = await rest.place(alice, client_id=client_id)
    other = await rest.place(bob, client_id=client_id)
    assert mine["order_id"] != other["order_id"]


async def test_an_order_is_found_and_cancelled_by_its_client_id(rest: Rest, alice: Member) -> None:
    """Either id names an order; a number is shown as the UUID of the same 128 bits."""
    placed = await rest.place(alice, client_id="77")
    as_uuid = "00000000-0000-0000-0000-00000000004d"
    assert placed["client_id"] == as_uuid
    for name in ("77", as_uuid):
        found = await rest.get(f"/v1/orders/client/{name}", alice)
        assert found["order"]["order_id"] == placed["order_id"]
    answer = await rest.call("DELETE", "/v1/orders/client/77", alice)
    assert (answer.status_code, answer.json()["leaves"]) == (200, "0.000")
    found = await rest.get("/v1/orders/client/77", alice)
    assert (found["order"]["status"], found["order"]["cancel_reason"]) == ("cancelled", "requested")


async def test_a_replace_changes_price_and_total_quantity(rest: Rest, alice: Member) -> None:
    """The quantity is the new total; the order keeps its id."""
    placed = await rest.place(alice, price="40", quantity="3")
    path = f"/v1/orders/{placed['order_id']}"
    answer = await rest.call("PATCH", path, alice, body={"price": "41.5", "quantity": "2"})
    assert (answer.status_code, answer.json()["order_id"]) == (200, placed["order_id"])
    shown = (await rest.get(path, alice))["order"]
    assert (shown["price"], shown["quantity"], shown["leaves"]) == ("41.50", "2.000", "2.000")


async def test_a_refused_replace_changes_nothing(rest: Rest, alice: Member) -> None:
    """An off-tick price is refused with its field, and the order stands as it was."""
    placed = await rest.place(alice, price="40", quantity="3")
    path = f"/v1/orders/{placed['order_id']}"
    before = (await rest.get(path, alice))["order"]
    answer = await rest.call("PATCH", path, alice, body={"price": "41.005", "quantity": "2"})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (422, 15, "price")
    assert problem["rule"] == "must be a multiple of the tick, 0.01"
    assert (await rest.get(path, alice))["order"] == before


@pytest.mark.parametrize("by", ["order_id", "client_id"])
@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
async def test_anothers_order_is_answered_exactly_like_a_missing_one(
    rest: Rest, alice: Member, bob: Member, method: str, by: str
) -> None:
    """Nothing in the answer tells whether an order exists that is not the caller's."""
    placed = await rest.place(bob)
    theirs = placed["order_id"] if by == "order_id" else f"client/{placed['client_id']}"
    missing = "18446744073709551615" if by == "order_id" else f"client/{uuid.uuid4()}"
    body = {"price": "100", "quantity": "1"} if method == "PATCH" else None
    answers = [
        await rest.call(method, f"/v1/orders/{name}", alice, body=body)
        for name in (theirs, missing)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    bodies = [{**answer.json(), "instance": ""} for answer in answers]
    assert bodies[0] == bodies[1]
    assert bodies[0]["code"] == 21
    still = await rest.get(f"/v1/orders/{placed['order_id']}", bob)
    assert still["order"]["status"] == "working"


async def test_cancelling_twice_finds_no_working_order(rest: Rest, alice: Member) -> None:
    """The second cancel is refused: there is nothing left to cancel."""
    placed = await rest.place(alice)
    path = f"/v1/orders/{placed['order_id']}"
    assert (await rest.call("DELETE", path, alice)).status_code == 200
    again = await rest.call("DELETE", path, alice)
    assert (again.status_code, again.json()["code"]) == (404, 21)


async def test_cancel_all_takes_one_market_or_side_or_everything(
    rest: Rest, alice: Member, venue: Venue
) -> None:
    """The answer counts the orders; the others go on working."""
    venue.admin.credit(alice.account_id, 3, 10_000_000)
    await rest.place(alice, price="10")
    await rest.place(alice, side="sell", price="1000")
    await rest.place(alice, market="BOND-USDC", price="10", quantity="0.1")
    for query, count in (("?side=sell", 1), ("?market=BOND-USDC", 1), ("", 1), ("", 0)):
        answer = await rest.call("DELETE", f"/v1/orders{query}", alice)
        assert (answer.status_code, answer.json()["cancelled_count"]) == (200, count)
    assert (await rest.get("/v1/orders", alice))["orders"] == []


async def test_orders_are_listed_by_status_market_and_page(rest: Rest, alice: Member) -> None:
    """Pages join without a gap, newest first; a token fits only the list it came from."""
    placed = [(await rest.place(alice, price=f"{n}"))["order_id"] for n in range(10, 15)]
    await rest.call("DELETE", f"/v1/orders/{placed[0]}", alice)
    seen, token = [], ""
    while True:
        query = f"?page_size=2{f'&page_token={token}' if token else ''}"
        page = await rest.get(f"/v1/orders{query}", alice)
        seen += [each["order_id"] for each in page["orders"]]
        if page["next_page_token"] is None:
            break
        token = page["next_page_token"]
    assert seen == placed[:0:-1]
    done = await rest.get("/v1/orders?status=cancelled&market=BLDG-USDC", alice)
    assert [each["order_id"] for each in done["orders"]] == [placed[0]]
    assert (await rest.get("/v1/orders?market=BOND-USDC", alice))["orders"] == []
    answer = await rest.call("GET", f"/v1/orders?status=all&page_token={token}", alice)
    assert (answer.status_code, answer.json()["code"]) == (422, 1_006)


async def test_a_trade_is_a_fill_on_both_sides_with_its_fee(
    rest: Rest, alice: Member, bob: Member
) -> None:
    """Maker and taker see one trade id, the resting price, and a fee rounded up."""
    maker = await rest.place(alice, side="sell", price="101.25", quantity="1")
    taker = await rest.place(bob, side="buy", price="101.30", quantity="0.4")
    assert (taker["filled"], taker["leaves"]) == ("0.400", "0.000")
    (sold,) = (await rest.get("/v1/fills", alice))["fills"]
    (bought,) = (await rest.get("/v1/fills", bob))["fills"]
    assert sold["trade_id"] == bought["trade_id"]
    assert (sold["price"], bought["price"]) == ("101.25", "101.25")
    assert (sold["liquidity"], bought["liquidity"]) == ("maker", "taker")
    assert (sold["order_id"], bought["order_id"]) == (maker["order_id"], taker["order_id"])
    assert (bought["notional"], bought["fee"], bought["fee_asset"]) == (
        "40.500000",
        "0.020250",
        "USDC",
    )
    assert sold["fee"] == "0.008100"
    balances = {each["asset"]: each for each in (await rest.get("/v1/balances", bob))["balances"]}
    assert balances["BLDG"]["free"] == "10000.400000"
    assert balances["USDC"]["total"] == "999959.479750"


async def test_an_immediate_order_that_finds_nothing_is_cancelled_with_its_reason(
    rest: Rest, alice: Member
) -> None:
    """An accepted order that could not trade is done, and says why."""
    placed = await rest.place(alice, price="0.01", time_in_force="ioc")
    shown = (await rest.get(f"/v1/orders/{placed['order_id']}", alice))["order"]
    assert (shown["status"], shown["cancel_reason"]) == ("cancelled", "no_liquidity")


async def test_a_withdrawal_holds_its_amount_and_is_listed(rest: Rest, alice: Member) -> None:
    """Held funds are neither free nor locked; the same id never holds twice."""
    body = {"asset": "USDC", "amount": "12.5", "client_id": str(uuid.uuid4())}
    first = await rest.call("POST", "/v1/withdrawals", alice, body=body)
    again = await rest.call("POST", "/v1/withdrawals", alice, body=body)
    assert [first.status_code, again.status_code] == [201, 200]
    assert first.json()["withdrawal_id"] == again.json()["withdrawal_id"]
    (row,) = (await rest.get("/v1/withdrawals", alice))["withdrawals"]
    assert (row["asset"], row["amount"], row["state"]) == ("USDC", "12.500000", "held")
    balances = (await rest.get("/v1/balances", alice))["balances"]
    assert balances[0] == {
        "asset": "USDC",
        "free": "999987.500000",
        "locked": "0.000000",
        "held": "12.500000",
        "total": "1000000.000000",
    }


async def test_deposits_are_listed_newest_first(rest: Rest, alice: Member) -> None:
    """Each credit of settlement is told with its sequence."""
    deposits = (await rest.get("/v1/deposits", alice))["deposits"]
    assert [(each["asset"], each["amount"]) for each in deposits] == [
        ("BLDG", "10000.000000"),
        ("USDC", "1000000.000000"),
    ]
    assert deposits[0]["sequence"] > deposits[1]["sequence"]
