"""Batches are written column by column, and mean what protobuf itself would have written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.core.commands import (
    COMMAND,
    MINIMUM,
    POST_ONLY,
    SLIDE,
    TRIGGER_BEST_QUOTE,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from engine.core.records import join
from realstack.client.columns import (
    COLUMNS,
    columns_of,
    decode_batch,
    encode_batch,
    encode_single,
    join_answers,
    slice_answers,
    varint,
)
from realstack.client.requests import command, identify
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2

KINDS = (CommandKind.PLACE, CommandKind.CANCEL, CommandKind.REPLACE, CommandKind.CANCEL_ALL)


def random_commands(seed: int, count: int) -> NDArray[np.void]:
    """Make commands with random values in every column, about half of the columns all zero."""
    random = np.random.default_rng(seed)
    rows = np.zeros(count, dtype=COMMAND)
    for _, name, kind in COLUMNS:
        limits = np.iinfo(kind)
        if random.integers(2):
            rows[name] = random.integers(limits.min, limits.max, count, dtype=kind, endpoint=True)
    rows["kind"] = random.choice(KINDS, count)
    return rows


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 40))
def test_a_batch_reads_as_the_columns_that_went_in(seed: int, count: int) -> None:
    """Each column of the message holds the values of the records, or nothing when all are zero."""
    rows = random_commands(seed, count)
    batch = trading_pb2.TradeRequest.FromString(encode_batch(rows)).batch
    for _, name, _ in COLUMNS:
        field = name.replace("target_client_id", "order_client_id")
        column = getattr(batch, field)
        # A sent time is unsigned on the wire and signed in the record.
        expected = [int(row[name]) if has_field(row, name) else 0 for row in rows]
        if name == "sent_time_ns":
            expected = [value & (1 << 64) - 1 for value in expected]
        elif name == "trigger_price_ticks":
            moves = rows["kind"] == CommandKind.REPLACE
            new = np.where(moves, rows["new_trigger_price_ticks"], 0).tolist()
            expected = [value or moved for value, moved in zip(expected, new, strict=True)]
        assert (expected if any(expected) else []) == list(column)


def has_field(row: np.void, name: str) -> bool:
    """Tell whether a column of the record is that of its kind, where kinds share bytes."""
    if name in {"target_client_id_low", "target_client_id_high"}:
        return bool(row["kind"] != CommandKind.PLACE)
    if name in {"trigger_price_ticks", "trail_ticks"}:
        return bool(row["kind"] == CommandKind.PLACE)
    return bool(name != "display_lots" or row["kind"] != CommandKind.REPLACE)


@given(seed=st.integers(0, 2**32 - 1))
def test_the_bytes_of_a_batch_are_those_of_protobuf(seed: int) -> None:
    """What is written by hand is what the generated code writes, byte for byte."""
    written = encode_batch(random_commands(seed, 20))
    request = trading_pb2.TradeRequest.FromString(written)
    assert request.SerializeToString(deterministic=True) == written


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**32, 2**63])
def test_lengths_are_written_seven_bits_a_byte(value: int) -> None:
    """A variable-length integer decodes to what went in."""
    decoded = sum((byte & 0x7F) << 7 * index for index, byte in enumerate(varint(value)))
    assert value == decoded


def test_a_single_order_carries_every_field() -> None:
    """One order alone travels as itself."""
    row = command(
        CommandKind.PLACE,
        client_id_low=1,
        client_id_high=2,
        sent_time_ns=3,
        market_id=4,
        side=Side.SELL,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        self_trade_prevention=SelfTradePrevention.CANCEL_TAKER,
        flags=1,
        price_ticks=5,
        quantity_lots=6,
    )
    place = trading_pb2.TradeRequest.FromString(encode_single(row[0])).place
    got = (place.client_id.low, place.client_id.high, place.sent_time_ns, place.market_id)
    assert got == (1, 2, 3, 4)
    assert (place.side, place.order_type, place.time_in_force) == (2, 1, 1)
    assert (place.price_ticks, place.quantity_lots, place.post_only) == (5, 6, True)
    assert int(place.self_trade_prevention) == SelfTradePrevention.CANCEL_TAKER


def test_a_special_order_alone_carries_every_field() -> None:
    """What only some orders have travels under its name, and a flag as its own field."""
    row = command(
        CommandKind.PLACE,
        flags=POST_ONLY | SLIDE | TRIGGER_BEST_QUOTE,
        tag=7,
        amount_atoms=8,
        max_age_ms=9,
        trail_ppm=10,
        trigger_price_ticks=11,
        trail_ticks=12,
        display_lots=13,
        expire_time_ns=14,
    )
    place = trading_pb2.TradeRequest.FromString(encode_single(row[0])).place
    assert (place.post_only, place.slide, place.hidden) == (True, True, False)
    assert place.trigger_source == common_pb2.TRIGGER_SOURCE_BEST_QUOTE
    assert (place.tag, place.amount_atoms, place.max_age_ms, place.trail_ppm) == (7, 8, 9, 10)
    assert (place.trigger_price_ticks, place.trail_ticks) == (11, 12)
    assert (place.display_lots, place.minimum_lots, place.expire_time_ns) == (13, 0, 14)


def test_a_minimum_quantity_is_no_display_quantity() -> None:
    """Both lie at one place in the record; the flag says which it is."""
    row = command(CommandKind.PLACE, flags=MINIMUM, minimum_lots=3)
    place = trading_pb2.TradeRequest.FromString(encode_single(row[0])).place
    assert (place.minimum_lots, place.HasField("display_lots")) == (3, False)


def test_a_cancel_names_its_order_by_one_id_only() -> None:
    """With the venue's id the client's id of the order is absent, and the other way round."""
    by_order = trading_pb2.TradeRequest.FromString(
        encode_single(command(CommandKind.CANCEL, order_id=9)[0])
    ).cancel
    by_client = trading_pb2.TradeRequest.FromString(
        encode_single(command(CommandKind.CANCEL, target_client_id_low=7)[0])
    ).cancel
    assert (by_order.order_id, by_order.HasField("order_client_id")) == (9, False)
    assert (by_client.order_id, by_client.order_client_id.low) == (0, 7)


def test_a_replace_and_a_cancel_all_carry_their_fields() -> None:
    """The other two kinds travel as themselves too."""
    replace = trading_pb2.TradeRequest.FromString(
        encode_single(command(CommandKind.REPLACE, order_id=9, price_ticks=5, quantity_lots=6)[0])
    ).replace
    everything = trading_pb2.TradeRequest.FromString(
        encode_single(command(CommandKind.CANCEL_ALL, market_id=3, side=Side.BUY)[0])
    ).cancel_all
    assert (replace.order_id, replace.price_ticks, replace.quantity_lots) == (9, 5, 6)
    assert (everything.market_id, everything.side) == (3, 1)


def answer_batch(count: int) -> trading_pb2.AnswerBatch:
    """Make an answer to so many commands, with sequences from 1."""
    wide, narrow = bytes(8 * count), bytes(count)
    return trading_pb2.AnswerBatch(
        count=count,
        sequence=np.arange(1, count + 1, dtype="<u8").tobytes(),
        status=narrow,
        reject_code=bytes(2 * count),
        order_id=wide,
        filled_lots=wide,
        leaves_lots=wide,
        first_sequence=wide,
        cancelled_count=bytes(4 * count),
    )


def test_answers_are_cut_and_joined_by_rows() -> None:
    """Each caller gets the rows of its commands, and a large batch gets its parts back in order."""
    answers = decode_batch(answer_batch(5))
    head, tail = slice_answers(answers, 0, 2), slice_answers(answers, 2, 5)
    assert (len(head), tail.sequence.tolist()) == (2, [3, 4, 5])
    assert join_answers([head, tail]).sequence.tolist() == [1, 2, 3, 4, 5]


def test_an_answer_with_a_short_column_is_refused() -> None:
    """A column of the wrong length would give callers each other's answers."""
    batch = answer_batch(3)
    batch.order_id = bytes(16)
    with pytest.raises(ValueError, match="answer column order_id has 2 rows, not 3"):
        decode_batch(batch)


def test_a_single_answer_is_a_column_of_one_row() -> None:
    """Single commands and batches are answered in the same form."""
    answers = columns_of(trading_pb2.Answer(sequence=8, order_id=4, leaves_lots=-1))
    assert (len(answers), int(answers.sequence[0]), int(answers.leaves_lots[0])) == (1, 8, -1)


def test_commands_without_an_id_get_a_random_uuid_and_the_time() -> None:
    """Every command goes out under an id, so that a resend can be recognised."""
    rows = join([command(CommandKind.CANCEL, order_id=1)] * 3, COMMAND)
    rows["client_id_low"][1] = 5
    rows["sent_time_ns"][1] = 6
    stamped = identify(rows, now_ns=lambda: 99, random=bytes)
    version = (0x4000, 1 << 63)
    assert (stamped["client_id_high"].tolist(), stamped["client_id_low"].tolist()) == (
        [version[0], 0, version[0]],
        [version[1], 5, version[1]],
    )
    assert stamped["sent_time_ns"].tolist() == [99, 6, 99]
    assert rows["sent_time_ns"].tolist() == [0, 6, 0]
