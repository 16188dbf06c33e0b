"""Parameters of a call, read one by one; a wrong one is refused with its name and the rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from solders.hash import Hash, ParseHashError
from solders.pubkey import Pubkey
from solders.signature import Signature

from settlement.localnet.blocks import Block, Commitment
from settlement.localnet.chain import Chain
from settlement.localnet.rpc.errors import (
    invalid_params,
    min_context_slot_not_reached,
)

COMMITMENTS = {commitment.label: commitment for commitment in Commitment}
U64_MAX = 2**64 - 1


class Params:
    """The positional parameters of one call."""

    def __init__(self, values: object) -> None:
        """Take what stood under `params`; absent means none."""
        if values is None:
            values = []
        if not isinstance(values, list):
            raise invalid_params("must be an array")
        self._values: list[Any] = values

    def at(self, index: int, name: str) -> Any:
        """Read a parameter that must be there."""
        if index >= len(self._values) or self._values[index] is None:
            raise invalid_params(f"{name}: missing at position {index}")
        return self._values[index]

    def optional(self, index: int) -> Any:
        """Read a parameter as it stands; None if absent."""
        return self._values[index] if index < len(self._values) else None

    def text(self, index: int, name: str) -> str:
        """Read a string."""
        return as_text(self.at(index, name), name)

    def integer(self, index: int, name: str) -> int:
        """Read an integer of 64 bits without sign."""
        return as_u64(self.at(index, name), name)

    def key(self, index: int, name: str) -> Pubkey:
        """Read an address in base 58."""
        return as_key(self.at(index, name), name)

    def list(self, index: int, name: str, *, length_max: int) -> list[Any]:
        """Read an array of bounded length."""
        value = self.at(index, name)
        if not isinstance(value, list):
            raise invalid_params(f"{name}: must be an array")
        if len(value) > length_max:
            raise invalid_params(f"Too many inputs provided; max {length_max}")
        return value

    def config(self, index: int) -> Config:
        """Read the object of options at `index`; absent means all defaults."""
        value = self.optional(index)
        if value is None:
            return Config({})
        # Some methods take a bare commitment in place of the object.
        if isinstance(value, str) and value in COMMITMENTS:
            return Config({"commitment": value})
        if not isinstance(value, dict):
            raise invalid_params(f"options at position {index} must be an object")
        return Config(value)


class Config:
    """The named options of one call."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Take the object."""
        self.values = values

    def get(self, name: str) -> Any:
        """Read an option as it stands; None if absent."""
        return self.values.get(name)

    def flag(self, name: str) -> bool:
        """Read a boolean; absent means false."""
        value = self.values.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise invalid_params(f"{name}: must be true or false")
        return value

    def integer(self, name: str) -> int | None:
        """Read an integer of 64 bits without sign; None if absent."""
        value = self.values.get(name)
        return None if value is None else as_u64(value, name)

    def text(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """Read one of the allowed words."""
        value = self.values.get(name)
        if value is None:
            return default
        if value not in allowed:
            raise invalid_params(f"{name}: must be one of {', '.join(allowed)}")
        return as_text(value, name)

    def signature(self, name: str) -> Signature | None:
        """Read a signature in base 58; None if absent."""
        value = self.values.get(name)
        return None if value is None else as_signature(value, name)

    def commitment(self, name: str = "commitment") -> Commitment:
        """Read a commitment; absent means finalized, as on a real node."""
        value = self.values.get(name)
        if value is None:
            return Commitment.FINALIZED
        commitment = COMMITMENTS.get(value) if isinstance(value, str) else None
        if commitment is None:
            raise invalid_params(f"{name}: must be one of {', '.join(COMMITMENTS)}")
        return commitment

    def bank(self, chain: Chain, name: str = "commitment") -> Block:
        """Find the block to answer from, given the commitment and the lowest slot allowed."""
        bank = chain.bank(self.commitment(name))
        slot_min = self.integer("minContextSlot")
        if slot_min is not None and bank.slot < slot_min:
            raise min_context_slot_not_reached(bank.slot)
        return bank


def as_text(value: object, name: str) -> str:
    """Require a string."""
    if not isinstance(value, str):
        raise invalid_params(f"{name}: must be a string")
    return value


def as_u64(value: object, name: str) -> int:
    """Require an integer of 64 bits without sign."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= U64_MAX:
        raise invalid_params(f"{name}: must be an integer from 0 to {U64_MAX}")
    return value


def as_key(value: object, name: str) -> Pubkey:
    """Require an address."""
    try:
        return Pubkey.from_string(as_text(value, name))
    except ValueError as error:
        raise invalid_params(f"{name}: not a base 58 address of 32 bytes") from error


def as_signature(value: object, name: str) -> Signature:
    """Require a signature."""
    try:
        return Signature.from_string(as_text(value, name))
    except ValueError as error:
        raise invalid_params(f"{name}: not a base 58 signature of 64 bytes") from error


def as_hash(value: object, name: str) -> Hash:
    """Require a hash."""
    try:
        return Hash.from_string(as_text(value, name))
    except (ValueError, ParseHashError) as error:
        raise invalid_params(f"{name}: not a base 58 hash of 32 bytes") from error
