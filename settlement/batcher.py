"""Packing: fills in trade order into batches, each one atomic transaction.

One batch is delivery versus payment for everyone in it: all its transfers happen, or none. Fills
are never reordered, so after any number of batches the custody accounts hold what the ledger said
after the last fill of them.

A batch is closed when the next fill would not fit, when it has `BATCH_FILLS_MAX` fills, or when
its caller says that its fills have waited long enough. A batch whose fills net to nothing has no
transfers; it needs no transaction and is final at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.core.invariants import check
from settlement.fills import Fill
from settlement.netting import Nets, Transfer, add_fill, net, transfers, transfers_of_asset

BATCH_FILLS_MAX = 1_000  # bounds the work of bisecting, and a row of the batch list

Fits = Callable[[Sequence[Transfer]], bool]


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive fills and the transfers that they net to."""

    fills: tuple[Fill, ...]
    transfers: tuple[Transfer, ...]

    @property
    def order_key(self) -> int:
        """The trade id that orders batches among each other: that of the first fill."""
        return self.fills[0].trade_id


class _Packing:
    """A batch in the making: nets and transfers, kept up fill by fill."""

    def __init__(self) -> None:
        self.fills: list[Fill] = []
        self._nets: Nets = {}
        self._transfers: dict[int, list[Transfer]] = {}

    def transfers(self) -> list[Transfer]:
        return [each for asset in sorted(self._transfers) for each in self._transfers[asset]]

    def try_add(self, fill: Fill, fits: Fits) -> bool:
        """Add a fill if the batch still fits with it; else leave the batch as it was."""
        assets = (fill.base_asset_id, fill.quote_asset_id)
        before = {asset: dict(self._nets.get(asset, {})) for asset in assets}
        before_transfers = dict(self._transfers)
        add_fill(self._nets, fill)
        for asset in assets:
            self._transfers[asset] = transfers_of_asset(asset, self._nets[asset])
        if fits(self.transfers()):
            self.fills.append(fill)
            return True
        self._nets |= before
        self._transfers = before_transfers
        return False

    def close(self) -> Batch:
        moved = self.transfers()
        check(moved == transfers(net(self.fills)), "a batch moves what its fills net to")
        return Batch(tuple(self.fills), tuple(moved))


def pack(
    fills: Sequence[Fill], fits: Fits, *, fills_max: int = BATCH_FILLS_MAX
) -> tuple[list[Batch], list[Fill]]:
    """Pack fills into batches; return the full ones, and the fills of the one still open.

    Args:
        fills: In order of trade id.
        fits: Tells whether one transaction can carry the transfers.
        fills_max: At most so many fills in a batch.

    Raises:
        BrokenInvariant: When a single fill does not fit: the limits must allow one.
    """
    batches: list[Batch] = []
    packing = _Packing()
    last_trade_id = 0
    for fill in fills:
        check(fill.trade_id > last_trade_id, "fills are packed in order of trade id")
        last_trade_id = fill.trade_id
        if len(packing.fills) < fills_max and packing.try_add(fill, fits):
            continue
        check(bool(packing.fills), "one fill fits one transaction")
        batches.append(packing.close())
        packing = _Packing()
        check(packing.try_add(fill, fits), "one fill fits one transaction")
    if len(packing.fills) == fills_max:
        batches.append(packing.close())
        packing = _Packing()
    return batches, packing.fills


def pack_all(fills: Sequence[Fill], fits: Fits, *, fills_max: int = BATCH_FILLS_MAX) -> list[Batch]:
    """Pack fills into batches and close the last one too."""
    batches, still_open = pack(fills, fits, fills_max=fills_max)
    if still_open:
        batches.append(Batch(tuple(still_open), tuple(transfers(net(still_open)))))
    return batches


def bisect(batch: Sequence[Fill], fits: Fits) -> list[Batch]:
    """Split the fills of a batch that failed into halves, each packed anew.

    A half may take more transfers than the whole, so it may become more than one batch.
    """
    check(len(batch) > 1, "one fill cannot be split")
    middle = len(batch) // 2
    return pack_all(batch[:middle], fits) + pack_all(batch[middle:], fits)
