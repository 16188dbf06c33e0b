"""Loops that outlive what they depend on: a node, the venue or the database that is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from services._base.retry import Backoff
from settlement.accounts import UnknownOwner
from settlement.builder import UnknownAsset
from settlement.chain import ChainUnavailable
from settlement.clock import seconds
from settlement.maker import WindowRefused
from settlement.registry import RegistryInvalid
from settlement.store.payments import LeaseLost
from settlement.venue import NotAllowed, VenueUnavailable

log = structlog.get_logger()

# What may be well again later. Everything else is a bug, or for a person: it ends the process.
TRANSIENT = (
    ChainUnavailable,
    VenueUnavailable,
    NotAllowed,
    RegistryInvalid,
    UnknownAsset,
    UnknownOwner,
    LeaseLost,
    WindowRefused,
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says when the server ends an idle connection
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
)

Pass = Callable[[], Awaitable[object]]


async def repeat(
    name: str, work: Pass, *, every_ms: int, wake: asyncio.Event | None = None
) -> None:
    """Run `work` again and again: when woken, and at least so often; later after a failure.

    Args:
        name: For the log.
        work: One pass; it may be cut off anywhere and run again.
        every_ms: The pause between passes.
        wake: Set by others to end the pause early.
    """
    backoff = Backoff()
    signal = wake or asyncio.Event()
    while True:
        try:
            await work()
        except TRANSIENT as error:
            log.warning("pass_failed", loop=name, error=f"{type(error).__name__}: {error}")
            await backoff.wait()
            continue
        backoff.reset()
        await _pause(signal, every_ms)


async def _pause(signal: asyncio.Event, length_ms: int) -> None:
    # Not `wait_for`: before Python 3.12 it loses a cancellation that comes with the signal.
    try:
        async with asyncio.timeout(seconds(length_ms)):
            await signal.wait()
    except TimeoutError:
        return
    signal.clear()


async def retry(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until it succeeds once."""
    backoff = Backoff()
    while True:
        try:
            await work()
        except TRANSIENT as error:
            log.warning("not_ready", step=name, error=f"{type(error).__name__}: {error}")
            await backoff.wait()
        else:
            return
