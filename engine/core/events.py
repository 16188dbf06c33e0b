"""Event records: fixed 160-byte little-endian structs, what a command did.

    offset bytes  field                   by kind, where it differs
         0     8  sequence                of the command
         8     8  time_ns                 of the command
        16     1  kind                    EventKind
        17     1  side                    of the order; of the taker for a fill
        18     1  order_type
        19     1  time_in_force
        20     2  code                    Reject (REJECTED), CancelReason (CANCELLED),
                                          CommandKind (BALANCE, DEFINED), Phase (PHASE_CHANGED),
                                          tag (DEADLINE_NEAR)
        22     2  flags                   ANSWER, RESTING, KEPT_PRIORITY, EXISTED, WAITING,
                                          MAKER_HIDDEN, TRANCHE_DONE, AUCTION
        24     4  account_id              of the order; of the taker for a fill
        28     4  market_id               asset_id for BALANCE
        32     8  order_id                of the order; of the taker for a fill; withdrawal id
        40     8  client_id_low           of the order; of the taker for a fill; of the command for
                                          REJECTED, DUPLICATE, CANCELLED_ALL, BALANCE
        48     8  client_id_high
        56     8  price_ticks             trade price for a fill
        64     8  quantity_lots           ACCEPTED, REPLACED: total; FILL: traded; CANCELLED: leaves
                                          cancelled; REDUCED: by how much; CANCELLED_ALL: number of
                                          orders; REFRESHED: shown now; TRIGGERED, REPRICED: total;
                                          QUOTED: number of orders placed;
                                          BALANCE: amount_atoms
        72     8  filled_lots             of the order after the event; free_atoms for BALANCE;
                                          QUOTED: number of orders kept
        80     8  leaves_lots             of the order after the event; locked_atoms for BALANCE;
                                          QUOTED: number of orders cancelled
        88     8  fee_atoms               FILL: the taker's fee; held_atoms for BALANCE
        96     8  maker_order_id          FILL; REPLACED, REPRICED: previous_price_ticks; DUPLICATE:
                                          first_sequence; ACCEPTED, TRIGGERED, and CANCELLED of a
                                          waiting order: trigger_price_ticks
       104     8  maker_leaves_lots       FILL; REPLACED, REPRICED: previous_leaves_lots
       112     8  maker_fee_atoms         FILL; else visible_lots: what the event adds to the seen
                                          book (ACCEPTED, REPLACED, REPRICED, TRIGGERED,
                                          REFRESHED) or takes off it (CANCELLED, REDUCED)
       120     8  trade_id                FILL: dense per venue, from 1; REPLACED, REPRICED:
                                          previous_visible_lots, what it takes off the seen book
       128     4  maker_account_id        FILL
       132     4  event_index             position among the command's events, from 0
       136     8  maker_client_id_low     FILL
       144     8  maker_client_id_high    FILL
       152     8  maker_filled_lots       FILL

Every command gives exactly one event with the ANSWER flag. Order of a command's events: for PLACE,
ACCEPTED first, then fills and self-trade events as they happen, then the CANCELLED of what may not
rest. For REPLACE, REPLACED takes the place of ACCEPTED. ACCEPTED and REPLACED carry the filled and
leaves quantities that hold when the whole command is done, and RESTING when those leaves rest.
For CANCEL_ALL, one CANCELLED an order by rising order id, then CANCELLED_ALL. For MASS_QUOTE,
CANCELLED and REPLACED of the former quote, then ACCEPTED (without ANSWER) and what follows it of
each new order, then QUOTED.

CANCELLED and REDUCED carry RESTING when the quantity came off the book (not from an incoming
order). REDUCED by self-trade decrement comes first for the maker, then for the taker.

Orders that expire are CANCELLED before anything else of the command, so these events come first,
also when the command is then refused. A fill with TRANCHE_DONE took all that an iceberg showed;
REFRESHED follows it at once. A fill with MAKER_HIDDEN took nothing that was seen.

A stop is ACCEPTED with WAITING and is not on the book. When it fires, TRIGGERED stands for it as
ACCEPTED does for an arriving order: its filled and leaves quantities, and RESTING, are those after
its own matching, and its fills follow. Stops that a command triggers work after it, in its events.

A peg's price_ticks is where it stands, and while it is parked (WAITING) its limit. REPRICED tells
that it moved: as REPLACED does, from its previous price (0: it was parked), with RESTING, or with
WAITING when it is parked now; its fills follow.

PHASE_CHANGED has the auction's kind as order_type and its end, 0 for none, as quantity. INDICATIVE
and UNCROSSED have the price, the volume as quantity, and the surplus as leaves with its side. Then
come the trades: for each a FILL with AUCTION at the auction's price, and for each of its orders,
maker first, a REDUCED with AUCTION: what the trade takes off the book at the order's own price.
INDICATIVE is the last event of a command that changed what a call would trade.

A cancel with BEFORE_ARRIVAL that finds no order, nor any command with that id, is answered by
DEFINED. DEADLINE_NEAR has the deadline's time as quantity, and the tag of its orders as code.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

EVENT_BYTES = 160


class EventKind(IntEnum):
    """What happened."""

    ACCEPTED = 1
    FILL = 2
    CANCELLED = 3
    REPLACED = 4
    REDUCED = 5
    CANCELLED_ALL = 6
    REJECTED = 7
    DUPLICATE = 8
    BALANCE = 9
    DEFINED = 10
    REFRESHED = 11
    TRIGGERED = 12
    PHASE_CHANGED = 13
    INDICATIVE = 14
    UNCROSSED = 15
    DEADLINE_NEAR = 18
    QUOTED = 22
    REPRICED = 25


ANSWER = 1  # flag: this event answers the command
RESTING = 2  # flag: the quantity rests on, or came off, the book
KEPT_PRIORITY = 4  # flag of REPLACED: the order kept its place in the queue
EXISTED = 8  # flag of DEFINED: the same definition existed before
WAITING = 16  # flag: the order waits for its trigger, off the book
MAKER_HIDDEN = 32  # flag of FILL: the resting order was not seen
TRANCHE_DONE = 64  # flag of FILL: the resting order showed no more than this
AUCTION = 128  # flag of FILL: both orders rested; of REDUCED: by that trade, already told

_OFFSETS: dict[str, tuple[str, int]] = {
    "sequence": ("<u8", 0),
    "time_ns": ("<i8", 8),
    "kind": ("u1", 16),
    "side": ("u1", 17),
    "order_type": ("u1", 18),
    "time_in_force": ("u1", 19),
    "code": ("<u2", 20),
    "flags": ("<u2", 22),
    "account_id": ("<u4", 24),
    "market_id": ("<u4", 28),
    "asset_id": ("<u4", 28),
    "order_id": ("<u8", 32),
    "client_id_low": ("<u8", 40),
    "client_id_high": ("<u8", 48),
    "price_ticks": ("<i8", 56),
    "quantity_lots": ("<i8", 64),
    "amount_atoms": ("<i8", 64),
    "filled_lots": ("<i8", 72),
    "free_atoms": ("<i8", 72),
    "leaves_lots": ("<i8", 80),
    "locked_atoms": ("<i8", 80),
    "fee_atoms": ("<i8", 88),
    "held_atoms": ("<i8", 88),
    "maker_order_id": ("<u8", 96),
    "previous_price_ticks": ("<i8", 96),
    "first_sequence": ("<u8", 96),
    "trigger_price_ticks": ("<i8", 96),
    "maker_leaves_lots": ("<i8", 104),
    "previous_leaves_lots": ("<i8", 104),
    "maker_fee_atoms": ("<i8", 112),
    "visible_lots": ("<i8", 112),
    "trade_id": ("<u8", 120),
    "previous_visible_lots": ("<i8", 120),
    "maker_account_id": ("<u4", 128),
    "event_index": ("<u4", 132),
    "maker_client_id_low": ("<u8", 136),
    "maker_client_id_high": ("<u8", 144),
    "maker_filled_lots": ("<i8", 152),
}

EVENT = np.dtype(
    {
        "names": list(_OFFSETS),
        "formats": [kind for kind, _ in _OFFSETS.values()],
        "offsets": [offset for _, offset in _OFFSETS.values()],
        "itemsize": EVENT_BYTES,
    }
)

if EVENT.itemsize != EVENT_BYTES:
    raise ImportError("the event dtype must be as long as its table says")
