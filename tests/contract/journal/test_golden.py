"""Journals that exist stay readable, and today's bytes are those of the format."""

from __future__ import annotations

import json

import pytest

from engine.journal.layout import FORMAT_VERSION
from tests.contract.journal import golden

VERSIONS = range(1, FORMAT_VERSION + 1)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_journal_of_every_version_reads_as_it_did(version: int) -> None:
    """Frames, commands and chain of the golden journal are those that were recorded with it."""
    expected = json.loads((golden.FOLDER / f"v{version}" / "content.json").read_text("utf-8"))
    assert expected == golden.describe(golden.load(version))


def test_todays_writer_gives_the_golden_bytes() -> None:
    """A change of even one byte of the format needs a new version."""
    disk, expected = golden.make(), golden.load(FORMAT_VERSION)
    assert expected.list() == disk.list()
    assert [expected.get(name) for name in expected.list()] == [
        disk.get(name) for name in disk.list()
    ]
