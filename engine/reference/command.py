"""A command as the reference reads it from its 128 bytes."""

from __future__ import annotations

import dataclasses
import struct
from dataclasses import dataclass

from engine.core.commands import (
    BODY_WORDS_FIRST,
    COMMAND,
    COMMAND_BYTES,
    ENTRY_KINDS,
    USED_FIELDS,
    CommandKind,
)
from engine.core.digest import body_hash

_HEADER = struct.Struct("<QqQQqIIBBBBBBHQ")
_BODY = struct.Struct("<qqqIIQQqq")
_KINDS = frozenset(CommandKind)
_WORDS = struct.Struct("<16Q")
_ORDERED = ("sequence", "time_ns", "kind")


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `words` are its sixteen 64-bit words, for masks and hashes."""

    sequence: int
    time_ns: int
    client_id_low: int
    client_id_high: int
    sent_time_ns: int
    account_id: int
    market_id: int
    kind: int
    side: int
    order_type: int
    time_in_force: int
    self_trade_prevention: int
    flags: int
    tag: int
    order_id: int
    price_ticks: int
    quantity_lots: int
    amount_atoms: int
    asset_id: int
    quote_asset_id: int
    target_client_id_low: int
    target_client_id_high: int
    display_lots: int
    expire_time_ns: int
    words: tuple[int, ...]
    entries: tuple[Command, ...] = ()  # of a compound command

    @property
    def client_id(self) -> tuple[int, int]:
        """The client's id as (low, high); (0, 0) is none."""
        return self.client_id_low, self.client_id_high

    @property
    def target_client_id(self) -> tuple[int, int]:
        """The target order's client id as (low, high); (0, 0) is none."""
        return self.target_client_id_low, self.target_client_id_high

    @property
    def maker_fee_ppm(self) -> int:
        """The maker fee of a market definition."""
        return self.words[10] & 0xFFFFFFFF

    @property
    def taker_fee_ppm(self) -> int:
        """The taker fee of a market definition."""
        return self.words[10] >> 32

    @property
    def band_ppm(self) -> int:
        """The band of a market definition."""
        return self.words[14] & 0xFFFFFFFF

    @property
    def entry_count(self) -> int:
        """How many entries a compound command says it has."""
        return self.words[10] & 0xFFFFFFFF

    @property
    def volatility_ppm(self) -> int:
        """The dynamic band of a market definition."""
        return self.words[14] >> 32

    @property
    def auction_ms(self) -> int:
        """How long a market definition's volatility auctions last."""
        return self.words[15] & 0xFFFFFFFF

    @property
    def initial_phase(self) -> int:
        """The phase in which a market definition begins; 0 is OPEN."""
        return self.words[15] >> 32 & 0xFF

    @property
    def allocation(self) -> int:
        """How a market definition shares out its levels; 0 is by time."""
        return self.order_type

    @property
    def minimum_allocation_lots(self) -> int:
        """The least share of a market definition."""
        return _signed(self.words[7])

    @property
    def max_age_ms(self) -> int:
        """How old an order may be when it is sequenced; 0 is any age."""
        return self.asset_id

    @property
    def is_too_old(self) -> bool:
        """Whether it has a largest age and is older."""
        age_ns = self.time_ns - self.sent_time_ns
        return self.max_age_ms != 0 and age_ns > self.max_age_ms * 1_000_000

    @property
    def trail_ppm(self) -> int:
        """The distance of a trailing stop, as a share of the price."""
        return self.quote_asset_id

    @property
    def trigger_price_ticks(self) -> int:
        """The trigger price of a new stop."""
        return _signed(self.words[12])

    @property
    def trail_ticks(self) -> int:
        """The distance of a trailing stop in ticks."""
        return _signed(self.words[13])

    @property
    def minimum_lots(self) -> int:
        """The least that an order with the flag MINIMUM trades on arrival."""
        return self.display_lots

    @property
    def new_trigger_price_ticks(self) -> int:
        """The trigger price that a replace asks for; 0 keeps it."""
        return self.display_lots

    @property
    def body_hash(self) -> int:
        """What the client id is bound to: everything from the account on."""
        records = (self, *self.entries)
        return body_hash(word for item in records for word in item.words[BODY_WORDS_FIRST:])


def _signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


def decode(data: bytes) -> Command:
    """Read a command from its 128 bytes."""
    small = _HEADER.unpack_from(data, 0) + _BODY.unpack_from(data, 64)
    fields = (*small, _WORDS.unpack(data))
    return Command(*fields)


def grouped(records: list[Command]) -> list[Command]:
    """Give each header the entries that directly follow it, as many as it says at most."""
    commands: list[Command] = []
    at = 0
    while at < len(records):
        command, at = records[at], at + 1
        first = at
        kind = ENTRY_KINDS.get(CommandKind(command.kind)) if command.kind in _KINDS else None
        while (
            kind is not None
            and at < len(records)
            and at - first < command.entry_count
            and records[at].kind == kind
        ):
            at += 1
        entries = tuple(records[first:at])
        commands.append(dataclasses.replace(command, entries=entries) if entries else command)
    return commands


def _mask(kind: CommandKind) -> tuple[int, ...]:
    used = bytearray(COMMAND_BYTES)
    for name in (*_ORDERED, *USED_FIELDS[kind]):
        field = COMMAND.fields
        if field is None:
            raise ImportError("the command dtype has fields")
        dtype, offset = field[name][0], field[name][1]
        used[offset : offset + dtype.itemsize] = b"\xff" * dtype.itemsize
    return tuple(~word & (1 << 64) - 1 for word in _WORDS.unpack(bytes(used)))


_UNUSED_MASKS = {kind: _mask(kind) for kind in CommandKind}


def sets_unused_field(command: Command) -> bool:
    """Tell whether a byte that the command's kind does not use is other than zero."""
    masks = _UNUSED_MASKS[CommandKind(command.kind)]
    return any(word & mask for word, mask in zip(command.words, masks, strict=True))
