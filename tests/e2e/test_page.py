"""The live page shows what the venue does, as it happens, to everybody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realstack.settlement.v1 import settlement_pb2 as wire
from tests.contract.gateway.client import MARKET, Rest
from tests.e2e.browser import Page, Screen
from tests.support.scripted_settlement import ScriptedSettlement
from tests.support.venue import Member, Venue

pytestmark = pytest.mark.slow

DESK = Screen(1_440, 900)
PHONE = Screen(390, 844, scale=2, phone=True)
# The rows of a side of the book as the page shows them, best first.
SHOWN_BIDS = """[...document.querySelectorAll("#bids tr")]
  .map((row) => [...row.cells].slice(0, 2).map((cell) => cell.textContent))
  .filter((cells) => cells[0])"""
SHOWN_TRADES = """[...document.querySelectorAll("#trades tr")]
  .map((row) => [row.cells[0].textContent, row.cells[1].textContent])"""


async def open_page(page: Page, venue: Venue, screen: Screen = DESK, market: str = MARKET) -> None:
    """Open the page on a market and wait until its book is shown."""
    await page.show_on(screen)
    await page.go(f"{venue.url}/#{market}")
    await page.wait_for('document.getElementById("link").dataset.state === "live"')
    await page.wait_for('document.getElementById("book-note").textContent.includes("level")')


async def funded(venue: Venue, rest: Rest) -> tuple[Member, Member]:
    """Return two members; the first has a bid and an ask in the book."""
    maker, taker = venue.member(), venue.member()
    await rest.call("DELETE", "/v1/orders", maker)
    await rest.place(maker, price="100.50", quantity="2")
    await rest.place(maker, price="100.25", quantity="3.5")
    await rest.place(maker, side="sell", price="101.75", quantity="4")
    return maker, taker


async def test_the_page_follows_book_and_trades(page: Page, venue: Venue, rest: Rest) -> None:
    """An order and a trade are on the page without a reload, in units that a person reads."""
    maker, taker = await funded(venue, rest)
    await open_page(page, venue)
    name = await page.evaluate('document.getElementById("picker-name").textContent')
    assert name == "Harbour Tower"
    await page.wait_for(f"({SHOWN_BIDS}).length >= 2")
    assert (await page.evaluate(SHOWN_BIDS))[:2] == [["100.50", "2.000"], ["100.25", "3.500"]]
    await rest.place(maker, price="100.75", quantity="1")
    await page.wait_for(f'({SHOWN_BIDS})[0][0] === "100.75"')
    await rest.place(taker, side="sell", price="100.75", quantity="0.4")
    await page.wait_for(f'({SHOWN_TRADES})[0]?.[1] === "0.400"')
    await page.wait_for('document.getElementById("quote-last").textContent === "100.75"')
    assert await page.evaluate("document.title") == "100.75 Harbour Tower, RealStack"
    await page.wait_for(f'({SHOWN_BIDS})[0][1] === "0.600"')
    await rest.call("DELETE", "/v1/orders", maker)


async def test_settlement_and_the_verdict_are_on_the_page(
    page: Page, venue: Venue, settlement: ScriptedSettlement
) -> None:
    """A batch with its way, bytes, signature and transfers; the verdict with its numbers."""
    await open_page(page, venue)
    await page.wait_for('document.querySelectorAll("#batches > li").length > 0')
    row = 'document.querySelector("#batches > li:last-child details")'
    words = await page.evaluate(f"{row}.querySelector('summary').innerText")
    assert all(each in words for each in ("Final", "777 B", "5VERv8…SZkQUW")), words
    await page.evaluate(f"{row}.open = true")
    await page.wait_for(f'{row}.innerText.includes("Northgate → Lindqvist")')
    assert "1.5" in await page.evaluate(f"{row}.innerText")
    verdict = 'document.getElementById("verdict-text").textContent'
    await page.wait_for(f'{verdict} === "Ledger equals chain"')
    note = await page.evaluate('document.getElementById("verdict-note").textContent')
    assert note.startswith("0 differences over 2 accounts and 3 assets")
    different = wire.GetReconciliationResponse(
        sequence=10,
        time_ns=2,
        accounts=2,
        assets=3,
        differences=[wire.Difference(account_id=1, asset_id=1, expected_atoms=5, chain_atoms=4)],
    )
    settlement.set_verdict(different)
    await page.wait_for(f'{verdict} === "Ledger and chain differ"')
    cells = 'document.getElementById("difference-rows").innerText'
    await page.wait_for(f'{cells}.includes("Northgate") && {cells}.includes("0.000004 USDC")')
    settlement.set_verdict(wire.GetReconciliationResponse(sequence=11, time_ns=3, accounts=2))
    await page.wait_for(f'{verdict} === "Ledger equals chain"')


async def test_another_market_is_one_choice_away(page: Page, venue: Venue, rest: Rest) -> None:
    """Choosing a market changes book, trades, quote and address together."""
    member = venue.member(bond=10)
    await rest.place(member, market="BOND-USDC", price="98.40", quantity="1.5")
    await open_page(page, venue)
    await page.evaluate(
        """{
          const picker = document.getElementById("picker");
          picker.value = "BOND-USDC";
          picker.dispatchEvent(new Event("change"));
        }"""
    )
    await page.wait_for(f'({SHOWN_BIDS})[0]?.[0] === "98.40"')
    assert await page.evaluate("location.hash") == "#BOND-USDC"
    assert await page.evaluate('document.getElementById("picker-name").textContent') == "Green bond"
    await rest.call("DELETE", "/v1/orders", member)


async def test_the_page_proves_its_book_and_begins_anew_when_it_does_not_fit(
    page: Page, venue: Venue, rest: Rest
) -> None:
    """A page whose book was damaged notices by the checksum, and shows the right one again."""
    maker, _ = await funded(venue, rest)
    await page.show_on(DESK)
    await page.go(f"{venue.url}/#{MARKET}")
    await page.call(
        "Page.addScriptToEvaluateOnNewDocument",
        source="""
          const original = WebSocket.prototype.addEventListener;
          WebSocket.prototype.addEventListener = function (name, listener) {
            if (name !== "message") return original.call(this, name, listener);
            return original.call(this, name, (event) => {
              const message = JSON.parse(event.data);
              if (message.type === "book_update" && !window.damaged) {
                window.damaged = true;
                message.bids = [["1.00", "1.000", 1]];
                listener({ data: JSON.stringify(message) });
              } else listener(event);
            });
          };
        """,
    )
    await page.go(f"{venue.url}/?#{MARKET}")
    await page.wait_for(f"({SHOWN_BIDS}).length >= 2")
    await rest.place(maker, price="100.60", quantity="1")
    await page.wait_for('document.getElementById("fact-resyncs").textContent === "1"')
    await page.wait_for(f'({SHOWN_BIDS})[0][0] === "100.60"')
    assert "1.00" not in [row[0] for row in await page.evaluate(SHOWN_BIDS)]
    await rest.call("DELETE", "/v1/orders", maker)


async def test_the_theme_is_the_systems_until_the_reader_chooses(page: Page, venue: Venue) -> None:
    """Dark and light, kept over a reload."""
    theme = "document.documentElement.dataset.theme"
    await open_page(page, venue, Screen(1_440, 900, theme="light"))
    assert await page.evaluate(theme) == "light"
    await page.evaluate('document.getElementById("theme").click()')
    assert await page.evaluate(theme) == "dark"
    await open_page(page, venue, Screen(1_440, 900, theme="light"), market="BOND-USDC")
    assert await page.evaluate(theme) == "dark"


@pytest.mark.parametrize("screen", [DESK, PHONE, Screen(820, 1_180)], ids=str)
async def test_nothing_is_wider_than_the_screen(page: Page, venue: Venue, screen: Screen) -> None:
    """On a desk, a tablet and a phone the page never scrolls sideways."""
    await open_page(page, venue, screen)
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= screen.width


UNNAMED = """
  [...document.querySelectorAll("button, select, a, summary, [role=region], canvas[role]")]
    .filter((each) => !(each.innerText?.trim() || each.getAttribute("aria-label") ||
      each.getAttribute("aria-labelledby")))
    .map((each) => each.outerHTML.slice(0, 80))
