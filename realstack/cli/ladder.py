"""A book as a ladder: asks above, bids below, the best prices in the middle."""

from __future__ import annotations

from realstack.client import Level, LocalBook, Market

BAR_CHARACTERS = 24
GREEN, RED, DIM, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


def ladder(book: LocalBook, depth: int, *, colour: bool) -> list[str]:
    """Draw a book, `depth` levels a side; always as many lines, so that it can be redrawn."""
    asks, bids = book.asks(depth), book.bids(depth)
    longest = max((level.quantity_lots for level in asks + bids), default=1)
    lines = [heading(book.market)]
    lines += [""] * (depth - len(asks))
    lines += [row(level, book.market, longest, (colour and RED) or "") for level in reversed(asks)]
    lines.append(spread(book, colour=colour))
    lines += [row(level, book.market, longest, (colour and GREEN) or "") for level in bids]
    lines += [""] * (depth - len(bids))
    return lines


def heading(market: Market) -> str:
    """Name the columns."""
    price, size = f"price {market.quote.symbol}", f"size {market.base.symbol}"
    return f"{price:>16}  {size:>16}  orders"


def row(level: Level, market: Market, longest: int, paint: str) -> str:
    """Draw a level with a bar as long as its share of the largest."""
    units = market.units
    bar = "█" * max(1, level.quantity_lots * BAR_CHARACTERS // longest)
    price, size = units.price_text(level.price_ticks), units.quantity_text(level.quantity_lots)
    end = PLAIN if paint else ""
    return f"{paint}{price:>16}{end}  {size:>16}  {level.order_count:>6}  {paint}{bar}{end}"


def spread(book: LocalBook, *, colour: bool) -> str:
    """Draw the line between the sides."""
    bid, ask = book.best_bid(), book.best_ask()
    if bid is None or ask is None:
        text = "no bids" if ask is not None else "no asks" if bid is not None else "empty"
    else:
        text = f"spread {book.market.units.price_text(ask.price_ticks - bid.price_ticks)}"
    line = f"{'-' * 6} {text} ".ljust(58, "-")
    return f"{DIM}{line}{PLAIN}" if colour else line


def levels_facts(levels: list[Level], market: Market) -> list[dict[str, object]]:
    """Return levels for programs."""
    return [
        {
            "price": market.units.price_text(level.price_ticks),
            "quantity": market.units.quantity_text(level.quantity_lots),
            "price_ticks": level.price_ticks,
            "quantity_lots": level.quantity_lots,
            "orders": level.order_count,
        }
        for level in levels
    ]
