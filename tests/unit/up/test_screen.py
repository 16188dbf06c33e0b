"""What the person at the terminal sees."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from realstack.up.figures import Figures
from realstack.up.screen import CLEAR_LINE, Screen

FIGURES = Figures(
    seconds=75,
    sequence=10,
    orders=1_234,
    fills=56,
    open_orders=7,
    batches=8,
    transfers=90,
    fills_pending=1,
    differences=0,
    compared=True,
    away="",
)


def test_a_terminal_has_one_line_that_is_redrawn() -> None:
    """A note is written above it, and it stays."""
    stream = StringIO()
    screen = Screen(stream, redraw=True)
    screen.line("started")
    screen.live("1")
    screen.live("2")
    screen.line("note")
    screen.end_live()
    screen.line("end")
    expected = f"started\n{CLEAR_LINE}1{CLEAR_LINE}2{CLEAR_LINE}note\n2\nend\n"
    assert stream.getvalue() == expected


def test_a_file_has_a_line_now_and_then() -> None:
    """Where nothing can be redrawn, the first state is a line, and then one each five seconds."""
    stream = StringIO()
    screen = Screen(stream, redraw=False)
    for number in range(100):
        screen.live(str(number))
    screen.end_live()
    assert stream.getvalue() == "0\n"


def test_the_status_line_tells_the_truth_about_the_ledger() -> None:
    """Differences are shown loudly, and so is what does not answer."""
    assert FIGURES.line() == (
        "01:15  orders 1,234  fills 56  batches 8  transfers 90  to settle 1  ledger equals chain"
    )
    assert replace(FIGURES, compared=False).line().endswith("not compared yet")
    assert replace(FIGURES, differences=2).line().endswith("2 DIFFERENCES")
    assert replace(FIGURES, away="engine").line().endswith("(engine is away)")
