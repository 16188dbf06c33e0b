"""`realstack phase`: change a market's trading phase, or uncross it."""

from __future__ import annotations

import asyncio
import time
from argparse import Namespace
from collections.abc import Sequence

from engine.core.phases import AuctionKind, Phase
from engine.core.rejects import Reject
from realstack.cli.options import add_json, add_venue, client_of, parser, whole
from realstack.cli.outcome import DONE
from realstack.cli.output import Output
from realstack.client import InvalidInput

UNCROSS = "uncross"
DESCRIPTION = """Change what a market does; needs a key of the operator role.

  realstack phase HARBOR-USDC halted
  realstack phase HARBOR-USDC auction --kind on_demand --seconds 60
  realstack phase HARBOR-USDC uncross      trade what a call has collected; it goes on
  realstack phase HARBOR-USDC open"""


def main(arguments: Sequence[str]) -> int:
    """Change the phase and return the exit status."""
    reader = parser("phase", DESCRIPTION)
    names = [phase.name.lower() for phase in Phase]
    kinds = [kind.name.lower() for kind in AuctionKind]
    reader.add_argument("market", metavar="MARKET", help="symbol or id")
    reader.add_argument("phase", metavar="PHASE", help=f"{', '.join(names)}, or {UNCROSS}")
    reader.add_argument("--kind", metavar="KIND", help=f"of an auction: {', '.join(kinds)}")
    reader.add_argument("--seconds", metavar="N", help="an auction that ends by itself")
    add_venue(reader, key="operator")
    add_json(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(change(options, Output("phase", options.json)))


async def change(options: Namespace, output: Output) -> int:
    """Do what the options ask for and print the outcome."""
    name = options.phase.upper()
    if name != UNCROSS.upper() and name not in Phase.__members__:
        known = ", ".join(phase.name.lower() for phase in Phase)
        raise InvalidInput(
            "phase", options.phase, f"must be one of: {known}, {UNCROSS}", Reject.INVALID_PARAMETER
        )
    kind = options.kind.upper() if options.kind else None
    if kind is not None and kind not in AuctionKind.__members__:
        known = ", ".join(member.name.lower() for member in AuctionKind)
        raise InvalidInput("kind", kind, f"must be one of: {known}", Reject.INVALID_PARAMETER)
    if name == "AUCTION" and kind is None:
        kind = AuctionKind.ON_DEMAND.name
    end_ns = 0
    if options.seconds is not None:
        seconds = whole("seconds", options.seconds, Reject.INVALID_PARAMETER)
        end_ns = time.time_ns() + seconds * 1_000_000_000
    async with client_of(options) as client:
        market = await client.market(options.market)
        if name == UNCROSS.upper():
            price_ticks, lots = await client.uncross(market_id=market.market_id)
            text = f"{market.symbol}: nothing to trade"
            if lots:
                price = market.units.price_text(price_ticks)
                text = f"{market.symbol}: {market.units.quantity_text(lots)} traded at {price}"
            output.verdict(text, ok=True, price_ticks=price_ticks, volume_lots=lots)
            return DONE
        await client.set_phase(
            market_id=market.market_id,
            phase=Phase[name],
            auction_kind=AuctionKind[kind] if kind else None,
            auction_end_ns=end_ns,
        )
        output.verdict(f"{market.symbol} is {name.lower()}", ok=True, phase=name)
    return DONE
