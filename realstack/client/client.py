"""The client: one connection to a venue, one API key."""

from __future__ import annotations

from realstack.client.feeds import Feeds
from realstack.client.operations import Operations
from realstack.client.quoting import Quoting
from realstack.client.trading import Trading


class Client(Trading, Quoting, Feeds, Operations):
    """An async client of the venue.

    A bot that quotes and prints its fills:

        import asyncio
        from realstack.client import Client, Filled

        async def main() -> None:
            async with Client.local() as client:
                await client.place(market="HARBOR-USDC", side="buy", price="101.25", quantity="3")
                async for execution in client.executions(from_sequence=1):
                    if isinstance(execution.event, Filled):
                        print(execution.event)

        asyncio.run(main())

    `Client.local()` finds the venue of `realstack up` on this machine; elsewhere it is
    `Client("host:port", api_key=...)`.

    Many calls may be made at the same time; their commands travel together on one stream. Nothing
    is lost or doubled over a lost connection: see `realstack.client.lane`. A client belongs to the
    event loop that it was made in.
    """
