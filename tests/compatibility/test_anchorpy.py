"""Users of anchorpy are served: from the old IDLs alone it drives each program."""

from __future__ import annotations

import pytest

from realstack._tools import anchorpy


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_anchorpy_drives_every_program_over_json_rpc() -> None:
    """In its own environment; where no package index is, it says so and is skipped."""
    try:
        anchorpy.prepare()
    except anchorpy.EnvironmentMissing as missing:
        pytest.skip(str(missing))
    told = await anchorpy.drive()
    assert [
        "market: What is to be made is there already.",
        "market: initialize, set_paused, Config",
        "token: register_asset, add_document, Document",
        "governance: create_realm, open_voter, Voter",
    ] == told
