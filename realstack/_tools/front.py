"""Build the native gRPC front with the Rust compiler of this machine.

It is optional: without it an engine serves with the plain front, and says so in its log. Cargo and
rustc 1.85 or later are needed (https://rustup.rs, or a package of the system); the crates come from
cargo's own registry, pinned by `engine/front/packages.lock`.

Exit status: 0 built (or current), 1 the build failed, 3 there is no Rust compiler.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from realstack._tools.programs import cargo_lock_of, pins_of

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "engine" / "front"
PINS = SOURCES / "packages.lock"
CARGO_LOCK = SOURCES / "Cargo.lock"
MODULE = SOURCES / "_native.abi3.so"
TARGET = ROOT / "build" / "front"
STAMP = TARGET / "front.sha256"
NO_COMPILER = 3


def say(text: str) -> None:
    """Tell the person what is going on."""
    print(f"front: {text}", file=sys.stderr, flush=True)


def fingerprint() -> str:
    """Return one hash of all that the front is made of."""
    total = hashlib.sha256()
    for path in [SOURCES / "Cargo.toml", PINS, *sorted((SOURCES / "src").rglob("*.rs"))]:
        total.update(path.read_bytes())
    return total.hexdigest()


def is_current() -> bool:
    """Tell whether the built front is that of the sources."""
    return MODULE.exists() and STAMP.exists() and STAMP.read_text() == fingerprint()


def build(cargo: str) -> int:
    """Compile the front and put it where the engine looks for it."""
    say("compiling, about a minute the first time")
    CARGO_LOCK.write_text(cargo_lock_of(PINS.read_text(encoding="utf-8")), encoding="utf-8")
    command = [cargo, "build", "--release", "--locked", "--target-dir", str(TARGET)]
    done = subprocess.run(command, cwd=SOURCES, check=False)
    if done.returncode:
        return 1
    # A new file, not new content: an engine that runs keeps the one that it has loaded.
    fresh = MODULE.with_suffix(".new")
    shutil.copyfile(TARGET / "release" / "lib_native.so", fresh)
    fresh.replace(MODULE)
    STAMP.write_text(fingerprint())
    say(f"built {MODULE.relative_to(ROOT)}")
    return 0


def lock(cargo: str) -> int:
    """Pin the newest crates that `Cargo.toml` allows."""
    done = subprocess.run([cargo, "update"], cwd=SOURCES, check=False)
    if done.returncode:
        return 1
    PINS.write_text(pins_of(CARGO_LOCK.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def main(arguments: list[str]) -> int:
    """Build the front unless it is current."""
    parser = argparse.ArgumentParser(prog="dev front", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--lock", action="store_true", help="pin the newest crates; needs a network"
    )
    options = parser.parse_args(arguments)
    cargo = shutil.which("cargo")
    if cargo is None:
        say("there is no cargo here: install Rust 1.85 or later, or go on with the plain front")
        return NO_COMPILER
    if options.lock:
        return lock(cargo)
    if is_current():
        say("the front is current")
        return 0
    return build(cargo)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
