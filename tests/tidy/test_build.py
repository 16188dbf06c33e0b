"""A compiled module is never older than its source."""

from __future__ import annotations

from pathlib import Path

from realstack._tools import build

SOURCE = f'{build.MARK}\n"""Example."""\n'


def checkout(folder: Path) -> Path:
    """Make a small checkout with one marked module, one plain module and no extension."""
    core = folder / build.CORE
    core.mkdir(parents=True)
    (folder / "build").mkdir()
    (folder / "setup.py").write_text("")
    (core / "plain.py").write_text('"""Plain."""\n')
    (core / "book.py").write_text(SOURCE)
    return core


def pretend_built(folder: Path) -> None:
    """Leave behind what a build leaves behind, without a compiler."""
    for path in build.compiled_modules(folder):
        path.with_suffix(".cpython-311.so").write_bytes(b"")
    build.record(folder, build.fingerprint(folder))


def test_only_marked_modules_are_compiled(tmp_path: Path) -> None:
    """The first line decides: a mark further down is not one."""
    core = checkout(tmp_path)
    (core / "late.py").write_text(f'"""Late."""\n{build.MARK}\n')
    assert [path.name for path in build.compiled_modules(tmp_path)] == ["book.py"]


def test_a_checkout_without_marked_modules_needs_no_build(tmp_path: Path) -> None:
    """The project works before there is anything to compile."""
    (tmp_path / build.CORE).mkdir(parents=True)
    assert not build.is_stale(tmp_path)


def test_a_new_checkout_is_stale_until_it_is_built(tmp_path: Path) -> None:
    """A marked module without its extension would run interpreted: it counts as stale."""
    checkout(tmp_path)
    assert build.is_stale(tmp_path)
    pretend_built(tmp_path)
    assert not build.is_stale(tmp_path)


def test_an_edited_source_or_declaration_makes_the_core_stale(tmp_path: Path) -> None:
    """Content counts, not time."""
    core = checkout(tmp_path)
    pretend_built(tmp_path)
    (core / "book.py").write_text(SOURCE + "x = 1\n")
    assert build.is_stale(tmp_path)
    (core / "book.py").write_text(SOURCE)
    assert not build.is_stale(tmp_path)
    (core / "book.pxd").write_text("cdef class Book:\n    pass\n")
    assert build.is_stale(tmp_path)


def test_an_extension_that_lost_its_mark_is_removed(tmp_path: Path) -> None:
    """A module that is no longer compiled must not be hidden by its old extension."""
    core = checkout(tmp_path)
    pretend_built(tmp_path)
    (core / "book.py").write_text('"""Plain again."""\n')
    assert build.is_stale(tmp_path)
    assert build.build(tmp_path)
    assert build.shared_objects(tmp_path) == []
    assert not build.is_stale(tmp_path)
