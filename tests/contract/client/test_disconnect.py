"""Cancel on disconnect and cancel before arrival, through the client."""

from __future__ import annotations

import pytest

from engine.core.commands import BEFORE_ARRIVAL, CommandKind
from engine.core.rejects import Reject
from realstack.client import AnswerStatus, Client, InvalidInput, Rejected
from realstack.client.requests import command
from tests.contract.client.venue_under_test import Venue
from tests.support.waiting import wait_until

MARKET = "HARBOR-USDC"


def armed(venue: Venue, tag: int = 0) -> Client:
    """Make alice's client that asks for cancels when it is lost."""
    return Client(venue.address, api_key="alice-key", cancel_on_disconnect=True, cancel_tag=tag)


async def place(client: Client, *, client_id: int | None = None, tag: int = 0) -> int:
    """Place an order that rests, and return its id."""
    answer = await client.place(
        market=MARKET, side="buy", price_ticks=1, quantity_lots=1, client_id=client_id, tag=tag
    )
    return answer.order_id


async def until_working(venue: Venue, count: int) -> None:
    """Wait until so many orders work."""

    async def is_so() -> bool:
        return venue.open_orders() == count

    await wait_until(is_so)


@pytest.mark.parametrize(("tag", "left"), [(0, 0), (7, 1)])
async def test_a_lost_client_leaves_nothing_that_it_named(
    venue: Venue, tag: int, left: int
) -> None:
    """Its line breaks: all orders go, or those of its tag."""
    async with armed(venue, tag) as client:
        await place(client, tag=7)
        await place(client)
        venue.proxy.refusing = True
        venue.proxy.cut()
        await until_working(venue, left)
        venue.proxy.refusing = False


async def test_a_line_that_came_back_is_watched_again(venue: Venue) -> None:
    """Each new stream is told anew what its loss does."""
    async with armed(venue) as client:
        for _ in range(2):
            await place(client)
            venue.proxy.cut()
            await until_working(venue, 0)


async def test_closing_leaves_the_orders(venue: Venue) -> None:
    """A goodbye is no loss; nor is closing a client that never sent anything."""
    async with armed(venue) as client:
        await place(client)
        await place(client)
    async with armed(venue):
        pass
    async with venue.client("bob") as bob:
        await bob.cancel_all()  # any loss would have come before this
    assert 2 == venue.open_orders()


async def test_leaving_on_an_exception_is_a_loss(venue: Venue) -> None:
    """Who did not end in the ordinary way does not watch its orders either."""
    with pytest.raises(RuntimeError, match="a bug"):
        async with armed(venue) as client:
            await place(client)
            raise RuntimeError("a bug")
    await until_working(venue, 0)


@pytest.mark.parametrize(("asked", "tag"), [(False, 7), (True, 65_536), (True, -1)])
async def test_a_tag_that_watches_nothing_is_refused(asked: bool, tag: int) -> None:
    """Named before anything is connected."""
    with pytest.raises(InvalidInput) as refusal:
        Client("localhost:1", api_key="k", cancel_on_disconnect=asked, cancel_tag=tag)
    assert "cancel_tag" == refusal.value.field


async def test_a_cancel_may_come_before_its_order(venue: Venue, alice: Client) -> None:
    """It is accepted without an order id, and the order is refused when it comes."""
    answer = await alice.cancel(order_client_id=77, before_arrival=True)
    assert (AnswerStatus.ACCEPTED, 0) == (answer.status, answer.order_id)
    with pytest.raises(Rejected) as refusal:
        await place(alice, client_id=77)
    assert Reject.CANCELLED_BEFORE_ARRIVAL == refusal.value.answer.reject_code
    assert 0 == venue.open_orders()


async def test_a_cancel_before_arrival_finds_an_order_that_came(
    venue: Venue, alice: Client
) -> None:
    """Then it is a cancel like any other."""
    order_id = await place(alice, client_id=78)
    answer = await alice.cancel(order_client_id=78, before_arrival=True)
    assert order_id == answer.order_id
    assert 0 == venue.open_orders()


async def test_cancels_before_arrival_may_travel_in_a_batch(alice: Client) -> None:
    """As columns, with the flag of the record."""
    row = command(CommandKind.CANCEL, target_client_id_low=79, flags=BEFORE_ARRIVAL)
    answers = await alice.place_batch(row)
    assert [AnswerStatus.ACCEPTED] == answers.status.tolist()
    with pytest.raises(Rejected):
        await place(alice, client_id=79)


async def test_before_arrival_needs_the_client_id(alice: Client) -> None:
    """The venue has given no id yet."""
    with pytest.raises(InvalidInput) as refusal:
        await alice.cancel(order_id=1, before_arrival=True)
    assert "order_client_id" == refusal.value.field
