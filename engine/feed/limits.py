"""How much the feeds remember and how far a reader may fall behind, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

NS_PER_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLimits:
    """Limits of history and of readers; the defaults are those of the server."""

    private_rows_max: int = 1 << 22
    """Rows behind executions, 160 bytes each (671 MB): older ones can't be asked for again."""

    book_rows_max: int = 1 << 14
    """Level changes a market, 64 bytes each (1 MB): a reader further behind gets a snapshot."""

    status_rows_max: int = 1 << 16
    """Status changes of all markets, 64 bytes each (4 MB): a reader further behind loses some."""

    increments_max: int = 256
    """Single increments a market is kept in: a reader further behind gets them merged."""

    backlog_max: int = 1_024
    """Book sequences that may wait to be told one by one: beyond that all readers get one merged
    increment, so a burst cannot hold up the venue's thread."""

    increments_per_turn: int = 32
    """Increments worked out before other work has its turn: about half a millisecond."""

    message_rows_max: int = 512
    """Executions, trades or fills in one message: about 60 kB, well under the message limit."""

    private_lag_max: int = 1 << 14
    """Rows that a private reader who was up to date may fall behind before it is cut."""

    write_stalled_ns_max: int = 10 * NS_PER_SECOND
    """How long one message may wait for a private reader to take it before the reader is cut."""

    heartbeat_ns: int = 2 * NS_PER_SECOND
    """A stream with nothing to tell says so this often, so that silence means a dead link."""
