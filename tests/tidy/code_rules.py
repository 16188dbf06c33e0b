"""Rules on Python code: each takes a path and its source and returns what breaks the rule."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.tidy.finding import Finding

FUNCTION_LINES_MAX = 70
LOG_METHODS = frozenset(
    ("debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print")
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    """Yield every function and method."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def body_lines(function: Function) -> int:
    """Return how many lines the body has, without its docstring."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    if not body:
        return 0
    return (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1


def long_functions(path: str, source: str) -> list[Finding]:
    """A function's body has at most 70 lines, its docstring not counted."""
    return [
        Finding(function.lineno, f"{function.name}: {body_lines(function)} lines")
        for function in functions(ast.parse(source))
        if body_lines(function) > FUNCTION_LINES_MAX
    ]


def bare_asserts(path: str, source: str) -> list[Finding]:
    """Product code uses `check`, because `python -O` removes `assert`."""
    return [
        Finding(node.lineno, "assert")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assert)
    ]


def is_idle(statement: ast.stmt) -> bool:
    """Tell whether a statement does nothing."""
    if isinstance(statement, ast.Pass):
        return True
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_log(statement: ast.stmt) -> bool:
    """Tell whether a statement only writes to a log."""
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return False
    called = statement.value.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in LOG_METHODS


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler takes any exception, and so bugs too."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {kind.id for kind in kinds if isinstance(kind, ast.Name)}
    return handler.type is None or bool(names & {"Exception", "BaseException"})


def swallowed_errors(path: str, source: str) -> list[Finding]:
    """No error is caught to vanish: no bare except, empty handler, or catch-all that only logs."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                found.append(Finding(node.lineno, "bare except"))
            elif all(is_idle(statement) for statement in node.body):
                found.append(Finding(node.lineno, "empty handler"))
            elif catches_everything(node) and all(map(is_log, node.body)):
                found.append(Finding(node.lineno, "catches everything and only logs"))
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "suppress":
            names = {argument.id for argument in node.args if isinstance(argument, ast.Name)}
            if names & {"Exception", "BaseException"}:
                found.append(Finding(node.lineno, "suppresses everything"))
    return found


def decorators(node: ast.ClassDef | Function) -> set[str]:
    """Return the last names of a definition's decorators."""
    names = set()
    for decorator in node.decorator_list:
        inner = decorator.func if isinstance(decorator, ast.Call) else decorator
        names.add(inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", ""))
    return names


def public_nodes(tree: ast.Module) -> Iterator[tuple[str, Documented]]:
    """Yield the module and its public classes, functions and methods, each with its name."""
    yield "module", tree
    pending: list[tuple[str, ast.Module | ast.ClassDef]] = [("", tree)]
    while pending:
        prefix, parent = pending.pop()
        for node in parent.body:
            if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
                continue
            if decorators(node) & {"overload", "setter"}:
                continue
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                pending.append((f"{prefix}{node.name}.", node))


def missing_docstrings(path: str, source: str) -> list[Finding]:
    """Every public module, class, function and method says in its docstring what it does."""
    return [
        Finding(getattr(node, "lineno", 1), name)
        for name, node in public_nodes(ast.parse(source))
        if not (ast.get_docstring(node) or "").strip()
    ]


def sleeping_tests(path: str, source: str) -> list[Finding]:
    """A test waits on a condition with a deadline, never for a time that seems long enough."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = node.func.value
        if node.func.attr == "sleep" and isinstance(owner, ast.Name):
            zero = [getattr(argument, "value", None) for argument in node.args] == [0]
            if owner.id in ("time", "asyncio") and not zero:
                found.append(Finding(node.lineno, f"{owner.id}.sleep"))
    return found


def mocked_classes(path: str, source: str) -> list[Finding]:
    """No mocks: a test uses the real part, or a small fake that behaves."""
    return [
        Finding(node.lineno, "unittest.mock")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and (
            (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unittest"))
            or any(alias.name.startswith("unittest.mock") for alias in node.names)
        )
    ]
