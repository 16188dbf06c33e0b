"""Command records: fixed 128-byte little-endian structs, the same bytes on the wire to the core, in
the journal and on the replication stream.

Header, the same for every kind (unused fields are zero, and a command that sets one is refused):

    offset bytes  field
         0     8  sequence                given by the sequencer, dense from 1
         8     8  time_ns                 given by the sequencer, strictly increasing
        16     8  client_id_low           the client's 128-bit id, unique per account
        24     8  client_id_high
        32     8  sent_time_ns            when the client first sent it; needed with a client id
        40     4  account_id
        44     4  market_id
        48     1  kind                    CommandKind
        49     1  side                    Side
        50     1  order_type              OrderType
        51     1  time_in_force           TimeInForce
        52     1  self_trade_prevention   SelfTradePrevention
        53     1  flags                   POST_ONLY, SLIDE, HIDDEN, MINIMUM,
                                          TRIGGER_BEST_QUOTE, TRIGGER_REFERENCE of a place;
                                          BEFORE_ARRIVAL of a cancel; ON_DISCONNECT of a cancel all
        54     2  tag                     of an order; of a cancel all or a deadline: only orders
                                          of this tag
        56     8  order_id                target of a cancel or replace; withdrawal of a release
                                          or finalize

Body by kind:

    PLACE, REPLACE      64 price_ticks i64     72 quantity_lots i64    88 max_age_ms u32
    PLACE               80 amount_atoms i64    92 trail_ppm u32        96 trigger_price_ticks i64
                        104 trail_ticks i64 (also a primary peg's offset)
                        112 display_lots i64 (an iceberg's), or with the flag MINIMUM
                        minimum_lots           120 expire_time_ns i64 (GTD)
    REPLACE             112 new_trigger_price_ticks i64 (of a waiting stop; 0 keeps it)
    CANCEL, REPLACE     96 target_client_id_low u64   104 target_client_id_high u64
    DEPOSIT, HOLD       80 amount_atoms i64    88 asset_id u32
    DEFINE_ASSET        64 decimals i64        88 asset_id u32       96 symbol 16 bytes
    DEFINE_MARKET       64 quote_atoms_per_tick_lot i64   72 base_atoms_per_lot i64
                        80 maker_fee_ppm u32   84 taker_fee_ppm u32
                        88 base_asset_id u32   92 quote_asset_id u32   96 symbol 16 bytes
                        112 band_ppm u32 (0: none)     116 volatility_ppm u32 (0: none)
                        120 auction_ms u32             124 initial_phase u8 (0: OPEN)
                        50 allocation u8 (0: FIFO)   56 minimum_allocation_lots i64
    DEFINE_ACCOUNT      80 group_id u32 (as the low half of amount_atoms)
    SET_ID_WINDOW       64 id_window_ns i64    72 ids_max i64
    TICK                nothing: time passes
    SET_REFERENCE_PRICE 64 price_ticks i64
    SET_PHASE           64 phase i64    72 auction_kind i64    80 auction_end_ns i64 (0: open end)
    UNCROSS             nothing: a call trades what it has collected, and goes on
    SET_LIMIT           64 limit_kind i64    72 limit_value i64 (0: none)    80 window_ns i64
    KILL                64 is_on i64 (0 lifts it)
    SET_DEADLINE        64 timeout_ms i64 (0: off)
    MASS_QUOTE          80 entry_count u32     88 max_age_ms u32
    QUOTE_ENTRY         64 bid_price_ticks i64     72 bid_lots i64
                        80 ask_price_ticks i64     112 ask_lots i64

A compound command is a header (MASS_QUOTE) and the `entry_count` entries directly behind it: they
are applied together and written in one frame of the journal, and the whole is done or refused.
Every record has a sequence and a time of its own; all events carry the header's, and there is one
answer. An entry without a header is refused.

Which header fields a kind uses: see `USED_FIELDS`. A field is used or zero.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

COMMAND_BYTES = 128


class CommandKind(IntEnum):
    """What a command does."""

    PLACE = 1
    CANCEL = 2
    REPLACE = 3
    CANCEL_ALL = 4
    DEPOSIT = 5
    WITHDRAW_HOLD = 6
    WITHDRAW_RELEASE = 7
    WITHDRAW_FINALIZE = 8
    DEFINE_ASSET = 9
    DEFINE_MARKET = 10
    DEFINE_ACCOUNT = 11
    SET_ID_WINDOW = 12
    TICK = 13
    SET_REFERENCE_PRICE = 14
    SET_PHASE = 15
    UNCROSS = 16
    SET_LIMIT = 18
    KILL = 19
    SET_DEADLINE = 20
    MASS_QUOTE = 23
    QUOTE_ENTRY = 24


class LimitKind(IntEnum):
    """What a limit bounds, for an account (0: each) in a market (0: each, or all together)."""

    ORDER_LOTS = 1  # an order's quantity
    ORDER_VALUE = 2  # an order's value in quote atoms, at its limit, trigger or the last price
    COLLAR_PPM = 3  # how far a limit price may be from the reference price, or the last one
    OPEN_ORDERS = 4  # working orders
    HOLDING_LOTS = 5  # what is held of the base asset, with all that open buys may add
    MESSAGES = 6  # orders and replaces in a window, of all accounts together for account 0


class Side(IntEnum):
    """The side of an order."""

    BUY = 1
    SELL = 2


class OrderType(IntEnum):
    """How an order's price is decided."""

    LIMIT = 1
    MARKET = 2
    STOP = 3
    STOP_LIMIT = 4
    TRAILING_STOP = 5
    MARKET_BY_AMOUNT = 6
    PRIMARY_PEG = 7  # at its own side's best price, less an offset; never beyond its limit
    MIDPOINT_PEG = 8  # unseen, between the two best prices; never beyond its limit
    QUOTE = 9  # made by a mass quote, never placed alone


