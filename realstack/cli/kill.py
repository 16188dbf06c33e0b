"""`realstack kill`: stop an account, a market or the whole venue, or lift that."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from engine.core.rejects import Reject
from realstack.cli.limit import account_of
from realstack.cli.options import add_json, add_venue, client_of, parser
from realstack.cli.outcome import DONE
from realstack.cli.output import Output
from realstack.client import InvalidInput

DESCRIPTION = """Cancel all orders of an account, a market or the venue, and refuse new ones until
that is lifted. Needs an operator's key. Cancels stay allowed, trades that are done settle.

  realstack kill --account 7
  realstack kill --market HARBOR-USDC
  realstack kill --venue
  realstack kill --account 7 --lift
  realstack limit                    shows what is stopped"""


def main(arguments: Sequence[str]) -> int:
    """Set or lift a kill switch and return the exit status."""
    reader = parser("kill", DESCRIPTION)
    reader.add_argument("--account", metavar="N", help="an account")
    reader.add_argument("--market", metavar="MARKET", help="symbol or id of a market")
    reader.add_argument("--venue", action="store_true", help="everything")
    reader.add_argument("--lift", action="store_true", help="trade again")
    add_venue(reader, key="operator")
    add_json(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(run(options, Output("kill", options.json)))


async def run(options: Namespace, output: Output) -> int:
    """Do what the options ask for and print the outcome.

    Raises:
        InvalidInput: Not exactly one thing is to be stopped: nobody stops a venue by leaving an
            option out.
    """
    named = [name for name in ("account", "market", "venue") if getattr(options, name)]
    if len(named) != 1:
        rule = "one of --account, --market and --venue must be given"
        raise InvalidInput("account", ", ".join(named) or None, rule, Reject.INVALID_PARAMETER)
    account_id = account_of(options)
    async with client_of(options) as client:
        market_id = (await client.market(options.market)).market_id if options.market else 0
        cancelled = await client.kill(account_id=account_id, market_id=market_id, lift=options.lift)
    what = {"account": f"account {account_id}", "market": options.market, "venue": "the venue"}
    text = f"{what[named[0]]} may trade again"
    if not options.lift:
        text = f"{what[named[0]]} is stopped: {cancelled:,} orders cancelled"
    output.verdict(text, ok=True, is_on=not options.lift, cancelled=cancelled)
    return DONE
