"""A private venue for all tests of the wire: bad input and hostile bytes change nothing in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.postgres import postgres_server
from tests.wire.scene import Scene, running_scene


@pytest.fixture(scope="package")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give the running venue with its parties."""
    folder = tmp_path_factory.mktemp("wire") / "data"
    with postgres_server() as database_url, running_scene(folder, database_url) as made:
        yield made
