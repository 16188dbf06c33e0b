"""Every pointer of the state's structs is known to the dump."""

from __future__ import annotations

import re

import pytest

from tests.unit.core.declarations import CORE

STRUCT = re.compile(r"^cdef struct (\w+):\n((?:    .*\n|\n)+)", re.MULTILINE)
POINTER = re.compile(r"^    (?:const )?\w+ \*+(\w+)", re.MULTILINE)
PASSING = ("Taker",)  # lives on the stack of one command


def pointers() -> list[tuple[str, str]]:
    """List (struct, field) of every pointer that the state's declarations have."""
    text = (CORE / "state.pxd").read_text(encoding="utf-8")
    return [
        (struct, field)
        for struct, body in STRUCT.findall(text)
        if struct not in PASSING
        for field in POINTER.findall(body)
    ]


def test_the_declarations_are_read() -> None:
    """The patterns find what is known to be there."""
    assert {("Core", "orders"), ("Core", "markets"), ("IdWindow", "chunks")} <= set(pointers())


@pytest.mark.parametrize(("struct", "field"), pointers())
def test_a_pointer_does_not_leave_with_its_struct(struct: str, field: str) -> None:
    """Each is set to NULL on the tape; what it points to is passed by a walk."""
    source = "".join((CORE / name).read_text(encoding="utf-8") for name in ("dump.py", "walks.py"))
    assert re.search(rf"\.{field}(\[i\])? = cython\.NULL", source), (
        f"{struct}.{field}: set it to NULL in engine/core/dump.py and pass its array in walks.py"
    )
