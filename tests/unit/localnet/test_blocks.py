"""The line of blocks."""

from __future__ import annotations

from itertools import pairwise

from solders.hash import Hash

from settlement.localnet.blocks import (
    BLOCKHASH_AGE_BLOCKS_MAX,
    SLOT_FIRST,
    Block,
    BlockLine,
    Commitment,
    first_block,
    next_block,
)

GENESIS = Hash(bytes([7] * 32))


def line_of(count: int) -> BlockLine:
    """Make a line of `count` blocks without gaps."""
    blocks = [first_block(genesis=GENESIS, unix_time_s=100)]
    while len(blocks) < count:
        blocks.append(child(blocks[-1]))
    return BlockLine(blocks)


def child(parent: Block, *, slot: int | None = None, unix_time_s: int = 100) -> Block:
    """Make the next block."""
    return next_block(
        parent,
        slot=parent.slot + 1 if slot is None else slot,
        genesis=GENESIS,
        unix_time_s=unix_time_s,
    )


def test_the_same_parent_and_slot_give_the_same_hash_and_another_slot_another() -> None:
    """A restarted node opens the same slot with the same hash; a fork has hashes of its own."""
    parent = first_block(genesis=GENESIS, unix_time_s=1)
    assert child(parent).blockhash == child(parent).blockhash
    assert child(parent).blockhash != child(parent, slot=parent.slot + 2).blockhash
    other = first_block(genesis=Hash(bytes([8] * 32)), unix_time_s=1)
    assert other.blockhash != parent.blockhash


def test_an_empty_slot_moves_the_slot_and_not_the_height() -> None:
    """Height counts blocks, slot counts turns."""
    parent = first_block(genesis=GENESIS, unix_time_s=1)
    late = child(parent, slot=parent.slot + 5)
    assert (late.slot, late.height, late.parent_slot) == (SLOT_FIRST + 5, 1, SLOT_FIRST)


def test_the_time_of_blocks_never_goes_back() -> None:
    """A machine clock that steps back repeats the last time."""
    parent = first_block(genesis=GENESIS, unix_time_s=100)
    assert child(parent, unix_time_s=90).unix_time_s == 100


def test_a_hash_is_valid_for_150_heights() -> None:
    """The block of the hash and the 150 above it accept it; blocks before it do not."""
    line = line_of(200)
    blocks = line.recent(200)
    named = blocks[20]
    for block in blocks:
        within = 0 <= block.height - named.height <= BLOCKHASH_AGE_BLOCKS_MAX
        assert line.is_blockhash_valid(named.blockhash, seen_from=block) == within


def test_forgotten_and_cut_blocks_are_unknown() -> None:
    """Neither their hashes nor their slots are found any more."""
    line = line_of(10)
    first, *_, last = line.recent(10)
    line.forget_older(5)
    assert line.oldest_block.height == 5
    assert not line.is_blockhash_valid(first.blockhash, seen_from=last)
    line.cut_after(last.slot - 2)
    assert line.open_block.slot == last.slot - 2
    assert not line.is_blockhash_valid(last.blockhash, seen_from=last)


def test_the_block_of_an_empty_slot_is_the_one_before_it() -> None:
    """Asking for a slot without a block gives the newest older one, or the oldest there is."""
    first = first_block(genesis=GENESIS, unix_time_s=1)
    late = child(first, slot=first.slot + 5)
    line = BlockLine([first, late])
    found = [line.at_or_before(first.slot + offset).slot for offset in (-1, 0, 4, 5, 9)]
    assert found == [first.slot, first.slot, first.slot, late.slot, late.slot]


def test_blocks_form_a_chain_of_parents() -> None:
    """Each block names the slot below it."""
    for lower, upper in pairwise(line_of(5).recent(5)):
        assert upper.parent_slot == lower.slot


def test_commitments_are_named_as_on_the_wire() -> None:
    """The labels are those of the RPC."""
    assert [each.label for each in Commitment] == ["processed", "confirmed", "finalized"]
