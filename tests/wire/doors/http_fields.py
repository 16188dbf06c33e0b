"""Commands of cases as JSON, for REST and WebSocket alike, and their errors as outcomes."""

from __future__ import annotations

from typing import Any

from tests.wire.scene import Scene
from tests.wire.table import Action, Command, Known, Outcome

IDS = ("order_id", "client_id", "order_client_id")
LEFT_OUT = Known("left_out")
GOOD: dict[Action, dict[str, object]] = {
    Action.PLACE: {"market": "BLDG-USDC", "side": "buy", "quantity": "1", "price": "100.00"},
    Action.CANCEL: {},
    Action.REPLACE: {"price": "90.00", "quantity": "1"},
    Action.CANCEL_ALL: {},
    Action.WITHDRAW: {"asset": "USDC", "amount": "1"},
}


def text_fields(command: Command, scene: Scene) -> dict[str, Any]:
    """Return a command's fields as text doors take them: ids are text."""
    fields: dict[str, Any] = {}
    for name, given in (GOOD[command.action] | dict(command.fields)).items():
        if given == LEFT_OUT:
            continue
        value = scene.value(given)
        fields[name] = str(value) if name in IDS else value
    return fields


def outcome_of_problem(status: str, problem: dict[str, Any]) -> Outcome:
    """Return what a problem says; one that does not promise that nothing changed has no number."""
    is_definite = problem.get("outcome") == "REJECTED"
    return Outcome(
        accepted=False,
        status=status,
        code=problem.get("code") if is_definite else None,
        name=problem.get("name", ""),
        field=problem.get("field", ""),
        rule=problem.get("rule") or problem.get("detail", ""),
    )
