"""Every contract test of the core runs on both cores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.core.venue import Venue
from engine.reference.venue import ReferenceVenue
from tests.contract.core.desk import AnyVenue, Desk

CORES: dict[str, Callable[[], AnyVenue]] = {"reference": ReferenceVenue, "compiled": Venue}


@pytest.fixture(params=sorted(CORES))
def make_venue(request: pytest.FixtureRequest) -> Callable[[], AnyVenue]:
    """Make empty venues of the core under test."""
    return CORES[request.param]


@pytest.fixture
def make_desk(make_venue: Callable[[], AnyVenue]) -> Callable[..., Desk]:
    """Make desks on fresh venues of the core under test."""

    def make(**fields: Any) -> Desk:
        return Desk(make_venue(), **fields)

    return make


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """A desk without fees, every account well funded."""
    return make_desk()
