"""Make the Python stubs from the contracts under ``proto/``.

``proto/realstack/trading/v1/x.proto`` becomes four files in ``realstack/trading/v1``:

====================  ===============================================================
``x_pb2.py``          messages and enums
``x_pb2.pyi``         their types, with the contract's comments as docstrings
``x_pb2_grpc.py``     client stub and servicer
``x_pb2_grpc.pyi``    their types, for both the blocking and the asyncio face of gRPC
====================  ===============================================================

The stubs are committed, so that the project installs without a protobuf compiler; `--check`
compares them with what the contracts give now.
"""

from __future__ import annotations

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[2]
PROTO = "proto"
PACKAGE = "realstack"
GENERATED = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")


class ContractError(Exception):
    """The protobuf compiler refused the contracts; its own message went to stderr."""


def contracts(root: Path) -> list[str]:
    """Return the contracts, as paths relative to the proto folder."""
    return sorted(str(path.relative_to(root / PROTO)) for path in (root / PROTO).rglob("*.proto"))


def plugin(name: str) -> str:
    """Return the option that tells the compiler where one of the type plugins is."""
    return f"--plugin=protoc-gen-{name}={Path(sys.executable).parent / f'protoc-gen-{name}'}"


def compile_to(root: Path, folder: Path, outputs: list[str]) -> None:
    """Run the protobuf compiler on all contracts.

    Args:
        root: The checkout.
        folder: Where the files go.
        outputs: Names of the compiler's outputs, such as ``python`` for ``--python_out``.

    Raises:
        ContractError: A contract is wrong.
    """
    arguments = ["protoc", f"-I{root / PROTO}", f"-I{Path(grpc_tools.__file__).parent / '_proto'}"]
    arguments += [plugin("mypy"), plugin("mypy_grpc")]
    for output in outputs:
        quiet = "quiet:" if output.startswith("mypy") else ""
        arguments.append(f"--{output}_out={quiet}{folder}")
    if protoc.main([*arguments, *contracts(root)]) != 0:
        raise ContractError("the protobuf compiler refused the contracts, see above")


def descriptors(root: Path) -> bytes:
    """Return the contracts as one serialized ``FileDescriptorSet``, imports included."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "all.binpb"
        arguments = ["protoc", f"-I{root / PROTO}", "--include_imports"]
        arguments += [f"-I{Path(grpc_tools.__file__).parent / '_proto'}"]
        arguments += [f"--descriptor_set_out={target}"]
        if protoc.main([*arguments, *contracts(root)]) != 0:
            raise ContractError("the protobuf compiler refused the contracts, see above")
        return target.read_bytes()


def package_files(names: list[str]) -> dict[str, str]:
    """Return the ``__init__.py`` of every package that holds stubs."""
    folders = {parent for name in names for parent in Path(name).parents if len(parent.parts) > 1}
    text = '"""Generated from proto/{}; made by `./dev proto`."""\n'
    return {str(folder / "__init__.py"): text.format(folder) for folder in folders}


def wanted(root: Path) -> dict[str, str]:
    """Return what the contracts give now: path relative to the checkout -> text."""
    names = contracts(root)
    if not names:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        compile_to(root, Path(folder), ["python", "grpc_python", "mypy", "mypy_grpc"])
        files = {
            str(path.relative_to(folder)): path.read_text(encoding="utf-8")
            for path in sorted(Path(folder).rglob("*.py*"))
        }
    for name in names:
        stub = f"{name.removesuffix('.proto')}_pb2_grpc.py"
        if "Servicer" not in files[stub]:  # messages only: an empty client would be noise
            del files[stub], files[f"{stub}i"]
    return files | package_files(names)


def present(root: Path) -> dict[str, str]:
    """Return the stubs that lie in the checkout: path relative to it -> text."""
    found = [
        path for path in sorted((root / PACKAGE).rglob("*_pb2*")) if path.name.endswith(GENERATED)
    ]
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in found}


def drift(root: Path) -> list[str]:
    """Return every stub that is missing, left over or different from what the contracts give."""
    want, have = wanted(root), present(root)
    lines = []
    for name in sorted(want.keys() | have.keys()):
        if name not in want:
            lines.append(f"{name}: no contract gives it")
        elif not (root / name).exists():
            lines.append(f"{name}: missing")
        elif not name.endswith("__init__.py") and have[name] != want[name]:
            lines.append(f"{name}: differs from its contract")
    return lines


def write(root: Path) -> int:
    """Bring the stubs up to date and return how many files changed."""
    want, have = wanted(root), present(root)
    changed = 0
    for name in have.keys() - want.keys():
        (root / name).unlink()
        changed += 1
    for name, text in want.items():
        path = root / name
        if path.name == "__init__.py" and path.exists():
            continue
        if have.get(name) == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        changed += 1
    return changed


def main(arguments: list[str]) -> int:
    """Make the stubs, or with ``--check`` only tell whether they are current."""
    if not set(arguments) <= {"--check"}:
        print("usage: ./dev proto [--check]")
        return 2
    made_by = f"grpcio-tools {version('grpcio-tools')}, mypy-protobuf {version('mypy-protobuf')}"
    try:
        if "--check" in arguments:
            lines = drift(ROOT)
            print("".join(f"{line}\n" for line in lines), end="")
            print("proto: run ./dev proto" if lines else "proto: stubs are current")
            return 1 if lines else 0
        print(f"proto: {write(ROOT)} files changed ({made_by})")
    except ContractError as error:
        print(f"proto: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