class TimeInForce(IntEnum):
    """How long an order may work."""

    GTC = 1
    IOC = 2
    FOK = 3
    DAY = 4  # until the market's phase becomes CLOSED
    GTD = 5
    AT_OPEN = 6  # in an opening call, until its uncross
    AT_CLOSE = 7  # in a closing call, until its uncross


class Allocation(IntEnum):
    """How a level is shared out to an arriving order that does not take all of it."""

    FIFO = 1
    PRO_RATA = 2


class SelfTradePrevention(IntEnum):
    """What happens when an incoming order meets one of its own account group."""

    NONE = 1
    CANCEL_TAKER = 2
    CANCEL_MAKER = 3
    CANCEL_BOTH = 4
    DECREMENT = 5


# Bits of `flags`.
POST_ONLY = 1  # never trades on arrival
SLIDE = 2  # with POST_ONLY: takes the nearest price that does not trade, instead of a refusal
HIDDEN = 4  # rests unseen, behind what is seen at its price
MINIMUM = 8  # trades at least `minimum_lots` on arrival, or is refused
TRIGGER_BEST_QUOTE = 16  # a stop that watches the best opposite price
TRIGGER_REFERENCE = 32  # a stop that watches the reference price
BEFORE_ARRIVAL = 64  # of a cancel by client id: an order with that id that comes later is refused
ON_DISCONNECT = 128  # of a cancel all: nobody asked, the session that would have is gone

_OFFSETS: dict[str, tuple[str, int]] = {
    "sequence": ("<u8", 0),
    "time_ns": ("<i8", 8),
    "client_id_low": ("<u8", 16),
    "client_id_high": ("<u8", 24),
    "sent_time_ns": ("<i8", 32),
    "account_id": ("<u4", 40),
    "market_id": ("<u4", 44),
    "kind": ("u1", 48),
    "side": ("u1", 49),
    "order_type": ("u1", 50),
    "allocation": ("u1", 50),
    "time_in_force": ("u1", 51),
    "self_trade_prevention": ("u1", 52),
    "flags": ("u1", 53),
    "tag": ("<u2", 54),
    "order_id": ("<u8", 56),
    "minimum_allocation_lots": ("<i8", 56),
    "price_ticks": ("<i8", 64),
    "bid_price_ticks": ("<i8", 64),
    "quote_atoms_per_tick_lot": ("<i8", 64),
    "decimals": ("<i8", 64),
    "phase": ("<i8", 64),
    "limit_kind": ("<i8", 64),
    "is_on": ("<i8", 64),
    "timeout_ms": ("<i8", 64),
    "id_window_ns": ("<i8", 64),
    "quantity_lots": ("<i8", 72),
    "bid_lots": ("<i8", 72),
    "base_atoms_per_lot": ("<i8", 72),
    "ids_max": ("<i8", 72),
    "auction_kind": ("<i8", 72),
    "limit_value": ("<i8", 72),
    "amount_atoms": ("<i8", 80),
    "auction_end_ns": ("<i8", 80),
    "window_ns": ("<i8", 80),
    "maker_fee_ppm": ("<u4", 80),
    "group_id": ("<u4", 80),
    "entry_count": ("<u4", 80),
    "ask_price_ticks": ("<i8", 80),
    "taker_fee_ppm": ("<u4", 84),
    "max_age_ms": ("<u4", 88),
    "asset_id": ("<u4", 88),
    "base_asset_id": ("<u4", 88),
    "trail_ppm": ("<u4", 92),
    "quote_asset_id": ("<u4", 92),
    "trigger_price_ticks": ("<i8", 96),
    "target_client_id_low": ("<u8", 96),
    "symbol_low": ("<u8", 96),
    "trail_ticks": ("<i8", 104),
    "target_client_id_high": ("<u8", 104),
    "symbol_high": ("<u8", 104),
    "display_lots": ("<i8", 112),
    "minimum_lots": ("<i8", 112),
    "ask_lots": ("<i8", 112),
    "new_trigger_price_ticks": ("<i8", 112),
    "band_ppm": ("<u4", 112),
    "volatility_ppm": ("<u4", 116),
    "auction_ms": ("<u4", 120),
    "initial_phase": ("u1", 124),
    "expire_time_ns": ("<i8", 120),
}

