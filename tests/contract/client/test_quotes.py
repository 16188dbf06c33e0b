"""Quotes through the client and the command line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from engine.core.rejects import Reject
from realstack.client import QuoteLevel, Rejected
from tests.contract.client.test_cli import MARKET, Shell
from tests.contract.client.venue_under_test import Venue


@pytest.fixture
def shell(venue: Venue, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell on the venue."""
    data = tmp_path / "data"
    data.mkdir()
    return Shell(venue, data, capsys)


async def test_a_quote_is_one_call_for_both_sides(venue: Venue) -> None:
    """What stays keeps its place; the orders are told on the private stream as any others."""
    async with venue.client("alice") as client:
        first = QuoteLevel(bid="99.5", bid_quantity="5", ask="100.5", ask_quantity="5")
        second = QuoteLevel(bid="99", bid_quantity="7")
        told = await client.quote([first, second], market=MARKET)
        assert (told.placed_count, told.kept_count, told.cancelled_count) == (3, 0, 0)
        told = await client.quote([first], market=MARKET, post_only=True)
        assert (told.placed_count, told.kept_count, told.cancelled_count) == (0, 2, 1)
        orders = await client.open_orders(market=MARKET)
        assert [int(order.order.leaves_lots) for order in orders] == [5, 5]
        again = await client.quote(
            [first], market=MARKET, client_id=77, sent_time_ns=time.time_ns()
        )
        assert not again.is_duplicate


async def test_the_same_quote_under_one_id_is_taken_once(venue: Venue) -> None:
    """Sent again it is a duplicate; another one under the id is refused."""
    async with venue.client("alice") as client:
        level = QuoteLevel(bid="99.5", bid_quantity="5")
        identity: dict[str, Any] = {"client_id": 5, "sent_time_ns": time.time_ns()}
        first = await client.quote([level], market=MARKET, **identity)
        again = await client.quote([level], market=MARKET, **identity)
        assert (first.is_duplicate, again.is_duplicate) == (False, True)
        with pytest.raises(Rejected) as refused:
            await client.quote([], market=MARKET, **identity)
        assert refused.value.code is Reject.DUPLICATE_WITH_DIFFERENT_BODY


async def test_the_command_line_quotes_and_takes_away(shell: Shell) -> None:
    """A level a word; the verdict counts."""
    words = ("quote", MARKET, "5@99.50/5@100.50", "/2@101")
    assert await shell.run(*words) == (0, ["3 placed, 0 kept, 0 cancelled"])
    assert await shell.run("quote", MARKET, "--off") == (0, ["0 placed, 0 kept, 3 cancelled"])
    status, verdict = await shell.json("quote", MARKET, "5@101/5@100")
    assert (status, verdict["name"]) == (1, "QUOTE_CROSSES_ITSELF")


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("5@99",), "level"),
        (("/",), "level"),
        (("5@99/5@",), "level"),
        (("5@99.123456789/",), "price"),
        (("x@99/",), "quantity"),
        (("5@99/", "--off"), "level"),
        ((), "level"),
    ],
)
async def test_a_malformed_quote_sends_nothing(
    shell: Shell, words: tuple[str, ...], field: str
) -> None:
    """Exit status 2, with the field."""
    status, verdict = await shell.json("quote", MARKET, *words)
    assert (status, verdict["field"]) == (2, field)
    assert (await shell.json("account"))[1]["orders"] == []
