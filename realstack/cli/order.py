"""`realstack order`: place an order."""

from __future__ import annotations

import asyncio
import uuid
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from engine.core.limits import TRAIL_PPM_MAX
from engine.core.rejects import Reject
from realstack.cli.options import (
    add_client_id,
    add_json,
    add_venue,
    client_of,
    identity_of,
    parser,
    whole_between,
)
from realstack.cli.outcome import DONE
from realstack.cli.output import Output
from realstack.client import Answer, AnswerStatus, Market, OrderType, TimeInForce
from realstack.client.arguments import TAG_MAX, choice
from realstack.order_text import MAX_AGE_MS_MAX, OrderText, order_numbers
from realstack.times import parse_time_ns

DESCRIPTION = """Place an order and wait until its outcome is durable.

  realstack order buy HARBOR-USDC 3 --price 101.25     a limit order that rests
  realstack order sell HARBOR-USDC 3                   a market order
  realstack order buy HARBOR-USDC --amount 500         a market order that spends at most 500
  realstack order sell HARBOR-USDC 3 --trigger-price 95             a stop
  realstack order sell HARBOR-USDC 3 --trigger-price 95 --price 94  a stop-limit
  realstack order sell HARBOR-USDC 3 --trail 2.50                   a trailing stop
  realstack order buy HARBOR-USDC 30 --price 99 --display-quantity 3          an iceberg
  realstack order buy HARBOR-USDC 3 --price 99 --expire-time 2026-12-31T17:00:00Z

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
    reader.add_argument(
        "quantity",
        nargs="?",
        metavar="QUANTITY",
        help="in units of the base asset; none with --amount",
    )
    reader.add_argument("--price", metavar="P", help="limit price; without it a market order")
    reader.add_argument(
        "--time-in-force",
        metavar="T",
        help="gtc, ioc, fok, day, gtd, at_open or at_close (default gtc; ioc for a market order, "
        "gtd with --expire-time)",
    )
    add_kinds(reader)
    add_conditions(reader)
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
    return reader.parse_intermixed_args(arguments)


def add_kinds(reader: ArgumentParser) -> None:
    """Add what makes an order more than a limit or a market order."""
    reader.add_argument("--amount", metavar="A", help="spend at most so much, fee included")
    reader.add_argument("--trigger-price", metavar="P", help="a stop: wait for this price")
    reader.add_argument(
        "--trigger-source", metavar="S", help="last_trade (default), best_quote or reference"
    )
    reader.add_argument("--trail", metavar="P", help="a trailing stop: its distance in price")
    reader.add_argument(
        "--trail-ppm",
        type=whole_between(1, TRAIL_PPM_MAX),
        metavar="N",
        help="or in millionths of the price",
    )
    reader.add_argument("--display-quantity", metavar="Q", help="an iceberg: show so much at once")
    reader.add_argument("--minimum-quantity", metavar="Q", help="trade so much on arrival, or none")
    reader.add_argument("--hidden", action="store_true", help="rest unseen")


def add_conditions(reader: ArgumentParser) -> None:
    """Add how long an order may work, and how it is named with others."""
    reader.add_argument("--expire-time", metavar="T", help="such as 2026-12-31T17:00:00Z, in UTC")
    reader.add_argument(
        "--max-age-ms",
        type=whole_between(1, MAX_AGE_MS_MAX),
        metavar="MS",
        help="refuse it when it reaches the venue later than this after it was sent",
    )
    reader.add_argument(
        "--tag",
        type=whole_between(1, TAG_MAX),
        metavar="N",
        help="a number of yours, which cancel --all can name",
    )
    reader.add_argument(
        "--slide", action="store_true", help="with --post-only: take the nearest price that rests"
    )


def kind_of(options: Namespace) -> OrderType:
    """Return the order type that the options make."""
    if options.amount is not None:
        return OrderType.MARKET_BY_AMOUNT
    if options.trail is not None or options.trail_ppm is not None:
        return OrderType.TRAILING_STOP
    if options.trigger_price is not None:
        return OrderType.STOP if options.price is None else OrderType.STOP_LIMIT
    return OrderType.MARKET if options.price is None else OrderType.LIMIT


def text_of(options: Namespace) -> OrderText:
    """Return the order that the options make, its numbers still text.

    Raises:
        InvalidInput: The time in force is not known.
        InvalidTime: The expiry is no time.
    """
    expiry = options.expire_time
    return OrderText(
        order_type=kind_of(options),
        time_in_force=choice(
            "time_in_force", options.time_in_force, TimeInForce, Reject.INVALID_TIME_IN_FORCE
        ),
        price=options.price,
        quantity=options.quantity,
        display_quantity=options.display_quantity,
        minimum_quantity=options.minimum_quantity,
        trigger_price=options.trigger_price,
        trigger_source=options.trigger_source,
        trail=options.trail,
        trail_ppm=options.trail_ppm or 0,
        amount=options.amount,
        expire_time_ns=0 if expiry is None else parse_time_ns("expire_time", expiry),
        post_only=options.post_only,
        slide=options.slide,
        hidden=options.hidden,
    )


async def place(options: Namespace, output: Output) -> int:
    """Place the order and print its outcome."""
    text = text_of(options)
    async with client_of(options) as client:
        market = await client.market(options.market)
        answer = await client.place(
            market=options.market,
            side=options.side,
            order_type=text.order_type,
            time_in_force=text.time_in_force,
            **order_numbers(text, market),
            trigger_source=text.trigger_source,
            post_only=text.post_only,
            slide=text.slide,
            hidden=text.hidden,
            expire_time_ns=text.expire_time_ns,
            max_age_ms=options.max_age_ms or 0,
            tag=options.tag or 0,
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
