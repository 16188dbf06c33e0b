"""The bot in the client's documentation works as it stands there."""

from __future__ import annotations

import asyncio
import inspect
import textwrap
from typing import Any

import pytest

from realstack.client import Client
from tests.contract.client.venue_under_test import Venue
from tests.support.waiting import wait_until


async def test_the_bot_of_the_documentation_places_an_order_and_prints_its_fill(
    venue: Venue, bob: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only address and key are put in."""
    text = inspect.getdoc(Client) or ""
    begin, end = text.index("    import asyncio"), text.index("    asyncio.run(main())")
    code = textwrap.dedent(text[begin:end])
    code = code.replace("127.0.0.1:50051", venue.address).replace('"..."', '"alice-key"')
    assert len([line for line in code.splitlines() if line]) <= 10
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
