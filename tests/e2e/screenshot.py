"""`./dev screenshot FILE`: a picture of the live page of a running venue.

The page is opened in a headless Chromium (Debian's package) and pictured once it shows the feed.
What the browser complained about on its console is part of the verdict.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from realstack.settings import MissingSetting, load
from tests.e2e.browser import NoBrowser, NotThere, Page, Screen, browser_page

LIVE_SECONDS = 30.0
SETTLE_SECONDS = 1.5  # a few frames more, so that bars and lines have something to show

# What "the page is live" means: linked, a market chosen, its book and its status shown.
LIVE = """
  document.getElementById("link")?.dataset.state === "live" &&
  document.querySelectorAll("#bids tr").length > 2 &&
  document.getElementById("fact-sequence").textContent !== "–"
"""
SHOWN = """({
  market: document.getElementById("picker-name").textContent,
  price: document.getElementById("quote-last").textContent,
  levels: document.getElementById("book-note").textContent,
  trades: document.querySelectorAll("#trades tr").length,
  batches: document.querySelectorAll("#batches > li").length,
  verdict: document.getElementById("verdict-text").textContent,
  sequence: document.getElementById("fact-sequence").textContent,
})"""


class NotLive(Exception):
    """The page did not come to life; the message says what it showed."""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(prog="./dev screenshot", description=__doc__)
    made.add_argument("file", type=Path, help="where the PNG goes")
    made.add_argument("--url", help="the gateway; default: that of the running venue")
    made.add_argument("--data", type=Path, help="the venue's folder")
    made.add_argument("--theme", choices=("dark", "light"), default="dark")
    made.add_argument("--width", type=int, default=1_440)
    made.add_argument("--height", type=int, default=900)
    made.add_argument("--phone", action="store_true", help="390 pixels wide, the whole page")
    made.add_argument("--market", default="", help="symbol of the market to show")
    made.add_argument("--json", action="store_true", help="the verdict as a JSON object")
    return made


def screen_of(options: argparse.Namespace) -> Screen:
    """Return the screen that was asked for."""
    if options.phone:
        return Screen(390, 844, scale=2, theme=options.theme, phone=True)
    return Screen(options.width, options.height, theme=options.theme)


async def wait_until_live(page: Page) -> None:
    """Wait until the page shows the feed.

    Raises:
        NotLive: It does not in time.
    """
    try:
        await page.wait_for(LIVE, seconds=LIVE_SECONDS)
    except TimeoutError:
        shown = await page.evaluate("document.body.innerText.slice(0, 300)")
        problems = "; ".join(page.problems)
        raise NotLive(
            f"the page is not live after {LIVE_SECONDS:.0f} s: {shown!r} {problems}"
        ) from None
    await asyncio.sleep(SETTLE_SECONDS)


async def take(options: argparse.Namespace, url: str) -> dict[str, object]:
    """Take the picture, write it, and return what it shows.

    Raises:
        NoBrowser, NotLive, NotThere: There is no picture.
    """
    async with browser_page() as page:
        await page.show_on(screen_of(options))
        await page.go(f"{url}/#{options.market}" if options.market else f"{url}/")
        await wait_until_live(page)
        picture = await page.picture(whole=options.phone)
        options.file.write_bytes(picture)
        shown = await page.evaluate(SHOWN)
        return {
            **shown,
            "file": str(options.file),
            "bytes": len(picture),
            "problems": page.problems,
        }


def verdict_of(shown: dict[str, object]) -> str:
    """Return the verdict in one line."""
    problems = shown["problems"]
    console = "no problem on the console" if not problems else f"console: {problems}"
    return (
        f"screenshot: {shown['file']} shows {shown['market']} at {shown['price']}, "
        f"{shown['levels']}, {shown['trades']} trades, {shown['batches']} batches, "
        f"{shown['verdict']!r}; {console}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Take a picture; the last line on stdout is the verdict."""
    options = parser().parse_args(argv)
    try:
        url = options.url or load(data=options.data).need("gateway_url")
        shown = asyncio.run(take(options, url.rstrip("/")))
    except (MissingSetting, NoBrowser, NotLive, NotThere, OSError) as error:
        line = json.dumps({"ok": False, "error": str(error)}) if options.json else str(error)
        print(f"screenshot failed: {line}" if not options.json else line)
        return 1
    ok = not shown["problems"]
    print(json.dumps({"ok": ok, **shown}) if options.json else verdict_of(shown))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
