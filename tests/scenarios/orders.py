"""Commands of a scenario: words to fields. A new command kind is one more entry of a table."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from engine.core import commands as wire
from engine.core.commands import CommandKind, OrderType, SelfTradePrevention, Side, TimeInForce
from engine.core.phases import AuctionKind, Phase
from tests.scenarios.stage import ASSETS, MARKET, START_NS, Fields, Stage
from tests.scenarios.text import Line, Words

Verb = Callable[[Stage, Words, int], list[Fields]]

_TIMES = {
    name.lower().replace("_", "-"): int(value)
    for name, value in TimeInForce.__members__.items()
    if name != "GTD"
}
_FLAGS = {
    "post-only": wire.POST_ONLY,
    "slide": wire.POST_ONLY | wire.SLIDE,
    "hidden": wire.HIDDEN,
    "on-quote": wire.TRIGGER_BEST_QUOTE,
    "on-reference": wire.TRIGGER_REFERENCE,
}
_STP = {
    "none": SelfTradePrevention.NONE,
    "taker": SelfTradePrevention.CANCEL_TAKER,
    "maker": SelfTradePrevention.CANCEL_MAKER,
    "both": SelfTradePrevention.CANCEL_BOTH,
    "decrement": SelfTradePrevention.DECREMENT,
}


def value_of(line: Line, name: str, text: str) -> int:
    """Read the value of field=value: a number, or a name of the kind that the field holds."""
    if text.lstrip("-").isdecimal():
        return int(text)
    for names in _NAMES:
        if text.upper() in names.__members__:
            return int(names[text.upper()])
    raise line.error(f"{name}={text}: neither a number nor a known name")


# Every list of names that the commands have; in a file they are written in lower case or as here.
_NAMES: tuple[type[IntEnum], ...] = tuple(
    value
    for value in (*vars(wire).values(), Phase, AuctionKind)
    if isinstance(value, type) and issubclass(value, IntEnum) and value is not IntEnum
)


def raw_fields(words: Words, row: Fields) -> None:
    """Take field=value words to the end of the line."""
    while (found := words.raw()) is not None:
        name, text = found
        if name not in (wire.COMMAND.names or ()):
            raise words.line.error(f"a command has no field {name!r}")
        row[name] = value_of(words.line, name, text)


def client_id(words: Words) -> Fields:
    """Take a client's id of 128 bits."""
    number = words.integer("a client id")
    return {"client_id_low": number & (1 << 64) - 1, "client_id_high": number >> 64}


def place(stage: Stage, words: Words, account_id: int, side: Side) -> list[Fields]:
    """SIZE @ PRICE | SIZE market | amount ATOMS, then options."""
    row: Fields = {
        "kind": CommandKind.PLACE,
        "account_id": account_id,
        "market_id": MARKET,
        "side": side,
        "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "self_trade_prevention": SelfTradePrevention.CANCEL_TAKER,
        "flags": 0,
    }
    at_once = False
    if words.accept("amount"):
        row.update(order_type=OrderType.MARKET_BY_AMOUNT, amount_atoms=words.integer("atoms"))
        at_once = True
    else:
        row["quantity_lots"] = stage.lots(words.next("a size"))
        if words.accept("@"):
            row["price_ticks"] = stage.ticks(words.next("a price"))
        elif words.accept("market"):
            row["order_type"] = OrderType.MARKET
            at_once = True
    if at_once:
        row["time_in_force"] = TimeInForce.IOC
    _options(stage, words, row)
    return [row]


def _options(stage: Stage, words: Words, row: Fields) -> None:
    while words:
        raw_fields(words, row)
        if not words:
            return
        option = words.next("an option")
        if option in _TIMES:
            row["time_in_force"] = _TIMES[option]
        elif option in _FLAGS:
            row["flags"] |= _FLAGS[option]
        elif option in OPTIONS:
            OPTIONS[option](stage, words, row)
        else:
            known = ", ".join((*_TIMES, *_FLAGS, *OPTIONS))
            raise words.line.error(f"no option {option!r}; there are: {known}")


def _till(stage: Stage, words: Words, row: Fields) -> None:
    row["time_in_force"] = TimeInForce.GTD
    row["expire_time_ns"] = START_NS + words.time_ns("a time since the start")


def _stop(stage: Stage, words: Words, row: Fields) -> None:
    priced = "price_ticks" in row
    row["order_type"] = OrderType.STOP_LIMIT if priced else OrderType.STOP
    row["trigger_price_ticks"] = stage.ticks(words.next("a trigger price"))


def _trail(stage: Stage, words: Words, row: Fields) -> None:
    row["order_type"] = OrderType.TRAILING_STOP
    if words.accept("ppm"):
        row["trail_ppm"] = words.integer("parts per million")
    else:
        row["trail_ticks"] = stage.ticks(words.next("a distance"))


def _prevention(stage: Stage, words: Words, row: Fields) -> None:
    mode = words.next("a self-trade mode")
    if mode not in _STP:
        raise words.line.error(f"no self-trade mode {mode!r}; there are: {', '.join(_STP)}")
    row["self_trade_prevention"] = _STP[mode]


def _show(stage: Stage, words: Words, row: Fields) -> None:
    row["display_lots"] = words.integer("the lots to show")


def _minimum(stage: Stage, words: Words, row: Fields) -> None:
    row["flags"] |= wire.MINIMUM
    row["minimum_lots"] = stage.lots(words.next("the least size"))


def _id(stage: Stage, words: Words, row: Fields) -> None:
    row.update(client_id(words))


def _sent(stage: Stage, words: Words, row: Fields) -> None:
    row["sent_time_ns"] = START_NS + words.time_ns("a time since the start")


