"""Icebergs: an order that shows a tranche at a time and keeps the rest in reserve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.events import EventKind
from engine.reference.event import Events
from engine.reference.state import Order

if TYPE_CHECKING:
    from engine.reference.venue import ReferenceVenue


def show_tranche(order: Order) -> None:
    """Show a tranche, or what is left when that is less; other orders have none."""
    order.visible_lots = min(order.display_lots, order.leaves_lots)


def refresh(venue: ReferenceVenue, order: Order, events: Events) -> None:
    """Show the next tranche, at the back of what is seen at its level."""
    show_tranche(order)
    order.priority_sequence = venue.take_priority()
    events.of_order(
        EventKind.REFRESHED,
        order,
        quantity_lots=order.visible_lots,
        maker_fee_atoms=order.visible_lots,
    )


def shrink(order: Order, lots: int) -> int:
    """Take lots off a resting order without a trade: the reserve goes first, so it keeps its place.

    Returns:
        How many of them were seen.
    """
    seen = order.seen_lots
    order.leaves_lots -= lots
    order.visible_lots = min(order.visible_lots, order.leaves_lots)
    return seen - order.seen_lots
