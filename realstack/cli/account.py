"""`realstack account`: what an account has, and its working orders."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from realstack.cli.options import add_json, add_venue, client_of, parser
from realstack.cli.outcome import DONE
from realstack.cli.output import Output, table
from realstack.client import Balance, Instruments, Market, OpenOrder

DESCRIPTION = "Show the balances and the working orders of the account that owns the key."


def main(arguments: Sequence[str]) -> int:
    """Show the account and return the exit status."""
    reader = parser("account", DESCRIPTION)
    add_venue(reader)
    add_json(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(show(options, Output("account", options.json)))


async def show(options: Namespace, output: Output) -> int:
    """Print balances and orders."""
    async with client_of(options) as client:
        instruments = await client.instruments()
        balances, orders = await client.balances(), await client.open_orders()
    for line in table(balance_rows(balances, instruments)):
        output.line(line)
    output.line()
    if orders:
        for line in table(order_rows(orders, instruments), left=(1, 2, 6)):
            output.line(line)
        output.line()
    output.verdict(
        f"account: {len(balances)} balances, {len(orders)} working orders",
        ok=True,
        balances=balance_facts(balances, instruments),
        orders=order_facts(orders, instruments),
    )
    return DONE


def balance_rows(balances: list[Balance], instruments: Instruments) -> list[list[str]]:
    """Lay out balances."""
    rows = [["asset", "free", "in orders", "withdrawing"]]
    for balance in balances:
        asset = instruments.assets[balance.asset_id]
        amounts = (balance.free_atoms, balance.locked_atoms, balance.held_atoms)
        rows.append([asset.symbol, *map(asset.text, amounts)])
    return rows


def order_rows(orders: list[OpenOrder], instruments: Instruments) -> list[list[str]]:
    """Lay out working orders."""
    rows = [["order", "market", "side", "price", "working", "filled", "kind"]]
    for each in orders:
        order, market = each.order, instruments.markets[each.order.market_id]
        rows.append(
            [
                str(order.order_id),
                market.symbol,
                order.side.name.lower(),
                market.units.price_text(order.price_ticks) if order.price_ticks else "-",
                market.units.quantity_text(order.leaves_lots),
                market.units.quantity_text(order.filled_lots),
                kind_words(each, market),
            ]
        )
    return rows


def kind_words(each: OpenOrder, market: Market) -> str:
    """Say what an order is, beyond its side and price: its type, what it waits for, its life."""
    words = [each.order_type.name.lower(), each.time_in_force.name.lower()]
    if each.waiting and each.trigger_price_ticks:
        words.append(f"waits for {market.units.price_text(each.trigger_price_ticks)}")
    elif each.waiting:
        words.append("waits")
    elif each.visible_lots == 0:
        words.append("hidden")
    elif each.visible_lots < each.order.leaves_lots:
        words.append(f"shows {market.units.quantity_text(each.visible_lots)}")
    if each.post_only:
        words.append("post-only")
    if each.tag:
        words.append(f"tag {each.tag}")
    return " ".join(words)


def balance_facts(balances: list[Balance], instruments: Instruments) -> list[dict[str, object]]:
    """Return balances for programs."""
    return [
        {
            "asset": instruments.assets[balance.asset_id].symbol,
            "free_atoms": balance.free_atoms,
            "locked_atoms": balance.locked_atoms,
            "held_atoms": balance.held_atoms,
        }
        for balance in balances
    ]


def order_facts(orders: list[OpenOrder], instruments: Instruments) -> list[dict[str, object]]:
    """Return working orders for programs."""
    return [
        {
            "order_id": each.order.order_id,
            "market": instruments.markets[each.order.market_id].symbol,
            "side": each.order.side.name.lower(),
            "price_ticks": each.order.price_ticks,
            "leaves_lots": each.order.leaves_lots,
            "filled_lots": each.order.filled_lots,
            "type": each.order_type.name.lower(),
            "time_in_force": each.time_in_force.name.lower(),
            "waiting": each.waiting,
            "visible_lots": each.visible_lots,
            "trigger_price_ticks": each.trigger_price_ticks,
            "expire_time_ns": each.expire_time_ns,
            "post_only": each.post_only,
            "tag": each.tag,
        }
        for each in orders
    ]
