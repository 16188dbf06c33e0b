"""Events are read from the logs of the program that told them, and from no other's."""

from __future__ import annotations

import base64

import pytest
from solders.pubkey import Pubkey

from realstack.chain.idl import LogsTruncated
from realstack.chain.market import IDL

OWN = IDL.address
OTHER = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
KIND = next(kind for kind, name in IDL.events.items() if name == "PausedSet")
DATA = "Program data: " + base64.b64encode(KIND + b"\1").decode()


def enter(program: Pubkey, depth: int = 1) -> str:
    return f"Program {program} invoke [{depth}]"


def leave(program: Pubkey) -> str:
    return f"Program {program} success"


def test_an_event_of_the_program_is_read() -> None:
    """Between entering and leaving, calls of others in between included."""
    logs = [enter(OWN), enter(OTHER, 2), leave(OTHER), DATA, leave(OWN)]
    assert [{"paused": True}] == [event.fields for event in IDL.read_events(logs)]


@pytest.mark.parametrize(
    "logs",
    [
        [enter(OTHER), DATA, leave(OTHER)],
        [enter(OWN), enter(OTHER, 2), DATA, leave(OTHER), leave(OWN)],
        [enter(OWN), leave(OWN), enter(OTHER), DATA, leave(OTHER)],
        [enter(OTHER), f"Program log: {enter(OWN)}", DATA, leave(OTHER)],
        [DATA],
    ],
)
def test_the_same_bytes_from_another_program_are_no_event(logs: list[str]) -> None:
    """A deposit must not be credited because someone logged one."""
    assert [] == IDL.read_events(logs)


def test_logs_that_were_cut_are_refused() -> None:
    """What may be missing is not taken for nothing."""
    with pytest.raises(LogsTruncated):
        IDL.read_events([enter(OWN), "Log truncated"])
