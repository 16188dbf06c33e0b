"""The adapter for the external suite, without the suite: protocol and translation."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from tests.conformance.adapter import PROTOCOL, serve
from tests.conformance.differential import TRADE, first_difference
from tests.conformance.environment import LOCK

HELLO = {"type": "hello", "protocol": PROTOCOL, "protocol_version": 1, "config": {}}


def talk(*messages: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    """Send messages, give the exit status and the answers."""
    sink = io.StringIO()
    source = io.StringIO("".join(json.dumps(message) + "\n" for message in messages))
    status = serve(source, sink)
    return status, [json.loads(line) for line in sink.getvalue().splitlines()]


def new(order_id: int, side: str, quantity: float, price: float, **more: Any) -> dict[str, Any]:
    """Make a new order of the suite."""
    row = {"op": "new", "symbol": "X", "order_id": order_id, "side": side, "owner": order_id}
    return {**row, "order_type": "LIMIT", "price": price, "quantity": quantity, **more}


def play(*events: dict[str, Any], **config: Any) -> list[dict[str, Any]]:
    """Play a trace; give its observations and the last snapshot."""
    sent = [{"type": "event", "index": n, "event": e} for n, e in enumerate(events, 1)]
    status, answers = talk(
        {**HELLO, "config": config},
        *sent,
        {"type": "snapshot", "index": len(events)},
        {"type": "finish", "event_count": len(events)},
    )
    assert 0 == status
    assert ["ready", "complete"] == [answers[0]["type"], answers[-1]["type"]]
    return answers[1:-1]


def test_a_trace_is_answered_with_trades_and_the_queue_in_order() -> None:
    """Orders keep the suite's ids; the maker's price counts; what rests is listed by priority."""
    seen = play(
        new(1, "SELL", 2, 100.01),
        new(2, "SELL", 3, 100.01),
        new(3, "BUY", 2.5, 100.5),
        {"op": "reduce", "symbol": "X", "order_id": 2, "quantity": 1},
    )
    assert [("2", 1), ("0.5", 2)] == [
        (trade["quantity"], trade["sell_order_id"]) for trade in seen[2]["trades"]
    ]
    assert {"100.01"} == {trade["price"] for trade in seen[2]["trades"]}
    rests = {"order_id": 2, "price": "100.01", "remaining_quantity": "1.5", "owner": 2}
    assert [{**rests, "order_type": "LIMIT"}] == seen[-1]["state"]["books"][0]["asks"]


def test_an_id_is_refused_while_its_order_works_and_free_afterwards() -> None:
    """The suite gives ids again; the venue's own ids never come back."""
    cancel = {"op": "cancel", "symbol": "X", "order_id": 1}
    seen = play(new(1, "BUY", 1, 99), new(1, "BUY", 1, 98), cancel, cancel, new(1, "BUY", 1, 98))
    reasons = [None, "DUPLICATE_ORDER_ID", None, "ORDER_NOT_ACTIVE", None]
    assert reasons == [row["outcome"]["reason"] for row in seen[:-1]]


def test_a_replace_loses_its_place_and_fill_or_kill_leaves_no_trace() -> None:
    """In the suite's contract every replace goes to the back, and a killed order is no refusal."""
    seen = play(
        new(1, "SELL", 2, 100),
        new(2, "SELL", 2, 100),
        {"op": "replace", "symbol": "X", "order_id": 1, "quantity": 2},
        new(3, "BUY", 5, 100, order_type="FOK"),
        new(4, "BUY", 1, 100, order_type="IOC"),
    )
    assert ("applied", []) == (seen[3]["outcome"]["status"], seen[3]["trades"])
    assert [2] == [trade["sell_order_id"] for trade in seen[4]["trades"]]


def test_what_is_out_of_order_ends_the_conversation_with_an_error() -> None:
    """A wrong first message, a gap, or an early end: an error and exit status 2."""
    for messages in (
        ({"type": "hello"},),
        (HELLO, {"type": "event", "index": 2, "event": new(1, "BUY", 1, 1)}),
        (HELLO,),
        ({**HELLO, "config": {"matching_algorithm": "by-lot"}},),
    ):
        status, answers = talk(*messages)
        assert (2, "error") == (status, answers[-1]["type"])


def test_the_first_unequal_trade_is_named() -> None:
    """The comparison of engines goes trade by trade, and by number at the end."""
    ours = np.zeros(3, dtype=TRADE)
    theirs = ours.copy()
    assert "" == first_difference(ours, theirs)
    theirs["price"][1] = 7
    assert first_difference(ours, theirs).startswith("trade 2: ours {'operation': 0")
    assert "3 trades here, 2 there" == first_difference(ours, ours[:2])


def test_the_lock_of_the_others_pins_versions_and_hashes() -> None:
    """What is installed from it is the same everywhere."""
    text = LOCK.read_text()
    names = ("tracebook-conformance", "orderly-chaos", "obook", "lightmatchingengine")
    assert all(f"\n{name}==" in f"\n{text}" for name in (*names, "pyorderbook"))
