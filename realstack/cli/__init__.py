"""The command line: `realstack COMMAND`. One module a command, each with `main(arguments)`.

The last line on stdout is the verdict, and the exit status agrees with it: 0 done, 1 refused or
failed, 2 wrong input, of which nothing was sent. With `--json` the last line is one JSON object.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

# `up` starts processes while it speaks gRPC. They begin a program of their own at once, so gRPC
# need not be made fit to go on in them. Set before it is loaded, because it looks only then.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")


@dataclass(frozen=True, slots=True)
class Command:
    """A command: the module whose `main(arguments)` runs it, and what it does."""

    module: str
    summary: str


COMMANDS: dict[str, Command] = {
    "up": Command("realstack.cli.up", "start the whole exchange on this machine"),
    "order": Command("realstack.cli.order", "place an order"),
    "quote": Command("realstack.cli.quote", "replace all that you quote in a market"),
    "cancel": Command("realstack.cli.cancel", "cancel one order, or all"),
    "deadline": Command("realstack.cli.deadline", "cancel my orders unless I am heard of in time"),
    "account": Command("realstack.cli.account", "balances and working orders of an account"),
    "phase": Command("realstack.cli.phase", "change a market's trading phase, or uncross it"),
    "limit": Command("realstack.cli.limit", "list, set or remove limits on orders"),
    "kill": Command("realstack.cli.kill", "stop an account, a market or the venue, or lift that"),
    "deposit": Command("realstack.cli.deposit", "pay funds in from the wallet on chain"),
    "exit": Command("realstack.cli.exit", "leave with all funds, with no one's leave"),
    "withdraw": Command("realstack.cli.withdraw", "pay funds out to the account's wallet on chain"),
    "book": Command("realstack.cli.book", "show a market's book"),
    "watch": Command("realstack.cli.watch", "follow a market's book and trades live"),
    "status": Command("realstack.cli.status", "state of the running venue"),
    "localnet": Command("realstack.cli.localnet", "faults of the local Solana network, on request"),
    "settlement": Command("realstack.cli.settlement", "status of settlement; explain, retry, park"),
    "journal": Command("realstack.cli.journal", "check, show, export or cut the engine's journal"),
    "reconcile": Command("realstack.cli.reconcile", "compare the ledger with the chain"),
    "replay": Command("realstack.replay.command", "send a recorded market as orders"),
    "sim": Command("realstack.cli.sim", "run participants against a running venue"),
    "serve": Command("realstack.cli.serve", "run one process of the exchange"),
}


def load(name: str) -> ModuleType:
    """Import the module of a command; only this one, so that each starts quickly."""
    return importlib.import_module(COMMANDS[name].module)


def help_text() -> str:
    """Return what `realstack --help` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()]
    return (
        "usage: realstack COMMAND [arguments]\n\n"
        + "\n".join(lines)
        + "\n\n`realstack COMMAND --help` explains a command. Addresses and keys of a venue that"
        "\nruns on this machine are found by themselves; realstack/settings.py lists the"
        "\nenvironment variables that say otherwise.\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        print(help_text(), end="")
        return 0 if words else 2
    if words[0] == "serve":
        # What the other commands need to say what went wrong takes time to load.
        return int(load("serve").main(words[1:]))
    from realstack.cli.outcome import WrongUsage, guarded  # see above
    from realstack.cli.output import Output

    def run() -> int:
        if words[0] not in COMMANDS:
            rule = f"argument COMMAND: {words[0]!r} is none of: {', '.join(COMMANDS)}"
            raise WrongUsage(rule, "usage: realstack COMMAND [arguments]\n")
        return int(load(words[0]).main(words[1:]))

    known = words[0] if words[0] in COMMANDS else "realstack"
    return guarded(Output(known, as_json="--json" in words), run)
