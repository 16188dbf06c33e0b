"""Every field of every command at its limits and beyond, on both cores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.core import limits
from engine.core.commands import CLIENT_ID_REQUIRED, COMMAND, CommandKind
from engine.core.events import EventKind
from engine.core.venue import Venue
from engine.reference.venue import ReferenceVenue
from tests.model.source import CommandSource

GIVEN = ("sequence", "time_ns", "kind")  # by the sequencer, or by the case
FIELDS = tuple(name for name in COMMAND.names or () if name not in GIVEN)
WARM_UP = 150
# The limits of a field beside those of its type; zero is one of all.
SINGLE: dict[str, tuple[int, ...]] = dict.fromkeys(FIELDS, ()) | {
    "account_id": (limits.ACCOUNT_ID_MAX,),
    "market_id": (limits.MARKET_ID_MAX,),
    "asset_id": (limits.ASSET_ID_MAX,),
    "price_ticks": (limits.PRICE_TICKS_MAX, limits.UNIT_ATOMS_MAX),
    "quantity_lots": (limits.QUANTITY_LOTS_MAX, limits.IDS_MAX_LIMIT),
    "amount_atoms": (limits.AMOUNT_ATOMS_MAX,),
    "trigger_price_ticks": (limits.PRICE_TICKS_MAX,),
    "trail_ticks": (limits.PRICE_TICKS_MAX,),
    "trail_ppm": (limits.TRAIL_PPM_MAX,),
    "maker_fee_ppm": (limits.FEE_PPM_MAX,),
    "taker_fee_ppm": (limits.FEE_PPM_MAX,),
    "band_ppm": (limits.BAND_PPM_MAX,),
    "decimals": (limits.DECIMALS_MAX,),
    "id_window_ns": (limits.ID_WINDOW_NS_MIN, limits.ID_WINDOW_NS_MAX),
    "display_lots": (limits.QUANTITY_LOTS_MAX, 10),
}


class Pair:
    """Both cores in the state that some random commands left, and one more command at a time."""

    def __init__(self) -> None:
        self.cores: tuple[Any, Any] = (ReferenceVenue(), Venue())
        source = CommandSource(11)
        self.samples: dict[int, NDArray[np.void]] = {}
        for batch in (source.opening(), source.take(WARM_UP), source.take(WARM_UP)):
            events = self.cores[0].apply(batch)
            self.cores[1].apply(batch)
            source.learn(events)
            refused = set(events["sequence"][events["kind"] == EventKind.REJECTED].tolist())
            for row in batch:
                if int(row["sequence"]) not in refused:
                    self.samples[int(row["kind"])] = row.reshape(1).copy()
        self._client_id = 1 << 40

    def sample(self, kind: int) -> NDArray[np.void]:
        """Give a command of a kind that was once accepted, under an id of its own."""
        row = self.samples[kind].copy()
        core = self.cores[0]
        row["sequence"], row["time_ns"] = core.sequence_last + 1, core.time_ns_last + 1
        if kind in CLIENT_ID_REQUIRED:
            self._client_id += 1
            row["client_id_low"], row["sent_time_ns"] = self._client_id, row["time_ns"]
        return row

    def run(self, row: NDArray[np.void]) -> bool:
        """Apply it to both, hold them to each other, and tell whether it was refused."""
        before = self.cores[1].digest()
        expected, actual = (core.apply(row.copy()) for core in self.cores)
        assert expected.tobytes() == actual.tobytes()
        digest = self.cores[1].digest()
        refused = bool(expected[-1]["kind"] == EventKind.REJECTED)
        if refused and len(expected) == 1:
            assert before == digest, "a refused command changes nothing"
        return refused

    def compare_states(self) -> None:
        """Hold both states to each other and to every invariant."""
        reference, compiled = self.cores
        assert reference.digest() == compiled.digest() == compiled.digest_scan()
        for core in self.cores:
            core.validate()


@pytest.fixture(scope="module")
def pair() -> Pair:
    """Both cores; every case goes on from where the one before it left them."""
    return Pair()


def edges(name: str) -> list[int]:
    """Give the values of a field at and around every limit that fits into it."""
    assert COMMAND.fields is not None
    dtype = COMMAND.fields[name][0]
    info = np.iinfo(dtype)
    low, high = int(info.min), int(info.max)
    around = {value + step for value in (0, *SINGLE[name]) for step in (-1, 0, 1)}
    around |= {low, high}
    return sorted(value for value in around if low <= value <= high)


KINDS = sorted(CommandKind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_at_its_limits_and_beyond(pair: Pair, kind: CommandKind) -> None:
    """Both cores decide alike, keep every invariant, and a refusal leaves the digest as it was."""
    if kind not in pair.samples:
        pytest.skip("the source gave none that was accepted")
    refused = 0
    for name in FIELDS:
        for value in edges(name):
            row = pair.sample(kind)
            row[name] = value
            refused += pair.run(row)
        pair.compare_states()
    assert refused > 0


@settings(max_examples=60)
@given(data=st.data())
@pytest.mark.slow
def test_several_fields_at_once(pair: Pair, data: st.DataObject) -> None:
    """The same for any few fields together, of any kind, known or not."""
    kind = data.draw(st.sampled_from(sorted(pair.samples)), label="kind")
    row = pair.sample(kind)
    for name in data.draw(st.lists(st.sampled_from(FIELDS), max_size=4), label="fields"):
        row[name] = data.draw(st.sampled_from(edges(name)), label=name)
    if data.draw(st.booleans(), label="another kind"):
        row["kind"] = data.draw(st.integers(0, 255), label="kind of it")
    pair.run(row)
    pair.compare_states()
