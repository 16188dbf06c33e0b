"""`realstack cancel`: cancel one order, or all."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from engine.core.rejects import Reject
from realstack.cli.options import (
    add_client_id,
    add_json,
    add_venue,
    client_id_of,
    client_of,
    identity_of,
    parser,
    whole,
    whole_between,
)
from realstack.cli.outcome import DONE
from realstack.cli.output import Output
from realstack.client import Client, InvalidInput
from realstack.client.arguments import TAG_MAX

DESCRIPTION = """Cancel one order by the venue's id or by the client id it was placed with, or all.

  realstack cancel 1234
  realstack cancel --order-client-id 6f1c...-....
  realstack cancel --all --market HARBOR-USDC --side buy
  realstack cancel --all --tag 7
  realstack cancel --order-client-id 6f1c...-.... --before-arrival    it may still be on its way"""


def main(arguments: Sequence[str]) -> int:
    """Cancel and return the exit status."""
    reader = parser("cancel", DESCRIPTION)
    reader.add_argument("order", nargs="?", metavar="ORDER", help="the venue's id of the order")
    reader.add_argument("--order-client-id", metavar="ID", help="the client id it was placed with")
    reader.add_argument(
        "--before-arrival",
        action="store_true",
        help="with --order-client-id: if the order has not come yet, refuse it when it comes",
    )
    reader.add_argument("--all", action="store_true", help="every order of the account")
    reader.add_argument("--market", metavar="MARKET", help="with --all: of one market")
    reader.add_argument("--side", metavar="SIDE", help="with --all: of one side, buy or sell")
    reader.add_argument(
        "--tag",
        type=whole_between(1, TAG_MAX),
        metavar="N",
        help="with --all: of the tag that they were placed with",
    )
    add_client_id(reader)
    add_venue(reader)
    add_json(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(cancel(options, Output("cancel", options.json)))


async def cancel(options: Namespace, output: Output) -> int:
    """Cancel what the options name and print the outcome."""
    named = options.order is not None or options.order_client_id is not None
    of_some = options.market or options.side or options.tag
    if options.all == named or (not options.all and of_some):
        rule = "give an order id, or --order-client-id, or --all (with --market, --side, --tag)"
        raise InvalidInput("order", options.order, rule, Reject.UNKNOWN_ORDER)
    if options.before_arrival and options.order_client_id is None:
        rule = "must be given with --before-arrival: the venue has given no id yet"
        raise InvalidInput("order_client_id", None, rule, Reject.INVALID_CLIENT_ID)
    async with client_of(options) as client:
        return await (cancel_all if options.all else cancel_one)(client, options, output)


async def cancel_one(client: Client, options: Namespace, output: Output) -> int:
    """Cancel one order."""
    number = 0
    if options.order is not None:
        number = whole("order", options.order, Reject.UNKNOWN_ORDER)
    answer = await client.cancel(
        order_id=number,
        order_client_id=client_id_of(options.order_client_id, "order_client_id"),
        before_arrival=options.before_arrival,
        **identity_of(options),
    )
    text = f"order {answer.order_id} cancelled"
    if answer.order_id == 0:
        text = f"client id {options.order_client_id} has not come yet: it will be refused"
    output.verdict(
        text,
        ok=True,
        outcome=answer.status.name,
        order_id=answer.order_id,
        sequence=answer.sequence,
        filled_lots=answer.filled_lots,
    )
    return DONE


async def cancel_all(client: Client, options: Namespace, output: Output) -> int:
    """Cancel every order, or those of a market, side or tag."""
    answer = await client.cancel_all(
        market=options.market,
        side=options.side,
        tag=options.tag or 0,
        **identity_of(options),
    )
    output.verdict(
        f"{answer.cancelled_count} orders cancelled",
        ok=True,
        outcome=answer.status.name,
        cancelled=answer.cancelled_count,
        sequence=answer.sequence,
    )
    return DONE
