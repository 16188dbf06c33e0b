"""Which build a state belongs to: a hash of the sources that give it its layout and meaning."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from engine.core.invariants import check
from engine.snapshot.layout import HASH_BYTES

ENGINE = Path(__file__).resolve().parents[1]
# The structs and rules of the core, and the feeds whose state is kept beside it.
SOURCES = ("core", "feed")
SUFFIXES = frozenset((".py", ".pxd"))


@cache
def build_hash() -> bytes:
    """Return the hash; two builds that differ in a comment are two builds."""
    digest = hashlib.blake2b(digest_size=HASH_BYTES)
    paths = [
        path
        for folder in SOURCES
        for path in sorted(ENGINE.joinpath(folder).glob("*.p*"))
        if path.suffix in SUFFIXES
    ]
    check(len(paths) > len(SOURCES), "the sources of the state are there")
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.digest()