def _max_age(stage: Stage, words: Words, row: Fields) -> None:
    row["max_age_ms"] = words.time_ns("an age") // 1_000_000


def _tag(stage: Stage, words: Words, row: Fields) -> None:
    row["tag"] = words.integer("a tag")


OPTIONS: dict[str, Callable[[Stage, Words, Fields], None]] = {
    "till": _till,
    "stop": _stop,
    "trail": _trail,
    "stp": _prevention,
    "show": _show,
    "minimum": _minimum,
    "id": _id,
    "sent": _sent,
    "max-age": _max_age,
    "tag": _tag,
}


def buy(stage: Stage, words: Words, account_id: int) -> list[Fields]:
    """Place a buy."""
    return place(stage, words, account_id, Side.BUY)


def sell(stage: Stage, words: Words, account_id: int) -> list[Fields]:
    """Place a sell."""
    return place(stage, words, account_id, Side.SELL)


def _target(stage: Stage, words: Words) -> Fields:
    if not words.accept("id"):
        return {"order_id": stage.order(words.line, words.next("an order's label"))}
    number = client_id(words)
    return {
        "target_client_id_low": number["client_id_low"],
        "target_client_id_high": number["client_id_high"],
    }


def cancel(stage: Stage, words: Words, account_id: int) -> list[Fields]:
    """LABEL | id N | all [buy|sell], then options."""
    row: Fields = {"kind": CommandKind.CANCEL, "account_id": account_id}
    if words.accept("all"):
        row["kind"] = CommandKind.CANCEL_ALL
        for name, side in (("buy", Side.BUY), ("sell", Side.SELL)):
            if words.accept(name):
                row["side"] = side
    else:
        row.update(_target(stage, words))
    _options(stage, words, row)
    return [row]


def replace(stage: Stage, words: Words, account_id: int) -> list[Fields]:
    """LABEL SIZE [@ PRICE] [stop PRICE]: a new total size, price or trigger."""
    row: Fields = {"kind": CommandKind.REPLACE, "account_id": account_id}
    row.update(_target(stage, words))
    row["quantity_lots"] = stage.lots(words.next("a total size"))
    if words.accept("@"):
        row["price_ticks"] = stage.ticks(words.next("a price"))
    if words.accept("stop"):
        row["new_trigger_price_ticks"] = stage.ticks(words.next("a trigger price"))
    _options(stage, words, row)
    return [row]


def _moves(kind: CommandKind) -> Verb:
    def move(stage: Stage, words: Words, account_id: int) -> list[Fields]:
        asset = words.next("an asset")
        if asset not in ASSETS:
            raise words.line.error(f"no asset {asset!r}; there are: {', '.join(ASSETS)}")
        row: Fields = {"kind": kind, "account_id": account_id, "asset_id": ASSETS[asset]}
        row["amount_atoms"] = words.integer("atoms")
        _options(stage, words, row)
        return [row]

    return move


def _ends(kind: CommandKind) -> Verb:
    def end(stage: Stage, words: Words, account_id: int) -> list[Fields]:
        row: Fields = {"kind": kind, "account_id": account_id}
        row["order_id"] = stage.order(words.line, words.next("a withdrawal's label"))
        _options(stage, words, row)
        return [row]

    return end


def any_kind(stage: Stage, words: Words, account_id: int) -> list[Fields]:
    """KIND field=value...: every command kind, by its own field names."""
    name = words.next("a command kind")
    if name not in CommandKind.__members__:
        known = ", ".join(CommandKind.__members__)
        raise words.line.error(f"no command kind {name!r}; there are: {known}")
    row: Fields = {"kind": CommandKind[name]}
    if account_id:
        row["account_id"] = account_id
    raw_fields(words, row)
    return [row]


def tick(stage: Stage, words: Words, account_id: int) -> list[Fields]:
    """Let time pass."""
    return [{"kind": CommandKind.TICK}]


def reference(stage: Stage, words: Words, account_id: int) -> list[Fields]:
    """PRICE: set the market's reference price."""
    row: Fields = {"kind": CommandKind.SET_REFERENCE_PRICE, "market_id": MARKET}
    row["price_ticks"] = stage.ticks(words.next("a price"))
    return [row]


def phase(stage: Stage, words: Words, account_id: int) -> list[Fields]:
    """NAME, for an auction also its kind, and [till TIME]: change the market's phase."""
    row: Fields = {"kind": CommandKind.SET_PHASE, "market_id": MARKET}
    row["phase"] = value_of(words.line, "phase", words.next("a phase").replace("-", "_"))
    if row["phase"] == Phase.AUCTION:
        name = words.next("the kind of auction").replace("-", "_")
        row["auction_kind"] = value_of(words.line, "auction_kind", name)
        if words.accept("till"):
            row["auction_end_ns"] = START_NS + words.time_ns("a time since the start")
    raw_fields(words, row)
    return [row]


def uncross(stage: Stage, words: Words, account_id: int) -> list[Fields]:
    """Uncross a call, which goes on."""
    return [{"kind": CommandKind.UNCROSS, "market_id": MARKET}]


# What an account says, and what the venue itself does.
ACCOUNT_VERBS: dict[str, Verb] = {
    "buy": buy,
    "sell": sell,
    "cancel": cancel,
    "replace": replace,
    "deposit": _moves(CommandKind.DEPOSIT),
    "withdraw": _moves(CommandKind.WITHDRAW_HOLD),
    "release": _ends(CommandKind.WITHDRAW_RELEASE),
    "finalize": _ends(CommandKind.WITHDRAW_FINALIZE),
    "do": any_kind,
}
VENUE_VERBS: dict[str, Verb] = {
    "tick": tick,
    "reference": reference,
    "phase": phase,
    "uncross": uncross,
    "do": any_kind,
}