"""
HEADINGS = '[...document.querySelectorAll("h1, h2")].map((each) => each.tagName)'


async def test_everything_that_can_be_used_has_a_name(page: Page, venue: Venue) -> None:
    """Buttons, choices, links, regions and pictures say what they are to who cannot see them."""
    await open_page(page, venue)
    assert await page.evaluate(UNNAMED) == []
    assert (await page.evaluate(HEADINGS))[0] == "H1"
    assert await page.evaluate("document.documentElement.lang") == "en"
    tree: dict[str, Any] = await page.call("Accessibility.getFullAXTree")
    roles = json.dumps(tree)
    assert all(role in roles for role in ('"banner"', '"main"', '"contentinfo"', '"table"'))


async def test_depth_and_intervals_are_a_click_away(page: Page, venue: Venue, rest: Rest) -> None:
    """The chart's views and lengths are buttons that say whether they are pressed."""
    maker, _ = await funded(venue, rest)
    await open_page(page, venue)
    await page.evaluate("""document.querySelector('[data-view="depth"]').click()""")
    pressed = """document.querySelector('[data-view="depth"]').getAttribute("aria-pressed")"""
    assert await page.evaluate(pressed) == "true"
    await page.wait_for('document.getElementById("legend").textContent.includes("can be sold")')
    await page.evaluate("""document.querySelector('[data-view="price"]').click()""")
    await page.evaluate("""document.querySelector('[data-interval="1h"]').click()""")
    chosen = """document.querySelector('[data-interval="1h"]').getAttribute("aria-pressed")"""
    await page.wait_for(f'{chosen} === "true"')
    await rest.call("DELETE", "/v1/orders", maker)
