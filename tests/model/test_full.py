"""The long comparison remembers what it did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.core.venue import Venue
from engine.reference.venue import ReferenceVenue
from tests.model import full


@pytest.mark.slow
def test_a_run_that_was_cut_goes_on_where_it_was(tmp_path: Path) -> None:
    """Chunks that are done are not run again, and count; other sources begin anew."""
    made = []

    def make() -> ReferenceVenue:
        made.append(1)
        return ReferenceVenue()

    path = tmp_path / "full.json"
    first = full.run(make, commands=200, seed=1, chunk_commands=200, path=path)
    second = full.run(make, commands=600, seed=1, chunk_commands=200, path=path)
    assert 3 == len(made)
    assert 600 <= second.commands
    assert second.kinds["PLACE"] > first.kinds["PLACE"] > 0
    assert (
        second.digest == full.run(make, commands=600, seed=1, chunk_commands=200, path=path).digest
    )
    assert 3 == len(made)
    state = json.loads(path.read_text())
    path.write_text(json.dumps({**state, "key": "of other sources"}))
    full.run(make, commands=200, seed=1, chunk_commands=200, path=path)
    assert 4 == len(made)


@pytest.mark.nightly
@pytest.mark.timeout(0)
def test_the_cores_agree_on_ten_million_commands() -> None:
    """Every kind and reject occurs, and nothing differs."""
    report = full.run(Venue, commands=full.FULL_COMMANDS, seed=1)
    assert [] == report.rare()
