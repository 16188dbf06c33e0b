"""`realstack limit`: what orders may be at most, for an account, a market, or each."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from engine.core.commands import LimitKind
from engine.core.rejects import Reject
from realstack.cli.options import add_json, add_venue, client_of, parser, whole
from realstack.cli.outcome import DONE
from realstack.cli.output import Output, table
from realstack.client import Client, InvalidInput, Limit

NS_PER_MS = 1_000_000
UNITS = {
    LimitKind.ORDER_LOTS: "lots of an order",
    LimitKind.ORDER_VALUE: "quote atoms of an order's value",
    LimitKind.COLLAR_PPM: "millionths that a price may be from the reference or last price",
    LimitKind.OPEN_ORDERS: "working orders",
    LimitKind.HOLDING_LOTS: "lots held, open buys included",
    LimitKind.MESSAGES: "orders and replaces in a window",
}
DESCRIPTION = """List the limits in force, set one, or remove one (0). Needs an operator's key.

  realstack limit
  realstack limit order_lots 5000 --market HARBOR-USDC
  realstack limit messages 100 --window-ms 1000 --account 7
  realstack limit collar_ppm 50000
  realstack limit order_lots 0 --market HARBOR-USDC

Without --account it holds for each account, without --market in each market. Every limit that
applies must hold. It is in force when the command returns, for orders that come from then on."""


def main(arguments: Sequence[str]) -> int:
    """List or change limits and return the exit status."""
    reader = parser("limit", DESCRIPTION)
    kinds = ", ".join(f"{kind.name.lower()} ({unit})" for kind, unit in UNITS.items())
    reader.add_argument("kind", metavar="KIND", nargs="?", help=kinds)
    reader.add_argument("value", metavar="VALUE", nargs="?", help="the most allowed; 0 removes it")
    reader.add_argument("--account", metavar="N", help="one account; else each")
    reader.add_argument("--market", metavar="MARKET", help="symbol or id of one market; else each")
    reader.add_argument("--window-ms", metavar="N", help="of messages, and only there")
    add_venue(reader, key="operator")
    add_json(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(run(options, Output("limit", options.json)))


async def run(options: Namespace, output: Output) -> int:
    """Do what the options ask for and print the outcome."""
    if options.kind is None:
        async with client_of(options) as client:
            return await show(client, output)
    kind, value, window_ns = asked(options)
    account_id = account_of(options)
    async with client_of(options) as client:
        market_id = (await client.market(options.market)).market_id if options.market else 0
        existed = await client.set_limit(
            kind, value, account_id=account_id, market_id=market_id, window_ns=window_ns
        )
    text = f"{kind.name.lower()} at most {value:,}" if value else f"no limit {kind.name.lower()}"
    where = options.market or "each market"
    who = f"account {account_id}" if account_id else "each account"
    again = ", as before" if existed else ""
    output.verdict(f"{text} for {who} in {where}{again}", ok=True, existed=existed)
    return DONE


def asked(options: Namespace) -> tuple[LimitKind, int, int]:
    """Return kind, value and window of the limit to set.

    Raises:
        InvalidInput: One of them is malformed, missing, or given where there is none.
    """
    name = options.kind.upper()
    if name not in LimitKind.__members__:
        known = ", ".join(kind.name.lower() for kind in LimitKind)
        rule = f"must be one of: {known}"
        raise InvalidInput("kind", options.kind, rule, Reject.INVALID_PARAMETER)
    kind = LimitKind[name]
    if options.value is None:
        raise InvalidInput("value", None, "must be given", Reject.INVALID_PARAMETER)
    value = whole("value", options.value, Reject.INVALID_PARAMETER)
    has_window = options.window_ms is not None
    if has_window != (kind is LimitKind.MESSAGES and value != 0):
        rule = "goes with a limit on messages, and only with one that is set"
        raise InvalidInput("window_ms", options.window_ms, rule, Reject.INVALID_PARAMETER)
    window_ms = whole("window_ms", options.window_ms, Reject.INVALID_PARAMETER) if has_window else 0
    return kind, value, window_ms * NS_PER_MS


def account_of(options: Namespace) -> int:
    """Return the account of the options, 0 for none.

    Raises:
        InvalidInput: It is no account id.
    """
    if options.account is None:
        return 0
    account_id = whole("account", options.account, Reject.UNKNOWN_ACCOUNT)
    if account_id == 0:
        raise InvalidInput("account", options.account, "must be at least 1", Reject.UNKNOWN_ACCOUNT)
    return account_id


async def show(client: Client, output: Output) -> int:
    """Print the limits and kill switches in force."""
    controls = await client.controls()
    markets = (await client.instruments()).markets.values()
    symbols = {market.market_id: market.symbol for market in markets}
    if controls.limits:
        rows = [row(limit, symbols) for limit in controls.limits]
        for line in table([["kind", "account", "market", "most", "window ms"], *rows]):
            output.line(line)
    stopped = [f"account {account_id}" for account_id in controls.killed_accounts]
    stopped += [symbols[market_id] for market_id in controls.killed_markets]
    stopped += ["the venue"] if controls.is_venue_killed else []
    text = f"{len(controls.limits)} limits in force; stopped: {', '.join(stopped) or 'nothing'}"
    facts = [
        {
            "kind": limit.kind.name.lower(),
            "account_id": limit.account_id,
            "market_id": limit.market_id,
            "value": limit.value,
            "window_ns": limit.window_ns,
        }
        for limit in controls.limits
    ]
    output.verdict(
        text,
        ok=True,
        limits=facts,
        killed_accounts=list(controls.killed_accounts),
        killed_markets=list(controls.killed_markets),
        venue_killed=controls.is_venue_killed,
        as_of_sequence=controls.as_of_sequence,
    )
    return DONE


def row(limit: Limit, symbols: dict[int, str]) -> list[str]:
    """Return a limit as cells of a table."""
    return [
        limit.kind.name.lower(),
        str(limit.account_id) if limit.account_id else "each",
        symbols[limit.market_id] if limit.market_id else "each",
        f"{limit.value:,}",
        f"{limit.window_ns // NS_PER_MS:,}" if limit.window_ns else "",
    ]
