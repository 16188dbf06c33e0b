"""Play a scenario on both cores, line by line."""

from __future__ import annotations

from engine.core.commands import COMMAND
from realstack.units import InvalidNumber
from tests.scenarios.expect import VIEWS, check_command
from tests.scenarios.orders import ACCOUNT_VERBS, VENUE_VERBS, raw_fields
from tests.scenarios.stage import Stage
from tests.scenarios.text import Scenario, Step, Words


def play(scenario: Scenario) -> Stage:
    """Play a scenario; what it ran is then run again from nothing, and must end alike.

    Raises:
        ScenarioError: At the first line that cannot be read or does not hold.
    """
    stage = Stage()
    for step in scenario.steps:
        words = Words(step.line, step.line.text)
        try:
            _step(stage, step, words)
        except InvalidNumber as problem:
            raise step.line.error(str(problem)) from None
    stage.open(scenario.line)
    stage.restart(scenario.line)
    return stage


def _step(stage: Stage, step: Step, words: Words) -> None:
    word = words.peek()
    if word in SETTINGS:
        if stage.accounts:
            raise step.line.error("the setting comes before the first command")
        SETTINGS[words.next("a setting")](stage, words)
        words.end()
    else:
        stage.open(step.line)
        if word in VIEWS:
            VIEWS[words.next("a view")](stage, words)
            words.end()
        elif word == "clock":
            words.next("clock")
            stage.set_clock(step.line, words.time_ns("a time since the start"))
            words.end()
        elif word == "restart":
            stage.restart(step.line)
        else:
            _command(stage, step, words)
            return
    if step.expectations:
        raise step.expectations[0].error("an expectation follows a command")


def _command(stage: Stage, step: Step, words: Words) -> None:
    label = words.next("a command").removesuffix(":") if words.peek().endswith(":") else ""
    who = words.next("an account, or a command of the venue")
    try:
        if who == "again":
            rows = _again(stage, words)
        elif who in VENUE_VERBS:
            rows = VENUE_VERBS[who](stage, words, 0)
        else:
            account_id = stage.account(step.line, who)
            verb = words.next("what the account does")
            if verb not in ACCOUNT_VERBS:
                raise step.line.error(f"no {verb!r}; there are: {', '.join(ACCOUNT_VERBS)}")
            rows = ACCOUNT_VERBS[verb](stage, words, account_id)
        words.end()
        stage.run(step.line, rows, label)
    except InvalidNumber as problem:
        stage.refuse(step.line, problem)
    if stage.result is None:
        raise step.line.error("nothing was run")
    check_command(stage, stage.result, step.expectations)


def _again(stage: Stage, words: Words) -> list[dict[str, int]]:
    label = words.next("the label of a command")
    if label not in stage.sent:
        raise words.line.error(f"no command has the label {label!r}")
    rows = [dict(row) for row in stage.sent[label]]
    raw_fields(words, rows[0])
    return rows


# --- what stands before the first command ----------------------------------------------------


def _market(stage: Stage, words: Words) -> None:
    while words:
        if words.accept("tick"):
            stage.tick = stage.grid(words.next("a tick"))
        elif words.accept("lot"):
            stage.lot = stage.grid(words.next("a lot"))
        elif (found := words.raw()) is not None and found[0] in (COMMAND.names or ()):
            stage.market[found[0]] = int(found[1])
        else:
            raise words.line.error("a market takes tick SIZE, lot SIZE and fields as field=value")


def _account(stage: Stage, words: Words) -> None:
    name = words.next("an account's name")
    funds = stage.declared[name] = {"base": 0, "quote": 0}
    while words:
        what = words.next("base, quote or group")
        if what not in ("base", "quote", "group"):
            raise words.line.error(f"expected base, quote or group, not {what!r}")
        funds[what] = words.integer("a number")


SETTINGS = {"market": _market, "account": _account}
