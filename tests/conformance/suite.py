"""The external suite on the compiled core: its fixed cases, and its profiles' generated traces."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.environment import BIN, FOLDER, ROOT

PROGRAM = str(BIN / "tracebook-conformance")
PROFILES = ("fifo-limit-v1", "fifo-full-v1", "fifo-partial-fill-v1")
# Fixed cases that ask for what is not offered, each with the reason.
NOT_OFFERED: dict[str, str] = {}


@dataclass(frozen=True)
class Checked:
    """One case or profile, and what came of it."""

    name: str
    what: str
    passed: bool
    note: str = ""


def _candidate() -> str:
    return shlex.join([sys.executable, "-m", "tests.conformance.adapter"])


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def fixed_cases() -> list[Checked]:
    """Run every fixed case of the suite that is offered."""
    folder = FOLDER / "suite"
    shutil.rmtree(folder, ignore_errors=True)
    _run("sample", str(folder), "--suite-version", "v2")
    manifest = json.loads((folder / "manifest.json").read_text())
    return [_fixed_case(folder, case) for case in manifest["cases"]]


def _fixed_case(folder: Path, case: dict[str, Any]) -> Checked:
    name, config = str(case["name"]), case["config"]
    if name in NOT_OFFERED:
        return Checked(name, "not offered", passed=True, note=NOT_OFFERED[name])
    done = _run(
        "run",
        str(folder / case["events"]),
        *("--algorithm", config["matching_algorithm"], "--tick-size", config["tick_size"]),
        *("--self-trade-policy", config["self_trade_policy"]),
        *("--quantity-decimal-places", str(config["quantity_decimal_places"])),
        *("--candidate-cmd", _candidate()),
    )
    note = "" if done.returncode == 0 else (done.stdout + done.stderr).strip()[-300:]
    return Checked(name, "fixed case", passed=done.returncode == 0, note=note)


def profile(name: str, *, seed: int, traces: int, events: int) -> Checked:
    """Qualify for a profile: its fixed cases, then generated traces."""
    folder = FOLDER / "qualification" / name
    shutil.rmtree(folder, ignore_errors=True)
    done = _run(
        "qualify",
        *("--profile", name, "--seed", str(seed), "--traces", str(traces)),
        *("--events-per-trace", str(events), "--output-dir", str(folder)),
        *("--candidate-cmd", _candidate()),
    )
    note = "" if done.returncode == 0 else (done.stdout + done.stderr).strip()[-300:]
    what = f"{traces} traces of {events} events, seed {seed}"
    return Checked(name, what, passed=done.returncode == 0, note=note)
