"""The demo's markets and participants on an in-process venue, all funded."""

from __future__ import annotations

from pathlib import Path

from engine.keys import KeyTable
from engine.rpc.front import Front
from realstack.client import Client
from realstack.settings import Settings, load
from realstack.up import definitions, demo, first_start
from realstack.up.folders import open_folder
from realstack.up.instruments import InstrumentsFile
from realstack.up.keyring import Keyring
from tests.contract.client.proxy import Proxy
from tests.contract.client.venue_under_test import ClockedNode, Venue


async def start_demo_venue(data: Path) -> tuple[Venue, Settings]:
    """Start a venue that trades what `realstack up` lists; its members have their deposits."""
    folder = open_folder(data)
    keyring = Keyring(folder)
    instruments = first_start.make_instruments(InstrumentsFile(data / "instruments.json"), keyring)
    first_start.make_keys(keyring, instruments)
    folder.close()
    node = ClockedNode()
    fatal: list[BaseException] = []
    keys = data / "keys.json"
    front = Front(node, node.feeds, KeyTable(keys), "127.0.0.1:0", fatal.append)
    await front.start()
    venue = Venue(node, front, Proxy(), keys, fatal)
    await venue.proxy.start(front.port)
    async with Client(venue.address, api_key=keyring.api_key("operator")) as operator:
        await definitions.define(operator, instruments)
    async with Client(venue.address, api_key=keyring.api_key("settlement")) as settlement:
        for account in instruments.accounts:
            for asset in demo.ASSETS:
                await settlement.credit_deposit(
                    account_id=account.account_id,
                    asset_id=asset.asset_id,
                    amount_atoms=asset.deposit_atoms,
                    client_id=account.account_id << 32 | asset.asset_id,
                )
    return venue, load({"ENGINE_ADDRESS": venue.address}, data=data)
