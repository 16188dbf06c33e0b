"""The compiled venue at its border: what it takes, what it gives, what it refuses to go on with."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.commands import COMMAND, CommandKind
from engine.core.events import EVENT
from engine.core.invariants import BrokenInvariant
from engine.core.limits import TIME_NS_MAX
from engine.core.venue import Venue
from tests.unit.core.rows import START_NS, Pair, places, rows


def test_the_events_of_a_batch_are_an_array_of_their_own() -> None:
    """A later batch does not change what an earlier one gave."""
    pair = Pair()
    first = pair.run(places(1, client_id_low=1))
    kept = first.tobytes()
    pair.run(places(1, client_id_low=2, price_ticks=7))
    assert kept == first.tobytes()
    assert first.flags.writeable


def test_no_commands_give_no_events() -> None:
    """An empty batch is lawful and does nothing."""
    venue = Venue()
    events = venue.apply(np.zeros(0, dtype=COMMAND))
    assert (0, EVENT) == (len(events), events.dtype)


def test_commands_need_not_lie_side_by_side_nor_be_writable() -> None:
    """A strided view and a read-only array are read as they are."""
    pair = Pair(with_reference=False)
    spread = np.zeros(6, dtype=COMMAND)
    spread[::2] = pair.stamp(places(3, client_id_low=[1, 2, 3]))
    assert [1, 2, 3] == pair.venue.apply(spread[::2])["order_id"].tolist()
    fixed = pair.stamp(rows(3, CommandKind.CANCEL, account_id=1, order_id=[3, 1, 2]))
    fixed.flags.writeable = False
    assert [3, 1, 2] == pair.venue.apply(fixed)["order_id"].tolist()


def test_records_of_another_dtype_are_no_commands() -> None:
    """Bytes of the right size are not enough."""
    with pytest.raises(BrokenInvariant, match="command dtype"):
        Venue().apply(np.zeros(128, dtype=np.uint8))


@pytest.mark.parametrize(
    ("field", "value", "claim"),
    [
        ("sequence", 3, "sequences have no gap"),
        ("sequence", 1, "sequences have no gap"),
        ("time_ns", START_NS + 1_000, "time rises"),
        ("time_ns", TIME_NS_MAX, "time is in range"),
    ],
)
def test_a_command_out_of_order_stops_the_batch_before_it(
    field: str, value: int, claim: str
) -> None:
    """What came before it is done; it changes nothing, and the venue can go on."""
    venue = Venue()
    commands = rows(3, CommandKind.DEFINE_ACCOUNT, account_id=[1, 2, 3])
    commands["sequence"] = [1, 2, 3]
    commands["time_ns"] = START_NS + 1_000 * np.arange(1, 4)
    good = commands.copy()
    commands[field][1] = value
    with pytest.raises(BrokenInvariant, match=claim):
        venue.apply(commands)
    assert [(1, 0)] == venue.accounts()
    assert 1 == venue.sequence_last
    assert 2 == len(venue.apply(good[1:]))
    venue.validate()


def test_questions_about_what_does_not_exist_have_empty_answers() -> None:
    """Unknown accounts, orders and assets are no error; an unknown market is."""
    pair = Pair()
    venue = pair.venue
    assert (0, 0, 0) == venue.balance(77, 1)
    assert (0, 0, 0) == venue.balance(1, 900)
    assert (0, 0, 0) == venue.balance(-1, -1)
    assert 0 == len(venue.orders(77))
    assert 0 == len(venue.balances(77))
    assert 0 == len(venue.order(1 << 63))
    with pytest.raises(KeyError):
        venue.levels(2, 1)
    with pytest.raises(ValueError, match="3"):
        venue.levels(1, 3)


def test_the_digest_may_be_asked_for_at_any_time() -> None:
    """Asking often or never gives the same digest: records leave the sum and come back."""
    often, never = Pair(), Pair(with_reference=False)
    for step in range(1, 60):
        batch = places(4, client_id_low=4 * step + np.arange(4), price_ticks=90 + step % 7)
        batch["side"] = 1 + step % 2
        batch["account_id"] = 1 + step % 2
        cancel = rows(1, CommandKind.CANCEL, account_id=1, order_id=2 * step)
        for pair in (often, never):
            pair.run(batch.copy())
            pair.run(cancel.copy())
        often.agree()
    never.agree()
    assert never.venue.digest() == often.venue.digest()
