"""`realstack deposit`: pay funds in from the wallet on chain."""

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
from settlement.wallets import WalletRefused

DESCRIPTION = """Move tokens from the wallet to its vault, signed by the wallet. The venue credits
them when the transfer is final.

  realstack deposit USDC 250.00"""


def main(arguments: Sequence[str]) -> int:
    """Deposit and return the exit status."""
    reader = parser("deposit", DESCRIPTION)
    reader.add_argument("asset", metavar="ASSET", help="such as USDC")
    reader.add_argument("amount", metavar="AMOUNT", help="in units of the asset")
    add_owner(reader)
    options = reader.parse_args(arguments)
    return asyncio.run(deposit(options, Output("deposit", options.json)))


async def deposit(options: Namespace, output: Output) -> int:
    """Deposit, wait until it is final, and print the outcome."""
    try:
        async with owner_of(options) as (actions, registry):
            assets = registry.current.assets.values()
            asset = next((each for each in assets if each.symbol == options.asset), None)
            if asset is None:
                raise RegistryInvalid(f"asset {options.asset!r} is not listed")
            atoms = units.amount_atoms(options.amount, asset.decimals)
            signature = await actions.deposit(asset, atoms)
    except (WalletRefused, ChainUnavailable, RegistryInvalid, SignerInvalid) as error:
        output.verdict(f"not deposited: {error}", ok=False, error=str(error))
        return REFUSED
    output.verdict(
        f"deposited {options.amount} {options.asset}, final on chain in {signature}",
        ok=True,
        amount_atoms=atoms,
        signature=str(signature),
    )
    return DONE
