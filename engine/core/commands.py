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
        53     1  flags                   bit 0 POST_ONLY
        54     2  reserved_header
        56     8  order_id                target of a cancel or replace; withdrawal of a release
                                          or finalize

Body by kind:

    PLACE, REPLACE      64 price_ticks i64     72 quantity_lots i64
    CANCEL, REPLACE     96 target_client_id_low u64   104 target_client_id_high u64
    DEPOSIT, HOLD       80 amount_atoms i64    88 asset_id u32
    DEFINE_ASSET        64 decimals i64        88 asset_id u32       96 symbol 16 bytes
    DEFINE_MARKET       64 quote_atoms_per_tick_lot i64   72 base_atoms_per_lot i64
                        80 maker_fee_ppm u32   84 taker_fee_ppm u32
                        88 base_asset_id u32   92 quote_asset_id u32   96 symbol 16 bytes
    DEFINE_ACCOUNT      80 group_id u32 (as the low half of amount_atoms)
    SET_ID_WINDOW       64 id_window_ns i64    72 ids_max i64

    bytes 112 to 127 are reserved.

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


class Side(IntEnum):
    """The side of an order."""

    BUY = 1
    SELL = 2


class OrderType(IntEnum):
    """How an order's price is decided."""

    LIMIT = 1
    MARKET = 2


class TimeInForce(IntEnum):
    """How long an order may work."""

    GTC = 1
    IOC = 2
    FOK = 3


class SelfTradePrevention(IntEnum):
    """What happens when an incoming order meets one of its own account group."""

    NONE = 1
    CANCEL_TAKER = 2
    CANCEL_MAKER = 3
    CANCEL_BOTH = 4
    DECREMENT = 5


POST_ONLY = 1  # bit of `flags`

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
    "time_in_force": ("u1", 51),
    "self_trade_prevention": ("u1", 52),
    "flags": ("u1", 53),
    "reserved_header": ("<u2", 54),
    "order_id": ("<u8", 56),
    "price_ticks": ("<i8", 64),
    "quote_atoms_per_tick_lot": ("<i8", 64),
    "decimals": ("<i8", 64),
    "id_window_ns": ("<i8", 64),
    "quantity_lots": ("<i8", 72),
    "base_atoms_per_lot": ("<i8", 72),
    "ids_max": ("<i8", 72),
    "amount_atoms": ("<i8", 80),
    "maker_fee_ppm": ("<u4", 80),
    "group_id": ("<u4", 80),
    "taker_fee_ppm": ("<u4", 84),
    "asset_id": ("<u4", 88),
    "base_asset_id": ("<u4", 88),
    "quote_asset_id": ("<u4", 92),
    "target_client_id_low": ("<u8", 96),
    "symbol_low": ("<u8", 96),
    "target_client_id_high": ("<u8", 104),
    "symbol_high": ("<u8", 104),
    "reserved_body_low": ("<u8", 112),
    "reserved_body_high": ("<u8", 120),
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
        "price_ticks",
        "quantity_lots",
    ),
    CommandKind.CANCEL: (*_ID, *_TARGET),
    CommandKind.REPLACE: (*_ID, *_TARGET, "price_ticks", "quantity_lots"),
    CommandKind.CANCEL_ALL: (*_ID, "market_id", "side"),
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
    ),
    CommandKind.DEFINE_ACCOUNT: ("account_id", "group_id"),
    CommandKind.SET_ID_WINDOW: ("id_window_ns", "ids_max"),
}

# Kinds that must carry a client id, and kinds that may.
CLIENT_ID_REQUIRED = frozenset(
    {
        CommandKind.PLACE,
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
