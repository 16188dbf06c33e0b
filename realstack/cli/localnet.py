"""`realstack localnet`: make the local Solana network fail as a real one does, on request."""

from __future__ import annotations

import argparse
import json
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import httpx

from realstack.cli.options import add_data, add_json, parser, settings_of, whole_argument
from realstack.cli.outcome import DONE, WrongUsage
from realstack.cli.output import Output
from realstack.settings import MissingSetting
from settlement.localnet.faults import FaultName

DESCRIPTION = """Make the local Solana network fail as a real one does, or mend it again. Faults:

  drop               takes a transaction, answers with its signature, never lands it
  delay              lands a transaction --slots later
  duplicate          hands the same bytes to the cluster twice
  lost-answer        lands a transaction and answers nothing
  lagging-node       stays --slots behind the cluster
  rate-limit         answers HTTP 429
  wrong-genesis      names another genesis hash
  expired-blockhash  hands out a blockhash that can no longer be used
  rolled-back-slot   undoes the newest --slots blocks, once and at once

  realstack localnet fault drop --count 3
  realstack localnet clear drop
  realstack localnet status"""

TIMEOUT_S = 10
_METHOD_NOT_FOUND = -32601


def main(arguments: Sequence[str]) -> int:
    """Carry out one action and return the exit status."""
    reader = parser("localnet", DESCRIPTION)
    actions = reader.add_subparsers(dest="action", metavar="fault|clear|status", required=True)
    fault = actions.add_parser("fault", help="switch a fault on", allow_abbrev=False)
    fault.add_argument("name", metavar="NAME", choices=[*FaultName], help=", ".join(FaultName))
    fault.add_argument("--slots", type=whole_argument, help="its size (default 1)")
    fault.add_argument("--count", type=whole_argument, help="how often it strikes (no end)")
    fault.add_argument("--for-slots", type=whole_argument, help="how long it stays on (no end)")
    fault.add_argument("--address", help="strike only transactions that name this key")
    clear = actions.add_parser("clear", help="switch faults off", allow_abbrev=False)
    clear.add_argument("name", metavar="NAME", nargs="?", choices=[*FaultName], help="one of them")
    status = actions.add_parser("status", help="slots, and the faults that are on")
    for action in (fault, clear, status):
        _add_network(action)
    options = reader.parse_args(arguments)
    output = Output("localnet", options.json)
    found = _call(options, *_request(options), usage=reader.format_usage())
    output.verdict(_words(options, found), ok=True, outcome="DONE", **found)
    return DONE


def _add_network(to: argparse.ArgumentParser) -> None:
    add_data(to)
    to.add_argument("--rpc", metavar="URL", help="the network's JSON-RPC (SOLANA_RPC_URL)")
    add_json(to)


def _request(options: Namespace) -> tuple[str, list[object]]:
    if options.action == "status":
        return "localnet_status", []
    if options.action == "clear":
        return "localnet_clearFaults", [] if options.name is None else [options.name]
    names = {"slots": "slots", "count": "count", "for_slots": "forSlots", "address": "address"}
    given = {wire: getattr(options, name) for name, wire in names.items()}
    details = {wire: value for wire, value in given.items() if value is not None}
    return "localnet_setFault", [str(options.name), details]


def _call(options: Namespace, method: str, params: list[object], *, usage: str) -> dict[str, Any]:
    """Call a method of the network.

    Raises:
        MissingSetting: No localnet answers there.
        WrongUsage: The network refuses what is asked for.
    """
    url = options.rpc or settings_of(options).need("solana_rpc_url")
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    try:
        answer = httpx.post(url, json=body, timeout=TIMEOUT_S).raise_for_status().json()
    except (httpx.HTTPError, httpx.InvalidURL, json.JSONDecodeError) as error:
        words = f"rpc: no local network answers at {url}: {error}"
        raise MissingSetting(words, "rpc") from error
    if "error" not in answer:
        return dict(answer["result"])
    refusal = answer["error"]
    if refusal["code"] == _METHOD_NOT_FOUND:
        raise MissingSetting(f"rpc: the node at {url} is a real one: it has no faults", "rpc")
    rule = refusal["message"].removeprefix("Invalid params: ")
    raise WrongUsage(f"argument {rule}", usage)


def _words(options: Namespace, found: dict[str, Any]) -> str:
    if "undone" in found:
        return f"rolled back: {len(found['undone'])} transactions undone"
    active = found["active"] if "active" in found else found["faults"]
    faults = ", ".join(_fault(one) for one in active) or "no fault"
    where = f"open slot {found['openSlot']}, " if "openSlot" in found else ""
    return f"localnet: {where}{faults} on"


def _fault(fault: dict[str, Any]) -> str:
    count, last = fault["count"], fault["lastSlot"]
    notes = [
        "" if fault["slots"] == 1 else f"{fault['slots']} slots",
        "" if count is None else f"{count} times",
        "" if last is None else f"until slot {last}",
        "" if fault["address"] is None else f"for {fault['address']}",
    ]
    told = ", ".join(note for note in notes if note)
    return f"{fault['name']} ({told})" if told else str(fault["name"])
