"""Expectations of a scenario: what the last command did, and what the venue shows afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.core.commands import Side
from engine.core.events import ANSWER, AUCTION, EVENT, KEPT_PRIORITY, RESTING, WAITING, EventKind
from engine.core.phases import Phase
from engine.core.rejects import CancelReason, Reject
from realstack.units import InvalidNumber
from tests.scenarios.orders import value_of
from tests.scenarios.stage import ASSETS, MARKET, Result, Stage
from tests.scenarios.text import Line, Words

Wanted = dict[str, int]
# Kinds that follow from the others and are listed only where a scenario asks for them.
QUIET = {"INDICATIVE"}


# --- the events of a command ---------------------------------------------------------------


def check_command(stage: Stage, result: Result, lines: list[Line]) -> None:
    """Hold what a command did to the lines under it, which must tell all of it, in order."""
    about_answer = [line for line in lines if line.text.split()[0] in ANSWERS]
    for line in about_answer:
        words = Words(line, line.text)
        ANSWERS[words.next("an expectation")](stage, result, words)
        words.end()
    told_of_refusal = any(line.text.split()[0] in ("refused", "edge") for line in about_answer)
    if result.edge is not None and not told_of_refusal:
        raise result.line.error(f"refused at the edge: {result.edge}")
    if result.reject and not told_of_refusal:
        raise result.line.error(f"refused: {result.reject.name}")
    others = [line for line in lines if line not in about_answer]
    wanted = [_wanted(stage, result, line) for line in others]
    named = {row["kind"] for row in wanted}
    seen = [event for event in result.events if _is_told(event, named)]
    same = len(seen) == len(wanted) and all(map(_is, seen, wanted))
    if not same:
        got = [f"      {_text(stage, result, event)}" for event in seen] or ["      nothing"]
        want = [f"      {line.text}" for line in others] or ["      nothing"]
        raise result.line.error("\n".join(["  expected:", *want, "    happened:", *got]))


def _is_told(event: np.void, named: set[int]) -> bool:
    """Tell whether an event must be among the expectations: answers and quiet ones if asked for."""
    kind, flags = int(event["kind"]), int(event["flags"])
    follows_fill = kind == EventKind.REDUCED and flags & AUCTION
    is_quiet = flags & ANSWER or follows_fill or EventKind(kind).name in QUIET
    return kind in named or not is_quiet


def _is(event: np.void, wanted: Wanted) -> bool:
    return all(int(event[name]) == value for name, value in wanted.items())


def _wanted(stage: Stage, result: Result, line: Line) -> Wanted:
    words = Words(line, line.text)
    word = words.next("an expectation")
    if word in EVENTS:
        wanted = EVENTS[word](stage, result, words)
    elif word in EventKind.__members__:
        wanted = {"kind": int(EventKind[word])}
    else:
        known = ", ".join((*ANSWERS, *EVENTS, *EventKind.__members__))
        raise line.error(f"no expectation {word!r}; there are: {known}")
    while (found := words.raw()) is not None:
        if found[0] not in (EVENT.names or ()):
            raise line.error(f"an event has no field {found[0]!r}")
        wanted[found[0]] = value_of(line, *found)
    words.end()
    return wanted


def _fill(stage: Stage, result: Result, words: Words) -> Wanted:
    wanted: Wanted = {"kind": EventKind.FILL, "quantity_lots": stage.lots(words.next("a size"))}
    if not words.accept("@"):
        raise words.line.error("expected @ and a price behind the size")
    wanted["price_ticks"] = stage.ticks(words.next("a price"))
    wanted["maker_order_id"] = stage.order(words.line, words.next("the maker's label"))
    if words.accept("by"):
        wanted["order_id"] = stage.order(words.line, words.next("the taker's label"))
    else:
        wanted["order_id"] = int(result.answer["order_id"])
    if words.accept("fees"):
        wanted["fee_atoms"] = words.integer("the taker's fee")
        wanted["maker_fee_atoms"] = words.integer("the maker's fee")
    return wanted


def _cancelled(stage: Stage, result: Result, words: Words) -> Wanted:
    order_id = stage.order(words.line, words.next("an order's label"))
    lots = 0 if words.accept("0") else stage.lots(words.next("a size"))
    reason = words.next("a reason")
    if reason not in CancelReason.__members__:
        known = ", ".join(CancelReason.__members__)
        raise words.line.error(f"no cancel reason {reason!r}; there are: {known}")
    return {
        "kind": EventKind.CANCELLED,
        "order_id": order_id,
        "quantity_lots": lots,
        "code": CancelReason[reason],
    }


def _of_order(kind: EventKind, *, has_size: bool) -> Callable[[Stage, Result, Words], Wanted]:
    def read(stage: Stage, result: Result, words: Words) -> Wanted:
        order_id = stage.order(words.line, words.next("an order's label"))
        wanted: Wanted = {"kind": kind, "order_id": order_id}
        if has_size:
            wanted["quantity_lots"] = stage.lots(words.next("a size"))
        return wanted

    return read


def _auction(kind: EventKind) -> Callable[[Stage, Result, Words], Wanted]:
    def read(stage: Stage, result: Result, words: Words) -> Wanted:
        wanted: Wanted = {"kind": kind}
        if words.accept("nothing"):
            return {**wanted, "quantity_lots": 0, "price_ticks": 0}
        wanted["quantity_lots"] = stage.lots(words.next("a volume"))
        if not words.accept("@"):
            raise words.line.error("expected @ and a price behind the volume")
        wanted["price_ticks"] = stage.ticks(words.next("a price"))
        if words.accept("surplus"):
            wanted["leaves_lots"] = stage.lots(words.next("a surplus"))
            wanted["side"] = value_of(words.line, "side", words.next("buy or sell"))
        return wanted

    return read


def _phase(stage: Stage, result: Result, words: Words) -> Wanted:
    name = words.next("a phase").replace("-", "_")
    return {"kind": EventKind.PHASE_CHANGED, "code": value_of(words.line, "phase", name)}


EVENTS: dict[str, Callable[[Stage, Result, Words], Wanted]] = {
    "indicative": _auction(EventKind.INDICATIVE),
    "uncrossed": _auction(EventKind.UNCROSSED),
    "phase": _phase,
    "fill": _fill,
    "cancelled": _cancelled,
    "reduced": _of_order(EventKind.REDUCED, has_size=True),
    "refreshed": _of_order(EventKind.REFRESHED, has_size=True),
    "triggered": _of_order(EventKind.TRIGGERED, has_size=False),
}


def _text(stage: Stage, result: Result, event: np.void) -> str:
    kind, lots = EventKind(int(event["kind"])), stage.lot.text(int(event["quantity_lots"]))
    name = stage.name_of(int(event["order_id"]))
    if kind == EventKind.FILL:
        price = stage.tick.text(int(event["price_ticks"]))
        maker = stage.name_of(int(event["maker_order_id"]))
        return f"fill {lots} @ {price} {maker} by {name}"
    if kind == EventKind.CANCELLED:
        return f"cancelled {name} {lots} {CancelReason(int(event['code'])).name}"
    if kind in {EventKind.INDICATIVE, EventKind.UNCROSSED}:
        price, left = stage.tick.text(int(event["price_ticks"])), int(event["leaves_lots"])
        side = Side(int(event["side"])).name.lower() if left else ""
        surplus = f" surplus {stage.lot.text(left)} {side}" if left else ""
        return f"{kind.name.lower()} {lots} @ {price}{surplus}"
    if kind == EventKind.PHASE_CHANGED:
        return f"phase {Phase(int(event['code'])).name.lower()}"
    return f"{kind.name.lower()} {name} {lots}"


# --- the answer of a command -----------------------------------------------------------------


def _name(words: Words) -> Reject:
    name = words.next("a reject code")
    if name not in Reject.__members__:
        raise words.line.error(f"no reject code {name!r}")
    return Reject[name]


def _refused(stage: Stage, result: Result, words: Words) -> None:
    wanted = _name(words)
    if result.edge is not None:
        raise words.line.error(f"refused at the edge already: {result.edge}")
    if result.reject != wanted:
        raise words.line.error(f"it was {result.reject.name if result.reject else 'accepted'}")


def _edge(stage: Stage, result: Result, words: Words) -> None:
    wanted = _name(words)
    if result.edge is None or result.edge.code != wanted:
        raise words.line.error(f"the edge gave {result.edge or 'it to the core'}")


def _duplicate(stage: Stage, result: Result, words: Words) -> None:
    order_id = stage.order(words.line, words.next("a label"))
    answer = result.answer
    if answer["kind"] != EventKind.DUPLICATE or int(answer["order_id"]) != order_id:
        raise words.line.error(f"it was {EventKind(int(answer['kind'])).name}")


def _flag(flag: int, lots_field: str = "") -> Callable[[Stage, Result, Words], None]:
    def read(stage: Stage, result: Result, words: Words) -> None:
        if not int(result.answer["flags"]) & flag:
            raise words.line.error("it does not")
        if lots_field and words:
            _number(words, stage.lots(words.next("a size")), int(result.answer[lots_field]))

    return read


def _number(words: Words, wanted: int, got: int) -> None:
    if wanted != got:
        raise words.line.error(f"it is {got}")


def _done(stage: Stage, result: Result, words: Words) -> None:
    if int(result.answer["flags"]) & (RESTING | WAITING):
        raise words.line.error("it still works")


def _answer(stage: Stage, result: Result, words: Words) -> None:
    while (found := words.raw()) is not None:
        _number(words, value_of(words.line, *found), int(result.answer[found[0]]))


ANSWERS: dict[str, Callable[[Stage, Result, Words], None]] = {
    "refused": _refused,
    "edge": _edge,
    "duplicate": _duplicate,
    "rests": _flag(RESTING, "leaves_lots"),
    "waits": _flag(WAITING, "leaves_lots"),
    "keeps": _flag(KEPT_PRIORITY),
    "done": _done,
    "answer": _answer,
}


# --- what the venue shows --------------------------------------------------------------------


def _side(side: Side) -> Callable[[Stage, Words], None]:
    def check(stage: Stage, words: Words) -> None:
        wanted = []
        while words and not words.accept("-"):
            lots = words.next("a size")
            if not words.accept("@"):
                raise words.line.error("a level is SIZE@PRICE, or SIZE@PRICE/ORDERS")
            price, _, count = words.next("a price").partition("/")
            try:
                level = (stage.lots(lots), stage.ticks(price), int(count) if count else None)
            except (InvalidNumber, ValueError) as problem:
                raise words.line.error(str(problem)) from None
            wanted.append(level)
        for name, venue in stage.venues.items():
            rows = [
                (int(r["quantity_lots"]), int(r["price_ticks"]), int(r["order_count"]))
                for r in venue.levels(MARKET, side)
            ]
            same = len(rows) == len(wanted) and all(
                row[:2] == want[:2] and want[2] in (None, row[2])
                for row, want in zip(rows, wanted, strict=True)
            )
            if not same:
                lot, tick = stage.lot.text, stage.tick.text
                shown = " ".join(f"{lot(q)}@{tick(p)}/{n}" for q, p, n in rows) or "-"
                raise words.line.error(f"the {name} core shows {shown}")

    return check


_BALANCE = {"free": 0, "locked": 1, "held": 2}


def _balance(stage: Stage, words: Words) -> None:
    account_id = stage.account(words.line, words.next("an account"))
    asset = words.next("an asset")
    if asset not in ASSETS:
        raise words.line.error(f"no asset {asset!r}; there are: {', '.join(ASSETS)}")
    while words:
        name = words.next("free, locked or held")
        if name not in _BALANCE:
            raise words.line.error(f"expected free, locked or held, not {name!r}")
        wanted = words.integer("atoms")
        for venue in stage.venues.values():
            _number(words, wanted, venue.balance(account_id, ASSETS[asset])[_BALANCE[name]])


_ORDER = {
    "leaves": "leaves_lots",
    "filled": "filled_lots",
    "shown": "visible_lots",
    "price": "price_ticks",
    "trigger": "trigger_price_ticks",
}


def _order(stage: Stage, words: Words) -> None:
    order_id = stage.order(words.line, words.next("an order's label"))
    views: list[Any] = [venue.order(order_id) for venue in stage.venues.values()]
    if words.accept("gone"):
        if any(len(view) for view in views):
            raise words.line.error("it works")
        return
    if not all(len(view) for view in views):
        raise words.line.error("it is gone")
    while words:
        name = words.next("a property")
        if name not in _ORDER:
            raise words.line.error(f"no property {name!r}; there are: gone, {', '.join(_ORDER)}")
        wanted = words.integer("a number of lots or ticks")
        for view in views:
            _number(words, wanted, int(view[0][_ORDER[name]]))


def _last(stage: Stage, words: Words) -> None:
    text = words.next("a price, or -")
    wanted = 0 if text == "-" else stage.ticks(text)
    for venue in stage.venues.values():
        row = next(row for row in venue.markets() if row["market_id"] == MARKET)
        _number(words, wanted, int(row["last_price_ticks"]))


def _open(stage: Stage, words: Words) -> None:
    account_id = stage.account(words.line, words.next("an account"))
    wanted = words.integer("a number of orders")
    for venue in stage.venues.values():
        _number(words, wanted, len(venue.orders(account_id)))


VIEWS: dict[str, Callable[[Stage, Words], None]] = {
    "bids": _side(Side.BUY),
    "asks": _side(Side.SELL),
    "balance": _balance,
    "order": _order,
    "last": _last,
    "open": _open,
}
