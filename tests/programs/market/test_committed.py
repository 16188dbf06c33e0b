"""The committed programs are those that the manifest names."""

from __future__ import annotations

from realstack._tools import programs


def test_the_committed_program_is_what_its_sources_gave() -> None:
    """Program and sources have the hashes that were written down when it was built."""
    known = programs.manifest()["market"]
    assert known["sha256"] == programs.sha256((programs.BIN / "market.so").read_bytes())
    assert known["sources_sha256"] == programs.sources_sha256("market")


def test_cargos_lock_is_made_from_the_committed_pins() -> None:
    """What is committed holds no addresses, and nothing else is lost."""
    pins = programs.PINS.read_text(encoding="utf-8")
    lock = programs.cargo_lock_of(pins)
    assert pins == programs.pins_of(lock)
    assert "source = " not in pins
    assert lock.count("checksum = ") == lock.count("source = ")
