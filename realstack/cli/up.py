"""`realstack up`: start the whole exchange on this machine."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from realstack.cli.options import add_data, add_json, parser, seconds
from realstack.cli.outcome import DONE, REFUSED
from realstack.cli.output import Output, is_terminal
from realstack.client import ClientError
from realstack.up.folders import FolderRefused
from realstack.up.instruments import InstrumentsInvalid
from realstack.up.process import ProcessFailed
from realstack.up.run import Options, Run, Stopped
from realstack.up.screen import Screen
from realstack.up.tokens import ChainSetupFailed
from settlement.chain import ChainRefused, ChainUnavailable
from settlement.signer import SignerInvalid

DESCRIPTION = """Start the whole exchange on this machine: PostgreSQL, a Solana network, the
engine, the market service, the settlement worker and the gateway with its live page; with --demo
also participants that trade. It goes on with what the data folder holds.

Ctrl-C ends it: participants take their orders back, what is left is settled, ledger and chain are
compared, and the last line says whether they are equal. A second Ctrl-C does not wait for
settlement. DATABASE_URL and SOLANA_RPC_URL put others in the place of the embedded ones."""
CANNOT_START = (
    FolderRefused,
    InstrumentsInvalid,
    ProcessFailed,
    ChainSetupFailed,
    ChainRefused,
    ChainUnavailable,
    SignerInvalid,
    Stopped,
    ClientError,
)


def main(arguments: Sequence[str]) -> int:
    """Run the exchange and return the exit status."""
    reader = parser("up", DESCRIPTION)
    reader.add_argument("--demo", action="store_true", help="with participants that trade")
    reader.add_argument("--duration", type=seconds, metavar="S", help="end after so many seconds")
    reader.add_argument(
        "--fresh", action="store_true", help="forget what earlier runs left in the data folder"
    )
    reader.add_argument(
        "--page", default="127.0.0.1:0", metavar="HOST:PORT", help="the page's port (default: any)"
    )
    reader.add_argument(
        "--core",
        choices=("compiled", "reference"),
        default="compiled",
        help="the matching core; the reference is slow and for tests",
    )
    add_data(reader)
    add_json(reader)
    given = reader.parse_args(arguments)
    options = Options(
        data=given.data,
        demo=given.demo,
        duration_seconds=given.duration,
        fresh=given.fresh,
        page=given.page,
        core=given.core,
    )
    stream = sys.stderr if given.json else sys.stdout
    screen = Screen(stream, redraw=is_terminal(stream))
    output = Output("up", given.json)
    try:
        result = asyncio.run(Run(options, screen).run())
    except CANNOT_START as error:
        first, *rest = str(error).splitlines() or [type(error).__name__]
        for line in rest:
            screen.line(line)
        output.verdict(f"up: {first}", ok=False, outcome="FAILED", error=str(error))
        return REFUSED
    output.verdict(result.verdict.text, **result.facts)
    return DONE if result.verdict.equal else REFUSED
