"""Worlds for the tests of the market program."""

from __future__ import annotations

import pytest

from tests.programs.market.world import World


@pytest.fixture
def bare() -> World:
    """A chain with the program and nothing else done."""
    return World()


@pytest.fixture
def world() -> World:
    """A venue that works: config, two mints, three people with 1,000,000 atoms of each."""
    made = World()
    made.set_up()
    return made
