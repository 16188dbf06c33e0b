"""Packing: how many transactions a million fills take, against the bound and against other ways.

    ./dev bench settlement [--fills 1000000] [--participants 1000] [--json]

Fills between random participants, in two mints and then in twenty. What is counted:

- packed: what the settlement worker's own packer makes, window by window: fills netted whole per
  participant and mint, each participant in one transaction, against a clearing float;
- bound: what locks allow at best. A participant with k nets takes k of the locks that at least k
  mints leave in a transaction: these shares added up over a window's participants, rounded up;
- sets: consecutive fills, as many as one transaction carries, which need no float;
- transfers: netted by nobody, one transferChecked for each token movement, thirty a transaction;
- per trade: one delivery versus payment a transaction.

The float that the order of the transactions needs is told as a share of what the window moves.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from realstack.chain.limits import ACCOUNT_LOCKS_MAX
from settlement.batcher import pack_all
from settlement.fills import Fill
from settlement.netting import Transfer, net
from settlement.transactions import Size, batch_size, clearing_size
from settlement.windows import Legs, compose, float_need, in_order, legs_of, part_of

WINDOW_FILLS = 1_000
QUOTE_ASSET_ID = 1
TRANSFERS_PER_TRANSACTION = 30  # plain, distinct pairs, with a lookup table or version 1
SEED = 7
PLENTY = 1 << 62  # atoms of float


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of one run."""

    fills: int
    participants: int
    mints: int
    transactions: int
    bound: int
    bound_ratio_ppm: int
    sets: int
    float_need_ppm: int
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


def bound_ppm(legs: Legs) -> int:
    """Return how many transactions locks allow at best, in millionths."""
    free = ACCOUNT_LOCKS_MAX - clearing_size(0, 0, 0, 1).account_locks
    each_mint = clearing_size(0, 0, 1, 1).account_locks - clearing_size(0, 0, 0, 1).account_locks
    return sum(len(each) * 1_000_000 // (free - each_mint * len(each)) for each in legs.values())


def report(count: int, participants: int, mints: int) -> Report:
    """Pack fills and count."""
    sizes: list[Size] = []
    spent_ns = bound = sets = float_need_ppm = 0
    for window in windows_of(count, participants, mints, SEED):
        began = time.perf_counter_ns()
        legs = legs_of(net(window))
        ordered = in_order(compose(legs) or [], legs, dict.fromkeys(range(mints + 1), PLENTY)) or []
        spent_ns += time.perf_counter_ns() - began
        sizes += [batch_size(part_of(each, legs).transfers) for each in ordered]
        bound += -(-bound_ppm(legs) // 1_000_000)
        sets += len(pack_all(window, fits))
        need_atoms = float_need(ordered, legs)[QUOTE_ASSET_ID]
        moved_atoms = sum(fill.quote_atoms for fill in window)
        float_need_ppm = max(float_need_ppm, need_atoms * 1_000_000 // moved_atoms)
    owners = sum(size.participants for size in sizes)
    transfers = 3 * count  # base, quote, fee
    return Report(
        fills=count,
        participants=participants,
        mints=mints,
        transactions=len(sizes),
        bound=bound,
        bound_ratio_ppm=len(sizes) * 1_000_000 // bound,
        sets=sets,
        float_need_ppm=float_need_ppm,
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
            f" {each.transactions:,} transactions (bound {each.bound:,}, ratio"
            f" {each.bound_ratio_ppm / 1_000_000:.2f}; sets {each.sets:,}; unnetted"
            f" {each.unnetted_transactions:,}; per trade {each.per_trade_transactions:,})\n"
            f"  clearing float: at most {each.float_need_ppm / 10_000:.1f} % of a window's"
            " turnover\n"
            f"  {each.bytes_mean:,} bytes and {each.locks_mean} locks on average, at most"
            f" {each.bytes_max:,} and {each.locks_max}; at most"
            f" {each.units_per_participant_bound:,} compute units a participant;"
            f" packed in {each.packing_ms:,} ms\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
