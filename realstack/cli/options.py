"""Options that commands share: where the venue is, and whose key is used."""

from __future__ import annotations

import argparse
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from engine.core.rejects import Reject
from realstack import settings
from realstack.cli.outcome import Parser
from realstack.client import Client, InvalidInput
from realstack.client.session import PERSON
from realstack.settings import Settings


def parser(command: str, description: str) -> Parser:
    """Make the parser of a command."""
    return Parser(
        prog=f"realstack {command}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_json(to: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    to.add_argument("--json", action="store_true", help="last line: one JSON object")


def add_data(to: argparse.ArgumentParser) -> None:
    """Add `--data`."""
    to.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the venue's folder (REALSTACK_DATA; default .realstack here, for root under "
        "/var/lib/realstack)",
    )


def add_venue(to: argparse.ArgumentParser, *, key: str = PERSON) -> None:
    """Add what a command needs to call the engine."""
    add_data(to)
    to.add_argument("--engine", metavar="HOST:PORT", help="the engine (ENGINE_ADDRESS)")
    to.add_argument(
        "--key",
        metavar="NAME",
        help=f"use the key secrets/NAME.key of the data folder (REALSTACK_API_KEY, else {key!r})",
    )
    to.add_argument(
        "--timeout", type=seconds, default=10.0, metavar="S", help="seconds to wait (default 10)"
    )
    to.set_defaults(default_key=key)


def add_client_id(to: argparse.ArgumentParser) -> None:
    """Add the id under which a command takes effect at most once."""
    to.add_argument("--client-id", metavar="ID", help="an id of your own: a UUID or a number")
    to.add_argument(
        "--sent-time-ns", metavar="NS", help="with the id of an earlier try: when that was sent"
    )


class Identity(TypedDict, total=False):
    """The id arguments of a call."""

    client_id: int
    sent_time_ns: int


def seconds(text: str) -> float:
    """Read a number of seconds, for argparse.

    Raises:
        ValueError: It is not a plain number from 0 to a day.
    """
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text, re.ASCII) or float(text) > 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to 86400")
    return float(text)


def whole_argument(text: str) -> int:
    """Read a number of levels or the like, for argparse.

    Raises:
        ValueError: It is not a whole number from 1 to 10,000.
    """
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 10000")
    return int(text)


def whole_between(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a whole number of a range, for argparse."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or not least <= int(text) <= most:
            rule = f"{text!r} is not a whole number from {least} to {most}"
            raise argparse.ArgumentTypeError(rule)
        return int(text)

    return read


def whole(field: str, text: str, code: Reject) -> int:
    """Read a whole number that is not negative.

    Raises:
        InvalidInput: It is something else, or has more than 39 digits.
    """
    if not re.fullmatch(r"[0-9]{1,39}", text, re.ASCII):
        raise InvalidInput(field, text, "must be a whole number", code)
    return int(text)


def client_id_of(text: str | None, field: str = "client_id") -> int | None:
    """Read a client id: a UUID with its hyphens, or a number.

    Raises:
        InvalidInput: It is neither.
    """
    if text is None:
        return None
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text, re.ASCII):
        return uuid.UUID(text).int
    return whole(field, text, Reject.INVALID_CLIENT_ID)


def identity_of(options: argparse.Namespace) -> Identity:
    """Return the id arguments of a call, from the options of `add_client_id`.

    Raises:
        InvalidInput: An id or a time is malformed.
    """
    identity: Identity = {}
    client_id = client_id_of(options.client_id)
    if client_id is not None:
        identity["client_id"] = client_id
    if options.sent_time_ns is not None:
        if client_id is None:
            rule = "must be given with --sent-time-ns, which is the time of an earlier try"
            raise InvalidInput("client_id", None, rule, Reject.INVALID_CLIENT_ID)
        sent = whole("sent_time_ns", options.sent_time_ns, Reject.ID_TOO_OLD)
        identity["sent_time_ns"] = sent
    return identity


def settings_of(options: argparse.Namespace) -> Settings:
    """Return the settings of a command."""
    return settings.load(data=options.data)


def client_of(options: argparse.Namespace) -> Client:
    """Make the client that a command's options ask for.

    Raises:
        MissingSetting: There is no engine or no key to be found.
    """
    known = settings_of(options)
    address = options.engine or known.need("engine_address")
    if options.key is not None:
        key = known.key_of(options.key)
    else:
        key = known.api_key or known.key_of(options.default_key)
    return Client(address, api_key=key, timeout_seconds=options.timeout)
