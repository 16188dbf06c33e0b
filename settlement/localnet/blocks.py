"""The line of blocks: slots, heights, blockhashes and how deep each commitment lies.

A slot is a turn, a block is what was made in it. A slot whose block was rolled back stays empty for
ever, so heights and slots drift apart, as on the real network.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import dataclass
from enum import IntEnum

from solders.hash import Hash

BLOCKHASH_AGE_BLOCKS_MAX = 150
"""A transaction may name the hash of a block at most this many heights below the open block."""

BLOCKS_KEPT_MIN = 512
"""Recent blocks kept in memory: the hash window, and what the SlotHashes sysvar shows."""

SLOT_FIRST = 435_888_000
"""The virtual machine's programs were deployed just before this slot, so no chain starts earlier.

It also keeps slots far from heights, which shows code that takes one for the other.
"""

SLOTS_PER_EPOCH = 432_000


class Commitment(IntEnum):
    """How settled the state must be that an answer shows."""

    PROCESSED = 0
    CONFIRMED = 1
    FINALIZED = 2

    @property
    def label(self) -> str:
        """The name on the wire."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block: its slot, its height, its hash, the slot it builds on and its Unix time."""

    slot: int
    height: int
    blockhash: Hash
    parent_slot: int
    unix_time_s: int

    @property
    def last_valid_block_height(self) -> int:
        """The last height at which a transaction naming this block's hash can land."""
        return self.height + BLOCKHASH_AGE_BLOCKS_MAX


def blockhash_of(*, parent: Hash, slot: int, genesis: Hash) -> Hash:
    """Derive a slot's hash from its parent, so that a restarted node opens the same slot again."""
    material = bytes(genesis) + bytes(parent) + slot.to_bytes(8, "little")
    return Hash(hashlib.sha256(material).digest())


def first_block(*, genesis: Hash, unix_time_s: int) -> Block:
    """Make the first block of a chain."""
    return Block(
        slot=SLOT_FIRST,
        height=0,
        blockhash=blockhash_of(parent=genesis, slot=SLOT_FIRST, genesis=genesis),
        parent_slot=SLOT_FIRST - 1,
        unix_time_s=unix_time_s,
    )


def next_block(parent: Block, *, slot: int, genesis: Hash, unix_time_s: int) -> Block:
    """Make the block that builds on `parent` in `slot`; its time never goes back."""
    return Block(
        slot=slot,
        height=parent.height + 1,
        blockhash=blockhash_of(parent=parent.blockhash, slot=slot, genesis=genesis),
        parent_slot=parent.slot,
        unix_time_s=max(parent.unix_time_s, unix_time_s),
    )


class BlockLine:
    """The recent blocks of the one fork that is alive, oldest first; the last one is open."""

    def __init__(self, blocks: list[Block]) -> None:
        """Start from recent blocks in order; there is at least one."""
        self._blocks: list[Block] = []
        self._by_hash: dict[Hash, Block] = {}
        for block in blocks:
            self.append(block)

    @property
    def open_block(self) -> Block:
        """The block that takes transactions now."""
        return self._blocks[-1]

    @property
    def oldest_block(self) -> Block:
        """The oldest block that is kept."""
        return self._blocks[0]

    def recent(self, count: int) -> list[Block]:
        """List the newest blocks, at most `count`, oldest first."""
        return self._blocks[-count:]

    def append(self, block: Block) -> None:
        """Open a new block on top."""
        self._blocks.append(block)
        self._by_hash[block.blockhash] = block

    def forget_older(self, keep: int) -> None:
        """Keep only the newest `keep` blocks."""
        surplus = max(0, len(self._blocks) - keep)
        for block in self._blocks[:surplus]:
            del self._by_hash[block.blockhash]
        del self._blocks[:surplus]

    def cut_after(self, slot: int) -> None:
        """Drop every block later than `slot`; their hashes are unknown from now on."""
        while self._blocks and self._blocks[-1].slot > slot:
            del self._by_hash[self._blocks.pop().blockhash]

    def at_or_before(self, slot: int) -> Block:
        """Find the newest block not later than `slot`, or the oldest that is kept."""
        index = bisect_right(self._blocks, slot, key=lambda block: block.slot)
        return self._blocks[max(0, index - 1)]

    def is_blockhash_valid(self, blockhash: Hash, *, seen_from: Block) -> bool:
        """Tell whether a transaction naming `blockhash` may land in the block `seen_from`."""
        named = self._by_hash.get(blockhash)
        if named is None or named.slot > seen_from.slot:
            return False
        return seen_from.height <= named.last_valid_block_height
