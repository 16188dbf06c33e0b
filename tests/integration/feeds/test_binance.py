"""Another venue's recording rebuilds through the client's book, the one that our own feeds use."""

from __future__ import annotations

from pathlib import Path

import pytest

from realstack.client.book import BookGap, BookUpdate, Level, LevelBook
from tests.integration.replay.conftest import recordings  # noqa: F401  a fixture
from tests.support.binance import Best, read


def is_snapshot(update: BookUpdate) -> bool:
    """Tell the snapshot from the increments."""
    return update.first_book_sequence > update.book_sequence


def best_of(level: Level | None) -> tuple[int, int]:
    """Give the best level as price and quantity."""
    assert level is not None
    return level.price_ticks, level.quantity_lots


def told(path: Path) -> tuple[BookUpdate, list[BookUpdate], list[Best]]:
    """Give the snapshot, the increments and the best prices of the recording."""
    rows = list(read(path))
    updates = [row for row in rows if isinstance(row, BookUpdate)]
    snapshot = next(update for update in updates if is_snapshot(update))
    return (
        snapshot,
        [update for update in updates if not is_snapshot(update)],
        [row for row in rows if isinstance(row, Best)],
    )


@pytest.fixture(scope="module")
def ethusdt(recordings: Path) -> tuple[BookUpdate, list[BookUpdate], list[Best]]:  # noqa: F811
    """Read the recording once."""
    return told(recordings / "trades" / "binance_spot_ethusdt_20240808.gz")


@pytest.mark.slow
def test_the_recording_rebuilds_and_agrees_with_its_own_best_prices(
    ethusdt: tuple[BookUpdate, list[BookUpdate], list[Best]],
) -> None:
    """Increments gathered before the snapshot are left out, and every best price told is ours."""
    snapshot, increments, bests = ethusdt
    book, left_out, compared = LevelBook("ETHUSDT"), 0, 0
    book.begin(snapshot)
    place, latest = 0, bests[0]
    for increment in increments:
        if not book.step(increment):
            left_out += 1
            continue
        while place < len(bests) and bests[place].update_id <= book.book_sequence:
            latest = bests[place]
            place += 1
        if latest.update_id > snapshot.book_sequence:
            ours = best_of(book.best_bid()), best_of(book.best_ask())
            assert ours == (latest.bid, latest.ask), book.book_sequence
            compared += 1
    assert (left_out, compared) == (2, 3_431)


@pytest.mark.slow
def test_a_lost_increment_of_the_recording_is_noticed(
    ethusdt: tuple[BookUpdate, list[BookUpdate], list[Best]],
) -> None:
    """The increment after a lost one does not apply and changes nothing."""
    snapshot, increments, _ = ethusdt
    book = LevelBook("ETHUSDT")
    book.begin(snapshot)
    new = [each for each in increments if each.book_sequence > snapshot.book_sequence]
    book.step(new[0])
    before = (book.bids(), book.asks(), book.book_sequence)
    with pytest.raises(BookGap, match=f"sequence {new[2].first_book_sequence} came after"):
        book.step(new[2])
    assert (book.bids(), book.asks(), book.book_sequence) == before
