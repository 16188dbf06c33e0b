"""All rules in one table: what each looks at, and one text that breaks it and one that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.tidy import code_rules, core_rules, text_rules, tree
from tests.tidy.finding import Finding, excepted_lines

CORE = "engine/core/example.py"
REFERENCE = "engine/reference/example.py"
PRODUCT = "gateway/example.py"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; its sentence is the docstring of `find`."""

    name: str
    find: Callable[[str, str], list[Finding]]
    applies: Callable[[str], bool]
    bad: tuple[str, ...]
    good: tuple[str, ...]
    at: str = PRODUCT
    exceptions_max: int = 0

    def findings(self, path: str, text: str) -> list[Finding]:
        """Return what breaks the rule, without the exceptions that the code states."""
        excepted = excepted_lines(text, self.name) if self.exceptions_max else set()
        try:
            found = self.find(path, text)
        except SyntaxError as error:
            return [Finding(error.lineno or 0, "does not parse")]
        return [finding for finding in found if finding.line not in excepted]


def is_lock(path: str) -> bool:
    """Tell whether the file is a list of pinned packages."""
    return path.startswith("requirements/")


def is_core_declaration(path: str) -> bool:
    """Tell whether the file declares C types for a module of the core."""
    return path.startswith("engine/core/") and path.endswith(".pxd")


def is_text(path: str) -> bool:
    """Tell whether the file is text of any kind."""
    return tree.text(path) is not None


def is_written_text(path: str) -> bool:
    """Tell whether the file is text that people wrote, tests data aside."""
    return is_text(path) and (tree.is_code(path) or path.endswith((".md", ".toml", ".yaml")))


DOC = '"""What it is."""\n'
SUPPRESS = "import contextlib\nwith contextlib.suppress({}):\n    f()\n"
HANDLER = "try:\n    f()\nexcept {}:\n    {}\n"
LONG_BODY = "def f():\n" + "    x = 1\n" * 71
LONG_DOCSTRING = 'def f():\n    """One.\n' + "    line\n" * 90 + '    """\n    return 1\n'

