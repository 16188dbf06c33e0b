"""Speak the external suite's protocol on standard input and output: one JSON object a line.

    python -m tests.conformance.adapter

Started by the suite for each trace. Messages: hello, event, snapshot, finish; the answers are
ready, observation, snapshot, complete, and error when something is out of order.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import Any, TextIO

from tests.conformance.candidate import Candidate, digest

PROTOCOL = "tracebook.conformance"
VERSION = 1


class OutOfOrder(Exception):
    """A message that the protocol does not allow here."""


def observe(candidate: Candidate, index: int, event: dict[str, Any]) -> dict[str, Any]:
    """Carry out one event and tell what is to be seen of it."""
    outcome, trades = candidate.apply(event)
    state = candidate.state()
    return {
        "type": "observation",
        "index": index,
        "outcome": outcome,
        "trades": trades,
        "state_hash": digest(state),
        "resting_order_count": sum(len(b["bids"]) + len(b["asks"]) for b in state["books"]),
    }


def hello(message: dict[str, Any]) -> Candidate:
    """Check the first message and make the candidate that it asks for."""
    if (message.get("type"), message.get("protocol")) != ("hello", PROTOCOL):
        raise OutOfOrder(f"the first message is a hello of {PROTOCOL}")
    if message.get("protocol_version") != VERSION:
        raise OutOfOrder(f"the protocol's version is {VERSION}")
    return Candidate(message.get("config") or {})


def answer(candidate: Candidate, message: dict[str, Any], done: int) -> dict[str, Any]:
    """Answer one message after the first."""
    kind, index = message.get("type"), message.get("index")
    if kind == "event":
        if index != done + 1:
            raise OutOfOrder(f"event {index} after {done}")
        return observe(candidate, done + 1, message["event"])
    if kind == "snapshot" and index == done:
        return {"type": "snapshot", "index": done, "state": candidate.state()}
    if kind == "finish" and message.get("event_count") == done:
        return {"type": "complete", "event_count": done}
    raise OutOfOrder(f"unexpected message {kind!r} after event {done}")


def serve(source: TextIO, sink: TextIO) -> int:
    """Serve one trace; give the exit status."""

    def send(message: dict[str, Any]) -> None:
        sink.write(json.dumps(message, separators=(",", ":")) + "\n")
        sink.flush()

    lines = (json.loads(line, parse_float=Decimal) for line in source if line.strip())
    done = 0
    try:
        candidate = hello(next(lines, {}))
        engine = {"name": "realstack", "version": "1", "language": "Python"}
        ready = {"type": "ready", "protocol": PROTOCOL, "protocol_version": VERSION}
        send({**ready, "engine": engine})
        for message in lines:
            told = answer(candidate, message, done)
            send(told)
            done += told["type"] == "observation"
            if told["type"] == "complete":
                return 0
        raise OutOfOrder("the messages end before a finish")
    except (OutOfOrder, ValueError, KeyError) as problem:
        send({"type": "error", "code": "PROTOCOL_ERROR", "message": str(problem)})
        return 2


if __name__ == "__main__":
    sys.exit(serve(sys.stdin, sys.stdout))
