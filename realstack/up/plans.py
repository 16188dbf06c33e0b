"""How each process of the venue is run: its arguments and its environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from realstack.up.process import Plan

CLI = ("-m", "realstack.cli")
# A quarter of the real network's slot: a fill is final after 3 seconds instead of 13.
SLOT_MS = 100
PROGRAMS = Path(__file__).resolve().parents[2] / "programs" / "bin"


def serve(name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Plan:
    """Return the plan of one of the servers."""
    return Plan(name, (*CLI, "serve", name, *arguments), environment or {})


def postgres(data: Path) -> Plan:
    """The embedded database."""
    return serve("postgres", "--data", str(data / "postgres"))


def localnet(data: Path, market_program: str) -> Plan:
    """The in-process chain, with the market program at its address."""
    return serve(
        "localnet",
        "--port",
        "0",
        "--data-dir",
        str(data / "localnet"),
        "--slot-ms",
        str(SLOT_MS),
        "--program",
        f"{market_program}={PROGRAMS / 'market.so'}",
    )


def engine(data: Path, core: str) -> Plan:
    """Sequencer, journal, core and gRPC."""
    return serve(
        "engine",
        "--data",
        str(data / "engine"),
        "--keys",
        str(data / "keys.json"),
        "--core",
        core,
        "--listen",
        "127.0.0.1:0",
    )


def snapshots(data: Path) -> Plan:
    """What follows the engine's journal, so that a later start is short."""
    return serve("snapshots", "--data", str(data / "engine"))


def server(name: str, data: Path, environment: Mapping[str, str], *arguments: str) -> Plan:
    """One of the servers that find the others through the environment."""
    return serve(name, "--data", str(data), *arguments, environment=environment)


def sim(data: Path, environment: Mapping[str, str], on_line: Callable[[str], None]) -> Plan:
    """The participants."""
    return Plan("sim", (*CLI, "sim", "--report", "--data", str(data)), environment, on_line)
