"""Packing: how many transactions a million fills take, against the bound and against other ways.

    ./dev bench settlement [--fills 1000000] [--participants 1000] [--json]

Fills between random participants, in two mints and then in twenty. What is counted:

- packed: what the settlement worker's own packer makes, window by window: consecutive fills, netted
  per participant and mint, as many as one transaction carries;
- bound: each window's participants over the participants that one transaction carries, rounded up;
- transfers: netted by nobody, one transferChecked for each token movement, thirty a transaction;
- per trade: one delivery versus payment a transaction.

The packer's size of the fullest batches is compared with the bytes and locks of transactions that
are really built.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from settlement.batcher import pack_all
from settlement.fills import FEE_ACCOUNT_ID, Fill
from settlement.netting import Transfer
from settlement.transactions import Size, batch_size

WINDOW_FILLS = 1_000
QUOTE_ASSET_ID = 1
TRANSFERS_PER_TRANSACTION = 30  # plain, distinct pairs, with a lookup table or version 1
SEED = 7


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of one run."""

    fills: int
    participants: int
    mints: int
    transactions: int
    bound: int
    unnetted_transactions: int
    per_trade_transactions: int
    fills_per_transaction_ppm: int
    participants_per_transaction_ppm: int
    bytes_mean: int
    bytes_max: int
    locks_mean: int
    locks_max: int
    units_per_participant_bound: int
    packing_ms: int


def windows_of(count: int, participants: int, mints: int, seed: int) -> Iterator[list[Fill]]:
    """Make windows of fills between random participants; each fill pays fees."""
    chance = random.Random(seed)
    made: list[Fill] = []
    for trade_id in range(1, count + 1):
        buyer = chance.randrange(participants) + 1
        seller = chance.randrange(participants - 1) + 1
        seller += seller >= buyer
        made.append(
            Fill(
                trade_id=trade_id,
                sequence=trade_id,
                time_ns=trade_id,
                market_id=1,
                base_asset_id=2 + chance.randrange(mints - 1),
                quote_asset_id=QUOTE_ASSET_ID,
                buyer_account_id=buyer,
                seller_account_id=seller,
                base_atoms=chance.randrange(1, 1_000),
                quote_atoms=chance.randrange(1, 100_000),
                buyer_fee_atoms=2,
                seller_fee_atoms=1,
            )
        )
        if len(made) == WINDOW_FILLS or trade_id == count:
            yield made
            made = []


def fits(transfers: Sequence[Transfer]) -> bool:
    """Tell whether one transaction carries the transfers."""
    return batch_size(transfers).fits


def participants_per_transaction() -> int:
    """Return how many participants with two vaults each one transaction carries."""
    pairs = 1
    while fits([Transfer(1 + n % 2, n // 2 * 2 + 1, n // 2 * 2 + 2, 1) for n in range(2 * pairs)]):
        pairs += 1
    return 2 * (pairs - 1)


def report(count: int, participants: int, mints: int) -> Report:
    """Pack fills and count."""
    each = participants_per_transaction()
    sizes: list[Size] = []
    spent_ns = bound = 0
    for window in windows_of(count, participants, mints, SEED):
        began = time.perf_counter_ns()
        batches = pack_all(window, fits)
        spent_ns += time.perf_counter_ns() - began
        sizes += [batch_size(batch.transfers) for batch in batches if batch.transfers]
        bound += -(-_named(window) // each)
    owners = sum(size.participants for size in sizes)
    transfers = 3 * count  # base, quote, fee
    return Report(
        fills=count,
        participants=participants,
        mints=mints,
        transactions=len(sizes),
        bound=bound,
        unnetted_transactions=-(-transfers // TRANSFERS_PER_TRANSACTION),
        per_trade_transactions=count,
        fills_per_transaction_ppm=count * 1_000_000 // len(sizes),
        participants_per_transaction_ppm=owners * 1_000_000 // len(sizes),
        bytes_mean=sum(size.transaction_bytes for size in sizes) // len(sizes),
        bytes_max=max(size.transaction_bytes for size in sizes),
        locks_mean=sum(size.account_locks for size in sizes) // len(sizes),
        locks_max=max(size.account_locks for size in sizes),
        units_per_participant_bound=sum(size.compute_units for size in sizes) // owners,
        packing_ms=spent_ns // 1_000_000,
    )


def _named(window: Sequence[Fill]) -> int:
    """Return how many owners a window's fills name, the venue included."""
    named = {fill.buyer_account_id for fill in window}
    named |= {fill.seller_account_id for fill in window}
    return len(named | {FEE_ACCOUNT_ID})


def main(argv: Sequence[str] | None = None) -> int:
    """Print a report for two mints and one for twenty."""
    parser = argparse.ArgumentParser(prog="./dev bench settlement")
    parser.add_argument("--fills", type=int, default=1_000_000)
    parser.add_argument("--participants", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    reports = [report(options.fills, options.participants, mints) for mints in (2, 20)]
    if options.json:
        sys.stdout.write(json.dumps({"settlement": [asdict(each) for each in reports]}) + "\n")
        return 0
    for each in reports:
        sys.stdout.write(
            f"{each.fills:,} fills, {each.participants:,} participants, {each.mints} mints:"
            f" {each.transactions:,} transactions (bound {each.bound:,}; unnetted"
            f" {each.unnetted_transactions:,}; per trade {each.per_trade_transactions:,})\n"
            f"  {each.bytes_mean:,} bytes and {each.locks_mean} locks on average, at most"
            f" {each.bytes_max:,} and {each.locks_max}; at most"
            f" {each.units_per_participant_bound:,} compute units a participant;"
            f" packed in {each.packing_ms:,} ms\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
