"""Drives one server stream: reads what is new, writes it, waits, and beats when nothing comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.feed.subscription import Ending, Subscription, Subscriptions
from engine.rpc.errors import closing, slow_consumer
from engine.rpc.methods import Context

Read = Callable[[], bytes | None]
"""Gives the next message and moves `subscription.next` on; None when there is nothing new."""


async def follow(
    context: Context,
    subscriptions: Subscriptions,
    subscription: Subscription,
    read: Read,
    heartbeat: Callable[[], bytes],
) -> None:
    """Serve a reader until it goes.

    The first message is a heartbeat when there is no news: so the reader learns at once that it is
    connected and how far the stream is.

    Raises:
        EdgeError: When a private reader was too slow (it names the place to resume from), or the
            server stops.
    """
    resume = subscription.next
    subscription.heartbeat_due = True
    try:
        while True:
            resume = subscription.next
            message = read()
            if message is None and subscription.heartbeat_due:
                message = heartbeat()
            if message is None:
                await subscription.wait()
                continue
            subscriptions.begin_write(subscription)
            await context.write(message)
            subscriptions.end_write(subscription)
    except asyncio.CancelledError:
        if subscription.ending is None or subscription.task is None:
            raise
        # Cancelled by us, not by the client: the task goes on, to end the call with a status.
        subscription.task.uncancel()
        is_slow = subscription.ending is Ending.SLOW
        raise (slow_consumer(resume) if is_slow else closing()) from None
    finally:
        subscriptions.close(subscription)
