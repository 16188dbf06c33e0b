"""Which front an engine has: the native one where it is built, else the plain one."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Protocol

import structlog

from engine.feed.feeds import Feeds
from engine.keys import KeyTable
from engine.rpc.front import Front
from engine.rpc.node_port import NodePort
from engine.tls import Tls

FRONTS = ("auto", "native", "plain")
INTERFACE = 2  # that `engine.front.native` speaks; see `src/lib.rs`
_MODULE = "engine.front._native"
_log = structlog.get_logger("engine.front")


class FrontMissing(Exception):
    """The native front was asked for and is not built."""


class AnyFront(Protocol):
    """What an engine needs of its front; see `engine.rpc.front.Front`."""

    port: int

    @property
    def calls(self) -> int:
        """How many calls are being carried out."""

    async def start(self) -> None:
        """Serve."""

    async def stop(self, grace_seconds: int) -> None:
        """Answer what was taken, then close."""

    def refresh_keys(self) -> None:
        """Read the key file again if it changed."""


def native_module() -> Any | None:
    """Give the compiled part of the native front, or nothing where these sources were not built.

    One that was built before the sources changed would fail at the first call.
    """
    try:
        module = importlib.import_module(_MODULE)
    except ModuleNotFoundError as error:
        if error.name == _MODULE:
            return None
        raise
    if getattr(module, "INTERFACE", 0) != INTERFACE:
        _log.warning("front_outdated", advice="the native front is of older sources: ./dev front")
        return None
    return module


def make_front(
    kind: str,
    node: NodePort,
    feeds: Feeds,
    keys: KeyTable,
    listen: str,
    fatal: Callable[[BaseException], None],
    tls: Tls | None = None,
) -> AnyFront:
    """Make a front of a kind of `FRONTS`, bound but not started.

    Raises:
        FrontMissing: When `native` is wanted and not built.
        OSError: When the address cannot be bound.
    """
    module = None if kind == "plain" else native_module()
    if module is None and kind == "native":
        raise FrontMissing("the native front is not built from these sources, run ./dev front")
    _log.info("front", kind="plain" if module is None else "native", tls=tls is not None)
    if module is None:
        return Front(node, feeds, keys, listen, fatal, tls=tls)
    from engine.front.native import NativeFront  # needs the compiled part

    return NativeFront(node, feeds, keys, listen, fatal, tls)
