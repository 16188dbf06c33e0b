"""Reading the core's C declarations, so that tests can compare them with the plain modules."""

from __future__ import annotations

import re
from pathlib import Path

CORE = Path(__file__).resolve().parents[3] / "engine" / "core"
BYTES = {"8": 1, "16": 2, "32": 4, "64": 8}

ENUM_ITEM = re.compile(r"^    ([A-Z][A-Z0-9_]*) = (\d+)", re.MULTILINE)
MACRO = re.compile(r"#define RS_([A-Z_]+) \(?U?INT64_C\((\w+)\)(?: << (\d+))?\)?")
FIELD = re.compile(r"^    (u?)int(8|16|32|64)_t (\w+)(?:\[(\d+)\])?", re.MULTILINE)


def constants() -> dict[str, int]:
    """Give every number of `constants.pxd` by its name."""
    text = (CORE / "constants.pxd").read_text(encoding="utf-8")
    found = {name: int(value) for name, value in ENUM_ITEM.findall(text)}
    for name, value, shift in MACRO.findall(text):
        found[name] = int(value, 0) << int(shift or 0)
    return found


def structs() -> dict[str, dict[str, tuple[int, int]]]:
    """Give every struct of `layout.pxd` as field -> (offset, bytes), laid out as C does it."""
    text = (CORE / "layout.pxd").read_text(encoding="utf-8")
    found = {}
    for part in text.split("cdef struct ")[1:]:
        name, body = part.split(":", 1)
        offset = 0
        fields = {}
        for _, bits, field, count in FIELD.findall(body):
            size = BYTES[bits]
            offset = -(-offset // size) * size
            fields[field] = (offset, size * int(count or 1))
            offset += size * int(count or 1)
        found[name] = fields
    return found
