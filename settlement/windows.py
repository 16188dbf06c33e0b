"""Windows: many fills netted whole, and the few transactions that carry the nets.

Every account of a window is in one transaction with its nets in all its assets, so that each
transaction is delivery versus payment for everyone in it. What accounts give goes to the clearing
vaults, and what they get comes from there: within a transaction the two need not be equal, and the
clearing float bridges the difference until the window is whole. The transactions are put in an
order in which no clearing vault goes below zero, and none needs more than the float by itself, so
that each can be simulated before the first is sent.

Composing is greedy: accounts of the same assets go together, because every asset costs locks of its
own, and payers are mixed with receivers, because that keeps the need of float small.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.core.invariants import check
from settlement.accounts import CLEARING_ACCOUNT_ID
from settlement.batcher import Batch
from settlement.fills import FEE_ACCOUNT_ID, Fill
from settlement.netting import Nets, Transfer, net
from settlement.transactions import clearing_size

Legs = dict[int, dict[int, int]]
"""Atoms by asset by account: what each account gets, or gives where it is below zero."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one transaction of a window settles: accounts, whole, and what moves for them."""

    accounts: tuple[int, ...]
    transfers: tuple[Transfer, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Fills that were netted together, and the transactions that carry the nets, in order."""

    fills: tuple[Fill, ...]
    parts: tuple[Part, ...]


def accounts_of(fills: Iterable[Fill]) -> set[int]:
    """Return the accounts that fills are of, the fee account included."""
    found = {FEE_ACCOUNT_ID}
    for fill in fills:
        found |= {fill.buyer_account_id, fill.seller_account_id}
    return found


def window_of(batch: Batch) -> Window:
    """Return a batch that needs no float as a window of one transaction."""
    accounts = tuple(sorted(accounts_of(batch.fills)))
    return Window(batch.fills, (Part(accounts, batch.transfers),))


def pack_window(
    fills: Sequence[Fill], float_atoms: Mapping[int, int], programs: int = 1
) -> Window | None:
    """Net fills whole and pack them; None when the float, or a transaction's limits, do not allow.

    Args:
        fills: In order of trade id.
        float_atoms: What the clearing vaults hold, by asset.
        programs: How many token programs the assets use.
    """
    legs = legs_of(net(fills))
    composed = compose(legs, programs)
    if composed is None:
        return None
    ordered = in_order(composed, legs, float_atoms)
    if ordered is None:
        return None
    parts = [part_of(each, legs) for each in ordered]
    idle = sorted(accounts_of(fills) - legs.keys())  # their nets are zero: nothing to wait for
    first = parts[0] if parts else Part((), ())
    parts[:1] = [Part((*first.accounts, *idle), first.transfers)]
    return Window(tuple(fills), tuple(parts))


def legs_of(nets: Nets) -> Legs:
    """Turn nets by asset into nets by account."""
    found: Legs = defaultdict(dict)
    for asset_id, accounts in nets.items():
        for account_id, atoms in accounts.items():
            found[account_id][asset_id] = atoms
    return dict(found)


def part_of(accounts: Iterable[int], legs: Legs) -> Part:
    """Lay out what moves for accounts: to the clearing vaults what they give, from there the rest.

    By account and then by asset.
    """
    ordered = tuple(sorted(accounts))
    moved = [
        Transfer(asset_id, CLEARING_ACCOUNT_ID, account_id, atoms)
        if atoms > 0
        else Transfer(asset_id, account_id, CLEARING_ACCOUNT_ID, -atoms)
        for account_id in ordered
        for asset_id, atoms in sorted(legs.get(account_id, {}).items())
    ]
    return Part(ordered, tuple(moved))


def halves(part: Part) -> tuple[Part, Part]:
    """Split a part between its accounts, each of which stays whole."""
    check(len(part.accounts) > 1, "one account cannot be split")
    middle = len(part.accounts) // 2
    return _only(part, part.accounts[:middle]), _only(part, part.accounts[middle:])


def _only(part: Part, accounts: tuple[int, ...]) -> Part:
    chosen = set(accounts)
    moved = [
        each
        for each in part.transfers
        if each.from_account_id in chosen or each.to_account_id in chosen
    ]
    return Part(accounts, tuple(moved))


@lru_cache(maxsize=1 << 16)
def _fits(participants: int, legs: int, mints: int, programs: int) -> bool:
    return clearing_size(participants, legs, mints, programs).fits


class _Open:
    """A transaction in the making."""

    def __init__(self, programs: int) -> None:
        self.accounts: list[int] = []
        self.mask = 0
        self.weight = 0  # what its accounts get of the asset that most accounts have
        self._legs = 0
        self._programs = programs

    def takes(self, mask: int) -> bool:
        """Tell whether it can carry one more account with the assets of a mask."""
        mints, legs = (self.mask | mask).bit_count(), self._legs + mask.bit_count()
        return _fits(len(self.accounts) + 1, legs, mints, self._programs)

    def take(self, mask: int, waiting: deque[tuple[int, int]]) -> None:
        """Take the account that brings the weight nearer to zero: a payer, or a receiver."""
        weight, account_id = waiting.pop() if self.weight <= 0 else waiting.popleft()
        self.weight += weight
        self.accounts.append(account_id)
        self._legs += mask.bit_count()
        self.mask |= mask


def compose(legs: Legs, programs: int = 1) -> list[list[int]] | None:
    """Put accounts together into few transactions; None: one account alone exceeds the limits."""
    waiting = _by_assets(legs)
    made: list[list[int]] = []
    while waiting:
        part = _Open(programs)
        mask: int | None = max(waiting, key=lambda each: (each.bit_count(), each))
        if not part.takes(mask or 0):
            return None
        while mask is not None:
            part.mask |= mask
            _fill_up(part, waiting)
            mask = _nearest(part, waiting)
        made.append(part.accounts)
    return made


def _by_assets(legs: Legs) -> dict[int, deque[tuple[int, int]]]:
    """Return accounts by the set of their assets, payers of the commonest asset first."""
    counts: dict[int, int] = defaultdict(int)
    for atoms in legs.values():
        for asset_id in atoms:
            counts[asset_id] += 1
    ranked = sorted(counts, key=lambda each: (-counts[each], each))
    bits = {asset_id: 1 << place for place, asset_id in enumerate(ranked)}
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for account_id, atoms in legs.items():
        mask = sum(bits[asset_id] for asset_id in atoms)
        found[mask].append((atoms.get(ranked[0], 0), account_id))
    return {mask: deque(sorted(found[mask])) for mask in sorted(found)}


def _fill_up(part: _Open, waiting: dict[int, deque[tuple[int, int]]]) -> None:
    """Take all that fits and brings no new asset, those with most assets first."""
    inside = [mask for mask in waiting if not mask & ~part.mask]
    for mask in sorted(inside, key=lambda each: (-each.bit_count(), each)):
        while waiting.get(mask) and part.takes(mask):
            part.take(mask, waiting[mask])
        if not waiting[mask]:
            del waiting[mask]


def _nearest(part: _Open, waiting: dict[int, deque[tuple[int, int]]]) -> int | None:
    """Return the assets of accounts that bring the fewest new ones and still fit."""
    fitting = (mask for mask in waiting if part.takes(mask))
    return min(
        fitting,
        key=lambda each: ((each & ~part.mask).bit_count(), -each.bit_count(), each),
        default=None,
    )


def needs(accounts: Iterable[int], legs: Legs) -> dict[int, int]:
    """Return what a transaction takes out of the clearing vaults, below zero what it brings."""
    found: dict[int, int] = defaultdict(int)
    for account_id in accounts:
        for asset_id, atoms in legs[account_id].items():
            found[asset_id] += atoms
    return dict(found)


def in_order(
    composed: Sequence[Sequence[int]], legs: Legs, float_atoms: Mapping[int, int]
) -> list[list[int]] | None:
    """Order transactions so that no clearing vault goes below zero; None: the float is too small.

    The next one is always that after which the vault worst off is best off, measured by the largest
    need of each asset.
    """
    left = [(needs(each, legs), list(each)) for each in composed]
    scale: dict[int, int] = defaultdict(lambda: 1)
    for need, _ in left:
        for asset_id, atoms in need.items():
            scale[asset_id] = max(scale[asset_id], abs(atoms))
            if atoms > float_atoms.get(asset_id, 0):
                return None
    taken: dict[int, int] = defaultdict(int)
    ordered: list[list[int]] = []
    while left:
        best = min(range(len(left)), key=lambda each: _strain(left[each][0], taken, scale))
        need, accounts = left.pop(best)
        for asset_id, atoms in need.items():
            taken[asset_id] += atoms
            if taken[asset_id] > float_atoms.get(asset_id, 0):
                return None
        ordered.append(accounts)
    return ordered


def _strain(need: Mapping[int, int], taken: Mapping[int, int], scale: Mapping[int, int]) -> int:
    """Return how far the vault worst off is drawn upon after one more transaction, in ppm."""
    return max(
        (
            (taken.get(asset_id, 0) + atoms) * 1_000_000 // scale[asset_id]
            for asset_id, atoms in need.items()
        ),
        default=0,
    )


def float_need(ordered: Iterable[Iterable[int]], legs: Legs) -> dict[int, int]:
    """Return the float that an order of transactions needs, by asset."""
    taken: dict[int, int] = defaultdict(int)
    found: dict[int, int] = defaultdict(int)
    for accounts in ordered:
        for asset_id, atoms in needs(accounts, legs).items():
            taken[asset_id] += atoms
            found[asset_id] = max(found[asset_id], atoms, taken[asset_id])
    return dict(found)
