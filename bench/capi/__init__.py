"""Drives the compiled core from C: the programs beside this file, each compiled once."""

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.events import EVENT

FOLDER = Path(__file__).resolve().parent
BUILD = FOLDER.parents[1] / "build" / "capi"
COMPILER_FLAGS = ("-O3", "-shared", "-fPIC", "-std=c11", "-D_POSIX_C_SOURCE=199309L", "-Wall")
OUTCOMES = ("trades", "volume", "notional", "events", "checksum", "nanoseconds", "slowest_ns")


class _Pace(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("apply", "event_count", "venue", "commands")),
        *((name, ctypes.c_int64) for name in ("count", "batch")),
        ("event_array", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("capacity", "gap_ps")),
        ("latencies_ns", ctypes.c_void_p),
    )


class _Run(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("apply", "event_count", "digest", "venue")),
        ("commands", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("count", "batch", "digest_every")),
        ("event_array", ctypes.c_void_p),
        ("capacity", ctypes.c_int64),
        *((name, ctypes.c_uint64 if name == "checksum" else ctypes.c_int64) for name in OUTCOMES),
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gave: counts of its fills and events, a checksum of all their bytes, its time."""

    trades: int
    volume: int
    notional: int
    events: int
    checksum: int
    nanoseconds: int
    slowest_ns: int


def library(name: str) -> Any:
    """Compile a program, when it or the header changed, and load it.

    Raises:
        RuntimeError: The compiler refused it.
    """
    sources = [FOLDER / f"{name}.c", FOLDER / "realstack_core.h"]
    mark = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    target = BUILD / f"{name}-{mark}.so"
    if not target.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        made = target.with_suffix(f".{os.getpid()}")
        compiler = os.environ.get("CC", "cc").split()
        command = [*compiler, *COMPILER_FLAGS, "-o", str(made), str(sources[0])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"bench/capi/{name}.c does not compile: {done.stderr}")
        made.replace(target)
    return ctypes.CDLL(str(target))


def drive(
    venue: Any,
    commands: NDArray[np.void],
    *,
    batch: int = 256,
    digest_every: int = 0,
    capacity: int = 4_096,
) -> Outcome:
    """Run commands in batches through the C entry point; only its calls are timed.

    Args:
        venue: A compiled `Venue`.
        commands: Stamped COMMAND records that follow its last one.
        batch: Commands of a call.
        digest_every: Batches after which the digest is read, timed too; 0 never reads it.
        capacity: Events that there is room for in a call.

    Raises:
        RuntimeError: The core refused: the commands are out of order, or there is a bug.
    """
    from engine.core import entry  # here, so that importing needs no build

    flat = np.ascontiguousarray(commands)
    events = np.zeros(capacity, EVENT)
    run = _Run(
        apply=entry.apply_address(),
        event_count=entry.event_count_address(),
        digest=entry.digest_address(),
        venue=venue.handle,
        commands=flat.ctypes.data,
        count=len(flat),
        batch=batch,
        digest_every=digest_every,
        event_array=events.ctypes.data,
        capacity=capacity,
    )
    refused = library("drive").drive(ctypes.byref(run))
    if refused:
        raise RuntimeError(f"rs_apply gave {refused}")
    return Outcome(*(getattr(run, name) for name in OUTCOMES))


def keep_pace(
    venue: Any,
    commands: NDArray[np.void],
    gap_ps: int,
    *,
    batch: int = 256,
    capacity: int = 4_096,
) -> NDArray[np.int64]:
    """Give a venue commands at a constant rate; give how late each was done, in nanoseconds.

    Args:
        venue: A compiled `Venue`; None for what the machine does without any.
        commands: Stamped COMMAND records that follow its last one.
        gap_ps: Picoseconds from one command to the next.
        batch: Commands that are given at once at most, when they are late.
        capacity: Events that there is room for in a call.

    Raises:
        RuntimeError: The core refused: the commands are out of order, or there is a bug.
    """
    from engine.core import entry  # here, so that importing needs no build

    flat = np.ascontiguousarray(commands)
    events = np.zeros(capacity, EVENT)
    latencies_ns = np.zeros(len(flat), np.int64)
    run = _Pace(
        apply=entry.apply_address() if venue else None,
        event_count=entry.event_count_address(),
        venue=venue.handle if venue else None,
        commands=flat.ctypes.data,
        count=len(flat),
        batch=batch,
        event_array=events.ctypes.data,
        capacity=capacity,
        gap_ps=gap_ps,
        latencies_ns=latencies_ns.ctypes.data,
    )
    refused = library("pace").keep_pace(ctypes.byref(run))
    if refused:
        raise RuntimeError(f"rs_apply gave {refused}")
    return latencies_ns
