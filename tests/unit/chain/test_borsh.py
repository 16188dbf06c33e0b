"""Borsh by the types of an IDL: what fits comes back, what does not is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from realstack.chain.borsh import BorshError, Reader, encode, encode_record

TYPES = {
    "Leg": (("mint_index", "u8"), ("delta_atoms", "i64")),
    "Batch": (
        ("owner", "pubkey"),
        ("legs", {"vec": {"defined": {"name": "Leg"}}}),
        ("note", {"option": "string"}),
        ("hash", {"array": ["u8", 4]}),
        ("paused", "bool"),
        ("data", "bytes"),
    ),
}

LEGS = st.fixed_dictionaries(
    {"mint_index": st.integers(0, 255), "delta_atoms": st.integers(-(2**63), 2**63 - 1)}
)
BATCHES = st.fixed_dictionaries(
    {
        "owner": st.binary(min_size=32, max_size=32).map(Pubkey.from_bytes),
        "legs": st.lists(LEGS, max_size=5),
        "note": st.none() | st.text(max_size=9),
        "hash": st.binary(min_size=4, max_size=4),
        "paused": st.booleans(),
        "data": st.binary(max_size=9),
    }
)


@given(BATCHES)
def test_a_record_comes_back_as_it_was(batch: dict[str, Any]) -> None:
    """Encoding loses nothing and reading takes every byte."""
    reader = Reader(encode_record("Batch", batch, TYPES), TYPES)
    assert batch == reader.record("Batch")
    reader.finish()


@given(BATCHES, st.data())
def test_bytes_that_are_cut_are_refused(batch: dict[str, Any], data: st.DataObject) -> None:
    """No prefix of a record is a record."""
    whole = encode_record("Batch", batch, TYPES)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(BorshError):
        Reader(cut, TYPES).record("Batch")


@pytest.mark.parametrize(
    ("kind", "value"),
    [("u8", 256), ("u8", -1), ("i64", 2**63), ("u64", True), ("u64", "1"), ("u64", 1.0)],
)
def test_a_number_that_does_not_fit_is_refused(kind: str, value: Any) -> None:
    """Nothing wraps, and what is no whole number is none."""
    with pytest.raises(BorshError):
        encode(kind, value, TYPES)


@pytest.mark.parametrize("kind", ["f64", {"tuple": ["u8"]}, {"defined": {"name": "Leg"}}])
def test_unknown_types_and_fields_are_refused(kind: Any) -> None:
    """A type that is not known, and a record with a field too few."""
    with pytest.raises(BorshError):
        encode(kind, {"mint_index": 1}, TYPES)


def test_bytes_that_are_left_over_are_refused() -> None:
    """A record ends where its bytes end."""
    reader = Reader(b"\1\2", TYPES)
    assert 1 == reader.value("u8")
    with pytest.raises(BorshError, match="1 bytes are left over"):
        reader.finish()


def test_a_truth_value_is_zero_or_one() -> None:
    """Other bytes are damage."""
    with pytest.raises(BorshError):
        Reader(b"\2", TYPES).value("bool")
