"""Make the on-chain programs, tell whether the committed ones are current, run their tests.

The committed programs in ``programs/bin`` are what users and tests run: no Rust is needed for that.
``build`` makes them anew, with tools that it installs itself:

=================================  ==============================================================
rustc-web, cargo-web,              compiler and sources of its library, with LLVM 22, from the
rust-web-src, llvm-22-dev          distribution's packages
sbpf-linker                        makes an sBPF program of LLVM bitcode; compiled into
                                   ``build/programs/tools``
=================================  ==============================================================
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from realstack._tools import anchorpy
from realstack.chain import old_idl

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "programs"
BIN = SOURCES / "bin"
MANIFEST = BIN / "manifest.json"
BUILD = ROOT / "build" / "programs"
LINKER = BUILD / "tools" / "bin" / "sbpf-linker"
OUTPUT = BUILD / "target" / "bpfel-unknown-none" / "release"

PROGRAMS = ("governance", "market", "token")
PACKAGES = ("rustc-web", "cargo-web", "rust-web-src", "llvm-22-dev")
LINKER_VERSION = "0.2.6"
LLVM = Path("/usr/lib/llvm-22")
RUSTC = Path("/usr/bin/rustc")
CARGO = Path("/usr/bin/cargo")

# Cargo's lock names where each package comes from; what is committed leaves that out, as all locks
# of this project do: where packages come from is the machine's choice.
PINS = SOURCES / "packages.lock"
CARGO_LOCK = SOURCES / "Cargo.lock"
CARGO_INDEX = "registry+https://github.com/rust-lang/" + "crates" + ".io-index"


class BuildError(Exception):
    """The programs cannot be made; the message says what to do."""


class ToolsMissing(BuildError):
    """The compiler or the linker cannot be had here: nothing was compared."""


def say(text: str) -> None:
    """Tell the person what is going on; stdout stays free for the verdict."""
    print(f"programs: {text}", file=sys.stderr, flush=True)


def run(command: list[str], environment: dict[str, str], folder: Path) -> None:
    """Run a tool at low priority, because it keeps a core busy for minutes."""
    nice = ["nice", "-n", "10", *command]
    done = subprocess.run(
        nice, env={**os.environ, **environment}, cwd=folder, stdout=sys.stderr, check=False
    )
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command[:3])} failed: see above")


def first_line(command: list[str]) -> str:
    """Return the first line that a tool says."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else ""


def install_packages() -> None:
    """Install the compiler from the distribution's packages, when it is missing."""
    if RUSTC.exists() and CARGO.exists() and (LLVM / "bin" / "llvm-config").exists():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise BuildError(f"as root: apt-get install {' '.join(PACKAGES)}")
    say(f"installing {' '.join(PACKAGES)}")
    run(["apt-get", "update"], {}, ROOT)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES], quiet, ROOT)


def install_linker() -> None:
    """Compile the linker, when it is missing; takes some minutes."""
    if LINKER.exists() and first_line([str(LINKER), "--version"]).endswith(LINKER_VERSION):
        return
    say(f"compiling sbpf-linker {LINKER_VERSION}")
    command = [str(CARGO), "install", "sbpf-linker", "--version", LINKER_VERSION]
    command += ["--no-default-features", "--features", "bpf-linker/llvm-22", "--jobs", "1"]
    command += ["--root", str(BUILD / "tools")]
    environment = {"LLVM_PREFIX": str(LLVM), "RUSTC": str(RUSTC)}
    run(command, {**environment, "CARGO_TARGET_DIR": str(BUILD / "linker")}, ROOT)


def versions() -> dict[str, str]:
    """Return the versions of the tools that what is built depends on."""
    return {
        "rustc": first_line([str(RUSTC), "--version"]),
        "cargo": first_line([str(CARGO), "--version"]),
        "llvm": first_line([str(LLVM / "bin" / "llvm-config"), "--version"]),
        "sbpf-linker": first_line([str(LINKER), "--version"]),
    }


def sha256(data: bytes) -> str:
    """Return a hash as hex."""
    return hashlib.sha256(data).hexdigest()


def sources_sha256(name: str) -> str:
    """Return one hash of a program's sources: names and contents, in order."""
    folders = [SOURCES / name]
    if "realstack-common" in (SOURCES / name / "Cargo.toml").read_text(encoding="utf-8"):
        folders.append(SOURCES / "common")
    found = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    total = hashlib.sha256()
    for path in [*found, SOURCES / "toolchain.toml"]:
        total.update(f"{path.relative_to(SOURCES)}\0{sha256(path.read_bytes())}\n".encode())
    return total.hexdigest()


def pins_of(cargo_lock: str) -> str:
    """Return cargo's lock without the places that packages come from."""
    lines = cargo_lock.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("source = "))


