"""Everything that can be told without running the product.

Format, lint, types, contracts, generated code and the style rules of ``tests/tidy``. Every step
runs even when an earlier one failed: one run shows all there is to mend.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from realstack._tools import proto

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PACKAGES = ("bench", "engine", "gateway", "realstack", "services", "settlement", "tests")


@dataclass(frozen=True, slots=True)
class Result:
    """How one step ended."""

    name: str
    ok: bool
    output: str
    seconds: float


def command(*words: str) -> tuple[bool, str]:
    """Run a program of the environment and return whether it was content, and what it said."""
    full = [str(BIN / words[0]), *words[1:]]
    done = subprocess.run(
        full, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.returncode == 0, done.stdout


def check_format() -> tuple[bool, str]:
    """Is every file laid out as `ruff format` does it?"""
    return command("ruff", "format", "--check", ".")


def check_lint() -> tuple[bool, str]:
    """Are there likely mistakes?"""
    return command("ruff", "check", ".")


def check_types() -> tuple[bool, str]:
    """Do the types fit, strictly?"""
    places = [name for name in PACKAGES if any((ROOT / name).rglob("*.py"))]
    return command("mypy", "dev", "setup.py", *places)


def check_contracts() -> tuple[bool, str]:
    """Do the contracts follow the rules of their style?"""
    return command("buf", "lint")


def git(*words: str) -> bytes | None:
    """Run git and return what it said, or nothing when it refused."""
    if shutil.which("git") is None:
        return None
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def base_revision() -> str | None:
    """Return the commit whose contracts must still work: the published one, else the one before."""
    head = git("rev-parse", "HEAD")
    published = git("rev-parse", "--verify", "--quiet", "origin/main")
    if published is not None and published != head:
        return published.decode().strip()
    before = git("rev-parse", "--verify", "--quiet", "HEAD~1")
    return before.decode().strip() if before is not None else None


def check_breaking() -> tuple[bool, str]:
    """Can clients built against the contracts of the base still talk to us?"""
    base = base_revision()
    if base is None or not git("ls-tree", base, "proto", "buf.yaml"):
        return True, "no earlier contracts to compare with\n"
    archive = git("archive", base, "proto", "buf.yaml")
    if archive is None:
        return True, f"{base[:12]} has no complete contracts to compare with\n"
    with tempfile.TemporaryDirectory() as folder:
        base_contracts = Path(folder, "base.tar")
        base_contracts.write_bytes(archive)
        return command("buf", "breaking", "--against", str(base_contracts))


def check_generated() -> tuple[bool, str]:
    """Are the stubs what the contracts give?"""
    lines = proto.drift(ROOT)
    return not lines, "".join(f"{line}; run ./dev proto\n" for line in lines)


def check_tidy() -> tuple[bool, str]:
    """Do the style rules hold?"""
    return command("python", "-m", "pytest", "-q", "tests/tidy")


STEPS: dict[str, Callable[[], tuple[bool, str]]] = {
    "format": check_format,
    "lint": check_lint,
    "types": check_types,
    "contracts": check_contracts,
    "breaking": check_breaking,
    "generated": check_generated,
    "tidy": check_tidy,
}


def run(names: list[str]) -> list[Result]:
    """Run the named steps and show each as it ends."""
    results = []
    for name in names:
        started = time.monotonic()
        ok, output = STEPS[name]()
        result = Result(name, ok, output, time.monotonic() - started)
        print(f"{'ok  ' if ok else 'FAIL'} {name:<10} {result.seconds:5.1f} s", flush=True)
        if not ok:
            print(output, flush=True)
        results.append(result)
    return results


def verdict(results: list[Result]) -> str:
    """Say in one line how it went."""
    failed = [result.name for result in results if not result.ok]
    if failed:
        return f"check: {len(failed)} of {len(results)} steps failed: {', '.join(failed)}"
    return f"check: {len(results)} steps passed"


def main(arguments: list[str]) -> int:
    """Run all steps, or those named; with ``--json`` the last line is an object."""
    names = [argument for argument in arguments if argument != "--json"]
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        print(f"usage: ./dev check [--json] [{'|'.join(STEPS)}]...")
        return 2
    results = run(names or list(STEPS))
    failed = [result.name for result in results if not result.ok]
    if "--json" in arguments:
        print(json.dumps({"steps": len(results), "failed": failed}))
    else:
        print(verdict(results))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
