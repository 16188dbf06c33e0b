"""Settings come from the environment, then from the venue that runs, then from defaults."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from realstack.settings import MissingSetting, default_data, load

RUN = {
    "processes": {
        "engine": {"pid": 1, "address": "127.0.0.1:5"},
        "localnet": {"pid": 2, "address": "127.0.0.1:6"},
        "market": {"pid": 3, "address": "127.0.0.1:7"},
        "settlement": {"pid": 4, "address": "127.0.0.1:8"},
    },
    "gateway": "http://127.0.0.1:9",
    "database_url": "postgresql://somewhere",
    "solana_rpc_url": "http://127.0.0.1:6",
}


def test_without_a_venue_nothing_is_known(tmp_path: Path) -> None:
    """What is needed and not known is told with how to give it."""
    settings = load({}, data=tmp_path)
    assert (settings.engine_address, settings.database_url) == ("", "")
    with pytest.raises(MissingSetting, match="set ENGINE_ADDRESS, or start a venue"):
        settings.need("engine_address")


def test_a_running_venue_tells_where_everything_is(tmp_path: Path) -> None:
    """Commands on the venue's machine need no address."""
    (tmp_path / "run.json").write_text(json.dumps(RUN))
    settings = load({}, data=tmp_path)
    assert settings.need("engine_address") == "127.0.0.1:5"
    assert settings.solana_rpc_url == "http://127.0.0.1:6"
    assert (settings.market_address, settings.settlement_address) == ("127.0.0.1:7", "127.0.0.1:8")
    assert (settings.gateway_url, settings.database_url) == (
        "http://127.0.0.1:9",
        "postgresql://somewhere",
    )


def test_the_environment_comes_before_a_running_venue(tmp_path: Path) -> None:
    """Each default is replaced by naming another."""
    (tmp_path / "run.json").write_text(json.dumps(RUN))
    environment = {
        "REALSTACK_DATA": str(tmp_path),
        "SHARED": "/recordings",
        "DATABASE_URL": "postgresql://other",
        "SOLANA_RPC_URL": "http://node",
        "SOLANA_WS_URL": "ws://node",
        "ENGINE_ADDRESS": "engine:1",
        "MARKET_ADDRESS": "market:2",
        "SETTLEMENT_ADDRESS": "settlement:3",
        "REALSTACK_API_KEY": "secret",
    }
    settings = load(environment)
    assert settings.data == tmp_path
    assert settings.shared == Path("/recordings")
    assert settings.database_url == "postgresql://other"
    assert (settings.solana_rpc_url, settings.solana_ws_url) == ("http://node", "ws://node")
    assert settings.engine_address == "engine:1"
    assert (settings.market_address, settings.settlement_address) == ("market:2", "settlement:3")
    assert settings.api_key == "secret"
    assert "secret" not in repr(settings)


def test_a_key_is_found_by_the_name_of_its_owner(tmp_path: Path) -> None:
    """A name that is none, or a path, is refused with the names there are."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "alice.key").write_text("rs_1\n")
    (tmp_path / "outside.key").write_text("rs_2\n")
    settings = load({}, data=tmp_path)
    assert settings.key_of("alice") == "rs_1"
    for name in ("bob", "../outside", ""):
        with pytest.raises(MissingSetting, match="there are: alice"):
            settings.key_of(name)


def test_the_data_folder_of_root_lies_outside_every_home(tmp_path: Path) -> None:
    """Each checkout has a folder of its own, also when two have the same name."""
    one, other = tmp_path / "a" / "main", tmp_path / "b" / "main"
    assert default_data(one, is_root=False) == one / ".realstack"
    folders = {default_data(one, is_root=True), default_data(other, is_root=True)}
    assert len(folders) == 2
    assert {folder.parent for folder in folders} == {Path("/var/lib/realstack")}
    assert all(folder.name.startswith("main-") for folder in folders)
