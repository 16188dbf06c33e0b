"""What a local network can be told at its start."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from solders.pubkey import Pubkey

SLOT_MS_DEFAULT = 400
"""A slot of the real network lasts about this long."""

SLOT_MS_MIN = 5
"""A slot ends with a write to the disk; shorter ones would do nothing else."""

CONFIRMED_DEPTH_SLOTS_DEFAULT = 1
FINALIZED_DEPTH_SLOTS_DEFAULT = 32
FINALIZED_DEPTH_SLOTS_MAX = 1_024
"""Before-images are kept in memory this long; the bound keeps that memory small."""


class SettingsRefused(ValueError):
    """A setting breaks a rule; the message names the setting and the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalnetSettings:
    """Settings of one local network.

    Attributes:
        host: Address to listen on. The default is loopback: there is no access control.
        port: TCP port for HTTP and WebSocket; 0 takes a free one.
        data_dir: Folder of the chain's database; None keeps the chain in memory.
        slot_ms: Length of a slot in milliseconds; None means that slots move only by hand
            (`localnet_advanceSlots`).
        confirmed_depth_slots: Slots after its own until a transaction is `confirmed`.
        finalized_depth_slots: Slots after its own until a transaction is `finalized`.
        programs: Programs (ELF files) that exist from the start, by address.
    """

    host: str = "127.0.0.1"
    port: int = 8899
    data_dir: Path | None = None
    slot_ms: int | None = SLOT_MS_DEFAULT
    confirmed_depth_slots: int = CONFIRMED_DEPTH_SLOTS_DEFAULT
    finalized_depth_slots: int = FINALIZED_DEPTH_SLOTS_DEFAULT
    programs: dict[Pubkey, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse settings that cannot work together."""
        if self.slot_ms is not None and self.slot_ms < SLOT_MS_MIN:
            raise SettingsRefused(f"slot_ms must be at least {SLOT_MS_MIN}, is {self.slot_ms}")
        # A block is written to the disk when its slot ends, so nothing may be confirmed sooner.
        if self.confirmed_depth_slots < 1:
            raise SettingsRefused(
                f"confirmed_depth_slots must be at least 1, is {self.confirmed_depth_slots}"
            )
        if self.finalized_depth_slots < self.confirmed_depth_slots:
            raise SettingsRefused("finalized_depth_slots must not be below confirmed_depth_slots")
        if self.finalized_depth_slots > FINALIZED_DEPTH_SLOTS_MAX:
            raise SettingsRefused(f"finalized_depth_slots must be <= {FINALIZED_DEPTH_SLOTS_MAX}")
        if not 0 <= self.port <= 65_535:
            raise SettingsRefused(f"port must be between 0 and 65535, is {self.port}")