COMMAND = np.dtype(
    {
        "names": list(_OFFSETS),
        "formats": [kind for kind, _ in _OFFSETS.values()],
        "offsets": [offset for _, offset in _OFFSETS.values()],
        "itemsize": COMMAND_BYTES,
    }
)

_ID = ("client_id_low", "client_id_high", "sent_time_ns", "account_id")
_TARGET = ("order_id", "target_client_id_low", "target_client_id_high")

# Fields that may differ from zero, by kind, beside sequence, time_ns and kind. All other bytes
# must be zero: RESERVED_FIELD_SET.
USED_FIELDS: dict[CommandKind, tuple[str, ...]] = {
    CommandKind.PLACE: (
        *_ID,
        "market_id",
        "side",
        "order_type",
        "time_in_force",
        "self_trade_prevention",
        "flags",
        "tag",
        "price_ticks",
        "quantity_lots",
        "amount_atoms",
        "max_age_ms",
        "trail_ppm",
        "trigger_price_ticks",
        "trail_ticks",
        "display_lots",
        "expire_time_ns",
    ),
    CommandKind.CANCEL: (*_ID, *_TARGET, "flags"),
    CommandKind.REPLACE: (
        *_ID,
        *_TARGET,
        "price_ticks",
        "quantity_lots",
        "max_age_ms",
        "new_trigger_price_ticks",
    ),
    CommandKind.CANCEL_ALL: (*_ID, "market_id", "side", "tag", "flags"),
    CommandKind.DEPOSIT: (*_ID, "amount_atoms", "asset_id"),
    CommandKind.WITHDRAW_HOLD: (*_ID, "amount_atoms", "asset_id"),
    CommandKind.WITHDRAW_RELEASE: (*_ID, "order_id"),
    CommandKind.WITHDRAW_FINALIZE: (*_ID, "order_id"),
    CommandKind.DEFINE_ASSET: ("decimals", "asset_id", "symbol_low", "symbol_high"),
    CommandKind.DEFINE_MARKET: (
        "market_id",
        "quote_atoms_per_tick_lot",
        "base_atoms_per_lot",
        "maker_fee_ppm",
        "taker_fee_ppm",
        "base_asset_id",
        "quote_asset_id",
        "symbol_low",
        "symbol_high",
        "band_ppm",
        "volatility_ppm",
        "auction_ms",
        "initial_phase",
        "allocation",
        "minimum_allocation_lots",
    ),
    CommandKind.DEFINE_ACCOUNT: ("account_id", "group_id"),
    CommandKind.SET_ID_WINDOW: ("id_window_ns", "ids_max"),
    CommandKind.TICK: (),
    CommandKind.SET_REFERENCE_PRICE: ("market_id", "price_ticks"),
    CommandKind.SET_PHASE: ("market_id", "phase", "auction_kind", "auction_end_ns"),
    CommandKind.UNCROSS: ("market_id",),
    CommandKind.SET_LIMIT: ("account_id", "market_id", "limit_kind", "limit_value", "window_ns"),
    CommandKind.KILL: ("account_id", "market_id", "is_on"),
    CommandKind.SET_DEADLINE: ("account_id", "tag", "timeout_ms"),
    CommandKind.MASS_QUOTE: (
        *_ID,
        "market_id",
        "self_trade_prevention",
        "flags",
        "entry_count",
        "max_age_ms",
    ),
    CommandKind.QUOTE_ENTRY: ("bid_price_ticks", "bid_lots", "ask_price_ticks", "ask_lots"),
}

# Kinds that must carry a client id, and kinds that may.
CLIENT_ID_REQUIRED = frozenset(
    {
        CommandKind.PLACE,
        CommandKind.MASS_QUOTE,
        CommandKind.DEPOSIT,
        CommandKind.WITHDRAW_HOLD,
        CommandKind.WITHDRAW_RELEASE,
        CommandKind.WITHDRAW_FINALIZE,
    }
)
CLIENT_ID_ALLOWED = CLIENT_ID_REQUIRED | {
    CommandKind.CANCEL,
    CommandKind.REPLACE,
    CommandKind.CANCEL_ALL,
}

# Which entries a header is followed by.
ENTRY_KINDS = {CommandKind.MASS_QUOTE: CommandKind.QUOTE_ENTRY}

COMMAND_WORDS = COMMAND_BYTES // 8
BODY_WORDS_FIRST = 5  # words 5 to 15 (bytes 40 to 127) are the body that an id is bound to

if COMMAND.itemsize != COMMAND_BYTES or COMMAND_BYTES % 64 != 0:
    raise ImportError("a command fills whole cache lines")


def symbol_words(symbol: str) -> tuple[int, int]:
    """Pack a symbol of at most 16 ASCII characters, zero padded, into its two 64-bit words."""
    padded = symbol.encode("ascii").ljust(16, b"\0")
    return int.from_bytes(padded[:8], "little"), int.from_bytes(padded[8:], "little")


def symbol_text(low: int, high: int) -> str:
    """Unpack a symbol from its two 64-bit words."""
    return (low.to_bytes(8, "little") + high.to_bytes(8, "little")).rstrip(b"\0").decode("ascii")
