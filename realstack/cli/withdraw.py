"""`realstack withdraw`: pay funds out to the account's wallet on chain."""

from __future__ import annotations

import asyncio
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

DESCRIPTION = """Hold funds for a withdrawal. Settlement pays them to the account's wallet on
chain when every trade before it is final there.

  realstack withdraw USDC 250.00"""


def main(arguments: Sequence[str]) -> int:
    """Request a withdrawal and return the exit status."""
    reader = parser("withdraw", DESCRIPTION)
    reader.add_argument("asset", metavar="ASSET", help="such as USDC")
    reader.add_argument("amount", metavar="AMOUNT", help="in units of the asset")
    add_client_id(reader)
    add_venue(reader)
    add_json(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(withdraw(options, Output("withdraw", options.json)))


async def withdraw(options: Namespace, output: Output) -> int:
    """Request the withdrawal and print its outcome."""
    async with client_of(options) as client:
        answer = await client.request_withdrawal(
            asset=options.asset, amount=options.amount, **identity_of(options)
        )
    output.verdict(
        f"withdrawal {answer.order_id}: {options.amount} {options.asset} held",
        ok=True,
        outcome=answer.status.name,
        withdrawal_id=answer.order_id,
        sequence=answer.sequence,
    )
    return DONE
