"""Limits, kill switches and deadlines from the command line: set, seen, lifted."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.rejects import Reject
from tests.contract.client.test_cli import MARKET, Shell
from tests.contract.client.venue_under_test import Venue


@pytest.fixture
def shell(venue: Venue, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell on the venue."""
    data = tmp_path / "data"
    data.mkdir()
    return Shell(venue, data, capsys)


async def test_a_limit_holds_from_when_it_was_set_until_it_is_removed(shell: Shell) -> None:
    """An order above it is refused by name, and the list shows what is in force."""
    status, lines = await shell.run("limit", "order_lots", "2", "--market", MARKET, key="boss")
    assert (status, lines) == (0, [f"order_lots at most 2 for each account in {MARKET}"])
    order = ("order", "buy", MARKET, "3", "--price", "101.25")
    assert (await shell.json(*order))[1]["name"] == "ORDER_LOTS_EXCEEDED"
    status, lines = await shell.run("limit", key="boss")
    assert [line.split() for line in lines] == [
        ["kind", "account", "market", "most", "window", "ms"],
        ["order_lots", "each", MARKET, "2"],
        ["1", "limits", "in", "force;", "stopped:", "nothing"],
    ]
    again = await shell.run("limit", "order_lots", "2", "--market", MARKET, key="boss")
    assert again[1][-1].endswith(", as before")
    await shell.run("limit", "order_lots", "0", "--market", MARKET, key="boss")
    assert (await shell.json("limit", key="boss"))[1]["limits"] == []
    assert (await shell.run(*order))[0] == 0


async def test_a_rate_has_a_window(shell: Shell) -> None:
    """One message in an hour, of one account."""
    words = ("limit", "messages", "1", "--window-ms", "3600000", "--account", "1")
    assert (await shell.run(*words, key="boss"))[0] == 0
    order = ("order", "buy", MARKET, "1", "--price", "1")
    assert (await shell.run(*order))[0] == 0
    assert (await shell.json(*order))[1]["name"] == "RATE_EXCEEDED"
    (limit,) = (await shell.json("limit", key="boss"))[1]["limits"]
    assert limit == {
        "kind": "messages",
        "account_id": 1,
        "market_id": 0,
        "value": 1,
        "window_ns": 3_600 * 10**9,
    }


async def test_what_was_stopped_is_shown_and_lifted(shell: Shell) -> None:
    """Its orders are gone, new ones are refused, and it may trade again afterwards."""
    order = ("order", "buy", MARKET, "1", "--price", "1")
    await shell.run(*order)
    assert await shell.run("kill", "--account", "1", key="boss") == (
        0,
        ["account 1 is stopped: 1 orders cancelled"],
    )
    assert (await shell.json(*order))[1]["name"] == "KILLED"
    await shell.run("kill", "--market", MARKET, key="boss")
    await shell.run("kill", "--venue", key="boss")
    _, lines = await shell.run("limit", key="boss")
    assert lines == [f"0 limits in force; stopped: account 1, {MARKET}, the venue"]
    for words in (("--venue",), ("--market", MARKET), ("--account", "1")):
        assert (await shell.json("kill", *words, "--lift", key="boss"))[1]["is_on"] is False
    assert (await shell.run(*order))[0] == 0


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("limit", "size", "3"), "kind"),
        (("limit", "order_lots"), "value"),
        (("limit", "order_lots", "1.5"), "value"),
        (("limit", "order_lots", "-1"), "value"),
        (("limit", "order_lots", "1", "--window-ms", "5"), "window_ms"),
        (("limit", "messages", "1"), "window_ms"),
        (("limit", "order_lots", "1", "--account", "0"), "account"),
        (("limit", "order_lots", "1", "--market", "NO-SUCH"), "market"),
        (("kill",), "account"),
        (("kill", "--venue", "--account", "1"), "account"),
        (("kill", "--account", "x"), "account"),
        (("deadline", "99"), "timeout_ms"),
        (("deadline", "5s"), "timeout_ms"),
        (("deadline", "0", "--keep"), "timeout_ms"),
        (("deadline", "5000", "--duration", "1"), "duration"),
        (("cancel", "1", "--before-arrival"), "order_client_id"),
    ],
)
async def test_wrong_input_names_the_field_and_sends_nothing(
    shell: Shell, words: tuple[str, ...], field: str
) -> None:
    """Exit status 2, and nothing is in force afterwards."""
    status, verdict = await shell.json(*words, key="boss")
    assert (status, verdict["ok"], verdict["field"]) == (2, False, field)
    shown = (await shell.json("limit", key="boss"))[1]
    assert (shown["limits"], shown["killed_accounts"], shown["venue_killed"]) == ([], [], False)


async def test_a_member_may_not_stop_anybody(shell: Shell) -> None:
    """The operator's role is needed, and the refusal says so."""
    status, verdict = await shell.json("kill", "--account", "2", key="alice")
    assert (status, verdict["name"]) == (2, "WRONG_ROLE")
    assert Reject.KILLED.name not in str(verdict)


async def test_a_deadline_is_set_and_ended(shell: Shell) -> None:
    """In force from when the command returns; zero ends it."""
    status, lines = await shell.run("deadline", "60000", "--tag", "7")
    assert status == 0
    assert lines[0].startswith("orders of tag 7 will be cancelled 60,000 ms from now (")
    assert [(1, 7)] == list(shell.venue.node.venue.deadlines)
    status, lines = await shell.run("deadline", "0", "--tag", "7")
    assert (status, lines) == (0, ["orders of tag 7: no deadline any more"])
    assert not shell.venue.node.venue.deadlines


@pytest.mark.slow
async def test_a_deadline_is_kept_and_ended_by_its_keeper(shell: Shell) -> None:
    """It is renewed while the command runs; the end of the command ends it."""
    _, placed = await shell.json("order", "buy", MARKET, "1", "--price", "1")
    status, verdict = await shell.json("deadline", "1500", "--keep", "--duration", "1")
    assert (status, verdict["ok"], verdict["timeout_ms"]) == (0, True, 0)
    assert verdict["sequence"] >= placed["sequence"] + 3  # set, renewed, ended
    assert not shell.venue.node.venue.deadlines
    assert shell.venue.open_orders() == 1


async def test_an_order_is_cancelled_before_it_arrives(shell: Shell) -> None:
    """The verdict says that it has not come; the order is refused by name."""
    status, lines = await shell.run("cancel", "--order-client-id", "9", "--before-arrival")
    assert (status, lines) == (0, ["client id 9 has not come yet: it will be refused"])
    order = ("order", "buy", MARKET, "1", "--price", "1", "--client-id", "9")
    assert (await shell.json(*order))[1]["name"] == "CANCELLED_BEFORE_ARRIVAL"
