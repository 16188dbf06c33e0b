"""The `context` that goes with most results."""

from __future__ import annotations

from settlement.localnet.blocks import Block

NODE_VERSION = "4.0.0"
FEATURE_SET = 3_640_012_085


def with_context(bank: Block, value: object) -> dict[str, object]:
    """Wrap a result with the slot of the state that it shows."""
    return {"context": {"apiVersion": NODE_VERSION, "slot": bank.slot}, "value": value}
