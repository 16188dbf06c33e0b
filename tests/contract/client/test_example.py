"""The bot in the documentation works as it stands there."""

from __future__ import annotations

import asyncio
import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realstack.client import Client
from tests.contract.client.venue_under_test import Venue
from tests.support.waiting import wait_until


def bot_of_the_client() -> str:
    """The bot in the docstring of `Client`."""
    text = inspect.getdoc(Client) or ""
    begin, end = text.index("    import asyncio"), text.index("    asyncio.run(main())")
    return textwrap.dedent(text[begin:end])


def bot_of_the_readme() -> str:
    """The bot in README.md."""
    text = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")
    begin = text.index("```python\n") + len("```python\n")
    return text[begin : text.index("asyncio.run(main())", begin)]


@pytest.mark.parametrize("bot", [bot_of_the_client, bot_of_the_readme])
async def test_the_bot_of_the_documentation_places_an_order_and_prints_its_fill(
    bot: Callable[[], str],
    venue: Venue,
    bob: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It finds the venue that runs on this machine and the key made for its user."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "trader.key").write_text("alice-key")
    monkeypatch.setenv("REALSTACK_DATA", str(tmp_path))
    monkeypatch.setenv("ENGINE_ADDRESS", venue.address)
    code = bot()
    assert len([line for line in code.splitlines() if line]) <= 11
    names: dict[str, Any] = {}
    exec(code, names)
    running = asyncio.create_task(names["main"]())

    async def resting() -> bool:
        assert not running.done(), running.result()
        return venue.open_orders() == 1

    await wait_until(resting)
    await bob.place(market="HARBOR-USDC", side="sell", price="101.25", quantity="3")
    printed = ""

    async def told() -> bool:
        nonlocal printed
        printed += capsys.readouterr().out
        return "Filled(" in printed

    await wait_until(told)
    assert "quantity_lots=3" in printed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
