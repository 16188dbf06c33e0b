"""Client ids are found at every size of the table, while it grows and while entries leave."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.core.commands import CommandKind
from engine.core.events import EventKind
from tests.unit.core.rows import Pair, places, rows

SECOND = 1_000_000_000


def deposits(count: int, first: int = 1) -> NDArray[np.void]:
    """Make deposits of one atom with client ids in a row."""
    ids = first + np.arange(count)
    return rows(
        count,
        CommandKind.DEPOSIT,
        account_id=1,
        asset_id=1,
        amount_atoms=1,
        client_id_high=ids,
    )


@pytest.mark.parametrize("count", [27, 28, 29, 60, 124, 125, 508, 2_044, 2_045, 5_000])
def test_every_id_is_remembered_across_the_growth_of_the_table(count: int) -> None:
    """A resend is answered with the first sequence, also while slots move to a larger table."""
    pair = Pair(with_reference=False)
    first = pair.run(deposits(count))
    events = pair.run(deposits(count))
    assert {int(EventKind.DUPLICATE)} == set(events["kind"].tolist())
    assert first["sequence"].tolist() == events["first_sequence"].tolist()
    assert count + 4 == pair.venue.counts()["ids_remembered"]
    pair.agree()


def test_a_full_window_drops_the_oldest_and_finds_the_rest() -> None:
    """Entries leave the ring and the table together, over many times the window's size."""
    pair = Pair(with_reference=False)
    pair.run(rows(1, CommandKind.SET_ID_WINDOW, id_window_ns=1_000 * SECOND, ids_max=300))
    sent = pair.run(deposits(4_000))
    assert 300 == pair.venue.counts()["ids_remembered"]
    pair.agree()
    resend = deposits(4_000)
    resend["sent_time_ns"] = sent["time_ns"]
    events = pair.run(resend)
    kinds = events["kind"].tolist()
    assert [int(EventKind.DUPLICATE)] * 300 == kinds[3_700:]
    assert {int(EventKind.REJECTED)} == set(kinds[:3_700])


def test_the_window_keeps_up_when_it_shrinks_and_when_time_passes() -> None:
    """At most eight entries leave per command; the reference sees the same."""
    pair = Pair()
    pair.run(deposits(400))
    pair.run(rows(1, CommandKind.SET_ID_WINDOW, id_window_ns=5 * SECOND, ids_max=50))
    pair.run(deposits(60, first=1_000))
    pair.agree()
    pair.run(deposits(40, first=2_000), step_ns=SECOND)
    assert 7 == pair.venue.counts()["ids_remembered"]
    pair.agree()


def test_ids_of_working_orders_go_to_the_back_and_keep_their_names() -> None:
    """The ring carries entries of working orders along, chunk after chunk."""
    pair = Pair()
    pair.run(rows(1, CommandKind.SET_ID_WINDOW, id_window_ns=1_000 * SECOND, ids_max=10))
    pair.run(places(6, client_id_low=np.arange(1, 7)))
    pair.run(deposits(500, first=50))
    pair.agree()
    named = rows(6, CommandKind.CANCEL, account_id=1, target_client_id_low=np.arange(1, 7))
    events = pair.run(named)
    assert {int(EventKind.CANCELLED)} == set(events["kind"].tolist())
    pair.agree()
