"""The command line against a venue: verdicts, numbers, exit status, and nothing sent in error."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from engine.core.rejects import Reject
from realstack.cli import main
from realstack.edge_errors import EdgeError
from tests.contract.client.venue_under_test import Venue
from tests.support.waiting import wait_until

MARKET = "HARBOR-USDC"


class Shell:
    """Runs commands as a person would, in a folder with the venue's keys."""

    def __init__(self, venue: Venue, data: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.venue = venue
        self.data = data
        self._capture = capture
        (data / "secrets").mkdir()
        for name in ("alice", "bob", "boss", "worker"):
            (data / "secrets" / f"{name}.key").write_text(f"{name}-key\n")
        (data / "secrets" / "mallory.key").write_text("mallory-key\n")

    async def run(self, *words: str, key: str = "alice") -> tuple[int, list[str]]:
        """Run a command and return its exit status and its lines on stdout."""
        venue = ["--data", str(self.data), "--engine", self.venue.address, "--key", key]
        self._capture.readouterr()
        status = await asyncio.to_thread(main, [words[0], *venue, *words[1:]])
        return status, self._capture.readouterr().out.splitlines()

    async def json(self, *words: str, key: str = "alice") -> tuple[int, dict[str, Any]]:
        """Run a command with --json and return its exit status and its object."""
        status, lines = await self.run(*words, "--json", key=key)
        assert len(lines) == 1
        return status, json.loads(lines[0])


@pytest.fixture
def shell(venue: Venue, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell on the venue."""
    data = tmp_path / "data"
    data.mkdir()
    return Shell(venue, data, capsys)


async def test_an_order_ends_on_a_verdict_in_words(shell: Shell) -> None:
    """The last line says what became of the order."""
    status, lines = await shell.run("order", "buy", MARKET, "3", "--price", "101.25")
    assert status == 0
    assert lines == ["order 1 accepted: 0 HARBOR filled, 3 working"]


async def test_an_order_ends_on_one_object_for_programs(shell: Shell) -> None:
    """With --json the only line on stdout is an object."""
    words = ("order", "sell", MARKET, "2", "--price", "7", "--client-id", "9")
    status, answer = await shell.json(*words)
    assert (status, answer["ok"], answer["outcome"]) == (0, True, "ACCEPTED")
    assert (answer["order_id"], answer["leaves"], answer["leaves_lots"]) == (1, "2", 2)
    assert answer["client_id"] == "00000000-0000-0000-0000-000000000009"


async def test_a_market_order_takes_what_is_there(shell: Shell) -> None:
    """Without a price it is a market order, and the rest is cancelled."""
    await shell.run("order", "sell", MARKET, "2", "--price", "7")
    status, lines = await shell.run("order", "buy", MARKET, "5", key="bob")
    assert (status, lines[-1]) == (0, "order 2 accepted: 2 HARBOR filled, 0 working")


async def test_orders_are_cancelled_by_either_id_or_all_at_once(shell: Shell) -> None:
    """Three ways to name what goes."""
    for client_id in ("11", "12", "13"):
        await shell.run("order", "buy", MARKET, "1", "--price", "5", "--client-id", client_id)
    assert await shell.run("cancel", "1") == (0, ["order 1 cancelled"])
    assert await shell.run("cancel", "--order-client-id", "12") == (0, ["order 2 cancelled"])
    words = ("cancel", "--all", "--market", MARKET, "--side", "buy")
    assert await shell.run(*words) == (0, ["1 orders cancelled"])
    status, answer = await shell.json("cancel", "--all")
    assert (status, answer["cancelled"]) == (0, 0)


async def test_a_refusal_of_the_core_exits_1_with_its_number(shell: Shell) -> None:
    """Code, name, field and rule come back."""
    status, answer = await shell.json("cancel", "999")
    assert (status, answer["ok"], answer["outcome"]) == (1, False, "REJECTED")
    assert (answer["code"], answer["name"]) == (Reject.UNKNOWN_ORDER, "UNKNOWN_ORDER")
    assert (answer["field"], answer["transient"]) == ("order", False)
    status, lines = await shell.run("order", "buy", MARKET, "1", "--price", "10000000000")
    assert status == 1
    assert lines[-1].startswith("order: REJECTED: INSUFFICIENT_FUNDS (23): ")


WRONG = [
    (("order", "buy", MARKET, "0", "--price", "1"), Reject.INVALID_QUANTITY, "quantity"),
    (("order", "buy", MARKET, "1", "--price", "-1"), Reject.INVALID_PRICE, "price"),
    (("order", "buy", MARKET, "1", "--price", "NaN"), Reject.INVALID_PRICE, "price"),
    (("order", "buy", MARKET, "1", "--price", "1e400"), Reject.INVALID_PRICE, "price"),
    (("order", "buy", MARKET, "1", "--price", "0.001"), Reject.INVALID_PRICE, "price"),
    (("order", "buy", MARKET, "0.5", "--price", "1"), Reject.INVALID_QUANTITY, "quantity"),
    (("order", "buy", "MOON", "1", "--price", "1"), Reject.UNKNOWN_MARKET, "market"),
    (("order", "buy", "\udcff", "1", "--price", "1"), Reject.UNKNOWN_MARKET, "market"),
    (("order", "hold", MARKET, "1", "--price", "1"), Reject.INVALID_SIDE, "side"),
    (
        ("order", "buy", MARKET, "1", "--time-in-force", "week"),
        Reject.INVALID_TIME_IN_FORCE,
        "time_in_force",
    ),
    (("order", "buy", MARKET, "1", "--client-id", "x"), Reject.INVALID_CLIENT_ID, "client_id"),
    (
        ("order", "buy", MARKET, "1", "--client-id", "1", "--sent-time-ns", "-5"),
        Reject.ID_TOO_OLD,
        "sent_time_ns",
    ),
    (("order", "buy", MARKET), Reject.INVALID_QUANTITY, "quantity"),
    (("order", "buy", MARKET, "1", "--amount", "5"), Reject.INVALID_QUANTITY, "quantity"),
    (("order", "buy", MARKET, "--amount", "0.0000001"), Reject.INVALID_AMOUNT, "amount"),
    (
        ("order", "buy", MARKET, "1", "--trigger-price", "0.001"),
        Reject.INVALID_PRICE,
        "trigger_price",
    ),
    (("order", "sell", MARKET, "1", "--trail", "x"), Reject.INVALID_PRICE, "trail"),
    (
        ("order", "sell", MARKET, "1", "--trail", "1", "--trail-ppm", "5"),
        Reject.INVALID_PRICE,
        "trail",
    ),
    (
        ("order", "buy", MARKET, "2", "--price", "1", "--display-quantity", "2"),
        Reject.INVALID_QUANTITY,
        "display_quantity",
    ),
    (
        ("order", "buy", MARKET, "2", "--price", "1", "--minimum-quantity", "3"),
        Reject.INVALID_QUANTITY,
        "minimum_quantity",
    ),
    (("order", "buy", MARKET, "2", "--hidden"), Reject.INVALID_FLAGS, "hidden"),
    (("order", "buy", MARKET, "2", "--price", "1", "--slide"), Reject.INVALID_FLAGS, "slide"),
    (
        ("order", "buy", MARKET, "1", "--price", "1", "--expire-time", "soon"),
        EdgeError.INVALID_TIME,
        "expire_time",
    ),
    (
        ("order", "buy", MARKET, "1", "--price", "1", "--time-in-force", "gtd"),
        Reject.INVALID_TIME_IN_FORCE,
        "expire_time",
    ),
    (("order", "buy", MARKET, "1", "--tag", "65536"), EdgeError.WRONG_USAGE, "tag"),
    (("cancel", "1", "--tag", "7"), Reject.UNKNOWN_ORDER, "order"),
    (("cancel", "x"), Reject.UNKNOWN_ORDER, "order"),
    (("cancel",), Reject.UNKNOWN_ORDER, "order"),
    (("cancel", "1", "--all"), Reject.UNKNOWN_ORDER, "order"),
    (("cancel", "1", "--side", "buy"), Reject.UNKNOWN_ORDER, "order"),
    (("withdraw", "GOLD", "1"), Reject.UNKNOWN_ASSET, "asset"),
    (("withdraw", "USDC", "0.0000001"), Reject.INVALID_AMOUNT, "amount"),
    (("withdraw", "USDC"), EdgeError.WRONG_USAGE, "amount"),
    (("order", "buy", MARKET, "1", "--colour=red"), EdgeError.WRONG_USAGE, "colour"),
    (("order", "buy", MARKET, "1", "--timeout", "soon"), EdgeError.WRONG_USAGE, "timeout"),
    (("book", MARKET, "--depth", "0"), EdgeError.WRONG_USAGE, "depth"),
]


@pytest.mark.parametrize(("words", "code", "field"), WRONG)
async def test_wrong_input_exits_2_with_its_number_and_sends_nothing(
    shell: Shell, words: tuple[str, ...], code: Reject | EdgeError, field: str
) -> None:
    """The field and the rule are named, and the venue has not moved."""
    sequence = shell.venue.node.applied_sequence
    status, answer = await shell.json(*words)
    assert (status, answer["ok"], answer["outcome"]) == (2, False, "INVALID")
    assert (answer["code"], answer["name"], answer["field"]) == (code, code.name, field)
    assert answer["rule"]
    assert shell.venue.node.applied_sequence == sequence


async def test_a_key_that_is_wrong_missing_or_of_another_role_is_named(shell: Shell) -> None:
    """Who may not, learns why."""
    order = ("order", "buy", MARKET, "1", "--price", "1")
    status, answer = await shell.json(*order, key="mallory")
    assert (status, answer["code"]) == (2, EdgeError.NOT_AUTHENTICATED)
    status, answer = await shell.json(*order, key="boss")
    assert (status, answer["code"]) == (2, EdgeError.WRONG_ROLE)
    status, answer = await shell.json(*order, key="nobody")
    assert (status, answer["code"]) == (2, EdgeError.MISSING_SETTING)
    assert "there are: alice, bob, boss, mallory, worker" in answer["rule"]
    status, answer = await shell.json(*order, key="../secrets/alice")
    assert (status, answer["code"]) == (2, EdgeError.MISSING_SETTING)


async def test_an_answer_that_does_not_come_exits_1_as_unknown(shell: Shell) -> None:
    """The verdict does not claim what nobody knows."""
    shell.venue.node.hold = True
    words = ("order", "buy", MARKET, "1", "--price", "1", "--timeout", "0.2")
    status, answer = await shell.json(*words)
    assert (status, answer["outcome"], answer["code"]) == (1, "UNKNOWN", EdgeError.OUTCOME_UNKNOWN)
    assert answer["transient"]
    shell.venue.node.release()


async def test_a_venue_that_is_away_exits_1(shell: Shell) -> None:
    """Nothing was sent, and the verdict says so."""
    shell.venue.proxy.refusing = True
    words = ("order", "buy", MARKET, "1", "--price", "1", "--timeout", "0.2")
    status, answer = await shell.json(*words)
    assert (status, answer["code"]) == (1, EdgeError.ENGINE_UNAVAILABLE)


async def test_the_book_is_a_ladder(shell: Shell) -> None:
    """Asks above, bids below, the spread between them."""
    await shell.run("order", "buy", MARKET, "3", "--price", "99.50")
    await shell.run("order", "sell", MARKET, "12", "--price", "100.25")
    status, lines = await shell.run("book", MARKET, "--depth", "3")
    assert status == 0
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["100.25", "12"],
        ["------", "spread"],
        ["99.50", "3"],
    ]
    status, answer = await shell.json("book", MARKET)
    assert answer["bids"] == [
        {"price": "99.50", "quantity": "3", "price_ticks": 9_950, "quantity_lots": 3, "orders": 1}
    ]


async def test_the_account_shows_balances_and_orders(shell: Shell) -> None:
    """What is locked by the order is no longer free."""
    await shell.run("order", "buy", MARKET, "2", "--price", "100")
    status, lines = await shell.run("account")
    assert status == 0
    assert lines[0].split() == ["asset", "free", "in", "orders", "withdrawing"]
    assert lines[2].split() == ["USDC", "999999799.800000", "200.200000", "0.000000"]
    assert lines[5].split() == ["1", "HARBOR-USDC", "buy", "100.00", "2", "0", "limit", "gtc"]
    assert lines[-1] == "account: 2 balances, 1 working orders"


async def test_special_orders_are_placed_shown_and_cancelled_by_tag(shell: Shell) -> None:
    """Iceberg, hidden, stop-limit and order by amount in decimal text; a tag names some."""
    tagged = ("--tag", "7", "--price", "1")
    await shell.json("order", "buy", MARKET, "30", *tagged, "--display-quantity", "3")
    await shell.json("order", "buy", MARKET, "2", *tagged, "--hidden", "--time-in-force", "day")
    stop = ("--trigger-price", "999", "--price", "998")
    status, _ = await shell.json("order", "buy", MARKET, "1", *stop)
    assert status == 0
    status, spent = await shell.json("order", "buy", MARKET, "--amount", "5")
    assert (status, spent["leaves"]) == (0, "0")
    _, account = await shell.json("account")
    assert [(each["type"], each["time_in_force"]) for each in account["orders"]] == [
        ("limit", "gtc"),
        ("limit", "day"),
        ("stop_limit", "gtc"),
    ]
    assert [each["visible_lots"] for each in account["orders"]] == [3, 0, 0]
    assert [each["tag"] for each in account["orders"]] == [7, 7, 0]
    _, lines = await shell.run("account")
    assert any("limit gtc shows 3 tag 7" in line for line in lines)
    assert any("stop_limit gtc waits for 999" in line for line in lines)
    _, answer = await shell.json("cancel", "--all", "--tag", "7")
    assert answer["cancelled"] == 2


async def test_a_withdrawal_is_held(shell: Shell) -> None:
    """The verdict names the withdrawal."""
    status, answer = await shell.json("withdraw", "USDC", "2.5")
    assert (status, answer["ok"], answer["withdrawal_id"]) == (0, True, 1)


@pytest.mark.slow
async def test_watching_prints_trades_and_ends_by_itself(shell: Shell, venue: Venue) -> None:
    """Where nothing can be redrawn each trade is a line."""
    watching = asyncio.create_task(shell.run("watch", MARKET, "--duration", "0.6"))

    async def both_streams_are_open() -> bool:
        return venue.node.feeds.subscriptions.count() == 2

    async def trade_when_watched() -> None:
        await wait_until(both_streams_are_open)
        async with venue.client("bob") as bob:
            for side in ("sell", "buy"):
                await bob.place(
                    market=MARKET, side=side, price="7", quantity="1", self_trade_prevention="none"
                )

    await asyncio.gather(watching, trade_when_watched())
    status, lines = watching.result()
    assert (status, len(lines)) == (0, 2)
    assert lines[0].split()[1:4] == ["7.00", "1", "buy"]
    assert lines[1] == "watch: HARBOR-USDC, 3 book changes, 1 trades, 0 resyncs"


@pytest.mark.parametrize(
    ("words", "status"), [((), 2), (("--help",), 0), (("frobnicate",), 2), (("serve",), 2)]
)
def test_help_and_unknown_commands(
    words: tuple[str, ...], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a command the help is shown; a command that is not there is named."""
    assert main(list(words)) == status
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    "command", ["up", "order", "cancel", "account", "withdraw", "book", "watch", "status", "sim"]
)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` prints what the command does."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: realstack {command}" in capsys.readouterr().out
