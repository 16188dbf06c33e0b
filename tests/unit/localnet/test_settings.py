"""What a local network can be told, on the command line too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from solders.pubkey import Pubkey

from settlement.localnet.server import main, parse_arguments
from settlement.localnet.settings import (
    FINALIZED_DEPTH_SLOTS_MAX,
    LocalnetSettings,
    SettingsRefused,
)


def test_the_defaults_are_those_of_the_real_network_on_loopback() -> None:
    """Nobody else can reach it, slots last 400 ms, finality takes 32 slots."""
    settings = LocalnetSettings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8899)
    assert (settings.slot_ms, settings.confirmed_depth_slots) == (400, 1)
    assert settings.finalized_depth_slots == 32
    assert settings.data_dir is None
    assert parse_arguments([]) == settings


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"slot_ms": 4}, "slot_ms"),
        ({"confirmed_depth_slots": 0}, "confirmed_depth_slots"),
        ({"confirmed_depth_slots": 5, "finalized_depth_slots": 4}, "finalized_depth_slots"),
        ({"finalized_depth_slots": FINALIZED_DEPTH_SLOTS_MAX + 1}, "finalized_depth_slots"),
        ({"port": -1}, "port"),
        ({"port": 65_536}, "port"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_name(wrong: dict[str, Any], words: str) -> None:
    """The error names the setting and the rule."""
    with pytest.raises(SettingsRefused, match=words):
        LocalnetSettings(**wrong)


def test_every_flag_reaches_its_setting(tmp_path: Path) -> None:
    """A slot length of zero means slots by hand; programs are named with their files."""
    program = tmp_path / "program.so"
    program.write_bytes(b"")
    address = Pubkey(bytes([7] * 32))
    settings = parse_arguments(
        [
            *("--host", "127.0.0.2", "--port", "0", "--data-dir", str(tmp_path)),
            *("--slot-ms", "0", "--confirmed-slots", "2", "--finalized-slots", "9"),
            *("--program", f"{address}={program}"),
        ]
    )
    assert settings == LocalnetSettings(
        host="127.0.0.2",
        port=0,
        data_dir=tmp_path,
        slot_ms=None,
        confirmed_depth_slots=2,
        finalized_depth_slots=9,
        programs={address: program},
    )


@pytest.mark.parametrize("flag", ["x", "x=missing.so", "=", f"x={__file__}"])
def test_a_program_without_address_or_file_is_refused(
    flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with status 2 and says which flag is wrong."""
    with pytest.raises(SystemExit) as caught:
        main(["--port", "0", "--program", flag])
    assert caught.value.code == 2
    assert f"localnet: --program {flag}" in capsys.readouterr().err
