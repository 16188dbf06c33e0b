"""Settings of a server process: flags first, then the environment, then the running venue."""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from pathlib import Path

from realstack.settings import MissingSetting, Settings, load


def server_parser(name: str, description: str) -> argparse.ArgumentParser:
    """Return a parser with the flags that every server takes.

    Args:
        name: The process, as in `realstack serve NAME`; also the name of its API key.
        description: One sentence for `--help`.
    """
    parser = argparse.ArgumentParser(prog=f"realstack serve {name}", description=description)
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT", help="port 0: any")
    parser.add_argument("--data", type=Path, metavar="DIR", help="the venue's folder")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="default: DATA/keys.json")
    parser.add_argument(
        "--key-file", type=Path, metavar="FILE", help=f"default: DATA/secrets/{name}.key"
    )
    return parser


def add_setting(parser: argparse.ArgumentParser, flag: str, setting: str, help_text: str) -> None:
    """Add a flag that overrides a field of `realstack.settings.Settings`."""
    help_text = f"{help_text} ({setting.upper()})"
    parser.add_argument(flag, dest=setting, metavar=setting.upper(), help=help_text)


def read_settings(options: argparse.Namespace) -> Settings:
    """Return the settings with the flags that were given in their place."""
    settings = load(data=options.data)
    names = {field.name for field in fields(Settings)} - {"data"}
    given = {name: value for name, value in vars(options).items() if name in names and value}
    return replace(settings, **given)


def keys_path(options: argparse.Namespace, settings: Settings) -> Path:
    """Return the file that lists the API keys' hashes."""
    return Path(options.keys) if options.keys else settings.data / "keys.json"


def read_api_key(options: argparse.Namespace, settings: Settings, name: str) -> str:
    """Return this process's own API key.

    Raises:
        MissingSetting: When its file is not there or is empty.
    """
    if options.key_file is None:
        return settings.key_of(name)
    path = Path(options.key_file)
    text = path.read_text(encoding="ascii").strip() if path.is_file() else ""
    if not text:
        raise MissingSetting(f"--key-file: {path} holds no API key")
    return text


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`.

    Raises:
        ValueError: When it is not written so.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdecimal():
        raise ValueError(f"an address is HOST:PORT, not {address!r}")
    return host.strip("[]"), int(port)
