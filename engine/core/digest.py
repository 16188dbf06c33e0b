"""The digest of the venue's state: a sum modulo 2^128 of one hash per record.

A sum can be kept up as records change, in any order, and be checked by a full scan. It tells bugs
and damage apart from sameness; it is no defence against somebody who chooses the records.

A record is a tag and a list of 64-bit words (signed values in two's complement):

    BALANCE     account_id, asset_id, free, locked, held          (not counted when all three are 0)
    ORDER       order_id, account_id, market_id, packed, price, filled, leaves, priority_sequence,
                fee_credit_ppm, client_id_low, client_id_high
                with packed = side | type << 8 | time in force << 16 | self-trade mode << 24
                | flags << 32; and when one of these is not 0, then all of them: tag,
                expire_time, display, visible (of an iceberg), trigger, trail_ticks, trail_ppm,
                extreme, is_waiting
    LEVEL       market_id, side, price, quantity, order_count (both as seen); and when it has
                hidden orders: hidden quantity, hidden order count
    CLIENT_ID   account_id, low, high, body_hash, order_id, sequence, accepted_time, sent_time;
                sequence 0 when the id was cancelled before anything came with it
    DEADLINE    account_id, tag, timeout, end time, is_near (told that it is)
    WITHDRAWAL  withdrawal_id, account_id, asset_id, amount
    ASSET       asset_id, decimals, symbol_low, symbol_high, deposited, withdrawn, fees
    MARKET      market_id, base_asset_id, quote_asset_id, quote_atoms_per_tick_lot,
                base_atoms_per_lot, maker_fee_ppm, taker_fee_ppm, symbol_low, symbol_high,
                last_price, band_ppm, reference_price
    ACCOUNT     account_id, group_id (as used: the account's own when it gave 0, see GROUP_OWN)
    VENUE       next_order_id, next_trade_id, id_window_ns, ids_max, id_floor_time_ns,
                next_priority
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

MASK64 = (1 << 64) - 1
MASK128 = (1 << 128) - 1

SEED_A = 0x243F6A8885A308D3  # first 64 bits of pi's fraction
SEED_B = 0x13198A2E03707344  # the next 64
MULTIPLIER_A = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, odd
MULTIPLIER_B = 0xC2B2AE3D27D4EB4F  # an odd constant with well spread bits

GROUP_OWN = 1 << 32  # group of an account without one: GROUP_OWN + account_id, so none is shared


class Tag(IntEnum):
    """What kind of record is hashed."""

    BALANCE = 1
    ORDER = 2
    LEVEL = 3
    CLIENT_ID = 4
    WITHDRAWAL = 5
    ASSET = 6
    MARKET = 7
    ACCOUNT = 8
    VENUE = 9
    BODY = 10
    DEADLINE = 11
    LIMIT = 12


def record_hash(tag: Tag, words: Iterable[int]) -> int:
    """Hash one record to 128 bits, in two lanes of 64."""
    a = SEED_A ^ tag
    b = SEED_B ^ tag
    for word in words:
        a = ((a ^ (word & MASK64)) * MULTIPLIER_A) & MASK64
        a ^= a >> 32
        b = ((b ^ (word & MASK64)) * MULTIPLIER_B) & MASK64
        b ^= b >> 29
    return a << 64 | b


def body_hash(words: Iterable[int]) -> int:
    """Hash the body of a command (its words 5 to 15) to 64 bits: what a client id is bound to."""
    return record_hash(Tag.BODY, words) >> 64
