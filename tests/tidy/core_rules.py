"""Rules that keep money exact and the core deterministic.

The core gives the same bytes for the same commands on any machine. So it has no clock, no
randomness, no input or output, no floats, and nothing that depends on the order of a set.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.tidy.finding import Finding

# A list of what is allowed, because a list of what is not would always miss the next one.
CORE_IMPORTS = frozenset(
    (
        "__future__",
        "abc",
        "array",
        "bisect",
        "collections",
        "cython",
        "dataclasses",
        "enum",
        "functools",
        "hashlib",
        "heapq",
        "itertools",
        "numpy",
        "operator",
        "struct",
        "types",
        "typing",
        "zlib",
    )
)
CORE_CIMPORTS = frozenset(("cpython", "cython", "engine.core", "libc", "numpy"))
# Names in the allowed modules that bring back what the rule keeps out.
CORE_NAMES_BANNED = frozenset(("random", "datetime64", "timedelta64", "fromfile", "save", "load"))
CORE_CALLS_BANNED = frozenset(
    ("compile", "eval", "exec", "hash", "id", "input", "open", "print", "__import__")
)
# The modules of the core that say what records are; all others apply them.
PLAIN_MODULES = frozenset(
    (
        "commands",
        "digest",
        "events",
        "invariants",
        "limits",
        "phases",
        "records",
        "rejects",
        "views",
    )
)
# What a division starts from when it joins a path.
FOLDER_NAMES = ("directory", "folder", "path", "root")
OURS = frozenset(("bench", "engine", "gateway", "realstack", "services", "settlement", "tests"))


def imported(tree: ast.AST, path: str) -> Iterator[tuple[int, str]]:
    """Yield every imported module by its full name, relative ones made absolute."""
    package = path.removesuffix("/__init__.py").removesuffix(".py").split("/")
    if not path.endswith("/__init__.py"):
        package = package[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"


def core_imports(path: str, source: str) -> list[Finding]:
    """The core imports itself and what is deterministic, nothing else."""
    found = []
    for line, name in imported(ast.parse(source), path):
        ours = name == "engine.core" or name.startswith("engine.core.")
        if not ours and name.split(".")[0] not in CORE_IMPORTS:
            found.append(Finding(line, name))
    return found


def core_cimports(path: str, source: str) -> list[Finding]:
    """The core's declarations use C's library, Python's and the core's own, nothing else."""
    found = []
    for number, line in enumerate(source.splitlines(), 1):
        match = re.match(r"\s*(?:from\s+([\w.]+)\s+cimport|cimport\s+([\w.]+))", line)
        name = (match[1] or match[2]) if match else ""
        roots = {name, name.split(".")[0], ".".join(name.split(".")[:2])}
        clock = name.startswith(("libc.time", "posix"))
        if match and not name.startswith(".") and (clock or not roots & CORE_CIMPORTS):
            found.append(Finding(number, name))
    return found


def core_calls(path: str, source: str) -> list[Finding]:
    """The core neither reads nor writes, nor asks for a hash that differs between processes."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in CORE_CALLS_BANNED:
                found.append(Finding(node.lineno, f"{node.func.id}()"))
        elif isinstance(node, ast.Attribute) and node.attr in CORE_NAMES_BANNED:
            found.append(Finding(node.lineno, f".{node.attr}"))
    return found


def reference_imports(path: str, source: str) -> list[Finding]:
    """The reference shares only records with the core: it must not agree by sharing the logic."""
    found = []
    for line, name in imported(ast.parse(source), path):
        parts = name.split(".")
        if parts[0] not in OURS or parts[:2] == ["engine", "reference"]:
            continue
        if parts[:2] != ["engine", "core"] or parts[2:3] == [] or parts[2] not in PLAIN_MODULES:
            found.append(Finding(line, name))
    return found


def is_path_join(node: ast.expr) -> bool:
    """Tell whether a division joins a path: one side is text, or the left is called a folder."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
        return False
    if isinstance(node.left, ast.Call) and name_of(node.left.func) == "Path":
        return True
    if name_of(node.left).endswith(FOLDER_NAMES):
        return True
    sides = (node.left, node.right)
    text = any(isinstance(side, ast.JoinedStr) for side in sides) or any(
        isinstance(side, ast.Constant) and isinstance(side.value, str) for side in sides
    )
    return text or is_path_join(node.left)


def floats(path: str, source: str) -> list[Finding]:
    """Money is whole numbers: no float literal, no true division, no conversion to float."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append(Finding(node.lineno, f"{node.value!r}"))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            if not is_path_join(node):
                found.append(Finding(node.lineno, "/"))
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append(Finding(node.lineno, "/="))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float":
            found.append(Finding(node.lineno, "float()"))
    return found


def is_set(node: ast.expr | None, names: frozenset[str] = frozenset()) -> bool:
    """Tell whether an expression is a set as far as its text shows."""
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in ("set", "frozenset")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub):
        return is_set(node.left, names) or is_set(node.right, names)
    return name_of(node) in names


def name_of(node: ast.expr | None) -> str:
    """Return the last name of a variable or attribute; empty for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def set_names(tree: ast.AST) -> frozenset[str]:
    """Return the names that hold a set somewhere in the file, by annotation or assignment."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg):
            target = node.target if isinstance(node, ast.AnnAssign) else ast.Name(node.arg)
            note = ast.unparse(node.annotation) if node.annotation else ""
            if re.match(r"(typing\.)?(Abstract|Mutable)?(frozen)?set\b", note, re.IGNORECASE):
                names.add(name_of(target))
        if isinstance(node, ast.AnnAssign | ast.Assign) and is_set(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(name_of(target) for target in targets)
    return frozenset(names - {""})


def ordered_uses(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield every expression whose elements are taken one after the other."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension):
            yield node.iter
        elif isinstance(node, ast.Starred):
            yield node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("list", "tuple", "iter", "enumerate", "zip", "map", "next"):
                yield from node.args
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            takes_any = node.func.attr == "pop" and not node.args
            yield from [node.func.value] if takes_any else []


def set_iteration(path: str, source: str) -> list[Finding]:
    """Nothing in the core depends on the order of a set, which differs between processes."""
    tree = ast.parse(source)
    names = set_names(tree)
    return [
        Finding(node.lineno, ast.unparse(node)[:60])
        for node in ordered_uses(tree)
        if is_set(node, names)
    ]
