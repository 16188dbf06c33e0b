"""Every limit of the core, each with its reason.

All sums stay inside a signed 64-bit integer: a notional is at most 2^60, a fee at most a tenth of
it, and the total of an asset at most 2^62, so that no addition of two of them can wrap.
"""

from __future__ import annotations

ACCOUNT_ID_MAX = 1_000_000  # accounts are an array, indexed by id
ASSET_ID_MAX = 1_024  # bounds the balances of one account
MARKET_ID_MAX = 1_024  # bounds the book array

PRICE_TICKS_MAX = 1 << 40  # leaves room for price x quantity checks in 64 bits
QUANTITY_LOTS_MAX = 1 << 40  # the same
NOTIONAL_ATOMS_MAX = 1 << 60  # notional plus the highest fee stays under 2^61
AMOUNT_ATOMS_MAX = 1 << 60  # one deposit or withdrawal; also quantity in base atoms
ASSET_TOTAL_ATOMS_MAX = 1 << 62  # sum of an asset's balances: no balance can overflow

UNIT_ATOMS_MAX = 1 << 40  # quote_atoms_per_tick_lot and base_atoms_per_lot
FEE_PPM_MAX = 100_000  # a tenth of the notional
FEE_PPM_ONE = 1_000_000  # parts per million in one
BAND_PPM_MAX = 1_000_000  # a market order may at most double the price or take it to nothing
AUCTION_MS_MAX = 86_400_000  # a volatility auction ends within a day
TRAIL_PPM_MAX = 999_999  # a sell's trigger stays above nothing
DECIMALS_MAX = 18  # of an asset; 10^18 fits in 64 bits

SENT_TIME_AHEAD_NS_MAX = 1_000_000_000  # a client's clock may lead the venue's by a second
ID_WINDOW_NS_DEFAULT = 24 * 3_600 * 1_000_000_000
ID_WINDOW_NS_MIN = 1_000_000_000
ID_WINDOW_NS_MAX = 7 * 24 * 3_600 * 1_000_000_000
IDS_MAX_DEFAULT = 10_000_000
IDS_MAX_LIMIT = 100_000_000
ID_EVICTIONS_PER_COMMAND_MAX = 8  # bounds the work of one command; entries of working orders stay

NEVER_NS = (1 << 63) - 1  # the time of what is not due
TIME_NS_MAX = 1 << 62  # no command has it (February 2116): a time and a duration cannot wrap

DEADLINE_MS_MIN = 100  # less would trip over the pauses of a healthy line
DEADLINE_MS_MAX = 86_400_000
DEADLINES_PER_ACCOUNT_MAX = 8  # so that no account takes all
DEADLINES_MAX = 4_096  # the next one is found by looking at all

GROUP_ENTRIES_MAX = 999  # of a compound command: with its header it is 1,000 records
PEGS_PER_SIDE_MAX = 128  # of a market: a new best price may move all of them in one command

COMMANDS_PER_BATCH_MAX = 4_096  # a batch is one frame of the journal and one sync

# Total of balances + fees + one deposit must fit in 63 bits, or the conservation sum could wrap.
if ASSET_TOTAL_ATOMS_MAX + AMOUNT_ATOMS_MAX >= 1 << 63:
    raise ImportError("an asset's total and one more deposit must fit in a signed 64-bit integer")
if NOTIONAL_ATOMS_MAX + NOTIONAL_ATOMS_MAX // (FEE_PPM_ONE // FEE_PPM_MAX) >= 1 << 62:
    raise ImportError("a notional and its highest fee must fit in an asset's total")
