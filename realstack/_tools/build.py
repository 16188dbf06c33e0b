"""Compile the core, only when its sources changed.

An edited ``.py`` beside an old ``.so`` would run the old code without a word, because Python
prefers the extension. So every command that runs the core comes through here first, and the test
suite refuses to start on a stale build. Freshness goes by content: a checkout may set any time.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = "engine/core"
MARK = "# cython: language_level=3"


def compiled_modules(root: Path) -> list[Path]:
    """Return the modules that ask to be compiled: those whose first line is the mark."""
    found = []
    for path in sorted((root / CORE).rglob("*.py")):
        with path.open(encoding="utf-8") as source:
            if source.readline().rstrip("\n") == MARK:
                found.append(path)
    return found


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fingerprint(root: Path) -> dict[str, str]:
    """Return what the compiled core depends on: each source by its digest, and the tools."""
    sources = compiled_modules(root) + sorted((root / CORE).rglob("*.pxd"))
    marks = {str(path.relative_to(root)): digest(path) for path in sources}
    if marks:
        marks["setup.py"] = digest(root / "setup.py")
        marks["Cython"] = version("Cython")
        marks["Python"] = sys.version
    return marks


def shared_objects(root: Path) -> list[Path]:
    """Return the extensions that lie beside the core's sources, of any Python version."""
    return sorted((root / CORE).rglob("*.so"))


def stamp_path(root: Path) -> Path:
    """Return where the fingerprint of the last good build is kept."""
    return root / "build" / "core.json"


def recorded(root: Path) -> dict[str, str]:
    """Return the fingerprint of the last good build; empty when there was none."""
    path = stamp_path(root)
    if not path.exists():
        return {}
    marks: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return marks


def is_stale(root: Path = ROOT) -> bool:
    """Tell whether the compiled core differs from its sources, or is missing."""
    modules = compiled_modules(root)
    built = {path.name.split(".")[0] for path in shared_objects(root)}
    wanted = {path.stem for path in modules}
    return fingerprint(root) != recorded(root) or built != wanted


def forget_changed(root: Path, before: dict[str, str], after: dict[str, str]) -> None:
    """Remove the C files that must be made again, and the extensions that nobody asks for."""
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    everything = any(not name.endswith(".py") or name == "setup.py" for name in changed)
    for path in sorted((root / "build" / "cython").rglob("*.c")):
        source = str(path.relative_to(root / "build" / "cython").with_suffix(".py"))
        if everything or source in changed:
            path.unlink()
    wanted = {(path.parent, path.stem) for path in compiled_modules(root)}
    for path in shared_objects(root):
        if (path.parent, path.name.split(".")[0]) not in wanted:
            path.unlink()


def build(root: Path = ROOT, *, force: bool = False) -> bool:
    """Compile what changed and return whether anything was done.

    Raises:
        subprocess.CalledProcessError: The compiler failed, or there is none; its output was shown.
    """
    (root / "build").mkdir(exist_ok=True)
    with (root / "build" / "core.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two terminals may both find the core stale
        if not force and not is_stale(root):
            return False
        marks = fingerprint(root)
        forget_changed(root, {} if force else recorded(root), marks)
        stamp_path(root).unlink(missing_ok=True)
        if marks:
            compile_core(root)
        record(root, marks)
        return True


def record(root: Path, marks: dict[str, str]) -> None:
    """Keep the fingerprint of a good build."""
    stamp_path(root).write_text(json.dumps(marks, indent=1, sort_keys=True), encoding="utf-8")


def compile_core(root: Path) -> None:
    """Run the extension build in place, its output shown only when it fails."""
    count = len(compiled_modules(root))
    say(f"compiling {count} modules of the core (about {10 * count} s at most)")
    started = time.monotonic()
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace", "--parallel", "2"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stdout + done.stderr)
        say("the core did not compile; a C compiler and Python.h are needed (see ./dev setup)")
        raise subprocess.CalledProcessError(done.returncode, command)
    say(f"compiled in {time.monotonic() - started:.0f} s")


def say(text: str) -> None:
    """Tell the person what is going on; stdout stays free for verdicts."""
    print(f"dev: {text}", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Build the core; with ``--force`` from nothing."""
    try:
        done = build(force="--force" in arguments)
    except subprocess.CalledProcessError as error:
        return error.returncode or 1
    if "--quiet" not in arguments:
        print("core built" if done else "core is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
