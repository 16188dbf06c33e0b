"""`realstack exit`: leave with all funds, with no one's leave."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from realstack import units
from realstack.cli.options import parser
from realstack.cli.outcome import DONE, REFUSED
from realstack.cli.output import Output
from realstack.cli.owner import add_owner, owner_of
from settlement.chain import ChainUnavailable
from settlement.registry import RegistryInvalid
from settlement.signer import SignerInvalid
from settlement.wallets import OwnerActions, WalletRefused

DESCRIPTION = """Forced exit, signed by the wallet alone. After a request the venue cancels the
orders and settles what was sold; when the delay is over, the market program pays out every vault.

  realstack exit request
  realstack exit take
  realstack exit close"""


def main(arguments: Sequence[str]) -> int:
    """Take a step of the exit and return the exit status."""
    reader = parser("exit", DESCRIPTION)
    reader.add_argument(
        "step",
        choices=("request", "take", "close"),
        help="request: start the delay; take: pay out every vault; close: end the exit",
    )
    add_owner(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(leave(options, Output("exit", options.json)))


async def leave(options: Namespace, output: Output) -> int:
    """Take the step, wait until it is final, and print the outcome."""
    try:
        async with owner_of(options) as (actions, _):
            text = await _step(options.step, actions, output)
    except (WalletRefused, ChainUnavailable, RegistryInvalid, SignerInvalid) as error:
        output.verdict(f"exit {options.step} refused: {error}", ok=False, error=str(error))
        return REFUSED
    output.verdict(text, ok=True, step=options.step)
    return DONE


async def _step(step: str, actions: OwnerActions, output: Output) -> str:
    if step == "request":
        _, slot = await actions.request_exit()
        return f"exit requested: from slot {slot} on `realstack exit take` pays out"
    if step == "close":
        await actions.close_exit()
        return "exit closed: the venue takes orders again"
    paid = await actions.take_out()
    for asset, atoms in paid:
        output.line(f"{units.amount_text(atoms, asset.decimals)} {asset.symbol}")
    return f"exit paid {len(paid)} assets to the wallet"
