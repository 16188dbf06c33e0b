"""The long comparison: ten million commands in chunks, resumed where it was cut.

Each chunk is a comparison from an empty venue with a seed of its own. What is done stands in
`build/compare/full.json`, with a hash of the sources that it is true of: after a change of the
cores or of the command source it begins again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.model.compare import Report, compare

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / "build" / "compare" / "full.json"
CHUNK_COMMANDS = 250_000
FULL_COMMANDS = 10_000_000
COUNTED = ("kinds", "rejects", "orders", "events")


def sources_hash() -> str:
    """Hash what a result depends on: both cores and the source of commands."""
    digest = hashlib.sha256()
    for folder in ("engine/core", "engine/reference", "tests/model"):
        for path in sorted((ROOT / folder).glob("*.p*")):
            if path.suffix in {".py", ".pxd"}:
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def load(path: Path, key: str) -> dict[str, Any]:
    """Read the chunks that are done; none when they are of other sources."""
    if path.exists():
        state: dict[str, Any] = json.loads(path.read_text())
        if state.get("key") == key:
            return state
    return {"key": key, "chunks": {}}


def save(path: Path, state: dict[str, Any]) -> None:
    """Write the state beside, then put it in place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(state))
    os.replace(beside, path)


def run(
    make_core: Callable[[], Any],
    *,
    commands: int,
    seed: int,
    chunk_commands: int = CHUNK_COMMANDS,
    path: Path = STATE,
) -> Report:
    """Compare chunk by chunk; give the sum of all, those of former runs included.

    Raises:
        Difference: At the first that differs; the chunks before it stay done.
    """
    state = load(path, f"{sources_hash()} seed {seed} chunk {chunk_commands}")
    count = -(-commands // chunk_commands)
    for index in range(count):
        if str(index) in state["chunks"]:
            continue
        started = time.monotonic()
        report = compare(make_core, commands=chunk_commands, seed=seed + index)
        state["chunks"][str(index)] = {
            "commands": report.commands,
            "digest": f"{report.digest:032x}",
            **{name: getattr(report, name) for name in COUNTED},
        }
        save(path, state)
        seconds = int(time.monotonic() - started)
        print(f"compare: chunk {index + 1} of {count}, {seconds} s", file=sys.stderr, flush=True)
    return total(state["chunks"][str(index)] for index in range(count))


def total(chunks: Any) -> Report:
    """Add chunks up; the digest is that of the chunks' digests."""
    sum_of_all, digests = Report(), hashlib.sha256()
    for chunk in chunks:
        sum_of_all.commands += chunk["commands"]
        digests.update(chunk["digest"].encode())
        for name in COUNTED:
            getattr(sum_of_all, name).update(Counter(chunk[name]))
    sum_of_all.digest = int.from_bytes(digests.digest()[:16], "big")
    return sum_of_all