def cargo_lock_of(pins: str) -> str:
    """Return cargo's lock: a package with a checksum comes from cargo's own index."""
    source = f'source = "{CARGO_INDEX}"\n'
    return pins.replace("checksum = ", f"{source}checksum = ")


def compile_program(name: str, options: list[str]) -> bytes:
    """Make a program and return its bytes."""
    environment = {
        "RUSTC": str(RUSTC),
        "RUSTC_BOOTSTRAP": "1",  # a stable compiler builds its library only when told so
        "CARGO_TARGET_DIR": str(BUILD / "target"),
        "CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER": str(LINKER),
    }
    CARGO_LOCK.write_text(cargo_lock_of(PINS.read_text(encoding="utf-8")), encoding="utf-8")
    command = [str(CARGO), "build", "--release", "--jobs", "1", "--package", f"realstack-{name}"]
    run([*command, "--config", "toolchain.toml", *options], environment, SOURCES)
    return (OUTPUT / f"librealstack_{name}.so").read_bytes()


def install_tools() -> None:
    """Bring in what is missing on this machine."""
    install_packages()
    BUILD.mkdir(parents=True, exist_ok=True)
    install_linker()


def manifest() -> dict[str, Any]:
    """Return what is known of the committed programs, by name."""
    if not MANIFEST.exists():
        return {}
    known: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return known


def build(names: Sequence[str] = PROGRAMS) -> str:
    """Make programs and put them where they are committed from."""
    install_tools()
    BIN.mkdir(exist_ok=True)
    known = manifest()
    for name in names:
        data = compile_program(name, [])
        (BIN / f"{name}.so").write_bytes(data)
        known[name] = {
            "bytes": len(data),
            "sha256": sha256(data),
            "sources_sha256": sources_sha256(name),
            "tools": versions(),
        }
    PINS.write_text(pins_of(CARGO_LOCK.read_text(encoding="utf-8")), encoding="utf-8")
    MANIFEST.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return "built " + ", ".join(f"{name} ({known[name]['bytes']} bytes)" for name in names)


def committed_problems(names: Sequence[str] = PROGRAMS) -> list[str]:
    """Return what is wrong with the committed programs, as far as one can tell without a build."""
    known = manifest()
    problems = []
    for name in names:
        if name not in known:
            problems.append(f"programs/bin has no {name}")
            continue
        if sha256((BIN / f"{name}.so").read_bytes()) != known[name]["sha256"]:
            problems.append(f"programs/bin/{name}.so is not what the manifest names")
        if sources_sha256(name) != known[name]["sources_sha256"]:
            problems.append(f"the sources of {name} changed since it was built")
    return problems


def check(names: Sequence[str] = PROGRAMS) -> str:
    """Compare committed programs with their sources.

    With the tools that they were built with, byte for byte; with others the programs are built
    too, which shows that they compile, and the difference in the tools is named.

    Raises:
        BuildError: They differ.
        ToolsMissing: There is nothing to build them with.
    """
    problems = committed_problems(names)
    if problems:
        raise BuildError("; ".join(problems) + ": run ./dev programs build")
    try:
        install_tools()
    except BuildError as error:
        raise ToolsMissing(f"not compared, the tools cannot be had here: {error}") from error
    known, tools, other = manifest(), versions(), []
    for name in names:
        data, then = compile_program(name, ["--locked"]), known[name]["tools"]
        changed = [tool for tool in tools if tools[tool] != then[tool]]
        differ = [f"{name}: {tools[tool]}, not {then[tool]}" for tool in changed]
        if not differ and sha256(data) != known[name]["sha256"]:
            raise BuildError(f"{name} does not build to the committed bytes")
        other += differ
    if other:
        return f"built with other tools, not compared: {'; '.join(other)}"
    return "the committed programs are what their sources give, byte for byte"


def test(arguments: list[str]) -> int:
    """Run the tests of the programs in the VM; takes pytest's arguments."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/programs", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def main(arguments: list[str]) -> int:
    """Carry out one command; status 3: nothing was compared, the tools cannot be had here."""
    command, names = arguments[:1], arguments[1:] or PROGRAMS
    if command == ["test"]:
        return test(arguments[1:])
    if arguments == ["anchorpy"]:
        return anchorpy.main()
    if arguments == ["idl"]:
        old_idl.write()
        print(f"programs: wrote {old_idl.OLD_FOLDER.relative_to(ROOT)}")
        return 0
    if command not in (["build"], ["check"]) or not set(names) <= set(PROGRAMS):
        print(f"usage: ./dev programs build|check [{'|'.join(PROGRAMS)}]")
        print("       ./dev programs idl|anchorpy|test [for pytest]")
        return 2
    try:
        print(f"programs: {build(names) if command == ['build'] else check(names)}")
    except BuildError as error:
        print(f"programs: {error}")
        return 3 if isinstance(error, ToolsMissing) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
