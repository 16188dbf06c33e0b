"""Settings: where things are, from the environment, each with a safe default.

    REALSTACK_DATA        folder of everything the venue keeps; default .realstack here, or, as
                          root, /var/lib/realstack/<name of this folder>-<hash of its path>
    SHARED                folder with recordings, default ../shared
    DATABASE_URL          PostgreSQL to use instead of the embedded one
    SOLANA_RPC_URL        Solana node to use instead of the localnet
    SOLANA_WS_URL         its WebSocket, when it is not the RPC port plus one
    ENGINE_ADDRESS        host:port of a running engine
    MARKET_ADDRESS        host:port of a running market service
    SETTLEMENT_ADDRESS    host:port of a running settlement worker
    REALSTACK_API_KEY     API key of the person who runs a command

What is not set is read from ``run.json`` of the data folder, which `realstack up` writes, so that
on the machine of a running venue no command needs an address.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT_DATA = Path("/var/lib/realstack")
RUN_FILE = "run.json"


class MissingSetting(Exception):
    """Something is needed that neither a flag, nor the environment, nor a running venue tells.

    Attributes:
        field: What is missing, where it has a name.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process needs to know of the others; empty text means that it is not known."""

    data: Path
    shared: Path
    database_url: str = ""
    solana_rpc_url: str = ""
    solana_ws_url: str = ""
    engine_address: str = ""
    market_address: str = ""
    settlement_address: str = ""
    gateway_url: str = ""
    api_key: str = field(default="", repr=False)

    @property
    def secrets(self) -> Path:
        """The folder of API keys and keypairs, readable by its owner alone."""
        return self.data / "secrets"

    def need(self, name: str) -> str:
        """Return a setting that must be there.

        Raises:
            MissingSetting: It is not; the message says how to give it.
        """
        value = str(getattr(self, name))
        if value:
            return value
        raise MissingSetting(
            f"{name} is not known: set {name.upper()}, or start a venue with `realstack up` "
            f"(no running venue is recorded in {self.data})",
            name,
        )

    def key_of(self, name: str) -> str:
        """Return the API key that `realstack up` made for a participant of this venue.

        Raises:
            MissingSetting: There is none of this name; the message lists those there are.
        """
        path = self.secrets / f"{name}.key"
        if path.is_file() and path.parent == self.secrets:
            return path.read_text(encoding="ascii").strip()
        names = sorted(found.stem for found in self.secrets.glob("*.key"))
        there = ", ".join(names) if names else "none"
        raise MissingSetting(
            f"no API key named {name!r} in {self.secrets}; there are: {there}", "key"
        )


def load(
    environment: Mapping[str, str] | None = None,
    *,
    data: Path | None = None,
) -> Settings:
    """Read the settings from the environment and from what a running venue has recorded.

    Args:
        environment: Names and values; the process's own when not given.
        data: The data folder, before what the environment says.
    """
    values = os.environ if environment is None else environment
    folder = data or Path(values.get("REALSTACK_DATA") or default_data())
    known = recorded(folder)
    return Settings(
        data=folder,
        shared=Path(values.get("SHARED") or "../shared"),
        database_url=values.get("DATABASE_URL") or known.get("database_url", ""),
        solana_rpc_url=values.get("SOLANA_RPC_URL") or known.get("solana_rpc_url", ""),
        solana_ws_url=values.get("SOLANA_WS_URL", ""),
        engine_address=values.get("ENGINE_ADDRESS") or known.get("engine", ""),
        market_address=values.get("MARKET_ADDRESS") or known.get("market", ""),
        settlement_address=values.get("SETTLEMENT_ADDRESS") or known.get("settlement", ""),
        gateway_url=known.get("gateway", ""),
        api_key=values.get("REALSTACK_API_KEY", ""),
    )


def default_data(folder: Path | None = None, *, is_root: bool | None = None) -> Path:
    """Return the data folder of a checkout.

    As root it lies outside every home, because PostgreSQL must run as another user, who then has to
    pass through all folders above its data.
    """
    here = (folder or Path.cwd()).resolve()
    if not (os.geteuid() == 0 if is_root is None else is_root):
        return here / ".realstack"
    mark = hashlib.sha256(os.fsencode(here)).hexdigest()[:8]
    return ROOT_DATA / f"{here.name or 'root'}-{mark}"


def recorded(data: Path) -> dict[str, str]:
    """Return the addresses that the last `realstack up` recorded, by name of process.

    Nothing is known when none runs here, or when it is another user's.
    """
    try:
        run = json.loads((data / RUN_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, PermissionError):
        return {}
    addresses = {name: str(entry["address"]) for name, entry in run["processes"].items()}
    facts = ("gateway", "database_url", "solana_rpc_url")
    return {**addresses, **{name: str(run.get(name, "")) for name in facts}}
