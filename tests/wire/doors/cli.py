"""The command line, as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.processes import ROOT
from tests.wire.doors.http_fields import text_fields
from tests.wire.scene import Scene
from tests.wire.table import Action, Ask, Command, Outcome, Party, Words

PROCESS_SECONDS = 60
POSITIONAL: dict[Action, tuple[str, ...]] = {
    Action.PLACE: ("side", "market", "quantity"),
    Action.CANCEL: ("order_id",),
    Action.CANCEL_ALL: (),
    Action.WITHDRAW: ("asset", "amount"),
}
COMMANDS: dict[Action, tuple[str, ...]] = {
    Action.PLACE: ("order",),
    Action.CANCEL: ("cancel",),
    Action.CANCEL_ALL: ("cancel", "--all"),
    Action.WITHDRAW: ("withdraw",),
}


class CommandLine:
    """Runs `realstack` with one command line."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._data = Path(scene.venue.folder.data, "cli")

    def send(self, ask: Ask, party: Party) -> Outcome:
        """Run the command and return what it says."""
        if isinstance(ask, Command):
            ask = Words(self._words(ask))
        if not isinstance(ask, Words):
            raise TypeError(f"this door cannot be told {type(ask).__name__}")
        done = subprocess.run(
            [sys.executable, "-m", "realstack.cli", *ask.words, "--json"],
            cwd=ROOT,
            env=self._environment(party),
            capture_output=True,
            timeout=PROCESS_SECONDS,
            check=False,
        )
        return outcome_of_process(done)

    def _environment(self, party: Party) -> dict[str, str]:
        key = self._scene.key(party)
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "ENGINE_ADDRESS": self._scene.venue.engine.address,
            "REALSTACK_DATA": str(self._data),
            **({} if key is None else {"REALSTACK_API_KEY": key}),
        }

    def _words(self, command: Command) -> tuple[str, ...]:
        fields = text_fields(command, self._scene)
        words = list(COMMANDS[command.action])
        words += [str(fields.pop(name)) for name in POSITIONAL[command.action] if name in fields]
        for name, value in fields.items():
            option = f"--{name.replace('_', '-')}"
            if value is True:
                words.append(option)
            elif value is not None and name != "type":
                words.append(f"{option}={value}")
        return tuple(words)


def outcome_of_process(done: subprocess.CompletedProcess[bytes]) -> Outcome:
    """Return what the last line says, if the exit status agrees with it."""
    status = f"exit {done.returncode}"
    if done.returncode == 0:
        return Outcome(True, status)
    lines = done.stdout.splitlines()
    if not lines or not lines[-1].startswith(b"{"):
        said = done.stderr.decode("utf-8", "replace").splitlines() or [""]
        return Outcome(False, status, rule=said[-1])
    told = json.loads(lines[-1])
    is_definite = told["ok"] is False and told["outcome"] in ("INVALID", "REJECTED")
    return Outcome(
        accepted=False,
        status=status,
        code=told.get("code") if is_definite else None,
        name=told.get("name", ""),
        field=told.get("field", ""),
        rule=told.get("rule", ""),
    )
