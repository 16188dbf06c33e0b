"""Which front an engine gets: the native one only where it was built from these sources."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from engine.front import choice
from engine.front.choice import FrontMissing, make_front, native_module
from engine.keys import KeyTable
from engine.rpc.front import Front
from tests.contract.rpc.memory_node import MemoryNode


@pytest.fixture(params=["of older sources", "not built"])
def without_native(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled part is of an older interface, or not there."""
    if request.param == "not built":
        monkeypatch.setattr(choice, "_MODULE", "engine.front._nowhere")
    else:
        monkeypatch.setitem(sys.modules, choice._MODULE, ModuleType(choice._MODULE))
    importlib.invalidate_caches()


@pytest.mark.usefixtures("without_native")
async def test_the_plain_front_stands_in(tmp_path: Path) -> None:
    """It serves the same contract, and nothing fails at the first call."""
    (tmp_path / "keys.json").write_text("[]")
    node, keys = MemoryNode(), KeyTable(tmp_path / "keys.json")
    assert native_module() is None
    front = make_front("auto", node, node.feeds, keys, "127.0.0.1:0", lambda _: None)
    assert isinstance(front, Front)
    await front.start()
    await front.stop(0)


@pytest.mark.usefixtures("without_native")
async def test_who_insists_on_the_native_front_is_told_how_to_get_it(tmp_path: Path) -> None:
    """An operator who chose it does not get another one."""
    (tmp_path / "keys.json").write_text("[]")
    node, keys = MemoryNode(), KeyTable(tmp_path / "keys.json")
    with pytest.raises(FrontMissing, match=r"run \./dev front"):
        make_front("native", node, node.feeds, keys, "127.0.0.1:0", lambda _: None)