RULES = (
    Rule("line", text_rules.long_lines, tree.is_code, ("x" * 101,), ("x" * 100,)),
    Rule("file", text_rules.long_files, tree.is_code, ("x\n" * 601,), ("x\n" * 600,)),
    Rule("core-file", text_rules.long_files, tree.is_code, ("x\n" * 401,), ("x\n" * 400,), at=CORE),
    Rule(
        "registry",
        text_rules.registry_hosts,
        is_text,
        tuple(f"see https://{host}/x" for host in text_rules.REGISTRIES),
        ("see the package index",),
    ),
    Rule(
        "place",
        text_rules.absolute_paths,
        is_text,
        ("open('/" + "work/x')", "cd /" + "tmp", '"/' + 'root/.cache"'),
        ("/var/lib/realstack/x", "https://host/work/x", "a/tmp/b", "/rooted", "~/tmp", "$X/tmp"),
    ),
    Rule(
        "later",
        text_rules.postponed,
        is_written_text,
        ("# TO" + "DO: x", "// FIX" + "ME"),
        ("# a todo list", "TO" + "DOS"),
    ),
    Rule("space", text_rules.trailing_space, tree.is_code, ("x \n", "x"), ("x\n", "x\n\ny\n", "")),
    Rule(
        "lock-address",
        text_rules.lock_addresses,
        is_lock,
        ("--index-url x", "x @ y", "x==1 ; https://y"),
        ("x==1 ; python_full_version < '3.12' \\",),
    ),
    Rule(
        "lock-hash",
        text_rules.lock_hashes,
        is_lock,
        ("x==1\n", "x==1 \\\ny==1\n"),
        ("x==1 \\\n    --hash=sha256:00\n    # via y\n",),
    ),
    Rule(
        "function",
        code_rules.long_functions,
        tree.is_python,
        (LONG_BODY,),
        (LONG_DOCSTRING, LONG_BODY.replace("    x = 1\n", "", 1)),
    ),
    Rule(
        "assert",
        code_rules.bare_asserts,
        tree.is_product,
        ("assert x\n",),
        ("check(x, 'y')\n",),
    ),
    Rule(
        "swallow",
        code_rules.swallowed_errors,
        tree.is_python,
        (
            HANDLER.format("", "g()").replace("except :", "except:"),
            HANDLER.format("Exception", "pass"),
            HANDLER.format("ValueError", "..."),
            HANDLER.format("(OSError, Exception)", "log.error('x')"),
            SUPPRESS.format("Exception"),
        ),
        (
            HANDLER.format("ValueError", "return 1").replace("try", "def f():\n  try", 0),
            HANDLER.format("Exception", "raise"),
            HANDLER.format("ValueError", "log.error('x')"),
            SUPPRESS.format("ValueError"),
        ),
    ),
    Rule(
        "docstring",
        code_rules.missing_docstrings,
        tree.is_product,
        (
            "x = 1\n",
            DOC + "def f(): ...\n",
            DOC + "class A:\n    x = 1\n",
            DOC + "class A:\n    '''A.'''\n    async def f(self): ...\n",
        ),
        (
            DOC + "def _f(): ...\n",
            DOC + "class A:\n    '''A.'''\n    def __init__(self): ...\n",
            DOC + "def f():\n    '''F.'''\n    def g(): ...\n",
        ),
    ),
    Rule(
        "sleep",
        code_rules.sleeping_tests,
        tree.is_test,
        ("import time\ntime.sleep(1)\n", "await asyncio.sleep(0.1)\n"),
        ("await asyncio.sleep(0)\n", "clock.sleep(1)\n"),
        exceptions_max=20,
    ),
    Rule(
        "mock",
        code_rules.mocked_classes,
        lambda path: tree.is_python(path) and path.startswith("tests/"),
        ("import unittest.mock\n", "from unittest import mock\n", "from unittest.mock import x\n"),
        ("import mockery\n",),
    ),
    Rule(
        "core-import",
        core_rules.core_imports,
        tree.is_core,
        (
            "import time\n",
            "from os import path\n",
            "def f():\n    import random\n",
            "from engine import node\n",
            "from .. import node\n",
            "from realstack.trading.v1 import trading_pb2\n",
        ),
        ("from engine.core import units\n", "from . import units\n", "import struct, cython\n"),
        at=CORE,
    ),
    Rule(
        "core-cimport",
        core_rules.core_cimports,
        is_core_declaration,
        ("from libc.time cimport time\n", "cimport posix.time\n", "from engine.node cimport x\n"),
        (
            "from libc.stdint cimport int64_t\n",
            "from engine.core.book cimport Book\n",
            "cimport cython\n",
        ),
        at="engine/core/example.pxd",
    ),
    Rule(
        "core-call",
        core_rules.core_calls,
        tree.is_core,
        ("hash('x')\n", "print(1)\n", "numpy.random.rand()\n", "open('x')\n"),
        ("self.hash(1)\n", "len('x')\n"),
        at=CORE,
    ),
    Rule(
        "reference-import",
        core_rules.reference_imports,
        tree.is_reference,
        (
            "from engine.core.book import Book\n",
            "from engine.core import venue\n",
            "import engine.core.matching\n",
            "from engine.node import Node\n",
            "from engine import core\n",
        ),
        (
            "from engine.core.commands import COMMAND\n",
            "from engine.core import limits\n",
            "from engine.reference.book import Book\n",
            "from . import book\n",
            "import sortedcontainers\n",
        ),
        at=REFERENCE,
    ),
    Rule(
        "float",
        core_rules.floats,
        tree.is_money,
        (
            "x = 0.5\n",
            "y = a / b\n",
            "a /= 2\n",
            "y = a(b) / c\n",
            "float('1')\n",
            "x = 1e3\n",
            "x = 1j\n",
        ),
        (
            "x = 5\n",
            "y = a // b\n",
            "p = a / 'x' / b\n",
            "p = self.folder / name\n",
            "p = Path(a) / name\n",
            "p = folder / f'{x}' / name\n",
            "x = 0.5  # tidy: float-ok seconds that asyncio wants\n",
        ),
        at=CORE,
        exceptions_max=40,
    ),
    Rule(
        "set",
        core_rules.set_iteration,
        tree.is_core,
        (
            "for x in {1, 2}:\n    f(x)\n",
            "y = [x for x in set(z)]\n",
            "def f(a: set[int]) -> None:\n    for x in a:\n        g(x)\n",
            "self.open = set()\nlist(self.open)\n",
            "seen: frozenset[int] = f()\nfor x in seen | other:\n    g(x)\n",
            "s = {1}\ns.pop()\n",
        ),
        (
            "for x in sorted({1, 2}):\n    f(x)\n",
            "for x in {1: 2}:\n    f(x)\n",
            "seen = set()\nseen.add(1)\nprint(1 in seen)\n",
        ),
        at=CORE,
    ),
)
