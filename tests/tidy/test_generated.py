"""What machines wrote is what they would write now."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from realstack._tools import proto
from tests.tidy import tree

CONTRACTS = proto.contracts(tree.ROOT)


@pytest.mark.slow
def test_stubs_are_what_the_contracts_give() -> None:
    """A contract and its stubs change in the same commit; `./dev proto` makes them."""
    assert proto.drift(tree.ROOT) == []


@pytest.mark.slow
def test_drift_names_a_stub_that_is_left_over_missing_or_edited(tmp_path: Path) -> None:
    """The comparison sees each way in which stubs and contracts can part."""
    folder = tmp_path / "proto/realstack/thing/v1"
    folder.mkdir(parents=True)
    header = 'syntax = "proto3";\npackage realstack.thing.v1;\n'
    (folder / "thing.proto").write_text(header + "message Thing { int64 id = 1; }\n")
    proto.write(tmp_path)
    assert proto.drift(tmp_path) == []

    stubs = tmp_path / "realstack/thing/v1"
    (stubs / "old_pb2.py").write_text("")
    (stubs / "thing_pb2.py").write_text("")
    (stubs / "thing_pb2.pyi").unlink()
    assert proto.drift(tmp_path) == [
        "realstack/thing/v1/old_pb2.py: no contract gives it",
        "realstack/thing/v1/thing_pb2.py: differs from its contract",
        "realstack/thing/v1/thing_pb2.pyi: missing",
    ]


def test_loaded_descriptors_equal_the_contracts() -> None:
    """What Python loads from the stubs is, message by message, what the contracts say."""
    compiled = FileDescriptorSet.FromString(proto.descriptors(tree.ROOT))
    by_name = {file.name: file for file in compiled.file}
    for name in CONTRACTS:
        stub = importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
        loaded = FileDescriptorProto()
        stub.DESCRIPTOR.CopyToProto(loaded)
        expected = by_name[name]
        expected.ClearField("source_code_info")
        for file in (loaded, expected):
            for field in (f for message in file.message_type for f in message.field):
                field.ClearField("json_name")  # the compiler writes it out, the loader need not
        assert loaded.package == expected.package
        assert [m.name for m in loaded.message_type] == [m.name for m in expected.message_type]
        assert loaded.service == expected.service
        assert loaded.enum_type == expected.enum_type


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_has_stubs_that_load(name: str) -> None:
    """Each contract is one module that loads without a warning."""
    module = importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
    assert module.DESCRIPTOR.name == name
