"""The chain's database."""

from __future__ import annotations

from pathlib import Path

import pytest

from settlement.localnet.chain import Chain
from settlement.localnet.clock import SteppedClock
from settlement.localnet.settings import LocalnetSettings
from settlement.localnet.store import FILE_NAME, Store, StoreRefused


def test_a_chain_of_another_format_is_refused(tmp_path: Path) -> None:
    """A newer or older format is named, not read as if it were this one."""
    store = Store(tmp_path)
    store.set_meta("format_version", b"0")
    store.close()
    with pytest.raises(StoreRefused, match="format"):
        Store(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Whatever lies there is left as it is."""
    path = tmp_path / FILE_NAME
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(StoreRefused, match="not a database"):
        Store(tmp_path)
    assert path.read_bytes() == b"something else entirely" * 100


def test_a_chain_without_its_faucet_key_is_refused(tmp_path: Path) -> None:
    """Half an identity is damage."""
    store = Store(tmp_path)
    store.set_meta("genesis_hash", bytes(32))
    with pytest.raises(StoreRefused, match="faucet"):
        Chain(LocalnetSettings(slot_ms=None), clock=SteppedClock(), store=store)
    store.close()


def test_what_was_not_committed_is_gone(tmp_path: Path) -> None:
    """A block is written in one step or not at all."""
    store = Store(tmp_path)
    store.begin()
    store.set_meta("half", b"x")
    store.close()
    again = Store(tmp_path)
    assert again.meta("half") is None
    again.close()


def test_old_empty_blocks_do_not_pile_up(tmp_path: Path) -> None:
    """Only the recent blocks are kept on disk, so an idle chain does not grow."""
    settings = LocalnetSettings(slot_ms=None, data_dir=tmp_path)
    chain = Chain(settings, clock=SteppedClock(), store=Store(tmp_path))
    chain.advance_slots(2_000)
    assert len(chain.store.blocks()) <= 513
    chain.close()
