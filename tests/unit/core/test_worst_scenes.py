"""The scenes of the worst commands do the work that they are named for."""

from __future__ import annotations

import pytest

from bench import worst
from bench.worst_scenes import SCENES


@pytest.mark.parametrize("name", SCENES)
def test_one_command_works_on_all_that_the_scene_holds(name: str) -> None:
    """So many fills, cancels, triggers and acceptances, and every invariant holds afterwards."""
    scene = SCENES[name][0](20)
    assert worst.held_ns(scene) > 0
    scene.stage.venue.validate()
    assert scene.stage.venue.digest() == scene.stage.venue.digest_scan()


def test_a_scene_that_does_less_is_not_counted() -> None:
    """A figure of work that was not done would be worth nothing."""
    make = SCENES["mass cancel"][0]
    scene = make(20)
    worst.held_ns(scene)
    with pytest.raises(RuntimeError, match="did 0 things, not 20"):
        worst.held_ns(scene)


def test_a_row_says_what_was_measured_against_what() -> None:
    """The figures of a scene, and those of a full book, as programs read them."""
    row = worst.measure("sweep", rounds=1)
    assert {"bench", "unit", "ours", "peers", "ratio", "goal", "growth", "met"} == row.keys()
    assert row["bench"] == "worst sweep: 5,000 levels"
    full = worst.full_book(rounds=1, many=2_000)
    assert full["peers"].keys() == {"beside 1,000"}
