"""The files that the rules look at: what git knows, and what it would take in."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("engine/", "gateway/", "realstack/", "services/", "settlement/")
CODE = (".py", ".pxd", ".proto", ".sql", ".js", ".ts", ".tsx", ".css", ".html", ".rs", ".sh")
CODE_NAMES = ("dev", ".ci/run", "Makefile")
GENERATED = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")


@cache
def files() -> tuple[str, ...]:
    """Return every file that is committed, or would be by `git add`, as paths from the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(sorted(name for name in done.stdout.split("\0") if (ROOT / name).is_file()))


@cache
def text(path: str) -> str | None:
    """Return a file's text; nothing when it is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def is_generated(path: str) -> bool:
    """Tell whether a machine wrote the file: its source is checked instead."""
    return path.endswith(GENERATED)


def is_code(path: str) -> bool:
    """Tell whether people wrote the file as code."""
    return (path.endswith(CODE) or path in CODE_NAMES) and not is_generated(path)


def is_python(path: str) -> bool:
    """Tell whether the file is hand-written Python."""
    return (path.endswith(".py") or path == "dev") and not is_generated(path)


def is_product(path: str) -> bool:
    """Tell whether the file is Python that runs for users."""
    return is_python(path) and path.startswith(PRODUCT)


def is_money(path: str) -> bool:
    """Tell whether the file handles prices or money."""
    return is_python(path) and path.startswith(("engine/", "settlement/"))


def is_core(path: str) -> bool:
    """Tell whether the file belongs to the deterministic core."""
    return is_python(path) and path.startswith("engine/core/")


def is_reference(path: str) -> bool:
    """Tell whether the file belongs to the executable specification."""
    return is_python(path) and path.startswith("engine/reference/")


def is_test(path: str) -> bool:
    """Tell whether the file holds tests."""
    return path.startswith("tests/") and Path(path).name.startswith("test_")
