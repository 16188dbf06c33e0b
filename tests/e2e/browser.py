"""A headless Chromium, driven over its own debugging socket: open, ask, look, end."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_SECONDS = 30.0
ANSWER_SECONDS = 30.0
POLL_SECONDS = 0.05
MESSAGE_BYTES_MAX = 64 << 20  # a screenshot of a large page, in base64
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
_LISTENING = b"DevTools listening on "


class NoBrowser(Exception):
    """There is no Chromium on this machine; the message says how to get one."""


class NotThere(Exception):
    """Nobody answers at the address."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What the page is shown on."""

    width: int
    height: int
    scale: int = 1
    theme: str = "dark"
    phone: bool = False


def find_chromium() -> str:
    """Return the path of Chromium.

    Raises:
        NoBrowser: There is none.
    """
    for name in NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    raise NoBrowser("Chromium is missing: apt-get install chromium (Debian's package)")


class Page:
    """One tab."""

    def __init__(self, connection: ClientConnection) -> None:
        self.problems: list[str] = []
        self._connection = connection
        self._session = ""
        self._number = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    async def open_tab(self) -> None:
        """Make the tab and listen to what goes wrong in it."""
        target = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            await self.call(f"{domain}.enable")

    async def close(self) -> None:
        """Listen no more."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def show_on(self, screen: Screen) -> None:
        """Take the size and the theme of a screen."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=screen.width,
            height=screen.height,
            deviceScaleFactor=screen.scale,
            mobile=screen.phone,
        )
        feature = {"name": "prefers-color-scheme", "value": screen.theme}
        await self.call("Emulation.setEmulatedMedia", features=[feature])

    async def go(self, url: str) -> None:
        """Open an address.

        Raises:
            NotThere: Nobody answers at it.
        """
        answer = await self.call("Page.navigate", url=url)
        if answer.get("errorText"):
            raise NotThere(f"{url}: {answer['errorText']}")

    async def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; a promise is awaited.

        Raises:
            RuntimeError: It threw.
        """
        answer = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    async def wait_for(self, condition: str, *, seconds: float = ANSWER_SECONDS) -> None:
        """Wait until a JavaScript expression is true; one that throws is not true yet.

        Raises:
            TimeoutError: It is not within the time.
        """
        guarded = f"(() => {{ try {{ return Boolean({condition}) }} catch {{ return false }} }})()"
        async with asyncio.timeout(seconds):
            while True:
                if await self.evaluate(guarded):
                    return
                await asyncio.sleep(POLL_SECONDS)

    async def picture(self, *, whole: bool = False) -> bytes:
        """Return the page as a PNG: what is in sight, or all of it."""
        answer = await self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=whole
        )
        return base64.b64decode(answer["data"])

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the debugging protocol.

        Raises:
            RuntimeError: The browser refused it.
        """
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        await self._connection.send(json.dumps(message))
        found = await asyncio.wait_for(answer, ANSWER_SECONDS)
        if "error" in found:
            raise RuntimeError(f"{method}: {found['error']}")
        result: dict[str, Any] = found["result"]
        return result

    async def _read(self) -> None:
        async for text in self._connection:
            message = json.loads(text)
            answer = self._answers.pop(message.get("id", 0), None)
            if answer is not None and not answer.done():
                answer.set_result(message)
            else:
                self._note(message.get("method", ""), message.get("params", {}))

    def _note(self, event: str, about: dict[str, Any]) -> None:
        """Keep what a person would see in red on the console."""
        if event == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            thrown = details.get("exception", {}).get("description", details["text"])
            self.problems.append(str(thrown))
        elif event == "Runtime.consoleAPICalled" and about["type"] in ("error", "assert"):
            self.problems.append(" ".join(str(each.get("value")) for each in about["args"]))
        elif event == "Log.entryAdded" and about["entry"]["level"] == "error":
            entry = about["entry"]
            self.problems.append(f"{entry['text']} {entry.get('url', '')}".strip())


async def debugging_address(process: Process) -> str:
    """Return the address that Chromium says it can be driven at.

    Raises:
        NoBrowser: It ended instead.
    """
    output = process.stderr
    lines = []
    async with asyncio.timeout(START_SECONDS):
        while output is not None and (line := await output.readline()):
            lines.append(line.decode(errors="replace").strip())
            if line.startswith(_LISTENING):
                return line.removeprefix(_LISTENING).decode().strip()
    raise NoBrowser(f"Chromium ended before it was ready: {' '.join(lines[-3:])}")


@asynccontextmanager
async def browser_page() -> AsyncIterator[Page]:
    """Run a Chromium with a profile of its own and give its one page.

    Raises:
        NoBrowser: There is no Chromium, or it does not start.
    """
    path = find_chromium()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            path,
            *FLAGS,
            f"--user-data-dir={Path(profile) / 'chromium'}",
            stdout=DEVNULL,
            stderr=PIPE,
            env={**os.environ, "HOME": profile},
        )
        try:
            address = await debugging_address(process)
            async with connect(address, max_size=MESSAGE_BYTES_MAX) as connection:
                page = Page(connection)
                try:
                    await page.open_tab()
                    yield page
                finally:
                    await page.close()
        finally:
            process.terminate()
            await process.communicate()
