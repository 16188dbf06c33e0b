"""Every scenario file, played on both cores; and that the format tells what is wrong, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.play import play
from tests.scenarios.run import FOLDER, main
from tests.scenarios.text import Scenario, ScenarioError, read

SCENARIOS = [
    scenario for path in sorted(FOLDER.glob("*.scenario")) for scenario in read(path, path.name)
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: f"{s.line.place} {s.title}")
def test_scenario(scenario: Scenario) -> None:
    """Events, digests, book, balances and refusals are those of the file, on both cores."""
    play(scenario)


WRONG = {
    "u sell 5 @ 100": ("f.scenario:1: a file begins with a line 'scenario TITLE'"),
    "scenario x\nnobody sell 5 @ 100": "f.scenario:2: no account 'nobody'; there are: u, v, w, x",
    "scenario x\nu sel 5 @ 100": "f.scenario:2: no 'sel'; there are: buy, sell, cancel",
    "scenario x\nu sell 5 @ 100 iok": "f.scenario:2: no option 'iok'; there are: ",
    "scenario x\nu sell 5 @ 100 tag": "f.scenario:2: expected a tag at the end of the line",
    "scenario x\nu sell 5 @ 100 show ten": "f.scenario:2: expected the lots to show, a whole",
    "scenario x\nu sell 5 @ 100 till 5": "f.scenario:2: expected a time since the start, such as",
    "scenario x\nu sell 5 @ 100.5": "f.scenario:2: refused at the edge: price '100.5': must be a",
    "scenario x\nu sell 5 @ 100 foo=1": "f.scenario:2: a command has no field 'foo'",
    "scenario x\nu sell 5 @ 100 tag=-1": "f.scenario:2: tag=-1: ",
    "scenario x\nu cancel a": "f.scenario:2: no order has the label 'a'; known: none",
    "scenario x\nu cancel 9": "f.scenario:2: refused: UNKNOWN_ORDER",
    "scenario x\na: u sell 5 @ 100\nv buy 5 @ 100": "f.scenario:3:   expected:\n      nothing",
    "scenario x\nu sell 5 @ 100\n> fill 5 @ 100 9": "f.scenario:2:   expected:\n      fill 5",
    "scenario x\nu sell 5 @ 100\n> refused NO_BAND": "f.scenario:3: it was accepted",
    "scenario x\nu sell 5 @ 100\n> refused NO_SUCH": "f.scenario:3: no reject code 'NO_SUCH'",
    "scenario x\nu sell 5 @ 100\n> waits": "f.scenario:3: it does not",
    "scenario x\nu sell 5 @ 100\n> rests 6": "f.scenario:3: it is 5",
    "scenario x\nu sell 5 @ 100\n> sleeps": "f.scenario:3: no expectation 'sleeps'; there are: ",
    "scenario x\nu sell 5 @ 100\nasks 6@100": "f.scenario:3: the reference core shows 5@100/1",
    "scenario x\nu sell 5 @ 100\nbalance u base locked 4": "f.scenario:3: it is 5",
    "scenario x\nasks -\n> rests": "f.scenario:3: an expectation follows a command",
    "scenario x\nu sell 1 @ 1\nmarket tick 2": "f.scenario:3: the setting comes before the first",
    "scenario x\nclock 5s\ntick\nclock 4s": "f.scenario:4: the clock does not go back",
    "scenario x\nu do SLEEP": "f.scenario:2: no command kind 'SLEEP'; there are: PLACE",
    "scenario x\nu sell 5 @ 100 ioc gtc extra": "f.scenario:2: no option 'extra'",
    "# nothing": "f.scenario:1: no line begins with 'scenario'",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_told_with_its_line(text: str, tmp_path: Path) -> None:
    """A file that cannot be read, or does not hold, names file, line and rule."""
    path = tmp_path / "f.scenario"
    path.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        for scenario in read(path, path.name):
            play(scenario)
    assert str(caught.value).startswith(WRONG[text])


def test_the_command_tells_of_every_scenario_and_ends_with_a_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that fails does not hide the others; the exit status agrees with the last line."""
    path = tmp_path / "two.scenario"
    path.write_text("scenario wrong\nu cancel 1\nscenario right\nu buy 1 @ 1\n")
    assert 1 == main([str(path)])
    lines = capsys.readouterr().out.splitlines()
    assert "ok      right" in lines
    assert "FAILED  wrong" in lines
    assert "1 of 2 scenarios fail" == lines[-1]
    path.write_text("scenario right\nu buy 1 @ 1\n")
    assert 0 == main([str(path)])
    assert "1 scenarios hold" == capsys.readouterr().out.splitlines()[-1]
