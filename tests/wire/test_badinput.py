"""Every bad input at every door: refused with its number, naming the field, changing nothing."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from engine.core.rejects import Reject
from realstack.edge_errors import CLI_ONLY, EdgeError
from tests.wire.badinput import line, verdict
from tests.wire.cases import CASES
from tests.wire.cases.rows import grpc_doors, refused, row
from tests.wire.run import Row, run
from tests.wire.scene import Scene
from tests.wire.table import Action, Command, Door, Foreign, Outcome, Party, Refusal, Try, judge

# A kind that the core does not know: every door has messages of its own, which know their kinds.
BEHIND_EVERY_DOOR = frozenset((Reject.NONE, Reject.INVALID_COMMAND_KIND, Reject.GROUP_INCOMPLETE))
# What goes wrong without anything wrong in the input; tests of the gateway and engine cover it.
NOT_THE_INPUT = frozenset(
    (
        EdgeError.TOO_MANY_SUBSCRIPTIONS,
        EdgeError.TOO_MANY_CONNECTIONS,
        EdgeError.TOO_MANY_STREAMS,
        EdgeError.TOO_MANY_CALLS,
        EdgeError.REQUEST_TOO_SLOW,
        EdgeError.ALREADY_SUBSCRIBED,
        EdgeError.SLOW_CONSUMER,
        EdgeError.BUSY,
        EdgeError.ENGINE_UNAVAILABLE,
        EdgeError.HISTORY_UNAVAILABLE,
        EdgeError.SETTLEMENT_UNAVAILABLE,
        EdgeError.OUTCOME_UNKNOWN,
        EdgeError.INTERNAL,
        EdgeError.NOT_RETAINED,
        EdgeError.HALTED,
        EdgeError.CLOSED,
        EdgeError.MALFORMED_HTTP,  # bytes below any input; the tests of hostile bytes have it
    )
) | (CLI_ONLY - {EdgeError.WRONG_USAGE, EdgeError.MISSING_SETTING})
GOOD_ORDER = Command(Action.PLACE)


def faults(rows: list[Row]) -> list[str]:
    """Return the rows with a fault, as the command prints them."""
    return [line(each) for each in rows if each.faults]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("door", list(Door))
def test_every_bad_input_gets_its_number_and_changes_nothing(scene: Scene, door: Door) -> None:
    """What is wrong is refused with its number and its field, whichever door it comes to."""
    rows = list(run(scene, CASES, [door]))
    assert faults(rows) == []
    assert sum(each.outcome is not None for each in rows) > 50


def test_every_error_of_the_input_is_in_the_table() -> None:
    """A number that no case brings about is one that nobody has seen."""
    expected = {
        entry.refusal.code
        for case in CASES
        for entry in case.doors.values()
        if isinstance(entry, Try) and isinstance(entry.refusal, Refusal)
    }
    assert set(Reject) - expected == BEHIND_EVERY_DOOR
    assert set(EdgeError) - expected == NOT_THE_INPUT


@pytest.mark.slow
def test_a_good_order_is_a_fault_at_every_door(scene: Scene) -> None:
    """Would the run notice an accepted order? It names what was accepted and what that changed."""
    entry = refused(GOOD_ORDER, Reject.INVALID_PRICE, "price", party=Party.BOB)
    case = row("good", **grpc_doors(entry), rest=entry, websocket=entry, cli=entry)
    expected = ("was accepted", "changed the digest", "changed the orders", "changed the balances")
    rows = list(run(scene, [case], list(Door)))
    assert [each.faults for each in rows] == [expected] * len(Door)
    assert verdict(rows).endswith("0 refused with 0 different numbers, 0 impossible, 6 faults")


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(False, "422", 15, "INVALID_PRICE", "price", "must be"), []),
        (Outcome(True, "201"), ["was accepted"]),
        (
            Outcome(False, "500", None, "", "", "fault"),
            ["has no number", "must name the field 'price'"],
        ),
        (
            Outcome(False, "422", 16, "INVALID_QUANTITY", "price", "must be"),
            ["must be 15 INVALID_PRICE"],
        ),
        (
            Outcome(False, "422", 15, "INVALID_PRIZE", "price", "must be"),
            ["must be 15 INVALID_PRICE"],
        ),
        (
            Outcome(False, "422", 15, "INVALID_PRICE", "prize", "must be"),
            ["must name the field 'price'"],
        ),
        (Outcome(False, "422", 15, "INVALID_PRICE", "price", ""), ["says no rule"]),
    ],
)
def test_the_judge_misses_nothing(outcome: Outcome, expected: list[str]) -> None:
    """An outcome is right only with the number, its name, the field and a rule."""
    assert judge(Refusal(Reject.INVALID_PRICE, "price"), outcome) == expected


def test_a_number_of_a_layer_below_is_compared_too() -> None:
    """gRPC and WebSocket refuse some messages by themselves, with numbers of their own."""
    outcome = Outcome(False, "closed", 1_009, "MESSAGE_TOO_BIG", "", "over size")
    assert judge(Foreign(1_009, "MESSAGE_TOO_BIG"), outcome) == []
    assert judge(Foreign(1_007, "INVALID_DATA"), outcome) == ["must be 1007 INVALID_DATA"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "body"),
    [("GET", b""), ("DELETE", b""), ("PATCH", b'{"price":"1.00","quantity":"1"}')],
)
def test_someone_elses_order_looks_like_one_that_never_was(
    scene: Scene, method: str, body: bytes
) -> None:
    """Nothing in the answer tells whether the order exists: not the status, head or body."""
    theirs = str(scene.known["bob_order_id"])
    nobodys = str((1 << 63) + 1)
    told = []
    for order_id in (theirs, nobodys):
        answer = ask(scene, method, f"/v1/orders/{order_id}", body)
        told.append({**answer, "instance": answer["instance"].replace(order_id, "ID")})
    assert told[0] == told[1]
    assert told[0]["code"] == Reject.UNKNOWN_ORDER


def ask(scene: Scene, method: str, path: str, body: bytes) -> dict[str, Any]:
    """Make a request as Alice and return the problem together with the head of the answer."""
    headers = {"x-api-key": str(scene.key(Party.ALICE)), "content-type": "application/json"}
    address = urlsplit(scene.venue.url).netloc
    with closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        head = {name: value for name, value in response.getheaders() if name != "date"}
        told: dict[str, Any] = {**head, **json.loads(response.read())}
        told.pop("content-length")
        return told
