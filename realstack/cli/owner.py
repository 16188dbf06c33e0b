"""What `realstack deposit` and `realstack exit` share: the wallet's key and the node."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from realstack.cli.options import add_data, add_json, settings_of
from realstack.client.session import PERSON
from settlement.registry import RegistryFile
from settlement.signer import read_keypair
from settlement.wallets import OwnerActions


def add_owner(to: ArgumentParser) -> None:
    """Add whose wallet signs, and where the chain is."""
    add_data(to)
    add_json(to)
    to.add_argument(
        "--wallet",
        default=PERSON,
        metavar="NAME",
        help=f"sign with secrets/wallet-NAME.json of the data folder (default {PERSON!r})",
    )
    to.add_argument("--solana-rpc-url", metavar="URL", help="the Solana node (SOLANA_RPC_URL)")


@asynccontextmanager
async def owner_of(options: Namespace) -> AsyncIterator[tuple[OwnerActions, RegistryFile]]:
    """Open an owner's actions.

    Raises:
        MissingSetting: There is no node to be found.
        SignerInvalid, RegistryInvalid: The key, or the instruments file, cannot be used.
    """
    settings = settings_of(options)
    registry = RegistryFile(settings.data / "instruments.json")
    wallet = read_keypair(settings.secrets / f"wallet-{options.wallet}.json")
    address = options.solana_rpc_url or settings.need("solana_rpc_url")
    url = address if "://" in address else f"http://{address}"
    actions = OwnerActions(url, wallet, registry.current)
    try:
        yield actions, registry
    finally:
        await actions.close()
