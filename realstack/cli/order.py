"""`realstack order`: place an order."""

from __future__ import annotations

import asyncio
import uuid
from argparse import Namespace
from collections.abc import Sequence

from realstack.cli.options import (
    add_client_id,
    add_json,
    add_venue,
    client_of,
    identity_of,
    parser,
)
from realstack.cli.outcome import DONE
from realstack.cli.output import Output
from realstack.client import Answer, AnswerStatus, Market

DESCRIPTION = """Place an order and wait until its outcome is durable.

  realstack order buy HARBOR-USDC 3 --price 101.25     a limit order that rests
  realstack order sell HARBOR-USDC 3                   a market order

Numbers are exact decimals; one off the market's tick or lot is refused, never rounded."""


def main(arguments: Sequence[str]) -> int:
    """Place an order and return the exit status."""
    options = read(arguments)
    return asyncio.run(place(options, Output("order", options.json)))


def read(arguments: Sequence[str]) -> Namespace:
    """Read the arguments."""
    reader = parser("order", DESCRIPTION)
    reader.add_argument("side", metavar="SIDE", help="buy or sell")
    reader.add_argument("market", metavar="MARKET", help="such as HARBOR-USDC")
    reader.add_argument("quantity", metavar="QUANTITY", help="in units of the base asset")
    reader.add_argument("--price", metavar="P", help="limit price; without it a market order")
    reader.add_argument(
        "--time-in-force", metavar="T", help="gtc, ioc or fok (default gtc, for a market order ioc)"
    )
    reader.add_argument(
        "--post-only", action="store_true", help="refuse the order if it would trade on arrival"
    )
    reader.add_argument(
        "--self-trade-prevention",
        metavar="MODE",
        help="none, cancel_taker (default), cancel_maker, cancel_both or decrement",
    )
    add_client_id(reader)
    add_venue(reader)
    add_json(reader)
    return reader.parse_args(arguments)


async def place(options: Namespace, output: Output) -> int:
    """Place the order and print its outcome."""
    async with client_of(options) as client:
        market = await client.market(options.market)
        answer = await client.place(
            market=options.market,
            side=options.side,
            quantity=options.quantity,
            price=options.price,
            time_in_force=options.time_in_force,
            post_only=options.post_only,
            self_trade_prevention=options.self_trade_prevention,
            **identity_of(options),
        )
    output.verdict(words(answer, market), **facts(answer, market))
    return DONE


def words(answer: Answer, market: Market) -> str:
    """Say what became of an order."""
    units, base = market.units, market.base.symbol
    repeated = " before" if answer.status is AnswerStatus.DUPLICATE else ""
    return (
        f"order {answer.order_id} accepted{repeated}: "
        f"{units.quantity_text(answer.filled_lots)} {base} filled, "
        f"{units.quantity_text(answer.leaves_lots)} working"
    )


def facts(answer: Answer, market: Market) -> dict[str, object]:
    """Return what became of an order, for programs."""
    return {
        "ok": True,
        "outcome": answer.status.name,
        "order_id": answer.order_id,
        "client_id": str(uuid.UUID(int=answer.client_id)),
        "sequence": answer.sequence,
        "first_sequence": answer.first_sequence,
        "market": market.symbol,
        "filled": market.units.quantity_text(answer.filled_lots),
        "leaves": market.units.quantity_text(answer.leaves_lots),
        "filled_lots": answer.filled_lots,
        "leaves_lots": answer.leaves_lots,
    }
