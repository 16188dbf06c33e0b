"""Build the compiled core.

Every module under ``engine/core`` whose first line is ``# cython: language_level=3`` is compiled in
place, in pure-Python mode with the ``.pxd`` beside it. All other settings live in `pyproject.toml`.
Without a C compiler this fails: the interpreted core is far too slow to trade on, so it must never
be a silent fallback.
"""

from __future__ import annotations

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

MARK = "# cython: language_level=3"
CORE = Path("engine/core")


def is_compiled(path: Path) -> bool:
    """Tell whether the module asks to be compiled: its first line is the mark."""
    with path.open(encoding="utf-8") as source:
        return source.readline().rstrip("\n") == MARK


def extensions() -> list[Extension]:
    """Return one extension for each marked module, in the order of their names."""
    return [
        Extension(
            ".".join(path.with_suffix("").parts),
            [str(path)],
            extra_compile_args=["-O3", "-g0"],
        )
        for path in sorted(CORE.rglob("*.py"))
        if is_compiled(path)
    ]


setup(
    ext_modules=cythonize(  # type: ignore[no-untyped-call]
        extensions(),
        build_dir="build/cython",
        compiler_directives={"language_level": "3"},
        annotate=False,
    )
)
